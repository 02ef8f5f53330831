"""Deliveries of WooCommerce: their signature, their identity, and the ping that precedes them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping

from channels.connectors.base import BadDelivery, BadSignature, Delivery

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_NUMBER = re.compile(r"[0-9]{1,40}")
_ABOUT_RECORDS = ("order.", "product.")


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Saving a webhook in the shop sends its number first, unsigned and form-encoded."""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        content_type == "application/x-www-form-urlencoded"
        and not any(name.startswith("x-wc-") for name in headers)
        and _PING.fullmatch(body) is not None
    )


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """base64(HMAC-SHA256(secret, raw body)). The platform signs no time and no header."""
    if not secret:
        raise BadSignature("the channel has no webhook secret")
    given = headers.get("x-wc-webhook-signature", "")
    expected = b64encode(hmac.digest(secret.encode(), body, "sha256"))
    if not hmac.compare_digest(expected, given.encode("utf-8", "replace")):
        raise BadSignature("the delivery is not signed with the channel's webhook secret")


def parse(headers: Mapping[str, str], body: bytes) -> Delivery:
    topic = headers.get("x-wc-webhook-topic", "")
    if not topic:
        raise BadDelivery("the delivery names no topic (X-WC-Webhook-Topic)")
    delivery_id = headers.get("x-wc-webhook-delivery-id", "")
    return Delivery(
        key=_key(delivery_id, topic, body),
        topic=topic,
        delivery_id=delivery_id,
        entities=_entities(topic, body),
    )


def _key(delivery_id: str, topic: str, body: bytes) -> str:
    """Delivery id, and a hash of topic and body.

    The shop's delivery id is a hash of the webhook and the current second, so different bodies
    share one; and two topics bring one body. Only the three together name a delivery.
    """
    digest = hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()
    return f"{delivery_id[:100]}:{digest}"


def _entities(topic: str, body: bytes) -> tuple[str, ...]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadDelivery(f"the delivery's body is not JSON: {error}") from error
    external_id = content.get("id") if isinstance(content, dict) else None
    if isinstance(external_id, str) and _NUMBER.fullmatch(external_id):
        external_id = int(external_id)
    if isinstance(external_id, int) and not isinstance(external_id, bool) and external_id > 0:
        return (str(external_id),)
    if topic.startswith(_ABOUT_RECORDS) or not isinstance(content, dict):
        raise BadDelivery("the delivery's body names no record (id)")
    return ()
