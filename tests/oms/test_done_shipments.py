"""Short shipments that the warehouse is done with: what they held, and who gets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError

from channels.connectors.base import ShipmentData
from oms.models import OrderStatus, Shipment, ShipmentStatus
from oms.receive_shipments import ReceiveShipments
from oms.work import Outcome
from tests.builders import NOW, line, order_data, shipment_data
from tests.oms.conftest import Brand, open_ids

LATER = NOW + timedelta(minutes=5)
SHORT = (OrderStatus.FULFILLING, ShipmentStatus.SHORT_SHIPPED)


@pytest.fixture
def sent(brand: Brand) -> Brand:
    """Order 1001 for 8 MUG is at the warehouse; 1002 waits for 5 of the 10 there are."""
    brand.receive(order_data("1001", line("MUG", 8)))
    brand.send()
    brand.receive(order_data("1002", line("MUG", 5)))
    assert brand.states("1002") == (OrderStatus.APPROVED, ShipmentStatus.BACKORDERED)
    return brand


def says(brand: Brand, shipped: int, **fields: object) -> ShipmentData:
    return shipment_data("W-1", brand.shipment().key, ("MUG", shipped), **fields)


@pytest.mark.parametrize(
    ("end", "words"),
    [({"done": True}, "will ship nothing more"), ({"cancelled": True}, "cancelled the rest")],
)
def test_what_a_done_shipment_lacks_goes_to_a_waiting_order(
    sent: Brand, end: dict[str, bool], words: str
) -> None:
    assert sent.report(says(sent, 2, **end)).outcome == Outcome.UPDATED
    assert sent.states() == SHORT
    assert sent.states("1002") == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert sent.stock() == (8, 5)
    (warning,) = sent.log.of("warning")
    assert words in warning
    assert "waits for your decision" in warning


def test_a_short_shipment_that_goes_on_keeps_its_stock(sent: Brand) -> None:
    sent.report(says(sent, 2))
    assert not sent.shipment().done
    assert sent.states("1002") == (OrderStatus.APPROVED, ShipmentStatus.BACKORDERED)
    assert sent.stock() == (8, 6)
    assert not sent.log.of("warning")


def test_a_short_shipment_frees_its_stock_when_it_is_done_later(sent: Brand) -> None:
    sent.report(says(sent, 2))
    sent.report(says(sent, 2, changed_at=LATER, done=True))
    assert sent.states("1002") == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert sent.stock() == (8, 5)


def test_saying_so_again_changes_nothing(sent: Brand) -> None:
    record = says(sent, 2, done=True)
    sent.report(record)
    again = replace(record, changed_at=LATER)
    assert sent.report(again).outcome == Outcome.UNCHANGED
    assert sent.stock() == (8, 5)
    assert len(sent.log.of("warning")) == 1


def test_a_short_shipment_that_is_gone_frees_its_stock(sent: Brand) -> None:
    sent.report(says(sent, 2))
    assert sent.lost("W-1", LATER).outcome == Outcome.UPDATED
    assert sent.states() == SHORT
    assert sent.states("1002") == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert sent.stock() == (8, 5)
    assert sent.lost("W-1", LATER).outcome == Outcome.UNCHANGED


def test_a_warehouse_that_ships_after_all_is_believed(sent: Brand) -> None:
    sent.report(says(sent, 2, done=True))
    sent.report(says(sent, 5, changed_at=LATER, done=True))
    assert sent.states() == SHORT
    assert sent.stock() == (5, 5)
    sent.report(says(sent, 8, changed_at=LATER + timedelta(minutes=1), done=True))
    assert sent.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)
    assert sent.stock() == (2, 5)


def test_a_warehouse_that_goes_on_after_all_is_promised_its_stock_again(sent: Brand) -> None:
    sent.report(says(sent, 2, done=True))
    sent.report(says(sent, 3, changed_at=LATER))
    assert not sent.shipment().done
    assert sent.stock() == (7, 10), "5 to go, and 5 of the other order"
    sent.report(says(sent, 8, changed_at=LATER + timedelta(minutes=1)))
    assert sent.stock() == (2, 5)


def test_all_shipped_is_done_though_the_warehouse_does_not_say_so(sent: Brand) -> None:
    sent.report(says(sent, 8))
    assert sent.shipment().done
    assert not sent.log.of("warning")


def test_a_cancelled_shipment_that_the_warehouse_has_after_all_is_not_done(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 8)))
    brand.send()
    brand.report(shipment_data("W-1", brand.shipment().key, cancelled=True, done=True))
    assert brand.stock() == (10, 0)
    brand.report(says(brand, 2, changed_at=LATER))
    assert brand.states()[1] == ShipmentStatus.SHORT_SHIPPED
    assert not brand.shipment().done
    assert brand.stock() == (8, 6)


def test_a_done_shipment_is_not_asked_for_again(sent: Brand) -> None:
    sent.report(says(sent, 2))
    assert open_ids(ReceiveShipments(), sent.depot) == ["W-1"]
    sent.report(says(sent, 2, changed_at=LATER, done=True))
    assert open_ids(ReceiveShipments(), sent.depot) == []


def test_a_shipment_of_long_ago_is_not_asked_for_again(sent: Brand) -> None:
    Shipment.objects.update(created_at=NOW - timedelta(days=91))
    assert open_ids(ReceiveShipments(), sent.depot, NOW - timedelta(days=90)) == []
    assert open_ids(ReceiveShipments(), sent.depot, NOW - timedelta(days=91)) == ["W-1"]


@pytest.mark.parametrize("status", ["backordered", "ready", "sent", "cancelled"])
def test_the_database_refuses_done_where_nothing_was_shipped(sent: Brand, status: str) -> None:
    with pytest.raises(IntegrityError, match="done_is_what_has_shipped"):
        Shipment.objects.filter(pk=sent.shipment().pk).update(status=status, done=True)
