"""Deliveries of WooCommerce: recorded ones, tampered ones, pings."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from channels.connectors.base import BadDelivery, BadSignature, OrderData
from channels.connectors.woocommerce import WooCommerce
from channels.enums import JobType
from tests.woocommerce_shop import (
    RECORDED_SECRET,
    WooShop,
    recorded_deliveries,
    recorded_orders,
    signed_delivery,
)

AT = datetime(2026, 11, 23, 5, 22, tzinfo=UTC)
PINGS = [d for d in recorded_deliveries() if d[0].endswith("_ping")]
SIGNED = [d for d in recorded_deliveries() if not d[0].endswith("_ping")]
NAMES = [name for name, _, _ in SIGNED]

Headers = dict[str, str]


def shop(secret: str = RECORDED_SECRET) -> WooCommerce:
    return WooCommerce({"url": "https://shop.example"}, {"webhook_secret": secret})


def recorded_delivery(name: str) -> tuple[Headers, bytes]:
    [(headers, body)] = [(h, b) for n, h, b in SIGNED if n == name]
    return headers, body


def key_of(headers: Headers, body: bytes) -> str:
    return shop().parse(headers, body).key


@pytest.mark.parametrize(("name", "headers", "body"), SIGNED, ids=NAMES)
def test_a_recorded_delivery_verifies_and_names_its_record(
    name: str, headers: Headers, body: bytes
) -> None:
    shop().verify(headers, body, AT)
    delivery = shop().parse(headers, body)
    assert delivery.topic.replace(".", "_") == name.partition("_")[2]
    assert delivery.entities == (str(json.loads(body)["id"]),)
    assert delivery.delivery_id == headers["x-wc-webhook-delivery-id"]
    assert len(delivery.key) <= 200
    assert not shop().is_ping(headers, body)


@pytest.mark.parametrize(("name", "headers", "body"), SIGNED, ids=NAMES)
def test_one_changed_bit_of_the_body_is_refused(name: str, headers: Headers, body: bytes) -> None:
    for position in (0, len(body) // 2, len(body) - 1):
        changed = bytearray(body)
        changed[position] ^= 1
        with pytest.raises(BadSignature):
            shop().verify(headers, bytes(changed), AT)


def test_one_changed_bit_anywhere_in_the_signature_is_refused() -> None:
    headers, body = recorded_delivery("27_order_deleted")
    signature = headers["x-wc-webhook-signature"]
    for position, character in enumerate(signature):
        changed = signature[:position] + chr(ord(character) ^ 1) + signature[position + 1 :]
        with pytest.raises(BadSignature):
            shop().verify(headers | {"x-wc-webhook-signature": changed}, body, AT)


@pytest.mark.parametrize("signature", ["", " ", "=", "é", "\udcff", "a" * 10_000])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    headers, body = recorded_delivery("27_order_deleted")
    with pytest.raises(BadSignature):
        shop().verify(headers | {"x-wc-webhook-signature": signature}, body, AT)


def test_an_unsigned_delivery_is_refused() -> None:
    headers, body = recorded_delivery("27_order_deleted")
    del headers["x-wc-webhook-signature"]
    with pytest.raises(BadSignature):
        shop().verify(headers, body, AT)


def test_a_channel_without_a_secret_takes_nothing_even_signed_with_the_empty_secret() -> None:
    headers, body = signed_delivery("order.created", {"id": 1}, secret="")
    for connector in (shop(secret=""), WooCommerce({}, {})):
        with pytest.raises(BadSignature):
            connector.verify(headers, body, AT)


def test_another_secret_is_refused() -> None:
    headers, body = signed_delivery("order.created", {"id": 1}, secret="another")
    with pytest.raises(BadSignature):
        shop().verify(headers, body, AT)


@pytest.mark.parametrize(("name", "headers", "body"), PINGS, ids=[name for name, _, _ in PINGS])
def test_trap_08_a_recorded_ping_is_known(name: str, headers: Headers, body: bytes) -> None:
    assert shop().is_ping(headers, body)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"webhook_id=a"),
        ({}, b"webhook_id="),
        ({}, b"webhook_id=15\n"),
        ({}, b"webhook_id=15&topic=order.created"),
        ({}, b" webhook_id=15"),
        ({}, b"webhook_id=" + b"1" * 21),
        ({}, b""),
        ({"content-type": "application/json"}, b"webhook_id=15"),
        ({"x-wc-webhook-topic": "order.created"}, b"webhook_id=15"),
        ({"x-wc-webhook-signature": "x"}, b"webhook_id=15"),
    ],
)
def test_trap_08_what_is_not_exactly_a_ping_is_none(headers: Headers, body: bytes) -> None:
    _, recorded_headers, _ = PINGS[0]
    assert not shop().is_ping(recorded_headers | headers, body)


def test_trap_04_a_delivery_id_shared_by_several_bodies_gives_several_keys() -> None:
    same_second = [
        recorded_delivery(name)
        for name in ("10_order_created", "14_order_created", "17_order_created")
    ]
    assert len({headers["x-wc-webhook-delivery-id"] for headers, _ in same_second}) == 1
    assert len({key_of(headers, body) for headers, body in same_second}) == 3


def test_trap_05_one_body_under_two_topics_has_two_keys() -> None:
    created, body = recorded_delivery("10_order_created")
    updated, same_body = recorded_delivery("11_order_updated")
    assert body == same_body
    assert created["x-wc-webhook-signature"] == updated["x-wc-webhook-signature"]
    assert key_of(created, body) != key_of(updated, body)
    one_id = {"x-wc-webhook-delivery-id": created["x-wc-webhook-delivery-id"]}
    assert key_of(created, body) != key_of(updated | one_id, body)


def test_one_body_announced_again_under_a_new_delivery_id_has_a_new_key() -> None:
    headers, body = recorded_delivery("27_order_deleted")
    again = headers | {"x-wc-webhook-delivery-id": "0" * 32}
    assert key_of(headers, body) != key_of(again, body)


def test_the_same_delivery_again_has_the_same_key() -> None:
    headers, body = recorded_delivery("24_order_updated")
    assert key_of(headers, body) == key_of(dict(headers), bytes(body))


def test_all_recorded_deliveries_have_keys_of_their_own() -> None:
    assert len({key_of(headers, body) for _, headers, body in SIGNED}) == len(SIGNED)


def test_trap_06_a_delivery_s_body_is_a_hint_and_the_order_is_read_in_the_shop() -> None:
    """Refund, completion and trashing came as one delivery, with the last state: what counts is
    what the shop shows when it is asked."""
    headers, body = recorded_delivery("25_order_updated")
    assert json.loads(body)["status"] == "completed"
    orders = WooShop(recorded_orders())
    orders.change(34, "2026-11-23T05:21:40", status="refunded")
    connector = WooCommerce(orders.settings, orders.secrets, orders.client())
    [external_id] = connector.parse(headers, body).entities
    order = connector.fetch(JobType.RECEIVE_ORDER_UPDATES, external_id)
    assert isinstance(order, OrderData)
    assert (order.platform_status, order.cancelled) == ("refunded", True)


def test_trap_07_a_deleted_order_is_named_by_its_id_alone_and_read_as_cancelled() -> None:
    headers, body = recorded_delivery("27_order_deleted")
    assert body == b'{"id":36}'
    orders = WooShop(recorded_orders())
    orders.trash(36, "2026-11-23T05:21:33")
    connector = WooCommerce(orders.settings, orders.secrets, orders.client())
    [external_id] = connector.parse(headers, body).entities
    order = connector.fetch(JobType.RECEIVE_ORDER_UPDATES, external_id)
    assert isinstance(order, OrderData)
    assert (order.platform_status, order.cancelled) == ("trash", True)


def test_a_long_delivery_id_still_makes_a_key_that_fits() -> None:
    headers, body = signed_delivery("order.created", {"id": 1}, delivery_id="x" * 5000)
    assert len(key_of(headers, body)) <= 200


def test_a_binned_order_announced_as_deleted_product_is_read_as_that() -> None:
    headers, body = recorded_delivery("26_product_deleted")
    delivery = shop().parse(headers, body)
    assert (delivery.topic, delivery.entities) == ("product.deleted", ("36",))


def test_a_delivery_without_topic_is_not_understood() -> None:
    headers, body = recorded_delivery("10_order_created")
    del headers["x-wc-webhook-topic"]
    with pytest.raises(BadDelivery, match="topic"):
        shop().parse(headers, body)


@pytest.mark.parametrize(
    "body",
    [b"", b"id=36", b"{", b"\xff\xfe", b"[]", b"36", b"null", b"{}", b'{"id": null}'],
)
def test_a_body_without_a_record_is_not_understood(body: bytes) -> None:
    with pytest.raises(BadDelivery):
        shop().parse({"x-wc-webhook-topic": "order.updated"}, body)


@pytest.mark.parametrize("given", ["true", "0", "-3", "1.5", '""', '"../37"', '"12 "', "[36]"])
def test_an_id_that_is_no_whole_positive_number_is_not_understood(given: str) -> None:
    with pytest.raises(BadDelivery):
        shop().parse({"x-wc-webhook-topic": "order.updated"}, b'{"id": %s}' % given.encode())


def test_topics_of_other_kinds_are_understood_without_a_record() -> None:
    body = b'{"action": "woocommerce_add_to_cart", "arg": "x"}'
    delivery = shop().parse({"x-wc-webhook-topic": "action.woocommerce_add_to_cart"}, body)
    assert delivery.entities == ()


def test_each_topic_is_proposed_for_one_job_type() -> None:
    topics = dict(WooCommerce.topics())
    assert len(topics) == len(list(WooCommerce.topics()))
    assert {topic: job_type.value for topic, job_type in topics.items()} == {
        "order.created": "receive_orders",
        "order.updated": "receive_order_updates",
        "order.deleted": "receive_order_updates",
        "order.restored": "receive_order_updates",
        "product.created": "import_products",
        "product.updated": "import_products",
        "product.deleted": "import_products",
        "product.restored": "import_products",
    }


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"id": "' + b"9" * 5000 + b'"}', b'{"id": ' + b"9" * 5000 + b"}"],
    ids=["bottomless", "a long text of digits", "a long number"],
)
def test_a_body_that_no_reader_takes_is_not_understood(body: bytes) -> None:
    headers, _ = signed_delivery("order.updated", {})
    with pytest.raises(BadDelivery):
        shop().parse(headers, body)
