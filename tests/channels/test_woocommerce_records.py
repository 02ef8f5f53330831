"""Recorded answers of the API become records with the answers' own values."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from channels.connectors.base import Gone, OrderData, ProductData, Transient
from channels.connectors.woocommerce import WooCommerce
from channels.enums import JobType
from tests.woocommerce_shop import WooShop, recorded, recorded_orders

ORDERS = recorded_orders()
CHANGED = recorded("41_")["response"]["body"]


def read(order: dict[str, Any], job_type: JobType = JobType.RECEIVE_ORDERS) -> Any:
    shop = WooShop([order])
    connector = WooCommerce(shop.settings, shop.secrets, shop.client())
    return connector.fetch(job_type, str(order["id"]))


def read_product(product: dict[str, Any]) -> Any:
    shop = WooShop(products=[product])
    connector = WooCommerce(shop.settings, shop.secrets, shop.client())
    return connector.fetch(JobType.IMPORT_PRODUCTS, str(product["id"]))


def changed(**fields: Any) -> dict[str, Any]:
    return {**ORDERS[0], **fields}


def line(**fields: Any) -> dict[str, Any]:
    return {**ORDERS[0]["line_items"][0], **fields}


@pytest.mark.parametrize("order", ORDERS + CHANGED)
def test_a_recorded_order_keeps_its_values(order: dict[str, Any]) -> None:
    data = read(order)
    assert isinstance(data, OrderData)
    assert (data.external_id, data.number) == (str(order["id"]), order["number"])
    assert data.total == Decimal(order["total"])
    assert data.currency == order["currency"]
    assert data.email == order["billing"]["email"]
    assert data.platform_status == order["status"]
    assert data.placed_at.isoformat() == order["date_created_gmt"] + "+00:00"
    assert data.changed_at.isoformat() == order["date_modified_gmt"] + "+00:00"
    for ours, theirs in zip(data.lines, order["line_items"], strict=True):
        assert ours.external_id == str(theirs["id"])
        assert (ours.sku, ours.name) == (theirs["sku"] or "", theirs["name"])
        assert ours.quantity == theirs["quantity"]
        assert ours.price * ours.quantity == Decimal(theirs["total"])


def test_the_first_recorded_order_word_for_word() -> None:
    data = read(ORDERS[0])
    assert data.placed_at == datetime(2026, 11, 23, 5, 21, 18, tzinfo=UTC)
    assert data.total == Decimal("49.90")
    assert [(found.sku, found.quantity, found.price) for found in data.lines] == [
        ("MUG-BLUE", 2, Decimal("12.50")),
        ("TEE-S", 1, Decimal("19.90")),
    ]
    assert data.ship_to == {
        "name": "Ada Example",
        "company": "",
        "street": "1 Main St",
        "street_2": "Apt 2",
        "city": "Austin",
        "state": "TX",
        "postcode": "78701",
        "country": "US",
        "phone": "555-0100",
    }


def test_trap_17_a_price_is_not_a_binary_fraction() -> None:
    """The recorded `price` of order 37 is 19.900000000000002."""
    assert [found.price for found in read(ORDERS[4]).lines] == [Decimal("19.90")]


def test_trap_14_a_line_without_sku_is_kept() -> None:
    assert [found.sku for found in read(ORDERS[3]).lines] == ["", "MUG-BLUE"]


def test_a_sku_is_trimmed() -> None:
    order = changed(line_items=[line(sku=" tee-m ")])
    assert [found.sku for found in read(order).lines] == ["tee-m"]


def test_trap_01_a_changed_address_is_read_although_the_date_did_not_move() -> None:
    after = recorded("32_")["response"]["body"]
    before, now = read(ORDERS[0]), read(after)
    assert before.changed_at == now.changed_at
    assert (before.ship_to["street"], now.ship_to["street"]) == ("1 Main St", "2 Side St")


@pytest.mark.parametrize(
    ("status", "cancelled", "final"),
    [
        ("pending", False, False),
        ("on-hold", False, False),
        ("processing", False, False),
        ("packing-at-shop", False, False),
        ("completed", False, True),
        ("cancelled", True, True),
        ("refunded", True, True),
        ("failed", True, False),
        ("trash", True, False),
    ],
)
def test_what_a_status_means(status: str, cancelled: bool, final: bool) -> None:
    data = read(changed(status=status))
    assert (data.platform_status, data.cancelled, data.final) == (status, cancelled, final)


def refunded(*pieces: int, status: str = "processing") -> Any:
    """The first recorded order, of which so many pieces of each line were refunded."""
    order = changed(status=status, refunds=[{"id": 90, "reason": "", "total": "-1.00"}])
    shop = WooShop([order])
    shop.refunds[order["id"]] = [
        {
            "id": 90 + number,
            "line_items": [
                {
                    "id": 900 + number,
                    "quantity": -count,
                    "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(line["id"])}],
                }
            ],
        }
        for number, (line, count) in enumerate(zip(order["line_items"], pieces, strict=True))
    ]
    connector = WooCommerce(shop.settings, shop.secrets, shop.client())
    return connector.fetch(JobType.RECEIVE_ORDERS, str(order["id"]))


def test_what_was_refunded_is_not_sent() -> None:
    """The order's own lines stay as they were ordered: two and one."""
    read = refunded(1, 1)
    assert isinstance(read, OrderData)
    assert [one.quantity for one in read.lines] == [1]
    assert not read.cancelled


def test_an_order_of_which_nothing_is_left_to_send_is_cancelled() -> None:
    read = refunded(2, 1)
    assert isinstance(read, OrderData)
    assert read.cancelled
    assert [one.quantity for one in read.lines] == [2, 1]


def test_what_is_refunded_after_it_has_left_changes_no_line() -> None:
    read = refunded(2, 0, status="completed")
    assert isinstance(read, OrderData)
    assert ([one.quantity for one in read.lines], read.final) == ([2, 1], True)


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft"])
@pytest.mark.parametrize("job_type", [JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES])
def test_a_cart_is_no_order_yet(status: str, job_type: JobType) -> None:
    assert read(changed(status=status), job_type) == Gone("33")


def test_without_a_shipping_address_the_billing_address_counts() -> None:
    empty = dict.fromkeys(ORDERS[0]["shipping"], "") | {"country": "US", "state": "CA"}
    assert read(changed(shipping=empty)).ship_to["street"] == "1 Main St"


def test_trap_02_an_order_never_changed_since_it_was_placed_has_that_date() -> None:
    data = read(changed(date_modified_gmt=None))
    assert data.changed_at == data.placed_at


def test_trap_18_times_are_utc_whatever_the_shop_s_own_zone() -> None:
    """The fields without `_gmt` are the shop's wall clock, neither has a mark of its zone."""
    local = dict.fromkeys(("date_created", "date_modified"), "2026-11-22T23:21:18")
    data = read(changed(**local))
    assert data.placed_at == data.changed_at == datetime(2026, 11, 23, 5, 21, 18, tzinfo=UTC)


def test_trap_17_money_is_exact() -> None:
    data = read(changed(total="0.30", line_items=[line(quantity=3, total="0.30")]))
    assert (data.total, data.lines[0].price) == (Decimal("0.30"), Decimal("0.1000"))


def test_parts_of_a_piece_are_rounded_up_and_told() -> None:
    shop, told = WooShop([changed(line_items=[line(quantity=1.5, total="9.00")])]), []
    connector = WooCommerce(
        shop.settings, shop.secrets, shop.client(), lambda level, text: told.append((level, text))
    )
    data = connector.fetch(JobType.RECEIVE_ORDERS, "33")
    assert isinstance(data, OrderData)
    assert (data.lines[0].quantity, data.lines[0].price) == (2, Decimal(6))
    assert told == [("warning", "Order 33: line 15 asks for 1.5 pieces, taken as 2.")]


@pytest.mark.parametrize("field", ["id", "status", "total", "line_items", "date_created_gmt"])
def test_an_order_that_lacks_what_every_order_has_is_garbage(field: str) -> None:
    order = changed()
    shop = WooShop([order])
    del shop.orders[33][field]
    connector = WooCommerce(shop.settings, shop.secrets, shop.client())
    with pytest.raises(Transient):
        connector.fetch(JobType.RECEIVE_ORDERS, "33")


def test_a_money_amount_that_is_none_is_garbage() -> None:
    with pytest.raises(Transient):
        read(changed(total="n/a"))


def test_a_recorded_product_keeps_its_values() -> None:
    product = recorded("09_")["response"]["body"]
    assert read_product(product) == ProductData(
        external_id="26",
        sku="MUG-BLUE",
        name="Mug, blue",
        changed_at=datetime(2026, 11, 23, 5, 21, 17, tzinfo=UTC),
        barcode="",
        price=Decimal("12.50"),
        currency="",
    )


@pytest.mark.parametrize(
    ("shown", "barcode"),
    [("4006381333931", "4006381333931"), (" 400 ", "400"), ("", ""), (None, "")],
)
def test_the_barcode_is_the_shop_s_global_unique_id(shown: str | None, barcode: str) -> None:
    product = recorded("09_")["response"]["body"]
    assert read_product(product | {"global_unique_id": shown}).barcode == barcode


@pytest.mark.parametrize(
    ("shown", "price"),
    [("12.50", Decimal("12.50")), ("0", Decimal(0)), ("", None), (None, None), ("n/a", None),
     ("NaN", None)],
)  # fmt: skip
def test_the_price_is_the_regular_one(shown: str | None, price: Decimal | None) -> None:
    """Not that of a sale."""
    product = recorded("09_")["response"]["body"]
    on_sale = {"regular_price": shown, "sale_price": "1.00", "price": "1.00"}
    assert read_product(product | on_sale).price == price


def test_the_sku_of_a_product_is_trimmed() -> None:
    product = recorded("12_")["response"]["body"]
    assert read_product(product | {"sku": "tee-m "}).sku == "tee-m"


def test_names_are_plain_text() -> None:
    product = recorded("09_")["response"]["body"]
    assert read_product(product | {"name": "Mug &amp; saucer"}).name == "Mug & saucer"
    order = changed(line_items=[line(name="Mug &#8211; blue")])
    assert read(order).lines[0].name == "Mug \u2013 blue"


def test_a_product_in_the_bin_is_gone() -> None:
    product = recorded("09_")["response"]["body"]
    assert read_product(product | {"status": "trash"}) == Gone("26")
