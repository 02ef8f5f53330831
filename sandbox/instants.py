"""Instants are integers inside the sandbox: milliseconds since 1970, UTC."""

import time
from datetime import UTC, datetime


def now() -> int:
    return time.time_ns() // 1_000_000


def to_text(instant: int) -> str:
    """ISO 8601 with milliseconds and Z."""
    seconds, millis = divmod(instant, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def from_text(text: str, *, up: bool = False) -> int:
    """The instant of an ISO 8601 text with a zone; finer parts are cut off, or rounded `up`.

    Raises `ValueError` for anything else.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return -(-micros // 1000) if up else micros // 1000
