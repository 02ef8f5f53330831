"""Allocation: who gets the stock, and when what waits for it is released."""

from __future__ import annotations

from datetime import timedelta

from oms.models import OrderStatus, Shipment, ShipmentStatus, StockLevel
from oms.stock import set_on_hand
from tests import builders
from tests.builders import NOW, line, order_data
from tests.oms.conftest import Brand


def waiting(brand: Brand, *quantities: int) -> list[str]:
    """Backordered orders for that many TEEs each, while there is none."""
    set_on_hand(brand.level("TEE"), 0, NOW)
    names = [str(2000 + index) for index, _ in enumerate(quantities)]
    for name, quantity in zip(names, quantities, strict=True):
        brand.receive(order_data(name, line("TEE", quantity)))
    return names


def ready(brand: Brand, names: list[str]) -> list[bool]:
    return [brand.shipment(name).status == ShipmentStatus.READY for name in names]


def test_stock_that_arrives_releases_the_oldest_first(brand: Brand) -> None:
    names = waiting(brand, 2, 2, 2)
    set_on_hand(brand.level("TEE"), 5, NOW)
    assert ready(brand, names) == [True, True, False]
    assert brand.order(names[0]).status == OrderStatus.FULFILLING
    assert brand.order(names[2]).status == OrderStatus.APPROVED
    assert brand.stock("TEE") == (5, 4)


def test_one_that_cannot_be_had_whole_is_passed_over_and_keeps_its_place(brand: Brand) -> None:
    names = waiting(brand, 5, 2)
    set_on_hand(brand.level("TEE"), 3, NOW)
    assert ready(brand, names) == [False, True]
    set_on_hand(brand.level("TEE"), 7, NOW)
    assert ready(brand, names) == [True, True]


def test_a_backorder_of_two_products_waits_for_both(brand: Brand) -> None:
    set_on_hand(brand.level("TEE"), 0, NOW)
    set_on_hand(brand.level("MUG"), 0, NOW)
    brand.receive(order_data("1", line("MUG", 1), line("TEE", 1, "2")))
    set_on_hand(brand.level("TEE"), 1, NOW)
    assert (ready(brand, ["1"]), brand.stock("TEE")) == ([False], (1, 0))
    set_on_hand(brand.level("MUG"), 1, NOW)
    assert (ready(brand, ["1"]), brand.stock("TEE")) == ([True], (1, 1))


def test_lines_of_one_product_count_together(brand: Brand) -> None:
    brand.receive(order_data("1", line("MUG", 6), line("MUG", 6, "2")))
    assert (ready(brand, ["1"]), brand.stock()) == ([False], (10, 0))


def test_an_order_cancelled_while_it_waits_gets_nothing(brand: Brand) -> None:
    names = waiting(brand, 2)
    later = order_data().changed_at + timedelta(minutes=1)
    brand.update(order_data(names[0], changed_at=later, cancelled=True))
    set_on_hand(brand.level("TEE"), 9, NOW)
    assert brand.stock("TEE") == (9, 0)


def test_stock_at_another_warehouse_releases_nothing_here(brand: Brand) -> None:
    names = waiting(brand, 2)
    other = builders.warehouse(brand.account, "Other", default=False)
    set_on_hand(StockLevel.objects.get(channel=other, product__sku="TEE"), 9, NOW)
    assert ready(brand, names) == [False]


def test_fewer_units_than_promised_leave_the_promises_alone(brand: Brand) -> None:
    brand.receive(order_data("1", line("MUG", 6)))
    level = brand.level()
    set_on_hand(level, 4, NOW)
    assert (level.on_hand, level.allocated, level.available) == (4, 6, -2)
    assert ready(brand, ["1"]) == [True]


def test_setting_the_same_quantity_again_changes_nothing(brand: Brand) -> None:
    level = brand.level()
    before = level.updated_at
    set_on_hand(level, 10, NOW)
    assert (level.on_hand, level.updated_at) == (10, before)


def test_a_product_without_a_level_yet_is_out_of_stock_not_an_error(brand: Brand) -> None:
    StockLevel.objects.all().delete()
    brand.receive(order_data())
    assert brand.shipment().status == ShipmentStatus.BACKORDERED
    assert brand.stock() == (0, 0)
    assert Shipment.objects.count() == 1
