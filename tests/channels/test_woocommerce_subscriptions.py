"""Webhooks of a WooCommerce shop registered, put in order and removed over its API."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import Misconfigured, Permanent, Subscription
from channels.connectors.woocommerce import WooCommerce
from tests.channels.woo import TwoPerPage, connect
from tests.woocommerce_shop import RECORDED_SECRET, Answer, WooShop, recorded

URL = "https://omsauto.example/webhooks/TOKEN/"


def test_a_webhook_is_registered_active_and_with_the_channel_s_secret() -> None:
    shop = WooShop()
    made = connect(shop).subscribe("order.created", URL)
    assert made == Subscription("15", "order.created", URL, active=True)
    hook = shop.webhooks[15]
    assert (hook["topic"], hook["delivery_url"]) == ("order.created", URL)
    assert (hook["status"], hook["secret"]) == ("active", RECORDED_SECRET)
    assert hook["name"] == "omsauto order.created"
    assert shop.ignored == []


@pytest.mark.parametrize("topic", [topic for topic, _ in WooCommerce.topics()])
def test_every_topic_of_the_connector_can_be_registered(topic: str) -> None:
    shop = WooShop()
    connect(shop).subscribe(topic, URL)
    assert [found.topic for found in connect(shop).subscriptions()] == [topic]


@pytest.mark.parametrize("status", ["active", "disabled", "paused"])
def test_trap_09_a_webhook_that_the_shop_gave_up_is_put_in_order(status: str) -> None:
    shop = WooShop()
    connector = connect(shop)
    first = connector.subscribe("order.created", URL)
    shop.webhooks[15].update(status=status, secret="an old one")
    assert connector.subscribe("order.created", URL) == first
    assert len(shop.webhooks) == 1
    assert shop.webhooks[15]["status"] == "active"
    assert shop.webhooks[15]["secret"] == RECORDED_SECRET


def test_of_several_the_active_one_is_put_in_order() -> None:
    shop = WooShop()
    connector = connect(shop)
    connector.subscribe("order.created", URL)
    shop.webhooks[15]["status"] = "disabled"
    shop.webhooks[16] = {**shop.webhooks[15], "id": 16, "status": "active"}
    assert connector.subscribe("order.created", URL).external_id == "16"


def test_webhooks_of_others_are_left_alone() -> None:
    webhooks = recorded("08_")["response"]["body"]
    shop = WooShop(webhooks=webhooks)
    made = TwoPerPage(shop.settings, shop.secrets, shop.client()).subscribe("order.created", URL)
    assert made.external_id == "22"
    assert shop.written == ["POST webhooks"]
    del shop.webhooks[22]
    assert list(shop.webhooks.values()) == webhooks


def test_one_on_a_later_page_is_found() -> None:
    webhooks = recorded("08_")["response"]["body"]
    shop = WooShop(webhooks=webhooks)
    connector = TwoPerPage(shop.settings, shop.secrets, shop.client())
    last = webhooks[-1]
    assert connector.subscribe(last["topic"], last["delivery_url"]).external_id == str(last["id"])
    assert len(shop.webhooks) == len(webhooks)


def test_one_removed_meanwhile_is_made_again() -> None:
    shop = WooShop()
    connector = connect(shop)
    connector.subscribe("order.created", URL)
    shop.before = lambda request: shop.webhooks.clear() if request == 4 else None
    assert connector.subscribe("order.created", URL).active
    assert len(shop.webhooks) == 1


def test_without_a_secret_nothing_is_registered() -> None:
    """The shop would make one up, and every delivery would be refused."""
    shop = WooShop()
    secrets = {**shop.secrets, "webhook_secret": ""}
    with pytest.raises(Misconfigured, match="webhook secret"):
        WooCommerce(shop.settings, secrets, shop.client()).subscribe("order.created", URL)
    assert shop.seen == []


def test_an_address_that_the_shop_refuses_is_for_an_operator() -> None:
    with pytest.raises(Permanent, match="valid URL") as refused:
        connect(WooShop()).subscribe("order.created", "omsauto.example/webhooks")
    assert RECORDED_SECRET not in str(refused.value)


class Lazy(WooShop):
    """A plug-in leaves webhooks paused."""

    def _add_webhook(self, content: dict[str, Any]) -> Answer:
        return super()._add_webhook({**content, "status": "paused"})


def test_trap_10_a_webhook_that_does_not_become_active_is_no_success() -> None:
    with pytest.raises(Permanent, match="not active"):
        connect(Lazy()).subscribe("order.created", URL)


def test_a_webhook_is_removed_for_good_and_once() -> None:
    shop = WooShop()
    connector = connect(shop)
    made = connector.subscribe("order.created", URL)
    connector.unsubscribe(made)
    assert shop.webhooks == {}
    connector.unsubscribe(made)
    assert shop.written[-2:] == ["DELETE webhooks/15"] * 2


def test_a_missing_api_is_not_taken_for_a_removed_webhook() -> None:
    shop = WooShop()
    shop.fail(404, body=b'{"code":"rest_no_route"}')
    with pytest.raises(Misconfigured):
        connect(shop).unsubscribe(Subscription("15", "order.created", URL, active=True))


def test_it_says_that_it_can() -> None:
    assert WooCommerce.registers_webhooks
