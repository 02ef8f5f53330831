"""Receive Order Updates: cancellations, changes after sending, orders we do not have."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.enums import JobType
from oms.models import Order, OrderStatus, Shipment, ShipmentStatus
from oms.receive_order_updates import ReceiveOrderUpdates
from oms.receive_orders import ReceiveOrders
from oms.work import Outcome
from tests import builders
from tests.builders import NOW, line, order_data, shipment_data
from tests.oms.conftest import Brand, open_ids

LATER = order_data().changed_at + timedelta(minutes=5)


def test_an_unknown_order_is_handed_to_receive_orders(brand: Brand) -> None:
    answer = brand.update(order_data("77"))
    assert answer.outcome == Outcome.UNCHANGED
    (wanted,) = answer.follow_ups
    assert (wanted.channel_id, wanted.type) == (brand.shop.pk, JobType.RECEIVE_ORDERS)
    assert wanted.entities == ("77",)
    assert not Order.objects.exists()


def test_an_unknown_order_from_before_synchronization_is_left_alone(brand: Brand) -> None:
    before = brand.shop.sync_from - timedelta(seconds=1)
    answer = brand.update(order_data(changed_at=before, placed_at=before))
    assert (answer.outcome, answer.follow_ups) == (Outcome.UNCHANGED, ())


def test_an_unsent_order_is_changed_as_receive_orders_does(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    brand.update(order_data("1001", line("MUG", 3), changed_at=LATER))
    assert brand.stock() == (10, 3)
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.READY)


def test_cancelling_an_unsent_order_cancels_all_and_frees_its_stock(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    cancelled = order_data(changed_at=LATER, cancelled=True, platform_status="cancelled")
    assert brand.update(cancelled).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.CANCELLED, ShipmentStatus.CANCELLED)
    assert brand.order().platform_status == "cancelled"
    assert brand.stock() == (10, 0)
    assert brand.update(cancelled).outcome == Outcome.UNCHANGED


def test_cancelling_a_backordered_order_frees_nothing_it_never_held(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 20)))
    brand.update(order_data(changed_at=LATER, cancelled=True))
    assert brand.states() == (OrderStatus.CANCELLED, ShipmentStatus.CANCELLED)
    assert brand.stock() == (10, 0)


def test_stock_of_a_cancelled_order_goes_to_the_oldest_waiting_ones(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 9)))
    for external_id in ("1002", "1003", "1004"):
        brand.receive(order_data(external_id, line("MUG", 4)))
    brand.update(order_data("1001", changed_at=LATER, cancelled=True))
    states = [brand.shipment(one).status for one in ("1002", "1003", "1004")]
    assert states == [ShipmentStatus.READY, ShipmentStatus.READY, ShipmentStatus.BACKORDERED]
    assert brand.stock() == (10, 8)


def test_cancelling_a_draft_cancels_it(brand: Brand) -> None:
    brand.shop.settings = {"new_order_status": "draft"}
    brand.receive(order_data())
    brand.update(order_data(changed_at=LATER, cancelled=True))
    assert brand.order().status == OrderStatus.CANCELLED


def test_cancelling_a_sent_order_becomes_a_request(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    brand.send()
    cancelled = order_data(changed_at=LATER, cancelled=True)
    assert brand.update(cancelled).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.CANCEL_REQUESTED, ShipmentStatus.SENT)
    assert brand.stock() == (10, 2)
    assert "Cancel Requested" in brand.log.of("warning")[0]
    assert brand.update(cancelled).outcome == Outcome.UNCHANGED


def test_cancelling_a_shipped_order_changes_nothing_but_is_pointed_out(brand: Brand) -> None:
    brand.receive(order_data())
    brand.send()
    brand.report(shipment_data("W-1", brand.shipment().key, ("MUG", 1)))
    brand.update(order_data(changed_at=LATER, cancelled=True))
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)
    assert "it has shipped" in brand.log.of("warning")[0]


def test_an_older_cancellation_is_left_out(brand: Brand) -> None:
    brand.receive(order_data(changed_at=LATER))
    assert brand.update(order_data(cancelled=True)).outcome == Outcome.UNCHANGED
    assert brand.order().status == OrderStatus.FULFILLING


def test_a_withdrawn_cancellation_is_withdrawn_here_too(brand: Brand) -> None:
    brand.receive(order_data())
    brand.send()
    brand.update(order_data(changed_at=LATER, cancelled=True))
    brand.update(order_data(changed_at=LATER + timedelta(minutes=1)))
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SENT)


def test_an_order_opened_again_after_its_cancellation_is_shipped_anew(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    brand.update(order_data("1001", line("MUG", 2), changed_at=LATER, cancelled=True))
    old = brand.shipment()
    reopened = order_data("1001", line("MUG", 2), changed_at=LATER + timedelta(minutes=1))
    assert brand.update(reopened).outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.READY)
    assert brand.shipment().key != old.key
    assert brand.stock() == (10, 2)
    assert "open again" in brand.log.of("warning")[0]


@pytest.mark.parametrize("logic", [ReceiveOrders(), ReceiveOrderUpdates()])
def test_an_order_that_is_gone_counts_as_cancelled(
    brand: Brand, logic: ReceiveOrders | ReceiveOrderUpdates
) -> None:
    brand.receive(order_data())
    context = builders.context(brand.shop, NOW, brand.log)
    assert logic.gone(context, "1001").outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.CANCELLED, ShipmentStatus.CANCELLED)
    assert logic.gone(context, "1001").outcome == Outcome.UNCHANGED


def test_a_gone_order_that_was_sent_becomes_a_request(brand: Brand) -> None:
    brand.receive(order_data())
    brand.send()
    brand.gone("1001")
    assert brand.states() == (OrderStatus.CANCEL_REQUESTED, ShipmentStatus.SENT)


def test_a_reading_from_before_an_order_was_gone_does_not_bring_it_back(brand: Brand) -> None:
    brand.receive(order_data())
    brand.gone("1001")
    assert brand.update(order_data(changed_at=LATER)).outcome == Outcome.UNCHANGED
    assert brand.order().status == OrderStatus.CANCELLED


def test_an_unknown_order_that_is_gone_is_nothing_to_us(brand: Brand) -> None:
    assert brand.gone("77").outcome == Outcome.UNCHANGED


def test_lines_and_address_of_a_sent_order_stay_what_the_warehouse_was_told(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    brand.send()
    changed = order_data(
        "1001", line("UNKNOWN", 5), changed_at=LATER, ship_to={"city": "Köln"}, email="n@x.example"
    )
    assert brand.update(changed).outcome == Outcome.UPDATED
    order = brand.order()
    assert (order.lines.get().sku, order.lines.get().quantity) == ("MUG", 2)
    assert (order.ship_to["city"], order.email) == ("Bonn", "n@x.example")
    assert "the address and the lines changed" in brand.log.of("warning")[0]


def test_a_change_of_a_sent_order_is_pointed_out_once_for_each_revision(brand: Brand) -> None:
    brand.receive(order_data())
    brand.send()
    changed = order_data(changed_at=LATER, ship_to={"city": "Köln"})
    brand.update(changed)
    assert brand.update(changed).outcome == Outcome.UNCHANGED
    assert brand.receive(changed).outcome == Outcome.UNCHANGED
    assert len(brand.log.of("warning")) == 1
    brand.update(replace(changed, changed_at=LATER + timedelta(minutes=1)))
    assert len(brand.log.of("warning")) == 2


def test_a_sent_order_that_did_not_change_is_not_pointed_out(brand: Brand) -> None:
    record = order_data("1001", line("mug ", 2), line("TEE", 1, ""))
    brand.receive(record)
    brand.send()
    assert brand.update(record).outcome == Outcome.UNCHANGED
    assert not brand.log.of("warning")


def test_open_are_the_orders_that_are_not_final_the_oldest_first(brand: Brand) -> None:
    for external_id in ("5", "3", "4", "1"):
        brand.receive(order_data(external_id))
    Order.objects.filter(external_id="3").update(status=OrderStatus.SHIPPED)
    Order.objects.filter(external_id="4").update(status=OrderStatus.CANCELLED)
    other = builders.sales_channel(brand.account, "Other")
    ReceiveOrders().apply(builders.context(other), order_data("9"))
    assert open_ids(ReceiveOrders(), brand.shop) == ["5", "1"]
    assert open_ids(ReceiveOrderUpdates(), brand.shop) == ["5", "1"]


def test_what_we_have_had_for_too_long_is_not_open_any_more(brand: Brand) -> None:
    brand.receive(order_data("1"), NOW - timedelta(days=2))
    brand.receive(order_data("2"), NOW - timedelta(days=1))
    assert open_ids(ReceiveOrders(), brand.shop, NOW - timedelta(days=1)) == ["2"]


def test_the_same_identifier_on_another_channel_is_another_order(brand: Brand) -> None:
    other = builders.sales_channel(brand.account, "Other")
    brand.receive(order_data())
    ReceiveOrders().apply(builders.context(other), order_data(email="b@example.com"))
    assert brand.order().email == "buyer@example.com"
    assert Shipment.objects.count() == 2
