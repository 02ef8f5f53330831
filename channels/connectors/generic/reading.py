"""Values of the contract's documents, read strictly: a near miss is said, never guessed at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from channels.connectors.base import Transient

Json = Mapping[str, Any]

LONGEST_ID = 120
"""What our columns hold of a platform's ids."""


@contextmanager
def readable(what: str) -> Iterator[None]:
    """What breaks the contract: nothing is taken of it, and the run is tried again."""
    try:
        yield
    except KeyError as error:
        raise Transient(f"the platform's answer on {what} lacks {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Transient(f"the platform's answer on {what} breaks the contract: {error}") from error


def identifier(row: Json, name: str) -> str:
    """Ids are opaque: texts, or whole numbers taken as text."""
    value = row[name]
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_ID:
        raise ValueError(f"{name} is not an id: a text of 1 to {LONGEST_ID} characters")
    return value


def text(row: Json, name: str) -> str:
    """ "" where it is null or left out."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def texts(row: Json, name: str) -> dict[str, str]:
    values = row.get(name) or {}
    return {key: text(values, key) for key in values}


def flag(row: Json, name: str) -> bool:
    """False where it is left out."""
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is neither true nor false")
    return value


def count(row: Json, name: str) -> int:
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is not a whole number of at least 0")
    return value


def amount(row: Json, name: str) -> Decimal | None:
    """Decimal strings; a JSON number would have passed through a binary fraction."""
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f'{name} is not a decimal string, as "9.90"')
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f'{name} is not a decimal string, as "9.90"') from error
    if not number.is_finite():
        raise ValueError(f"{name} is not a finite number")
    return number


def instant(row: Json, name: str) -> datetime:
    """ISO 8601 with Z or an offset; without one nobody knows which instant is meant."""
    value = row[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is not an instant (ISO 8601)")
    try:
        moment = datetime.fromisoformat(value)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} is not an instant (ISO 8601)") from error
    if moment.tzinfo is None:
        raise ValueError(f"{name} is an instant without a zone: it needs Z or an offset")
    return in_utc


def optional_instant(row: Json, name: str) -> datetime | None:
    return instant(row, name) if row.get(name) is not None else None
