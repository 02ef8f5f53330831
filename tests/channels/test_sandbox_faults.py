"""The sandbox's connectors where something is wrong, and what they say of themselves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import time_machine

from channels.connectors.base import (
    Connector,
    Misconfigured,
    Permanent,
    Transient,
)
from channels.connectors.sandbox_api import SandboxConnector
from channels.connectors.sandbox_shop import SandboxShop
from channels.connectors.sandbox_warehouse import SandboxWarehouse
from channels.enums import JobType
from tests.channels.sandboxes import (
    FAR_AHEAD,
    LONG_AGO,
    NOON,
    ORDERS,
    STOCK,
    UPDATES,
    all_records,
    fresh,
    request,
)
from tests.sandbox_server import SandboxServer, Shop, Warehouse


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_unwell_shop_is_worth_another_try(
    shop: Shop, shop_connector: Connector, status: int
) -> None:
    shop.fail(1, status)
    with pytest.raises(Transient, match=str(status)):
        all_records(shop_connector, ORDERS)
    assert all_records(shop_connector, ORDERS) == []


def test_too_many_calls_say_how_long_to_wait(shop: Shop, shop_connector: Connector) -> None:
    with time_machine.travel(NOON, tick=False):
        shop.limit(1)
        shop_connector.test_connection()
        with pytest.raises(Transient) as caught:
            shop_connector.test_connection()
    assert caught.value.retry_after == 1.0


def test_nonsense_is_worth_another_try(shop: Shop, shop_connector: Connector) -> None:
    calls = [
        lambda: all_records(shop_connector, ORDERS),
        lambda: shop_connector.fetch(ORDERS, "1"),
        lambda: shop_connector.first_id_since(ORDERS, NOON),
        shop_connector.test_connection,
        shop_connector.subscriptions,
    ]
    shop.babble(len(calls))
    for call in calls:
        with pytest.raises(Transient, match="not JSON"):
            call()


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"data": None, "next": None},
        {"data": [{"id": 1}], "next": None},
        {"data": [[]], "next": None},
        {"data": [], "next": "1-1"},
    ],
)
def test_answers_of_a_strange_shape_are_worth_another_try(answer: Any) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    with httpx.Client(transport=transport) as client:
        connector = SandboxShop({"url": "http://sandbox.test/shops/a"}, {"token": "t"}, client)
        with pytest.raises(Transient):
            all_records(connector, ORDERS)


def test_a_shop_that_is_away_is_worth_another_try(client: httpx.Client) -> None:
    with SandboxServer() as gone:
        address = gone.shop("demo").settings
    with pytest.raises(Transient, match="ConnectError"):
        SandboxShop(address, {"token": "t"}, client).test_connection()


@pytest.mark.parametrize("token", ["wrong", "", "tökén", "two\nlines"])
def test_a_wrong_token_needs_an_operator(shop: Shop, client: httpx.Client, token: str) -> None:
    with pytest.raises(Misconfigured):
        SandboxShop(shop.settings, {"token": token}, client).test_connection()


def test_an_address_that_leads_elsewhere_needs_an_operator(
    shop: Shop, warehouse: Warehouse, client: httpx.Client
) -> None:
    for url in (
        "",
        "shop.example",
        "ftp://shop.example",
        "http://[::1",
        shop.base_url.replace("/demo", "/other"),
        warehouse.base_url,
    ):
        connector = SandboxShop({"url": url}, shop.secrets | {"token": _token(url, shop)}, client)
        with pytest.raises(Misconfigured):
            connector.test_connection()


def _token(url: str, shop: Shop) -> str:
    return shop.secrets["token"] if "warehouses" not in url else "any"


def test_the_wrong_kind_of_place_is_named(warehouse: Warehouse, client: httpx.Client) -> None:
    with pytest.raises(Misconfigured, match="leads to a warehouse"):
        SandboxShop(warehouse.settings, warehouse.secrets, client).test_connection()


def test_a_missing_shop_does_not_make_its_orders_gone(
    shop: Shop, shop_connector: Connector, sandbox: SandboxServer
) -> None:
    number = shop.place_order("A")["id"]
    fresh(sandbox, "shops")
    with pytest.raises(Misconfigured, match="check the channel's address"):
        shop_connector.fetch(UPDATES, str(number))


def test_what_a_connector_does_not_do_it_refuses(
    shop_connector: Connector, warehouse_connector: Connector
) -> None:
    for call in (
        lambda: shop_connector.pages(STOCK, LONG_AGO, FAR_AHEAD),
        lambda: shop_connector.fetch(STOCK, "A"),
        lambda: shop_connector.send_shipment(request()),
        lambda: warehouse_connector.pages_after(STOCK, ""),
        lambda: warehouse_connector.first_id_since(STOCK, NOON),
    ):
        with pytest.raises(Permanent):
            call()


# Administration


def test_the_connection_test_names_the_place(
    shop_connector: Connector, warehouse_connector: Connector
) -> None:
    assert shop_connector.test_connection() == "Connected to the sandbox's shop demo."
    assert "warehouse demo" in warehouse_connector.test_connection()


def test_subscriptions_are_what_is_registered(shop: Shop, shop_connector: Connector) -> None:
    assert list(shop_connector.subscriptions() or ()) == []
    shop.send_webhooks_to("http://127.0.0.1:9/webhooks/x/")
    shop.configure(webhook_active=False)
    found = list(shop_connector.subscriptions() or ())
    assert {each.topic for each in found} == {topic for topic, _ in SandboxShop.topics()}
    assert {(each.url, each.active) for each in found} == {
        ("http://127.0.0.1:9/webhooks/x/", False)
    }


@pytest.mark.parametrize("kind", [SandboxShop, SandboxWarehouse])
def test_each_topic_belongs_to_one_job(kind: type[Connector]) -> None:
    topics = [topic for topic, _ in kind.topics()]
    assert len(topics) == len(set(topics))
    assert {c.type for c in kind.capabilities if c.by_id} <= set(_lists(kind))


def _lists(kind: type[Connector]) -> list[JobType]:
    assert issubclass(kind, SandboxConnector)
    return list(kind.lists)
