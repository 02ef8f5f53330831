"""The instants that can be named, and how those are shown that somebody else has named."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.utils import timezone

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
OUT_OF_RANGE = f"Name a time from {EARLIEST.year} on and before {LATEST.year}."


def is_nameable(at: datetime) -> bool:
    """Far from the calendar's ends, where no margin and no zone has room any more."""
    return EARLIEST <= at < LATEST


def validate_instant(at: datetime) -> None:
    """For forms and fields. Raises `ValidationError`."""
    if not is_nameable(at):
        raise ValidationError(OUT_OF_RANGE, code="out_of_range")


def local(at: datetime) -> datetime:
    """An instant in the present zone; in UTC at the calendar's ends.

    Platforms write 0001-01-01 where they have no date, and 9999-12-31 for never.
    """
    try:
        return timezone.localtime(at)
    except OverflowError:
        return at.astimezone(UTC)
