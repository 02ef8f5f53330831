"""An order of Medusa as omsauto reads it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from channels.connectors.base import OrderData
from tests.channels.medusas import ORDERS, filled
from tests.medusa_books import BUYER, Json
from tests.medusa_shop import MedusaShop


def read(shop: MedusaShop, order: Json) -> OrderData:
    record = shop.connector().fetch(ORDERS, order["id"])
    assert isinstance(record, OrderData)
    return record


def placed(**fields: Any) -> OrderData:
    shop = filled()
    return read(shop, shop.books.place({"TEA-1": 2}, **fields))


def lined(**fields: Any) -> OrderData:
    """Of an order with one line of two pieces, with these fields."""
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    order["items"][0].update(fields)
    return read(shop, order)


def test_an_order_has_what_the_shop_has() -> None:
    shop = filled("TEA-1", "MUG-1")
    order = shop.books.place({"TEA-1": 2, "MUG-1": 1})
    record = read(shop, order)

    assert (record.number, record.email, record.currency) == ("1", "ada@buyer.example", "EUR")
    assert record.total == Decimal("28.5")
    assert [(line.external_id, line.sku, line.quantity) for line in record.lines] == [
        (order["items"][0]["id"], "TEA-1", 2),
        (order["items"][1]["id"], "MUG-1", 1),
    ]
    assert (record.platform_status, record.cancelled, record.final) == ("pending", False, False)
    assert record.placed_at == datetime.fromisoformat(order["created_at"])
    assert record.changed_at == record.placed_at


def test_the_shops_own_number_is_used_where_it_has_one() -> None:
    assert placed(custom_display_id="A-77").number == "A-77"


# Money


def test_trap_17_prices_are_read_in_major_units_without_the_noise_of_fractions() -> None:
    record = lined(subtotal=20.2, unit_price=10.1)
    assert record.lines[0].price == Decimal("10.1")
    assert placed(total=1234567.89).total == Decimal("1234567.89")


def test_a_price_is_what_one_piece_cost_after_discounts() -> None:
    assert lined(subtotal=20, discount_subtotal=5).lines[0].price == Decimal("7.5")


# Lines


def test_a_line_of_no_product_has_no_sku() -> None:
    record = lined(variant_sku=None, product_title=None, variant_title=None, title="Gift wrap")
    assert (record.lines[0].sku, record.lines[0].name) == ("", "Gift wrap")


@pytest.mark.parametrize(
    ("product", "variant", "name"),
    [
        ("Tea", "Default variant", "Tea"),
        ("Tea", "Tea", "Tea"),
        ("Tea", None, "Tea"),
        ("Tea", "Large", "Tea - Large"),
    ],
)
def test_a_line_is_named_by_its_product_and_variant(
    product: str, variant: str | None, name: str
) -> None:
    assert lined(product_title=product, variant_title=variant).lines[0].name == name


def test_a_fraction_of_a_piece_is_taken_as_a_whole_one() -> None:
    assert lined(quantity=1.5).lines[0].quantity == 2


def test_a_line_that_was_taken_out_is_none() -> None:
    assert lined(quantity=0).lines == ()


# Address


def test_an_address_is_given_in_our_words() -> None:
    assert placed().ship_to == {
        "name": "Ada Byron",
        "company": "Engines",
        "street": "1 Main St",
        "street_2": "",
        "city": "Austin",
        "state": "TX",
        "postcode": "78701",
        "country": "US",
        "phone": "+1 512 555 0100",
    }


@pytest.mark.parametrize("shipping", [None, {"country_code": "us", "address_1": None}])
def test_the_billing_address_is_used_where_there_is_no_other(shipping: Json | None) -> None:
    assert placed(shipping_address=shipping).ship_to["street"] == "1 Main St"


def test_an_order_without_any_address_is_read_all_the_same() -> None:
    assert placed(shipping_address=None, billing_address=None).ship_to["street"] == ""


def test_the_billing_phone_helps_out() -> None:
    silent = {**BUYER, "phone": None}
    assert placed(shipping_address=silent).ship_to["phone"] == BUYER["phone"]


# States


@pytest.mark.parametrize(
    ("status", "cancelled", "final"),
    [
        ("pending", False, False),
        ("requires_action", False, False),
        ("completed", False, True),
        ("archived", False, True),
        ("canceled", True, True),
    ],
)
def test_a_status_says_whether_an_order_is_over(status: str, cancelled: bool, final: bool) -> None:
    record = placed(status=status)
    assert (record.cancelled, record.final) == (cancelled, final)


def test_an_order_is_over_when_all_of_it_has_shipped() -> None:
    shop = filled()
    order = shop.books.place({"TEA-1": 2})
    detail = order["items"][0]["detail"]
    detail.update(fulfilled_quantity=2, shipped_quantity=1)
    assert not read(shop, order).final
    detail.update(shipped_quantity=2)
    assert read(shop, order).final


@pytest.mark.parametrize(
    ("payment", "waits"),
    [
        ("authorized", False),
        ("captured", False),
        ("partially_captured", False),
        ("partially_refunded", False),
        ("refunded", False),
        ("not_paid", True),
        ("awaiting", True),
        ("requires_action", True),
        ("partially_authorized", True),
        ("canceled", True),
    ],
)
def test_an_order_waits_for_its_payment_until_that_is_authorized(payment: str, waits: bool) -> None:
    assert placed(payment_status=payment).awaits_payment is waits


def test_an_order_that_costs_nothing_waits_for_no_payment() -> None:
    assert not placed(payment_status="not_paid", total=0).awaits_payment
