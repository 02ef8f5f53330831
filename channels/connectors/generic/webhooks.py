"""Deliveries of any platform: Standard Webhooks, and bodies read by the operator's paths."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from channels.connectors import json_paths
from channels.connectors.base import BadDelivery, Delivery

LONGEST_TOPIC = 100
LONGEST_ID = 120
LONGEST_DELIVERY_ID = 200
MOST_IDS = 1000


def document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadDelivery(f"the body is not JSON: {type(error).__name__}") from error


def topic_of(content: Any, path: str) -> str:
    found = _values("Topic path", path, content)
    if len(found) != 1:
        raise BadDelivery(f"the Topic path {path} leads to {len(found)} values in this body")
    return _name(f"what stands at the Topic path {path}", found[0], LONGEST_TOPIC)


def ids_of(content: Any, path: str) -> tuple[str, ...]:
    """The ids the path leads to, each once: values, or one list of them; () where there is none."""
    found = _values("Id path", path, content)
    if len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    if len(found) > MOST_IDS:
        raise BadDelivery(f"a delivery may name {MOST_IDS} records, this one names {len(found)}")
    return tuple(dict.fromkeys(_id(path, value) for value in found))


def delivery(
    headers: Mapping[str, str], topic: str, entities: tuple[str, ...], *, signed: bool
) -> Delivery:
    """A signed delivery is known by its `webhook-id`.

    An unsigned one may have none. Then each counts as a new one: two that look alike may tell of
    two changes, and to read a record once more changes nothing.
    """
    number = headers.get("webhook-id", "")
    if number or signed:
        number = _name("webhook-id", number, LONGEST_DELIVERY_ID)
    return Delivery(
        key=number or f"unnamed-{uuid4().hex}", topic=topic, delivery_id=number, entities=entities
    )


def _values(what: str, path: str, content: Any) -> list[Any]:
    try:
        return json_paths.values(path, content)
    except json_paths.BadPath as error:
        raise BadDelivery(f"the channel's {what} {path!r} cannot be used: {error}") from error


def _id(path: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _name(f"what stands at the Id path {path}", value, LONGEST_ID)


def _name(what: str, value: object, longest: int) -> str:
    """A name that the database can keep: no control characters, no half ones, not too long."""
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise BadDelivery(f"{what} is not a text of 1 to {longest} characters")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise BadDelivery(f"{what} contains characters that no name has")
    return value
