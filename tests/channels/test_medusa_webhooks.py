"""Events of Medusa as the subscriber file posts them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.connectors.base import BadDelivery, BadSignature, Delivery
from channels.connectors.medusa import Medusa, webhooks
from channels.enums import JobType
from tests.medusa_books import Json
from tests.medusa_shop import SECRET, signed

ORDER, FULFILLMENT, VARIANT = "order_01", "ful_01", "variant_01"


def connector(secret: str = SECRET) -> Medusa:
    return Medusa({}, {"webhook_secret": secret})


def parsed(topic: str, data: Json) -> Delivery:
    return connector().parse(*signed(topic, data))


# Signature


def test_a_signed_delivery_is_believed() -> None:
    connector().verify(*signed("order.placed", {"id": ORDER}), datetime.now(UTC))


@pytest.mark.parametrize("secret", ["", "whsec_b3RoZXItc2VjcmV0LTAxMjM0NTY3ODk="])
def test_a_delivery_is_not_believed_without_the_channels_secret(secret: str) -> None:
    with pytest.raises(BadSignature):
        connector(secret).verify(*signed("order.placed", {"id": ORDER}), datetime.now(UTC))


def test_an_old_delivery_is_not_believed() -> None:
    old = datetime.now(UTC) - timedelta(minutes=6)
    with pytest.raises(BadSignature):
        connector().verify(*signed("order.placed", {"id": ORDER}, at=old), datetime.now(UTC))


# Topics and ids


@pytest.mark.parametrize("topic", [*webhooks.ORDER_PLACED, *webhooks.ORDER_CHANGED])
def test_trap_20_an_event_of_an_order_carries_its_id_only(topic: str) -> None:
    assert parsed(topic, {"id": ORDER}).entities == (ORDER,)


@pytest.mark.parametrize("topic", ["shipment.created", "delivery.created"])
def test_trap_20_the_id_of_a_shipment_is_not_taken_for_an_orders(topic: str) -> None:
    assert parsed(topic, {"id": FULFILLMENT, "order_id": ORDER}).entities == (ORDER,)
    assert parsed(topic, {"id": FULFILLMENT}).entities == ()


def test_trap_20_several_events_of_one_change_are_about_one_order() -> None:
    of_fulfilling = {"order_id": ORDER, "fulfillment_id": FULFILLMENT, "no_notification": False}
    told = [
        parsed("order.fulfillment_created", of_fulfilling),
        parsed("shipment.created", {"id": FULFILLMENT, "order_id": ORDER}),
        parsed("order.updated", {"id": ORDER}),
    ]
    assert {delivery.entities for delivery in told} == {(ORDER,)}
    assert len({delivery.key for delivery in told}) == 3


def test_a_payment_that_has_no_order_yet_is_taken_and_means_nothing() -> None:
    assert parsed("payment.captured", {"id": "pay_01"}).entities == ()
    assert parsed("payment.captured", {"id": "pay_01", "order_id": ORDER}).entities == (ORDER,)


def test_an_event_of_a_product_is_about_its_variants() -> None:
    data = {"id": "prod_01", "variant_ids": [VARIANT, "variant_02", VARIANT]}
    assert parsed("product.updated", data).entities == (VARIANT, "variant_02")
    assert parsed("product-variant.updated", {"id": VARIANT}).entities == (VARIANT,)


def test_an_event_of_a_product_without_its_variants_is_about_the_product() -> None:
    assert parsed("product.updated", {"id": "prod_01"}).entities == ("prod_01",)


def test_an_event_may_be_called_so_as_medusa_calls_it() -> None:
    headers, _ = signed("order.placed", {"id": ORDER})
    body = json.dumps({"event": "order.placed", "data": {"id": ORDER}, "metadata": {}}).encode()
    found = connector().parse(headers, body)

    assert (found.topic, found.entities) == ("order.placed", (ORDER,))


def test_trap_20_events_of_stock_are_taken_and_mean_nothing() -> None:
    for topic in ("inventory-level.updated", "inventory.inventory-level.updated"):
        assert parsed(topic, {"id": "ilev_01"}).entities == ()


def test_each_topic_is_proposed_for_one_job() -> None:
    proposed = list(Medusa.topics())
    assert len(proposed) == len(dict(proposed))
    assert dict(proposed)["order.placed"] == JobType.RECEIVE_ORDERS


# Identity


def test_a_repeated_delivery_keeps_its_key() -> None:
    headers, body = signed("order.placed", {"id": ORDER})
    again, _ = signed("order.placed", {"id": ORDER})
    assert connector().parse(headers, body).key == headers["webhook-id"]
    assert connector().parse(headers, body) == connector().parse(headers, body)
    assert connector().parse(headers, body).key != connector().parse(again, body).key


# What cannot be understood


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        "order.placed",
        {},
        {"type": "order.placed"},
        {"type": "order.placed", "data": None},
        {"type": "order.placed", "data": []},
        {"type": "order.placed", "data": {}},
        {"type": "order.placed", "data": {"id": 7}},
        {"type": "order.placed", "data": {"id": ""}},
        {"type": "order.placed", "data": {"id": "a\x00b"}},
        {"type": "order.placed", "data": {"id": "x" * 201}},
        {"type": "", "data": {"id": ORDER}},
        {"type": 5, "data": {"id": ORDER}},
        {"type": "shipment.created", "data": {"order_id": 5}},
        {"type": "product.updated", "data": {"variant_ids": [None]}},
        {"type": "product.updated", "data": {"id": "prod_01", "variant_ids": "variant_01"}},
    ],
)
def test_another_body_is_not_understood(content: Any) -> None:
    headers, _ = signed("order.placed", {"id": ORDER})
    with pytest.raises(BadDelivery):
        connector().parse(headers, json.dumps(content).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_not_understood(body: bytes) -> None:
    headers, _ = signed("order.placed", {"id": ORDER})
    with pytest.raises(BadDelivery):
        connector().parse(headers, body)


def test_a_delivery_without_an_id_is_not_understood() -> None:
    headers, body = signed("order.placed", {"id": ORDER})
    del headers["webhook-id"]
    with pytest.raises(BadDelivery):
        connector().parse(headers, body)
