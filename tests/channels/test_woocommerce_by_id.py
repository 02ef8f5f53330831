"""Orders of WooCommerce by id: after the last one, from the first since an instant, one by one."""

from __future__ import annotations

from datetime import datetime

import pytest

from channels.connectors.base import (
    Gone,
    Permanent,
)
from channels.connectors.woocommerce import WooCommerce
from channels.enums import JobType
from tests.channels.woo import (
    LATER,
    LONG_AGO,
    ORDERS,
    PRODUCTS,
    UPDATES,
    TwoPerPage,
    at,
    connect,
    ids,
    stamp,
)
from tests.woocommerce_shop import WooShop, recorded_orders


@pytest.mark.parametrize("last", range(31, 40))
@pytest.mark.parametrize("kind", [WooCommerce, TwoPerPage])
def test_orders_after_an_id_come_by_increasing_id(last: int, kind: type[WooCommerce]) -> None:
    shop = WooShop(recorded_orders())
    found = ids(connect(shop, kind).pages_after(ORDERS, str(last)))
    assert found == [order for order in range(33, 38) if order > last]


def test_from_the_first_one() -> None:
    shop = WooShop(recorded_orders())
    assert ids(connect(shop, TwoPerPage).pages_after(ORDERS, "")) == [33, 34, 35, 36, 37]


def test_the_newest_orders_of_a_large_shop_are_found_with_few_questions() -> None:
    shop = WooShop()
    for number in range(1, 400):
        shop.place(number * 10, stamp(18))
    connector = connect(shop, TwoPerPage)
    assert ids(connector.pages_after(ORDERS, "3970")) == [3980, 3990]
    assert len(shop.seen) <= 6
    assert ids(connector.pages_after(ORDERS, "3500")) == list(range(3510, 4000, 10))


def test_the_way_back_to_an_old_id_is_short() -> None:
    shop = WooShop()
    for number in range(1, 400):
        shop.place(number, stamp(18))
    assert ids(connect(shop, TwoPerPage).pages_after(ORDERS, "5")) == list(range(6, 400))
    looks = [seen for seen in shop.seen if seen.params["per_page"] == "1"]
    assert len(looks) <= 10


def test_an_empty_shop_has_no_orders_after_any_id() -> None:
    assert ids(connect(WooShop()).pages_after(ORDERS, "12")) == []


def test_the_first_id_is_that_of_the_first_order_created_since() -> None:
    connector = connect(WooShop(recorded_orders()))
    assert connector.first_id_since(ORDERS, at(21)) == "34"
    assert connector.first_id_since(ORDERS, LONG_AGO) == "32"
    assert connector.first_id_since(ORDERS, LATER) is None


def test_reading_from_the_first_id_since_misses_nothing_created_since() -> None:
    for second in (17.0, 18.0, 18.5, 20.0, 22.0, 24.0):
        connector = connect(WooShop(recorded_orders()))
        start = connector.first_id_since(ORDERS, at(second))
        assert start is not None
        expected = {
            order["id"]
            for order in recorded_orders()
            if datetime.fromisoformat(order["date_created_gmt"] + "+00:00") >= at(second)
        }
        assert set(ids(connector.pages_after(ORDERS, start))) >= expected


def test_an_unknown_order_is_gone() -> None:
    shop = WooShop(recorded_orders())
    assert connect(shop).fetch(UPDATES, "999999") == Gone("999999")
    assert connect(shop).fetch(UPDATES, "../webhooks") == Gone("../webhooks")


def test_products_cannot_be_listed_by_id_and_shipments_not_at_all() -> None:
    connector = connect(WooShop())
    with pytest.raises(Permanent):
        list(connector.pages_after(PRODUCTS, ""))
    with pytest.raises(Permanent):
        list(connector.pages(JobType.RECEIVE_SHIPMENTS, LONG_AGO, LATER))
    with pytest.raises(Permanent):
        connector.fetch(JobType.RECEIVE_SHIPMENTS, "1")
    assert not [c for c in WooCommerce.capabilities if c.type == PRODUCTS and c.by_id]
