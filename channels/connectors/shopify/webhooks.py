"""Deliveries of Shopify: their signature, their identity, and what they are about.

https://shopify.dev/docs/apps/build/webhooks/verify-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from channels.connectors.base import BadDelivery, BadSignature, Delivery
from channels.connectors.shopify.ids import number


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes) -> None:
    """base64(HMAC-SHA256(app's secret, raw body)) with any of the secrets.

    Headers are not signed, `x-shopify-triggered-at` included: there is no replay window.
    """
    known = [secret for secret in secrets if secret]
    if not known:
        raise BadSignature("the channel has no webhook secret")
    given = headers.get("x-shopify-hmac-sha256", "").encode("utf-8", "replace")
    matches = [hmac.compare_digest(_signature(secret, body), given) for secret in known]
    if not any(matches):
        raise BadSignature("the delivery is not signed with the app's secret")


def parse(headers: Mapping[str, str], body: bytes) -> Delivery:
    topic = headers.get("x-shopify-topic", "").strip().lower()
    if not topic:
        raise BadDelivery("the delivery names no topic (X-Shopify-Topic)")
    delivery_id = headers.get("x-shopify-webhook-id", "").strip()[:150]
    return Delivery(
        key=delivery_id or hashlib.sha256(topic.encode() + b"\n" + body).hexdigest(),
        topic=topic,
        delivery_id=delivery_id,
        entities=_entities(topic, body),
    )


def topic_name(topic: str) -> str:
    """The API's name of a header's topic: ORDERS_CREATE of orders/create."""
    return topic.upper().replace("/", "_")


def topic_of(name: str, known: Iterable[str]) -> str:
    """The header's topic of an API's name; of one we do not use, the likely form."""
    for topic in known:
        if topic_name(topic) == name:
            return topic
    resource, _, event = name.lower().rpartition("_")
    return f"{resource}/{event}" if resource else event


def _signature(secret: str, body: bytes) -> bytes:
    return b64encode(hmac.digest(secret.encode(), body, "sha256"))


def _entities(topic: str, body: bytes) -> tuple[str, ...]:
    """An order's id; of a product the ids of its variants.

    Variants are what the products' jobs know by id. A product that names none (a deleted one, or
    a subscription that sends few fields) is named by its own id.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadDelivery(f"the delivery's body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise BadDelivery("the delivery's body is not an object")
    variants = _variants(content) if topic.startswith("products/") else ()
    own = _id(content.get("id"))
    if not (variants or own) and topic.startswith(("orders/", "products/")):
        raise BadDelivery("the delivery's body names no record (id)")
    return variants or ((own,) if own else ())


def _variants(content: Mapping[str, Any]) -> tuple[str, ...]:
    """`variants` has the first hundred in full; `variant_gids` names all of them."""
    entries = [*_objects(content.get("variants")), *_objects(content.get("variant_gids"))]
    found = (_id(entry.get("id") or entry.get("admin_graphql_api_id")) for entry in entries)
    return tuple(dict.fromkeys(one for one in found if one))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _id(value: Any) -> str:
    """A positive number, also where written as text or global id; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value > 0 else ""
    try:
        return number(value) if isinstance(value, str) else ""
    except ValueError:
        return ""
