"""Webhooks of the sandbox: which deliveries its connectors take, and which they refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from standardwebhooks import Webhook

from channels.connectors.base import (
    BadDelivery,
    BadSignature,
    Delivery,
)
from channels.connectors.sandbox_shop import SandboxShop
from tests.channels.sandboxes import NOON
from tests.sandbox_server import SECRET, Shop
from tests.webhook_receiver import WebhookReceiver


def signed(body: bytes, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body.decode()),
    }


BODY = json.dumps({"type": "order.created", "data": {"id": "1001"}}).encode()
OTHER_SECRET = "whsec_YW5vdGhlci1zYW5kYm94LXRlc3Qtc2VjcmV0"


@pytest.fixture
def listener() -> SandboxShop:
    return SandboxShop({}, {"webhook_secret": SECRET})


def test_a_real_delivery_is_verified_and_understood(shop: Shop, listener: SandboxShop) -> None:
    with WebhookReceiver() as receiver:
        shop.send_webhooks_to(receiver.url)
        order = shop.place_order("A")
        shop.wait_for_deliveries()
    (delivery,) = receiver.received
    listener.verify(delivery.headers, delivery.body, datetime.now(UTC))
    message = delivery.headers["webhook-id"]
    assert listener.parse(delivery.headers, delivery.body) == Delivery(
        key=message, topic="order.created", delivery_id=message, entities=(str(order["id"]),)
    )
    assert not listener.is_ping(delivery.headers, delivery.body)


def test_a_signed_body_passes(listener: SandboxShop) -> None:
    listener.verify(signed(BODY), BODY, datetime.now(UTC))


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(BODY, NOON), BODY + b" "),
        (signed(BODY, NOON, secret=OTHER_SECRET), BODY),
        (signed(BODY, NOON) | {"webhook-id": "msg_2"}, BODY),
        (signed(BODY, NOON) | {"webhook-timestamp": "soon"}, BODY),
        (signed(BODY, NOON) | {"webhook-timestamp": "nan"}, BODY),
        (signed(BODY, NOON) | {"webhook-signature": "v1"}, BODY),
        (signed(BODY, NOON) | {"webhook-signature": "v1,*"}, BODY),
        (signed(BODY, NOON) | {"webhook-signature": "v2," + "A" * 44}, BODY),
        ({}, BODY),
        (signed(BODY, NOON), b"\xff"),
    ],
)
def test_tampered_and_unsigned_deliveries_are_refused(
    listener: SandboxShop, headers: dict[str, str], body: bytes
) -> None:
    with time_machine.travel(NOON, tick=False), pytest.raises(BadSignature):
        listener.verify(headers, body, NOON)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_timestamp_outside_tolerance_is_refused(listener: SandboxShop, minutes: int) -> None:
    headers = signed(BODY, NOON)
    with time_machine.travel(NOON, tick=False) as clock:
        listener.verify(headers, BODY, NOON)
        clock.shift(timedelta(minutes=minutes))
        with pytest.raises(BadSignature):
            listener.verify(headers, BODY, datetime.now(UTC))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_*"])
def test_without_a_secret_nothing_passes(secret: str) -> None:
    with pytest.raises(BadSignature):
        SandboxShop({}, {"webhook_secret": secret}).verify(signed(BODY), BODY, datetime.now(UTC))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"type": "order.created"}',
        b'{"type": "order.created", "data": "1001"}',
        b'{"type": "order.created", "data": {"id": 1001}}',
        b'{"type": "order.created", "data": {"id": ""}}',
        b'{"type": "order.created", "data": {"id": "1\\u0000"}}',
        b'{"type": "order.created", "data": {"id": "\\ud800"}}',
        b'{"type": null, "data": {"id": "1"}}',
        b'{"type": "' + b"x" * 201 + b'", "data": {"id": "1"}}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_cannot_be_understood(listener: SandboxShop, body: bytes) -> None:
    with pytest.raises(BadDelivery):
        listener.parse({"webhook-id": "msg_1"}, body)


@pytest.mark.parametrize("number", ["", "x" * 201])
def test_a_delivery_needs_an_id_that_can_be_kept(listener: SandboxShop, number: str) -> None:
    with pytest.raises(BadDelivery):
        listener.parse({"webhook-id": number}, BODY)
