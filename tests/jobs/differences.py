"""What platforms can do and how they fail, by a name for each; and how one of many is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from channels.connectors.base import ConnectorError, Misconfigured, Permanent, Transient

ABILITIES: dict[str, dict[str, Any]] = {
    "all": {},
    "no webhook": {"topics": ()},
    "no ids": {"by_id": False},
    "slow": {"periods": (60, 240, 1440)},
    "slower": {"periods": (720,), "topics": ()},
}
FAULTS: dict[str, ConnectorError] = {
    "away": Transient("the platform is away"),
    "busy": Transient("too many requests", retry_after=120),
    "very busy": Transient("come back tomorrow", retry_after=86_400),
    "refused": Permanent("no"),
    "unknown": Misconfigured("who are you"),
}

T = TypeVar("T")


def nth(things: Iterable[T], number: int) -> T:
    there = list(things)
    return there[number % len(there)]


def put(into: Any, key: object, value: Any) -> None:
    """Set one key of a change's mapping; fields of the same thing are added to those there."""
    into[key] = {**into.get(key, {}), **value} if isinstance(value, dict) else value
