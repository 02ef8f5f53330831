"""Asking the Admin API: rights, errors that come with 200, and the cost budget."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import Limit, Misconfigured, Permanent, Transient
from channels.enums import JobType
from tests.channels.shopify import LATER, LONG_AGO, ORDERS, connect, ids, stamp
from tests.shopify_shop import ShopifyShop


def refused(code: str, message: str = "no", **extensions: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code, **extensions}}]}


def throttled(requested: float, available: float, rate: float) -> dict[str, Any]:
    status = {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": available,
        "restoreRate": rate,
    }
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}
    return {**refused("THROTTLED", "Throttled"), "extensions": {"cost": cost}}


def test_the_token_opens_the_shop_and_a_wrong_one_does_not() -> None:
    shop = ShopifyShop()

    assert connect(shop).test_connection().startswith("Connected to Lamps of Ada.")
    with pytest.raises(Misconfigured, match="401"):
        connect(shop, secrets={"access_token": "shpat_wrong"}).test_connection()


def test_no_secret_stands_in_the_text_of_an_error() -> None:
    shop = ShopifyShop()
    with pytest.raises(Misconfigured) as caught:
        connect(shop, secrets={"access_token": "shpat_wrong"}).test_connection()

    assert "shpat_wrong" not in str(caught.value)


def test_without_a_token_nothing_is_asked() -> None:
    shop = ShopifyShop()
    with pytest.raises(Misconfigured, match="access token"):
        connect(shop, secrets={"access_token": ""}).test_connection()

    assert not shop.seen


@pytest.mark.parametrize(
    "shop_name", ["", "lamps", "www.lamps.com", "lamps.myshopify.com.evil.org"]
)
def test_the_shop_must_be_named_as_shopify_names_it(shop_name: str) -> None:
    with pytest.raises(Misconfigured, match=r"name\.myshopify\.com"):
        connect(ShopifyShop(), {"shop": shop_name}).test_connection()


def test_the_shop_may_be_given_as_an_address() -> None:
    shop = ShopifyShop()

    assert connect(shop, {"shop": "https://Lamps.myshopify.com/"}).test_connection()


def test_another_address_may_be_set() -> None:
    shop = ShopifyShop()
    connector = connect(shop, {"shop": "nonsense", "url": "https://127.0.0.1:8443/"})

    assert connector.test_connection().startswith("Connected")


def test_missing_scopes_are_named_with_what_they_are_for() -> None:
    shop = ShopifyShop()
    shop.scopes = ["read_orders", "write_products", "read_locations", "write_inventory"]

    said = connect(shop).test_connection()

    assert "write_merchant_managed_fulfillment_orders (for shipped quantities)" in said
    assert "write_inventory" not in said
    assert "Orders older than 60 days" in said


def test_with_all_scopes_the_connection_test_has_nothing_to_add() -> None:
    assert connect(ShopifyShop()).test_connection() == "Connected to Lamps of Ada."


def test_trap_10_a_missing_right_comes_with_200_and_the_scope_is_named() -> None:
    shop = ShopifyShop()
    shop.scopes = ["read_products"]

    with pytest.raises(Misconfigured, match="`read_orders` access scope"):
        ids(connect(shop).pages(ORDERS, LONG_AGO, LATER))


def test_trap_10_throttled_comes_with_200_and_says_how_long_to_wait() -> None:
    shop = ShopifyShop()
    shop.fail(200, throttled(requested=700, available=100, rate=50))

    with pytest.raises(Transient) as caught:
        connect(shop).test_connection()

    assert caught.value.retry_after == 12


def test_throttled_without_figures_still_says_to_wait() -> None:
    shop = ShopifyShop()
    shop.fail(200, {"errors": [{"message": "Throttled"}]})

    with pytest.raises(Transient) as caught:
        connect(shop).test_connection()

    assert caught.value.retry_after


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (refused("INTERNAL_SERVER_ERROR"), Transient),
        (refused("TIMEOUT"), Transient),
        (refused("SHOP_INACTIVE"), Misconfigured),
        (refused("MAX_COST_EXCEEDED"), Permanent),
        (refused("undefinedField"), Permanent),
        ({"errors": "something else"}, Permanent),
        ({"data": None}, Transient),
        ({"data": {}}, Transient),
        ({"data": {"shop": {}, "currentAppInstallation": None}}, Transient),
        ([], Transient),
    ],
)
def test_trap_10_errors_that_come_with_200(content: Any, error: type[Exception]) -> None:
    shop = ShopifyShop()
    shop.fail(200, content)

    with pytest.raises(error):
        connect(shop).test_connection()


def test_429_and_5xx_are_tried_again_as_asked() -> None:
    shop = ShopifyShop()
    shop.fail(429, {}, **{"retry-after": "7"})
    shop.fail(503, {})

    with pytest.raises(Transient) as caught:
        connect(shop).test_connection()
    assert caught.value.retry_after == 7
    with pytest.raises(Transient):
        connect(shop).test_connection()


def test_404_is_a_wrong_name_and_not_an_order_that_is_gone() -> None:
    shop = ShopifyShop()
    shop.fail(404, {"errors": "Not Found"})

    with pytest.raises(Misconfigured, match="no Shopify shop"):
        connect(shop).fetch(ORDERS, "5001")


def test_the_budget_is_read_from_each_answer() -> None:
    shop = ShopifyShop()
    shop.available = 500.0
    connector = connect(shop)
    before = connector.limit

    connector.test_connection()

    assert before is None
    assert shop.available < 500
    assert connector.limit == Limit(shop.available, 2000, (2000 - shop.available) / 100, 100, 3)


def test_a_long_list_waits_for_its_budget_instead_of_being_throttled() -> None:
    shop = ShopifyShop()
    for number in range(1, 60):
        shop.place(5000 + number, stamp(number))
    shop.available = 1000.0

    found = ids(connect(shop).pages(ORDERS, LONG_AGO, LATER))

    assert len(found) == 59
    assert shop.waited
    assert all(0 < seconds < 15 for seconds in shop.waited)


def test_a_budget_that_is_far_away_is_not_waited_for() -> None:
    shop = ShopifyShop()
    connector = connect(shop)
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 0.0, "restoreRate": 10.0}
    cost = {"requestedQueryCost": 900.0, "throttleStatus": status}
    shop.fail(200, {"data": {"shop": {"name": "x"}}, "extensions": {"cost": cost}})
    connector.test_connection()
    shop.available = 0.0

    with pytest.raises(Transient):
        connector.test_connection()
    assert not shop.waited


def test_a_search_that_shopify_does_not_understand_is_logged() -> None:
    shop = ShopifyShop()
    warned = {"search": [{"path": ["orders"], "warnings": [{"message": "Invalid search field"}]}]}
    shop.fail(200, {"data": {"shop": {"name": "x"}}, "extensions": warned})
    connector = connect(shop)

    connector.test_connection()

    assert connector.lines == [("warning", "Shopify on a search of ours: Invalid search field")]


def test_job_types_of_warehouses_are_refused() -> None:
    connector = connect(ShopifyShop())

    with pytest.raises(Permanent):
        connector.fetch(JobType.RECEIVE_SHIPMENTS, "1")
    with pytest.raises(Permanent):
        list(connector.pages(JobType.RECEIVE_SHIPMENTS, LONG_AGO, LATER))
