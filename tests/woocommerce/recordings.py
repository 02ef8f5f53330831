"""The recorded session of a real shop (WooCommerce 7.9), and deliveries made like its own."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data" / "woocommerce"
RECORDED_SECRET = "captured-secret-1"

Json = dict[str, Any]


def recorded(name: str) -> Json:
    """A recorded API exchange by the beginning of its file name, for example "25_"."""
    [path] = (DATA / "api").glob(f"{name}*.json")
    exchange: Json = json.loads(path.read_text())
    return exchange


def recorded_orders() -> list[Json]:
    """The five orders as they were created: 33 to 37."""
    return [
        order
        for name in ("21_", "22_", "23_")
        for order in recorded(name)["response"]["body"]
        if name != "23_" or order["id"] == 37
    ]


def recorded_products() -> list[Json]:
    """The five products as they were created: 26 to 30, the last one with variations."""
    return [recorded(name)["response"]["body"] for name in ("09_", "10_", "11_", "12_", "13_")]


def recorded_variations() -> dict[int, list[Json]]:
    """The two variations of product 30: 32 and 31."""
    return {30: recorded("38_")["response"]["body"]}


def recorded_deliveries() -> list[tuple[str, dict[str, str], bytes]]:
    """(file name, headers with lower-case names, raw body), in the order they arrived."""
    found = []
    for path in sorted((DATA / "deliveries").glob("*.json")):
        delivery = json.loads(path.read_text())
        headers = {name.lower(): value for name, value in delivery["headers"]}
        found.append((path.stem, headers, b64decode(delivery["body_base64"])))
    return found


def signed_delivery(
    topic: str, content: Json, secret: str = RECORDED_SECRET, delivery_id: str = "d" * 32
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery as the shop sends it."""
    body = json.dumps(content, separators=(",", ":")).encode()
    signature = b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    resource, _, event = topic.partition(".")
    return {
        "user-agent": "WooCommerce/7.9.0 Hookshot (WordPress/6.1.9)",
        "content-type": "application/json",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": event,
        "x-wc-webhook-signature": signature,
        "x-wc-webhook-id": "15",
        "x-wc-webhook-delivery-id": delivery_id,
    }, body
