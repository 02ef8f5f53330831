"""Webhook subscriptions at Shopify: seen, made, put in order, removed."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import Permanent, Subscription
from tests.channels.shopify import connect
from tests.shopify_shop import ShopifyShop

URL = "https://oms.example/webhooks/token-1/"


def register(shop: ShopifyShop, number: int, topic: str, uri: str = URL, **fields: Any) -> None:
    id = f"gid://shopify/WebhookSubscription/{number}"
    shop.subscriptions[id] = {
        "id": id,
        "topic": topic,
        "uri": uri,
        "format": "JSON",
        "filter": None,
        "includeFields": [],
        **fields,
    }


def test_subscriptions_are_read_with_the_topics_of_the_headers() -> None:
    shop = ShopifyShop()
    register(shop, 11, "ORDERS_CREATE")
    register(shop, 12, "PRODUCTS_DELETE")
    register(shop, 13, "INVENTORY_LEVELS_UPDATE")

    found = [*connect(shop).subscriptions()]

    assert found[0] == Subscription("11", "orders/create", URL, True)
    assert [one.topic for one in found[1:]] == ["products/delete", "inventory_levels/update"]


def test_all_pages_of_subscriptions_are_read() -> None:
    shop = ShopifyShop()
    for number in range(150):
        register(shop, number, "ORDERS_CREATE", f"https://oms.example/{number}/")

    assert len([*connect(shop).subscriptions()]) == 150


@pytest.mark.parametrize(
    "fields", [{"format": "XML"}, {"filter": "total_price:>9"}, {"includeFields": ["title"]}]
)
def test_one_that_does_not_send_all_as_json_is_no_use_and_is_put_in_order(
    fields: dict[str, Any],
) -> None:
    shop = ShopifyShop()
    register(shop, 11, "ORDERS_CREATE", **fields)
    connector = connect(shop)
    [found] = connector.subscriptions()
    assert not found.active

    made = connector.subscribe("orders/create", URL)

    assert made == Subscription("11", "orders/create", URL, True)
    assert list(connector.subscriptions()) == [made]


def test_every_topic_of_the_connector_can_be_subscribed_and_removed() -> None:
    shop = ShopifyShop()
    connector = connect(shop)

    for topic, _ in connector.topics():
        made = connector.subscribe(topic, URL)
        assert (made.topic, made.url, made.active) == (topic, URL, True)
        assert connector.subscribe(topic, URL) == made

    found = [*connector.subscriptions()]
    assert len(found) == len([*connector.topics()])
    for one in found:
        connector.unsubscribe(one)
        connector.unsubscribe(one)
    assert not shop.subscriptions


def test_one_of_ours_at_a_former_address_is_sent_to_the_new_one() -> None:
    shop = ShopifyShop()
    register(shop, 11, "ORDERS_CREATE", "https://old.example/webhooks/token-1/")

    made = connect(shop).subscribe("orders/create", URL)

    assert (made.external_id, made.url, len(shop.subscriptions)) == ("11", URL, 1)


def test_those_of_others_are_left_alone() -> None:
    shop = ShopifyShop()
    register(shop, 11, "ORDERS_CREATE", "https://other.example/hooks/")
    register(shop, 12, "ORDERS_PAID", "https://old.example/webhooks/token-1/")

    connect(shop).subscribe("orders/create", URL)

    assert len(shop.subscriptions) == 3
    assert [one["uri"] for one in shop.subscriptions.values()][:2] == [
        "https://other.example/hooks/",
        "https://old.example/webhooks/token-1/",
    ]


def test_trap_10_an_address_that_shopify_does_not_take_is_named() -> None:
    with pytest.raises(Permanent, match="http:// is not supported"):
        connect(ShopifyShop()).subscribe("orders/create", "http://localhost/webhooks/x/")
