"""Values of platforms, made to fit our columns.

A platform may say anything; what a database refuses would fail the whole run, so text is cut to
the column's length and figures out of range park their record.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.db import models

from oms.work import Park

CENT_FRACTION = Decimal("0.0001")
LARGEST_AMOUNT = Decimal(10) ** 10
LARGEST_QUANTITY = 2**31 - 1


def quantity(value: str) -> int | None:
    """A whole number of pieces, as somebody wrote it; None for anything that is none."""
    if not (value.isascii() and value.isdigit()):
        return None
    digits = value.lstrip("0") or "0"
    if len(digits) > len(str(LARGEST_QUANTITY)):
        return None  # Python itself refuses to read thousands of digits
    return number if (number := int(digits)) <= LARGEST_QUANTITY else None


def text(value: str) -> str:
    """Without NUL, which PostgreSQL's text cannot hold."""
    return value.replace("\x00", "")


def texts(model: type[models.Model], **values: str) -> dict[str, str]:
    """The values by column name, each cut to what its column holds."""
    return {
        name: text(value)[: getattr(model._meta.get_field(name), "max_length", None)]
        for name, value in values.items()
    }


def mapping(values: Mapping[str, str]) -> dict[str, str]:
    return {text(name): text(str(value)) for name, value in values.items()}


def amount(value: Decimal, what: str) -> Decimal:
    """With four decimals, as it is stored. Raises `Park`."""
    try:
        rounded = value.quantize(CENT_FRACTION)
    except InvalidOperation:
        rounded = Decimal("NaN")
    if rounded.is_nan() or abs(rounded) >= LARGEST_AMOUNT:
        raise Park(f"The {what} {value} is not an amount: correct it at the platform, then retry.")
    return rounded
