"""Webhooks that the sandbox's connectors register, and tokens they renew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine

from channels.connectors.base import Connector, Misconfigured, Subscription
from channels.connectors.sandbox_shop import SandboxShop
from channels.connectors.sandbox_warehouse import SandboxWarehouse
from tests.channels.sandboxes import NOON, ORDERS, connected
from tests.sandbox_server import SECRET, Shop, Warehouse
from tests.webhook_receiver import WebhookReceiver

URL = "http://127.0.0.1:9/webhooks/t/"
OTHER_SECRET = "whsec_YW5vdGhlci1zYW5kYm94LXRlc3Qtc2VjcmV0"


def seen(connector: Connector) -> list[tuple[str, str, bool]]:
    return [(s.topic, s.url, s.active) for s in connector.subscriptions() or ()]


def with_secret(shop: Shop, client: httpx.Client, secret: str) -> SandboxShop:
    return SandboxShop(shop.settings, {**shop.secrets, "webhook_secret": secret}, client)


def test_a_registered_webhook_delivers_its_topic_and_no_other(
    warehouse: Warehouse, warehouse_connector: Connector
) -> None:
    with WebhookReceiver() as receiver:
        made = warehouse_connector.subscribe("stock.updated", receiver.url)
        assert made in list(warehouse_connector.subscriptions() or ())
        warehouse.set_stock("A", 5)
        warehouse.add_product("A")
        warehouse.wait_for_deliveries()
    (delivery,) = receiver.received
    warehouse_connector.verify(delivery.headers, delivery.body, datetime.now(UTC))
    assert warehouse_connector.parse(delivery.headers, delivery.body).topic == "stock.updated"


def test_registering_again_is_the_same_webhook_with_the_present_secret(
    shop: Shop, client: httpx.Client
) -> None:
    with WebhookReceiver() as receiver:
        first = with_secret(shop, client, OTHER_SECRET).subscribe("order.created", receiver.url)
        later = with_secret(shop, client, SECRET)
        assert later.subscribe("order.created", receiver.url) == first
        assert seen(later) == [("order.created", receiver.url, True)]
        shop.place_order("A")
        shop.wait_for_deliveries()
    (delivery,) = receiver.received
    later.verify(delivery.headers, delivery.body, datetime.now(UTC))


def test_registering_switches_a_disabled_webhook_on_again(
    shop: Shop, shop_connector: Connector
) -> None:
    shop_connector.subscribe("order.created", URL)
    shop.configure(webhook_active=False)
    assert seen(shop_connector) == [("order.created", URL, False)]
    assert shop_connector.subscribe("order.created", URL).active
    assert seen(shop_connector) == [("order.created", URL, True)]


def test_a_removed_webhook_is_gone_and_removing_it_again_is_no_error(
    shop: Shop, shop_connector: Connector
) -> None:
    made = shop_connector.subscribe("order.created", URL)
    for _ in range(2):
        shop_connector.unsubscribe(made)
    assert seen(shop_connector) == []
    shop.place_order("A")
    assert shop.deliveries() == []


def test_the_webhook_of_the_page_is_used_and_loses_only_the_topic_taken_out(
    shop: Shop, shop_connector: Connector
) -> None:
    shop.configure(webhook_url=URL, webhook_secret=OTHER_SECRET)
    made = shop_connector.subscribe("order.created", URL)
    assert made == Subscription("1/order.created", "order.created", URL, True)
    assert shop.state()["webhook_secret"] == SECRET
    shop_connector.unsubscribe(made)
    shop.add_product("A")
    shop.place_order("A")
    assert [each["topic"] for each in shop.deliveries()] == ["product.created"]
    assert "order.created" not in [topic for topic, _, _ in seen(shop_connector)]
    shop_connector.subscribe("order.created", URL)
    assert "order.created" in [topic for topic, _, _ in seen(shop_connector)]
    for one in list(shop_connector.subscriptions() or ()):
        shop_connector.unsubscribe(one)
    assert seen(shop_connector) == []
    assert shop.state()["webhook_url"] == ""


def test_without_a_webhook_secret_nothing_is_registered(shop: Shop, client: httpx.Client) -> None:
    with pytest.raises(Misconfigured, match="no webhook secret"):
        with_secret(shop, client, "").subscribe("order.created", URL)


# Tokens


def renewing(shop: Shop, client: httpx.Client) -> SandboxShop:
    secrets = {**shop.secrets, "refresh_token": shop.state()["refresh_token"]}
    return SandboxShop(shop.settings, secrets, client)


def test_an_expired_token_is_renewed_and_the_new_one_works(
    shop: Shop, client: httpx.Client
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.configure(token_seconds=60)
        connector = renewing(shop, client)
        clock.shift(60)
        with pytest.raises(Misconfigured, match="expired"):
            list(connector.pages(ORDERS, NOON, NOON))
        at = NOON + timedelta(seconds=60)
        renewed = connector.refresh_authorization(at)
        assert renewed.expires_at == at + timedelta(seconds=60)
        fresh = SandboxShop(shop.settings, {**shop.secrets, **renewed.secrets}, client)
        assert list(fresh.pages(ORDERS, NOON, NOON)) == []


def test_a_token_lives_out_its_time_after_it_was_renewed(shop: Shop, client: httpx.Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.configure(token_seconds=60)
        connector = renewing(shop, client)
        clock.shift(30)
        connector.refresh_authorization(NOON)
        clock.shift(29)
        assert list(connector.pages(ORDERS, NOON, NOON)) == []
        clock.shift(1)
        with pytest.raises(Misconfigured, match="expired"):
            list(connector.pages(ORDERS, NOON, NOON))


def test_a_token_that_never_expires_has_no_end(warehouse: Warehouse, client: httpx.Client) -> None:
    secrets = {"refresh_token": warehouse.state()["refresh_token"]}
    renewed = SandboxWarehouse(warehouse.settings, secrets, client).refresh_authorization(NOON)
    assert renewed.expires_at is None
    assert renewed.secrets == {"token": warehouse.state()["token"]}


@pytest.mark.parametrize(
    ("refresh_token", "words"), [("", "no refresh token"), ("wrong", "credentials")]
)
def test_without_the_right_refresh_token_an_operator_is_told(
    shop: Shop, client: httpx.Client, refresh_token: str, words: str
) -> None:
    before = shop.state()["token"]
    secrets = {**shop.secrets, "refresh_token": refresh_token}
    with pytest.raises(Misconfigured, match=words):
        SandboxShop(shop.settings, secrets, client).refresh_authorization(NOON)
    assert shop.state()["token"] == before


def test_the_connection_test_of_an_expired_token_says_so(shop: Shop, client: httpx.Client) -> None:
    shop.expire_tokens()
    with pytest.raises(Misconfigured, match="renew it"):
        connected(SandboxShop, shop, client).test_connection()
