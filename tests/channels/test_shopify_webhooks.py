"""Deliveries of Shopify: signature, identity, and which records they name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from channels.connectors.base import BadDelivery, BadSignature
from tests.channels.shopify import NOW, connect
from tests.shopify_shop import SECRET, ShopifyShop

BODY = b'{"id":820982911946154508}'
SIGNATURE = "qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I="
"""Of `BODY` with the secret `hush`, made with OpenSSL."""


def verify(secrets: dict[str, str], signature: str | None, body: bytes = BODY) -> None:
    headers = {} if signature is None else {"x-shopify-hmac-sha256": signature}
    connect(ShopifyShop(), secrets=secrets).verify(headers, body, NOW)


def parse(topic: str, content: Any, **headers: str) -> Any:
    shop = ShopifyShop()
    made, body = shop.delivery(topic, content)
    return connect(shop).parse({**made, **headers}, body)


def test_the_signature_is_that_of_openssl() -> None:
    verify({"webhook_secret": "hush"}, SIGNATURE)


@pytest.mark.parametrize(
    "signature", [None, "", SIGNATURE[:-2], SIGNATURE.lower(), "\u00fc", "a" * 44]
)
def test_any_other_signature_is_refused(signature: str | None) -> None:
    with pytest.raises(BadSignature):
        verify({"webhook_secret": "hush"}, signature)


def test_the_raw_body_is_what_is_signed() -> None:
    with pytest.raises(BadSignature):
        verify({"webhook_secret": "hush"}, SIGNATURE, json.dumps(json.loads(BODY)).encode())


@pytest.mark.parametrize("name", ["webhook_secret", "previous_webhook_secret"])
def test_while_the_secret_is_rotated_both_are_accepted(name: str) -> None:
    others = {"webhook_secret": "other", "previous_webhook_secret": "another"}

    verify({**others, name: "hush"}, SIGNATURE)
    with pytest.raises(BadSignature):
        verify(others, SIGNATURE)


def test_without_a_secret_nothing_is_accepted() -> None:
    for empty in ({"webhook_secret": ""}, {"webhook_secret": "", "previous_webhook_secret": ""}):
        with pytest.raises(BadSignature, match="no webhook secret"):
            verify(empty, "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0=")


def test_an_order_is_named_by_its_number() -> None:
    for topic in ("orders/create", "orders/updated", "orders/cancelled", "orders/delete"):
        delivery = parse(topic, {"id": 5001, "name": "#1001"})
        assert (delivery.topic, delivery.entities) == (topic, ("5001",))


def test_a_product_is_named_by_all_its_variants() -> None:
    content = {
        "id": 7001,
        "variants": [{"id": 7101}, {"id": 7102}],
        "variant_gids": [
            {"admin_graphql_api_id": "gid://shopify/ProductVariant/7102"},
            {"admin_graphql_api_id": "gid://shopify/ProductVariant/7103"},
        ],
    }

    assert parse("products/update", content).entities == ("7101", "7102", "7103")


def test_trap_7_a_deleted_product_is_named_by_its_own_number() -> None:
    assert parse("products/delete", {"id": 7001}).entities == ("7001",)


def test_trap_4_a_delivery_is_known_by_its_own_id_which_retries_share() -> None:
    first = parse("orders/updated", {"id": 5001})
    again = parse("orders/updated", {"id": 5001}, **{"x-shopify-triggered-at": "2026-11-24"})

    assert first.key == again.key == first.delivery_id == "wh-1"


def test_trap_5_one_happening_under_two_topics_is_two_deliveries() -> None:
    """They share X-Shopify-Event-Id and the body."""
    first = parse("orders/updated", {"id": 5001}, **{"x-shopify-webhook-id": "wh-1"})
    second = parse("orders/cancelled", {"id": 5001}, **{"x-shopify-webhook-id": "wh-2"})

    assert first.key != second.key


def test_a_delivery_without_an_id_is_known_by_topic_and_body() -> None:
    none = {"x-shopify-webhook-id": ""}
    keys = {
        parse(topic, {"id": number}, **none).key
        for topic in ("orders/updated", "orders/cancelled")
        for number in (5001, 5002)
    }

    assert len(keys) == 4
    assert all(len(key) <= 200 for key in keys)


def test_an_overlong_id_fits_where_it_is_stored() -> None:
    assert len(parse("orders/updated", {"id": 1}, **{"x-shopify-webhook-id": "w" * 999}).key) <= 200


def test_a_topic_about_no_record_names_none() -> None:
    assert parse("app/uninstalled", {"name": "lamps"}).entities == ()


@pytest.mark.parametrize("content", [{}, {"id": None}, {"id": 0}, {"id": -5}, {"id": True}, [], 7])
def test_an_order_without_a_number_cannot_be_understood(content: Any) -> None:
    with pytest.raises(BadDelivery):
        parse("orders/updated", content)


def test_what_is_no_json_or_has_no_topic_cannot_be_understood() -> None:
    connector = connect(ShopifyShop())
    with pytest.raises(BadDelivery, match="JSON"):
        connector.parse({"x-shopify-topic": "orders/updated"}, b"<order/>")
    with pytest.raises(BadDelivery, match="topic"):
        connector.parse({}, BODY)


def test_there_is_no_ping() -> None:
    headers, body = ShopifyShop().delivery("orders/create", {"id": 1}, secret=SECRET)

    assert not connect(ShopifyShop()).is_ping(headers, body)


def test_a_bottomless_body_is_not_understood() -> None:
    shop = ShopifyShop()
    headers, _ = shop.delivery("orders/create", {})
    with pytest.raises(BadDelivery):
        connect(shop).parse(headers, b"[" * 100_000)
