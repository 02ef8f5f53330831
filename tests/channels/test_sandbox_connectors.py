"""The sandbox's connectors against a running sandbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from channels.connectors.base import (
    Connector,
    Gone,
    OrderData,
    Permanent,
    ProductData,
    PushResult,
    ShipmentData,
    ShippedLine,
    StockData,
)
from channels.enums import JobType
from tests.channels.sandboxes import (
    FAR_AHEAD,
    LONG_AGO,
    NOON,
    ORDERS,
    SHIPMENTS,
    STOCK,
    UPDATES,
    all_records,
    ids,
    request,
)
from tests.sandbox_server import Shop, Warehouse

# Reading


def test_an_order_reads_as_the_shop_has_it(shop: Shop, shop_connector: Connector) -> None:
    with time_machine.travel(NOON, tick=False):
        placed = shop.place_order(
            lines=[{"sku": "A", "quantity": 2, "name": "Apple", "price": "1.25"}],
            email="ada@example.com",
            ship_to={"name": "Ada", "city": "Bristol"},
        )
    order = shop_connector.fetch(ORDERS, str(placed["id"]))
    assert isinstance(order, OrderData)
    assert (order.external_id, order.number) == (str(placed["id"]), f"#{placed['id']}")
    assert order.placed_at == order.changed_at == NOON
    assert (str(order.total), order.currency, order.email) == ("2.50", "EUR", "ada@example.com")
    assert order.ship_to == {"name": "Ada", "city": "Bristol"}
    assert [(line.sku, line.quantity, line.name) for line in order.lines] == [("A", 2, "Apple")]
    assert not order.cancelled
    assert not order.final


def test_a_cancelled_order_says_so_and_is_final(shop: Shop, shop_connector: Connector) -> None:
    number = shop.cancel(shop.place_order("A")["id"])["id"]
    order = shop_connector.fetch(UPDATES, str(number))
    assert isinstance(order, OrderData)
    assert (order.cancelled, order.final, order.platform_status) == (True, True, "cancelled")


def test_each_change_of_an_order_is_a_later_revision(shop: Shop, shop_connector: Connector) -> None:
    number = shop.place_order("A")["id"]
    before = shop_connector.fetch(UPDATES, str(number))
    shop.change(number, quantity=5)
    after = shop_connector.fetch(UPDATES, str(number))
    assert isinstance(before, OrderData)
    assert isinstance(after, OrderData)
    assert after.changed_at > before.changed_at
    assert after.lines[0].quantity == 5


def test_pages_of_a_window_have_no_holes(shop: Shop, shop_connector: Connector) -> None:
    shop.place_orders(230)
    pages = list(shop_connector.pages(ORDERS, LONG_AGO, FAR_AHEAD))
    assert [len(page) for page in pages] == [100, 100, 30]
    numbers = [int(record.external_id) for page in pages for record in page]
    assert numbers == list(range(numbers[0], numbers[0] + 230))


def test_a_change_while_pages_are_read_hides_no_order(
    shop: Shop, shop_connector: Connector
) -> None:
    placed = [order["id"] for order in shop.place_orders(150)]
    pages = shop_connector.pages(UPDATES, LONG_AGO, FAR_AHEAD)
    seen = {record.external_id for record in next(pages)}
    for number in placed[:50]:
        shop.change(number, quantity=9)
    shop.delete(placed[60])
    seen |= set(ids(pages))
    assert seen == {str(number) for number in placed}


def test_a_window_includes_its_start_and_not_its_end(shop: Shop, shop_connector: Connector) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first, second, third = (str(_after(clock, 1, shop)) for _ in range(3))
    start, end = NOON + timedelta(milliseconds=2), NOON + timedelta(milliseconds=3)
    assert ids(shop_connector.pages(ORDERS, start, end)) == [second]
    assert ids(shop_connector.pages(ORDERS, NOON, start)) == [first]
    between = timedelta(microseconds=400)
    assert ids(shop_connector.pages(ORDERS, start + between, end + between)) == [second, third]


def _after(clock: time_machine.Traveller, milliseconds: int, shop: Shop) -> int:
    clock.shift(timedelta(milliseconds=milliseconds))
    return int(shop.place_order("A")["id"])


def test_orders_after_an_id(shop: Shop, shop_connector: Connector) -> None:
    placed = [str(order["id"]) for order in shop.place_orders(120)]
    assert ids(shop_connector.pages_after(ORDERS, placed[4])) == placed[5:]
    assert ids(shop_connector.pages_after(ORDERS, "")) == placed
    assert ids(shop_connector.pages_after(ORDERS, placed[-1])) == []


def test_the_id_before_the_first_order_since_an_instant(
    shop: Shop, shop_connector: Connector
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = shop.place_order("A")["id"]
        clock.shift(60)
        shop.place_order("A")
        shop.change(first, quantity=4)
    later = NOON + timedelta(seconds=1)
    assert shop_connector.first_id_since(ORDERS, later) == str(first)
    assert shop_connector.first_id_since(ORDERS, NOON) == str(first - 1)
    assert shop_connector.first_id_since(ORDERS, NOON + timedelta(hours=1)) is None


@pytest.mark.parametrize("number", ["999999", "not-a-number", "../webhooks", "1/cancel"])
def test_what_the_shop_does_not_have_is_gone(shop_connector: Connector, number: str) -> None:
    assert shop_connector.fetch(UPDATES, number) == Gone(number)


def test_a_deleted_order_is_gone(shop: Shop, shop_connector: Connector) -> None:
    number = shop.place_order("A")["id"]
    shop.delete(number)
    assert shop_connector.fetch(UPDATES, str(number)) == Gone(str(number))


def test_products_are_read(shop: Shop, shop_connector: Connector) -> None:
    shop.add_product("A", name="Apple")
    (product,) = all_records(shop_connector, JobType.IMPORT_PRODUCTS)
    assert isinstance(product, ProductData)
    assert (product.sku, product.name) == ("A", "Apple")
    assert shop_connector.fetch(JobType.IMPORT_PRODUCTS, product.external_id) == product


# The warehouse


def test_a_shipment_sent_twice_under_one_key_exists_once(
    warehouse: Warehouse, warehouse_connector: Connector
) -> None:
    first = warehouse_connector.send_shipment(request())
    assert warehouse_connector.send_shipment(request()) == first
    (shipment,) = warehouse.shipments()
    assert PushResult(str(shipment["id"])) == first
    assert (shipment["reference"], shipment["order_number"]) == ("ship-1", "#1001")
    assert [(row["sku"], row["quantity"]) for row in shipment["lines"]] == [("A", 2), ("B", 1)]


def test_a_shipment_the_warehouse_cannot_take_is_refused_for_good(
    warehouse_connector: Connector,
) -> None:
    with pytest.raises(Permanent, match="quantity"):
        warehouse_connector.send_shipment(request(A=0))


def fetched(connector: Connector, number: str) -> ShipmentData:
    shipment = connector.fetch(SHIPMENTS, number)
    assert isinstance(shipment, ShipmentData)
    return shipment


def test_nothing_is_shipped_until_something_has_left(
    warehouse: Warehouse, warehouse_connector: Connector
) -> None:
    number = warehouse_connector.send_shipment(request()).external_id
    warehouse.pick(int(number))
    shipment = fetched(warehouse_connector, number)
    assert (shipment.lines, shipment.shipped_at, shipment.done) == ((), None, False)
    assert (shipment.platform_status, shipment.reference) == ("picked", "ship-1")


@pytest.mark.parametrize(
    ("how", "lines", "done"),
    [
        ("full", [("A", 2), ("B", 1)], True),
        ("short", [("A", 2), ("B", 0)], True),
        ("part", [("A", 2), ("B", 0)], False),
        ("zero", [("A", 0), ("B", 0)], True),
        ("over", [("A", 2), ("B", 2)], True),
    ],
)
def test_what_was_shipped_is_told_line_by_line(
    warehouse: Warehouse,
    warehouse_connector: Connector,
    how: str,
    lines: list[tuple[str, int]],
    done: bool,
) -> None:
    number = warehouse_connector.send_shipment(request()).external_id
    with time_machine.travel(NOON, tick=False):
        warehouse.ship(int(number), how)
    shipment = fetched(warehouse_connector, number)
    assert shipment.lines == tuple(ShippedLine(sku, quantity) for sku, quantity in lines)
    assert (shipment.done, shipment.cancelled, shipment.shipped_at) == (done, False, NOON)
    assert shipment.tracking
    assert shipment.carrier


def test_a_cancelled_shipment_is_done(warehouse: Warehouse, warehouse_connector: Connector) -> None:
    number = warehouse_connector.send_shipment(request()).external_id
    warehouse.cancel(int(number))
    shipment = fetched(warehouse_connector, number)
    assert (shipment.done, shipment.cancelled, shipment.lines) == (True, True, ())


def test_shipments_are_listed_by_window_and_by_id(warehouse_connector: Connector) -> None:
    sent = [warehouse_connector.send_shipment(request(f"s-{n}")).external_id for n in range(3)]
    assert ids(warehouse_connector.pages(SHIPMENTS, LONG_AGO, FAR_AHEAD)) == sent
    assert ids(warehouse_connector.pages_after(SHIPMENTS, sent[0])) == sent[1:]


def test_stock_is_read_by_window_and_by_sku(
    warehouse: Warehouse, warehouse_connector: Connector
) -> None:
    warehouse.set_stock("A/1 ü", 7)
    warehouse.set_stock("B", 0)
    found = all_records(warehouse_connector, STOCK)
    assert [(s.sku, s.on_hand) for s in found if isinstance(s, StockData)] == [
        ("A/1 ü", 7),
        ("B", 0),
    ]
    assert warehouse_connector.fetch(STOCK, "A/1 ü") == found[0]
    assert warehouse_connector.fetch(STOCK, "C") == Gone("C")
