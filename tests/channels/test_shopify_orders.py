"""Orders of a Shopify shop: what a record says, and by which ways it is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from channels.connectors.base import Gone, Permanent, Transient
from tests.channels.shopify import (
    LATER,
    LONG_AGO,
    ORDERS,
    UPDATES,
    at,
    connect,
    ids,
    stamp,
    the_line,
    the_order,
)
from tests.shopify_shop import ShopifyShop
from tests.shopify_shop.records import ADDRESS, money


@pytest.fixture
def shop() -> ShopifyShop:
    made = ShopifyShop()
    made.place(5001, stamp(0))
    return made


# What a record says


def test_an_order_is_known_by_its_number_and_never_by_the_global_id(shop: ShopifyShop) -> None:
    order = the_order(shop, 5001)

    assert (order.external_id, order.number) == ("5001", "#5001")
    assert [line.external_id for line in order.lines] == ["500101"]


def test_trap_17_amounts_are_decimal_strings_in_the_shops_own_currency(shop: ShopifyShop) -> None:
    shop.orders[5001]["currentTotalPriceSet"] = money("28.10")
    order = the_order(shop, 5001)

    assert (order.total, order.currency) == (Decimal("28.10"), "EUR")
    assert str(order.lines[0].price) == "14.0"


def test_trap_18_instants_keep_their_zone(shop: ShopifyShop) -> None:
    shop.orders[5001].update(createdAt="2026-11-23T05:00:00-05:00", updatedAt=stamp(1))
    order = the_order(shop, 5001)

    assert order.placed_at == at(0)
    assert order.changed_at == at(1)
    assert order.placed_at.tzinfo == UTC


def test_trap_18_an_instant_without_a_zone_is_no_instant(shop: ShopifyShop) -> None:
    shop.orders[5001]["createdAt"] = "2026-11-23T10:00:00"

    with pytest.raises(Transient, match="5001"):
        the_order(shop, 5001)


def test_quantities_are_those_left_after_refunds_and_edits(shop: ShopifyShop) -> None:
    order = shop.place(5002, stamp(0), [("LAMP", 3), ("SHADE", 1)])
    order["lineItems"][0]["currentQuantity"] = 2
    order["lineItems"][1]["currentQuantity"] = 0

    assert [(line.sku, line.quantity) for line in the_order(shop, 5002).lines] == [("LAMP", 2)]


def test_trap_14_a_line_without_a_sku_is_a_line(shop: ShopifyShop) -> None:
    shop.place(5002, stamp(0), [(None, 1)])

    assert the_line(shop, 5002).sku == ""


def test_a_long_order_comes_with_all_its_lines(shop: ShopifyShop) -> None:
    shop.place(5002, stamp(0), [(f"SKU-{index}", 1) for index in range(130)])

    lines = the_order(shop, 5002).lines

    assert [line.sku for line in lines] == [f"SKU-{index}" for index in range(130)]


def test_the_address_is_the_one_to_ship_to(shop: ShopifyShop) -> None:
    assert the_order(shop, 5001).ship_to == {
        "name": "Ada Byron",
        "company": "",
        "street": "12 Analytical Row",
        "street_2": "",
        "city": "London",
        "postcode": "EC1A 1AA",
        "country": "GB",
        "phone": "+44 20 7946 0000",
        "state": "ENG",
    }


def test_where_nothing_needs_shipping_the_billing_address_stands_in(shop: ShopifyShop) -> None:
    shop.orders[5001].update(shippingAddress=None, billingAddress={**ADDRESS, "city": "Leeds"})
    assert the_order(shop, 5001).ship_to["city"] == "Leeds"

    shop.orders[5001].update(billingAddress=None)
    assert the_order(shop, 5001).ship_to["city"] == ""


@pytest.mark.parametrize(
    ("payment", "awaits"),
    [
        ("PENDING", True),
        ("EXPIRED", True),
        ("VOIDED", True),
        ("PARTIALLY_PAID", True),
        ("AUTHORIZED", False),
        ("PAID", False),
        ("PARTIALLY_REFUNDED", False),
        ("REFUNDED", False),
        (None, False),
    ],
)
def test_which_payments_are_awaited(shop: ShopifyShop, payment: str | None, awaits: bool) -> None:
    shop.orders[5001]["displayFinancialStatus"] = payment

    assert the_order(shop, 5001).awaits_payment is awaits


@pytest.mark.parametrize(("payment", "awaits"), [("PENDING", False), ("EXPIRED", True)])
def test_an_operator_may_ship_what_is_paid_later(
    shop: ShopifyShop, payment: str, awaits: bool
) -> None:
    shop.orders[5001]["displayFinancialStatus"] = payment

    assert the_order(shop, 5001, ship_unpaid=True).awaits_payment is awaits


@pytest.mark.parametrize(
    ("shipping", "payment", "closed", "final"),
    [
        ("FULFILLED", "PAID", False, True),
        ("FULFILLED", "PENDING", False, False),
        ("FULFILLED", "PENDING", True, True),
        ("PARTIALLY_FULFILLED", "PAID", True, False),
        ("UNFULFILLED", "PAID", False, False),
        ("FULFILLMENT_NOT_REQUIRED", "REFUNDED", False, True),
    ],
)
def test_an_order_is_final_when_nothing_is_left_to_ship_or_to_pay(
    shop: ShopifyShop, shipping: str, payment: str, closed: bool, final: bool
) -> None:
    shop.orders[5001].update(
        displayFulfillmentStatus=shipping, displayFinancialStatus=payment, closed=closed
    )
    order = the_order(shop, 5001)

    assert (order.final, order.cancelled) == (final, False)
    assert order.platform_status == f"{payment.lower()}, {shipping.lower()}"


def test_a_cancelled_order_is_cancelled_and_final(shop: ShopifyShop) -> None:
    shop.orders[5001]["cancelledAt"] = stamp(9)
    order = the_order(shop, 5001)

    assert (order.cancelled, order.final) == (True, True)


def test_an_order_refunded_whole_before_it_shipped_counts_as_cancelled(shop: ShopifyShop) -> None:
    order = shop.orders[5001]
    order["lineItems"][0]["currentQuantity"] = 0
    order["displayFulfillmentStatus"] = "FULFILLMENT_NOT_REQUIRED"
    assert the_order(shop, 5001).cancelled

    order["displayFulfillmentStatus"] = "FULFILLED"
    assert not the_order(shop, 5001).cancelled  # sent, and returned later


# By window


def test_a_window_holds_its_start_and_not_its_end(shop: ShopifyShop) -> None:
    for minute in (1, 2, 3):
        shop.place(5001 + minute, stamp(minute))

    assert ids(connect(shop).pages(ORDERS, at(1), at(3))) == [5002, 5003]


def test_a_window_goes_by_the_last_change_and_finds_old_orders(shop: ShopifyShop) -> None:
    shop.place(4001, "2026-11-01T10:00:00Z", updatedAt=stamp(5))

    assert ids(connect(shop).pages(UPDATES, at(4), at(6))) == [4001]


def test_trap_3_whole_seconds_lose_nothing_at_either_edge(shop: ShopifyShop) -> None:
    shop.place(5002, stamp(5, 30))
    half = timedelta(microseconds=500_000)

    assert ids(connect(shop).pages(ORDERS, at(5, 30) + half, at(6))) == [5002]
    assert ids(connect(shop).pages(ORDERS, at(5), at(5, 30) + half)) == [5002]


def test_trap_18_a_window_in_another_zone_is_asked_in_utc(shop: ShopifyShop) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    since = datetime(2026, 11, 23, 15, 30, tzinfo=zone)  # 10:00 UTC

    assert ids(connect(shop).pages(ORDERS, since, since + timedelta(minutes=1))) == [5001]
    assert ids(connect(shop).pages(ORDERS, since + timedelta(minutes=1), LATER)) == []


def test_all_pages_are_read_in_the_order_of_change(shop: ShopifyShop) -> None:
    for number, minute in ((5005, 1), (5004, 2), (5003, 3), (5002, 4)):
        shop.place(number, stamp(minute))

    found = list(connect(shop, per_page=2).pages(ORDERS, LONG_AGO, LATER))

    assert [len(page) for page in found] == [2, 2, 1]
    assert ids(iter(found)) == [5001, 5005, 5004, 5003, 5002]


def test_an_order_changed_between_two_pages_hides_no_other(shop: ShopifyShop) -> None:
    for number in (5002, 5003, 5004):
        shop.place(number, stamp(number - 5001))
    pages = connect(shop, per_page=2).pages(ORDERS, LONG_AGO, at(30))
    first = next(pages)

    shop.orders[5001]["updatedAt"] = stamp(40)  # moves out of the window

    assert [int(one.external_id) for one in first] == [5001, 5002]
    assert ids(pages) == [5003, 5004]


def test_a_list_too_deep_for_shopify_begins_anew_and_misses_nothing(shop: ShopifyShop) -> None:
    for number in range(5002, 5012):
        shop.place(number, stamp(number - 5001))

    found = ids(connect(shop, per_page=2, deepest=4).pages(ORDERS, LONG_AGO, LATER))

    assert sorted(set(found)) == list(range(5001, 5012))
    assert shop.seen.count("Orders") > 6


def test_orders_of_one_second_that_are_more_than_the_depth_still_come(shop: ShopifyShop) -> None:
    for number in range(5002, 5010):
        shop.place(number, stamp(0))

    found = ids(connect(shop, per_page=2, deepest=4).pages(ORDERS, at(0), LATER))

    assert sorted(set(found)) == list(range(5001, 5010))


# By id


def test_new_orders_are_those_after_the_last_number(shop: ShopifyShop) -> None:
    for number in (5003, 10001, 5002):
        shop.place(number, stamp(1))
    connector = connect(shop, per_page=2, deepest=2)

    assert ids(connector.pages_after(ORDERS, "5001")) == [5002, 5003, 10001]
    assert ids(connector.pages_after(ORDERS, "")) == [5001, 5002, 5003, 10001]


def test_the_first_number_is_that_of_the_first_order_created_since(shop: ShopifyShop) -> None:
    shop.place(5002, stamp(2))
    shop.place(4001, "2026-11-01T10:00:00Z", updatedAt=stamp(5))
    connector = connect(shop)

    assert connector.first_id_since(ORDERS, at(1)) == "5001"
    assert connector.first_id_since(ORDERS, LONG_AGO) == "4000"
    assert connector.first_id_since(ORDERS, at(3)) is None


def test_each_by_id_run_begins_a_hundred_orders_back_however_far_apart_their_numbers_are(
    shop: ShopifyShop,
) -> None:
    numbers = [10**12 + 32768 * index for index in range(150)]
    for number in numbers:
        shop.place(number, stamp(1))
    connector = connect(shop)

    found = ids(connector.pages_after(ORDERS, connector.recent_ids_start(str(numbers[139]))))

    assert found == numbers[40:]


def test_a_hundred_orders_back_may_be_the_first_one_or_none(shop: ShopifyShop) -> None:
    connector = connect(shop)

    assert ids(connector.pages_after(ORDERS, connector.recent_ids_start("5001"))) == [5001]
    assert ids(connector.pages_after(ORDERS, connector.recent_ids_start("4000"))) == [5001]
    assert connector.recent_ids_start("") == ""


# One by one


def test_a_deleted_order_reads_as_gone(shop: ShopifyShop) -> None:
    connector = connect(shop)

    assert connector.fetch(UPDATES, "777") == Gone("777")
    assert connector.fetch(UPDATES, "gid://shopify/Order/5001") == Gone("gid://shopify/Order/5001")


def test_an_order_too_old_to_be_seen_is_not_taken_for_deleted(shop: ShopifyShop) -> None:
    shop.scopes.remove("read_all_orders")
    shop.place(4001, "2026-08-01T10:00:00Z")
    shop.hidden_before = "2026-09-24T00:00:00Z"
    connector = connect(shop)

    with pytest.raises(Permanent, match="read_all_orders"):
        connector.fetch(UPDATES, "4001")
    assert connector.fetch(UPDATES, "7001") == Gone("7001")


def test_where_no_order_is_seen_at_all_none_is_taken_for_deleted(shop: ShopifyShop) -> None:
    shop.scopes.remove("read_all_orders")
    shop.hidden_before = "2027-01-01T00:00:00Z"

    with pytest.raises(Permanent, match="read_all_orders"):
        connect(shop).fetch(UPDATES, "5001")


@pytest.mark.parametrize("field", ["legacyResourceId", "updatedAt"])
def test_an_unreadable_record_is_tried_again(shop: ShopifyShop, field: str) -> None:
    shop.orders[5001][field] = "?"

    with pytest.raises(Transient):
        the_order(shop, 5001)
