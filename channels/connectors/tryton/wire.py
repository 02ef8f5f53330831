"""Tryton's JSON: what JSON has no word for is an object with `__class__`; instants are UTC.

Source: `trytond/protocols/jsonrpc.py` of Tryton 7.0. A datetime carries no zone and means UTC.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from channels.connectors.storable import cleaned


def dumps(value: Any) -> str:
    return json.dumps(value, default=_object)


def loads(content: str | bytes) -> Any:
    """Raises `ValueError`, or what else an object that lies about its class leads to."""
    try:
        raw = content if isinstance(content, bytes) else content.encode()
        return cleaned(json.loads(raw, object_hook=_value), raw)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return {"__class__": "datetime", **_parts(moment, *_DAY, *_CLOCK)}
    if isinstance(value, date):
        return {"__class__": "date", **_parts(value, *_DAY)}
    if isinstance(value, time):
        return {"__class__": "time", **_parts(value, *_CLOCK)}
    if isinstance(value, timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, bytes):
        return {"__class__": "bytes", "base64": b64encode(value).decode()}
    raise TypeError(f"Tryton has no word for a {type(value).__name__}")


_DAY = ("year", "month", "day")
_CLOCK = ("hour", "minute", "second", "microsecond")


def _parts(value: Any, *names: str) -> dict[str, int]:
    return {name: getattr(value, name) for name in names}


def _moment(content: dict[str, Any]) -> datetime:
    day = date(*(content[name] for name in _DAY))
    return datetime.combine(day, time(*(content[name] for name in _CLOCK)), UTC)


_READERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "datetime": _moment,
    "date": lambda o: date(*(o[name] for name in _DAY)),
    "time": lambda o: time(*(o[name] for name in _CLOCK)),
    "timedelta": lambda o: timedelta(seconds=o["seconds"]),
    "Decimal": lambda o: Decimal(o["decimal"]),
    "bytes": lambda o: b64decode(o["base64"]),
}


def _value(content: dict[str, Any]) -> Any:
    reader = _READERS.get(str(content.get("__class__")))
    return reader(content) if reader else content
