"""Events of Medusa as the subscriber of docs/connectors/medusa.md posts them: ids, no content."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from channels.connectors.base import BadDelivery, Delivery

ORDER_PLACED = ("order.placed",)
ORDER_CHANGED = ("order.updated", "order.canceled", "order.completed", "order.archived")
ABOUT_AN_ORDER = (
    "order.fulfillment_created",
    "order.fulfillment_canceled",
    "order.return_received",
    "order-edit.confirmed",
    "shipment.created",
    "delivery.created",
    "payment.captured",
    "payment.refunded",
)
"""Their `id`, where they have one, is that of a fulfillment or a payment, not of the order.

The first four name the order themselves (`order_id`); for the others the subscriber adds it.
"""
PRODUCT = ("product.created", "product.updated")
VARIANT = ("product-variant.created", "product-variant.updated")
LONGEST_NAME = 200


def parse(headers: Mapping[str, str], body: bytes) -> Delivery:
    """`{"type": event, "data": {...}}`; a repeated delivery keeps its `webhook-id`.

    A subscriber of the shop's own may call the event `event`, as Medusa itself does.
    """
    try:
        payload = json.loads(body)
        topic, data = payload.get("type") or payload["event"], payload["data"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadDelivery(f"not what the subscriber file sends: {error!r}") from error
    if not isinstance(data, dict):
        raise BadDelivery("not what the subscriber file sends: its data is no object")
    number = _name("webhook-id", headers.get("webhook-id"))
    return Delivery(
        key=number,
        topic=_name("type", topic),
        delivery_id=number,
        entities=_entities(topic, data),
    )


def _entities(topic: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The orders, or the variants, to be read; none for events that concern nothing of ours."""
    if topic in (*ORDER_PLACED, *ORDER_CHANGED, *VARIANT):
        return (_name("data.id", data.get("id")),)
    if topic in ABOUT_AN_ORDER:
        # A payment may be captured before its cart has become an order.
        return (_name("data.order_id", data["order_id"]),) if data.get("order_id") else ()
    if topic in PRODUCT:
        return _variants(data)
    return ()


def _variants(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Without them, as Medusa's own event is, the product: its variants are read then."""
    ids = data.get("variant_ids")
    if ids is None:
        return (_name("data.id", data.get("id")),)
    if not isinstance(ids, list):
        raise BadDelivery("data.variant_ids is no list")
    return tuple(dict.fromkeys(_name("data.variant_ids", each) for each in ids))


def _name(what: str, value: object) -> str:
    """A name that the database can keep: no control characters, no half ones, not too long."""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME:
        raise BadDelivery(f"{what} is not a text of 1 to {LONGEST_NAME} characters")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise BadDelivery(f"{what} contains characters that no name has")
    return value
