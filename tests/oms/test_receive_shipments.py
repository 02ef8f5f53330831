"""Receive Shipments: what a warehouse says, and what that does to shipment, order and stock."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.connectors.base import LineData, ShipmentData
from oms.allocation import fill
from oms.models import OrderStatus, Shipment, ShipmentStatus
from oms.receive_shipments import ReceiveShipments
from oms.stock import set_on_hand
from oms.work import Outcome, Park
from tests import builders
from tests.builders import NOW, line, order_data, shipment_data
from tests.oms.conftest import Brand, open_ids

LATER = NOW + timedelta(minutes=5)
CANCEL = order_data(changed_at=NOW - timedelta(minutes=30), cancelled=True)


def sent(brand: Brand, *lines: LineData, external_id: str = "1001") -> Shipment:
    brand.receive(order_data(external_id, *(lines or (line("MUG", 3), line("TEE", 2, "2")))))
    brand.send(brand.shipment(external_id))
    return brand.shipment(external_id)


def says(shipment: Shipment, *shipped: tuple[str, int], **fields: Any) -> ShipmentData:
    return shipment_data(shipment.external_id or "W-9", shipment.key, *shipped, **fields)


def test_all_shipped_ends_shipment_and_order_and_takes_the_stock(brand: Brand) -> None:
    shipment = sent(brand)
    at = NOW - timedelta(minutes=1)
    record = says(
        shipment, ("MUG", 3), ("TEE", 2), carrier="DHL", tracking="JD1", shipped_at=at, done=True
    )
    assert brand.report(record).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)
    shipment.refresh_from_db()
    assert (shipment.carrier, shipment.tracking, shipment.shipped_at) == ("DHL", "JD1", at)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((7, 0), (8, 0))
    assert [one.shipped for one in brand.order().lines.all()] == [3, 2]
    assert [one.shipped for one in shipment.lines.all()] == [3, 2]


@pytest.mark.parametrize(
    "shipped", [[("MUG", 3)], [("MUG", 3), ("TEE", 0)], [("MUG", 1), ("MUG", 2), ("TEE", 0)]]
)
def test_less_than_ordered_is_short_and_the_order_stays_fulfilling(
    brand: Brand, shipped: list[tuple[str, int]]
) -> None:
    shipment = sent(brand)
    assert brand.report(says(shipment, *shipped)).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SHORT_SHIPPED)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((7, 0), (10, 2))


def test_a_short_shipment_may_be_completed_by_a_later_total(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 1)))
    assert brand.stock("MUG") == (9, 2)
    brand.report(says(shipment, ("MUG", 3), ("TEE", 2), changed_at=LATER))
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((7, 0), (8, 0))


@pytest.mark.parametrize("shipped", [[("MUG", 1)], [("MUG", 3), ("TEE", 2)]])
def test_the_same_record_twice_changes_nothing(
    brand: Brand, shipped: list[tuple[str, int]]
) -> None:
    shipment = sent(brand)
    record = says(shipment, *shipped, carrier="DHL", tracking="JD1")
    brand.report(record)
    before = (brand.states(), brand.stock("MUG"), brand.stock("TEE"))
    assert brand.report(record, LATER).outcome == Outcome.UNCHANGED
    assert (brand.states(), brand.stock("MUG"), brand.stock("TEE")) == before
    shipment.refresh_from_db()
    assert shipment.shipped_at == NOW


def test_an_older_reading_is_left_out(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 1), changed_at=LATER))
    assert brand.report(says(shipment, ("MUG", 3), changed_at=NOW)).outcome == Outcome.UNCHANGED
    assert brand.stock("MUG") == (9, 2)


def test_other_content_of_an_equal_revision_is_applied(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 1)))
    assert brand.report(says(shipment, ("MUG", 2))).outcome == Outcome.UPDATED
    assert brand.stock("MUG") == (8, 1)


def test_what_was_reported_as_shipped_is_never_taken_back(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 3)))
    brand.report(says(shipment, ("MUG", 2), ("TEE", 1), changed_at=LATER))
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((7, 0), (9, 1))
    assert "after 3 before; that is kept" in brand.log.of("warning")[0]


@pytest.mark.parametrize("state", ["received", "picked"])
def test_a_state_before_shipping_changes_nothing(brand: Brand, state: str) -> None:
    shipment = sent(brand)
    for record in (says(shipment), says(shipment, ("MUG", 0), ("TEE", 0))):
        answer = brand.report(replace(record, platform_status=state, tracking="JD1"))
        assert answer.outcome == Outcome.UNCHANGED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SENT)
    assert brand.shipment().tracking == ""
    assert not brand.log.of("warning")


@pytest.mark.parametrize("fields", [{"done": True}, {"shipped_at": NOW}])
@pytest.mark.parametrize("shipped", [[], [("MUG", 0), ("TEE", 0)]])
def test_a_shipment_with_nothing_shipped_changes_nothing_and_is_pointed_out(
    brand: Brand, shipped: list[tuple[str, int]], fields: dict[str, Any]
) -> None:
    shipment = sent(brand)
    assert brand.report(says(shipment, *shipped, **fields)).outcome == Outcome.UNCHANGED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SENT)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((10, 3), (10, 2))
    assert "shipped none of it" in brand.log.of("warning")[0]


@pytest.mark.parametrize(
    ("shipped", "reason"),
    [
        ([("MUG", 4)], "shipped 4 x MUG, but only 3 were ordered"),
        ([("MUG", 2), ("mug", 2)], "shipped 4 x MUG, but only 3 were ordered"),
        ([("HAT", 1)], "shipped 1 x HAT, but the item was not ordered"),
        ([("MUG", -1)], "-1 x MUG"),
    ],
)
def test_more_than_ordered_waits_for_a_decision(
    brand: Brand, shipped: list[tuple[str, int]], reason: str
) -> None:
    shipment = sent(brand)
    with pytest.raises(Park) as parked:
        brand.report(says(shipment, *shipped, ("TEE", 2)))
    assert reason in str(parked.value)
    assert "Decide with the warehouse" in str(parked.value)
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SENT)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((10, 3), (10, 2))


def test_an_item_not_ordered_of_which_none_was_shipped_does_no_harm(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 3), ("TEE", 2), ("HAT", 0)))
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)


def test_lines_with_one_sku_are_filled_in_their_order(brand: Brand) -> None:
    shipment = sent(brand, line("MUG", 2), line("mug", 3, "2"))
    brand.report(says(shipment, ("Mug", 3)))
    assert [one.shipped for one in brand.order().lines.all()] == [2, 1]
    assert brand.stock("MUG") == (7, 2)
    brand.report(says(shipment, ("MUG", 5), changed_at=LATER))
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)


def test_shipments_of_others_are_nothing_to_us(brand: Brand) -> None:
    sent(brand)
    for reference in (uuid.uuid4(), "PO-77", ""):
        answer = brand.report(shipment_data("W-77", reference, ("MUG", 99)))
        assert answer.outcome == Outcome.UNCHANGED
    assert "none of ours" in brand.log.of("info")[-1]


def test_our_key_at_another_warehouse_is_not_our_shipment(brand: Brand) -> None:
    shipment = sent(brand)
    other = builders.warehouse(brand.account, "Other", default=False)
    record = says(shipment, ("MUG", 3))
    answer = ReceiveShipments().apply(builders.context(other), record)
    assert answer.outcome == Outcome.UNCHANGED
    assert brand.stock("MUG") == (10, 3)


def test_a_shipment_is_found_by_the_warehouses_identifier_alone(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(replace(says(shipment, ("MUG", 3), ("TEE", 2)), reference=""))
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)


def test_a_shipment_whose_sending_we_never_saw_succeed_is_recognised(brand: Brand) -> None:
    brand.receive(order_data())
    record = shipment_data("W-5", brand.shipment().key, platform_status="received")
    assert brand.report(record).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SENT)
    assert brand.shipment().external_id == "W-5"
    assert brand.stock() == (10, 1)
    assert brand.report(record).outcome == Outcome.UNCHANGED


def test_a_later_tracking_number_is_kept_and_none_does_not_erase_it(brand: Brand) -> None:
    shipment = sent(brand)
    whole = (("MUG", 3), ("TEE", 2))
    brand.report(says(shipment, *whole))
    brand.report(says(shipment, *whole, changed_at=LATER, tracking="JD1"))
    assert brand.shipment().tracking == "JD1"
    again = says(shipment, *whole, changed_at=LATER + timedelta(minutes=1))
    assert brand.report(again).outcome == Outcome.UNCHANGED
    assert brand.shipment().tracking == "JD1"


def test_an_explicit_cancellation_frees_the_stock_and_returns_the_order(brand: Brand) -> None:
    shipment = sent(brand)
    record = says(shipment, cancelled=True, done=True)
    assert brand.report(record).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.APPROVED, ShipmentStatus.CANCELLED)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((10, 0), (10, 0))
    assert "waits for your decision" in brand.log.of("warning")[0]
    assert brand.report(record).outcome == Outcome.UNCHANGED


def test_an_order_the_warehouse_cancelled_is_not_sent_again_by_itself(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, cancelled=True))
    record = order_data("1001", line("MUG", 3), line("TEE", 2, "2"), platform_status="on-hold")
    brand.receive(record)
    assert Shipment.objects.count() == 1
    assert brand.order().status == OrderStatus.APPROVED


def test_a_cancellation_as_requested_cancels_the_order(brand: Brand) -> None:
    shipment = sent(brand)
    brand.update(CANCEL)
    brand.report(says(shipment, cancelled=True))
    assert brand.states() == (OrderStatus.CANCELLED, ShipmentStatus.CANCELLED)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((10, 0), (10, 0))


def test_stock_freed_by_the_warehouse_goes_to_a_waiting_order(brand: Brand) -> None:
    shipment = sent(brand, line("MUG", 8))
    brand.receive(order_data("1002", line("MUG", 5)))
    brand.report(says(shipment, cancelled=True))
    assert brand.states("1002") == (OrderStatus.FULFILLING, ShipmentStatus.READY)


def test_shipping_it_all_overrules_a_cancel_request(brand: Brand) -> None:
    shipment = sent(brand)
    brand.update(CANCEL)
    brand.report(says(shipment, ("MUG", 3), ("TEE", 2)))
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)
    assert "was to be cancelled, but it has been shipped" in brand.log.of("warning")[-1]


def test_a_part_shipped_leaves_a_cancel_request_standing(brand: Brand) -> None:
    shipment = sent(brand)
    brand.update(CANCEL)
    brand.report(says(shipment, ("MUG", 1)))
    assert brand.states() == (OrderStatus.CANCEL_REQUESTED, ShipmentStatus.SHORT_SHIPPED)


def test_cancelling_the_rest_keeps_what_was_shipped(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 3), cancelled=True, done=True))
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SHORT_SHIPPED)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((7, 0), (10, 0))
    assert "cancelled the rest" in brand.log.of("warning")[0]


def test_a_cancellation_without_quantities_does_not_undo_what_was_shipped(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 3)))
    record = says(shipment, cancelled=True, changed_at=LATER)
    assert brand.report(record).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SHORT_SHIPPED)
    assert (brand.stock("MUG"), brand.stock("TEE")) == ((7, 0), (10, 0))
    assert brand.report(record).outcome == Outcome.UNCHANGED
    assert len(brand.log.of("warning")) == 1


def second_shipment(brand: Brand, shipment: Shipment) -> Shipment:
    """The same again at the same warehouse, as if an operator had asked for it."""
    other = Shipment.objects.create(
        account=brand.account,
        order=shipment.order,
        channel=brand.depot,
        status=ShipmentStatus.BACKORDERED,
    )
    fill(other, brand.order(), NOW, brand.log)
    brand.send(other)
    other.refresh_from_db()
    return other


def test_two_shipments_of_one_order_ship_no_more_than_was_ordered(brand: Brand) -> None:
    shipment = sent(brand, line("MUG", 3))
    other = second_shipment(brand, shipment)
    brand.report(says(shipment, ("MUG", 2)))
    with pytest.raises(Park, match="More of MUG would be shipped than was ordered"):
        brand.report(says(other, ("MUG", 2)))
    brand.report(says(other, ("MUG", 1), changed_at=LATER))
    assert brand.order().status == OrderStatus.SHIPPED


def test_an_order_with_another_shipment_under_way_is_not_returned(brand: Brand) -> None:
    shipment = sent(brand, line("MUG", 3))
    other = second_shipment(brand, shipment)
    brand.report(says(shipment, cancelled=True))
    assert brand.order().status == OrderStatus.FULFILLING
    brand.report(says(other, cancelled=True))
    assert brand.order().status == OrderStatus.APPROVED


def test_a_warehouse_that_ships_a_cancelled_shipment_is_believed(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 3)))
    brand.update(CANCEL)
    key = brand.shipment().key
    brand.report(shipment_data("W-5", key, ("MUG", 1)))
    assert brand.states() == (OrderStatus.CANCEL_REQUESTED, ShipmentStatus.SHORT_SHIPPED)
    assert brand.stock() == (9, 2)
    brand.report(shipment_data("W-5", key, ("MUG", 3), changed_at=LATER))
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)
    assert brand.stock() == (7, 0)


def test_a_shipment_the_warehouse_no_longer_has_counts_as_cancelled(brand: Brand) -> None:
    sent(brand)
    assert brand.lost("W-1").outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.APPROVED, ShipmentStatus.CANCELLED)
    assert brand.lost("W-1").outcome == Outcome.UNCHANGED
    assert brand.lost("W-77").outcome == Outcome.UNCHANGED


def test_a_shipped_shipment_that_is_gone_stays_shipped(brand: Brand) -> None:
    shipment = sent(brand)
    brand.report(says(shipment, ("MUG", 3), ("TEE", 2)))
    assert brand.lost("W-1").outcome == Outcome.UNCHANGED
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)


def test_a_reading_from_before_a_shipment_was_gone_does_not_bring_it_back(brand: Brand) -> None:
    shipment = sent(brand)
    brand.lost("W-1", LATER)
    assert brand.report(says(shipment)).outcome == Outcome.UNCHANGED
    assert brand.shipment().status == ShipmentStatus.CANCELLED


def test_a_key_reported_under_another_shipments_identifier_is_parked(brand: Brand) -> None:
    sent(brand)
    brand.receive(order_data("1002"))
    record = shipment_data("W-1", brand.shipment("1002").key, ("MUG", 1))
    with pytest.raises(Park, match="W-1, as it calls shipment"):
        brand.report(record)


def test_stock_counted_after_shipping_may_be_short_of_what_is_promised(brand: Brand) -> None:
    shipment = sent(brand, line("MUG", 3))
    set_on_hand(brand.level(), 1, NOW)
    assert brand.level().available == -2
    brand.report(says(shipment, ("MUG", 3)))
    assert brand.stock() == (-2, 0)


def test_open_are_the_shipments_that_were_sent_and_not_completed(brand: Brand) -> None:
    for external_id in ("1", "2", "3", "4"):
        sent(brand, line("MUG", 2), external_id=external_id)
    brand.report(says(brand.shipment("2"), ("MUG", 1)))
    brand.report(says(brand.shipment("3"), ("MUG", 2)))
    brand.receive(order_data("5"))
    assert open_ids(ReceiveShipments(), brand.depot) == ["W-1", "W-2", "W-4"]
