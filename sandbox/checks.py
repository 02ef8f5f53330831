"""Checks of what callers send; each returns the clean value or refuses with a sentence.

Numbers and switches may come as text, since forms send text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.exchange import invalid

MOST = 1_000_000
TRUE, FALSE = ("1", "true", "on", "yes"), ("0", "false", "off", "no", "")


def text(value: Any, name: str, limit: int = 200) -> str:
    if not isinstance(value, str) or len(value) > limit or not _is_line(value):
        raise invalid(f"{name} must be one line of text of at most {limit} characters.")
    return value.strip()


def _is_line(value: str) -> bool:
    """No control characters and no half characters."""
    return not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value)


def filled(value: Any, name: str, limit: int = 200) -> str:
    clean = text(value, name, limit)
    if not clean:
        raise invalid(f"{name} must not be empty.")
    return clean


def whole(value: Any, name: str, low: int = 0, high: int = MOST) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise invalid(f"{name} must be a whole number from {low} to {high}.")
    return number


def switch(value: Any, name: str) -> bool:
    word = str(value).lower()
    if word not in TRUE + FALSE:
        raise invalid(f"{name} must be true or false.")
    return word in TRUE


def money(value: Any, name: str) -> str:
    """A decimal as text with two digits."""
    try:
        amount = Decimal(str(value))
        fits = 0 <= amount <= MOST
    except InvalidOperation:
        fits = False
    if not fits:
        raise invalid(f"{name} must be an amount from 0 to {MOST}.")
    return f"{amount:.2f}"


def address(value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > 20:
        raise invalid(f"{name} must be an object of texts.")
    return {text(k, name): text(v, f"{name}.{k}", 500) for k, v in value.items()}


def rows(value: Any, name: str) -> list[Mapping[str, Any]]:
    """A list of 1 to 200 objects."""
    if not isinstance(value, list) or not 1 <= len(value) <= 200:
        raise invalid(f"{name} must be a list of 1 to 200 objects.")
    if not all(isinstance(row, Mapping) for row in value):
        raise invalid(f"{name} must be a list of objects.")
    return value


def quantities(value: Any, name: str) -> dict[str, int]:
    """An object of quantities by SKU."""
    if not isinstance(value, Mapping) or not value:
        raise invalid(f"{name} must be an object of quantities by SKU.")
    return {filled(sku, name): whole(number, f"{name}.{sku}") for sku, number in value.items()}
