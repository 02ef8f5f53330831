"""Send Order Updates and Receive Inventory, through the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.connectors.base import Permanent, StockData
from channels.models import Channel
from jobs import control
from oms.models import Order, ParkedRecord, Shipment, StockLevel
from tests.jobs import platform
from tests.jobs.platform import shipped
from tests.jobs.stage import Stage
from tests.jobs.trade import Trade

UPDATES = "send_order_updates"


def run(stage: Stage, channel: Channel, job_type: str) -> None:
    stage.wait(minutes=5)
    control.run_now(stage.job(channel, job_type), stage.now)
    stage.work()


@pytest.fixture
def shipment(stage: Stage, trader: Channel, depot: Channel) -> Shipment:
    """Of order 1001 for three MUG; the warehouse has it."""
    stage.account.automatic_workflow = True
    stage.account.save()
    order = platform.PLATFORM.place(stage.now, "1001")
    three = (replace(order.lines[0], quantity=3),)
    platform.PLATFORM.change("1001", stage.now, lines=three)
    run(stage, trader, "receive_orders")
    run(stage, depot, "send_shipments")
    return Shipment.objects.get(order__external_id="1001")


def ship(stage: Stage, depot: Channel, shipment: Shipment, quantity: int, tracking: str) -> None:
    """The warehouse says so much of it has shipped in all."""
    stage.wait(minutes=5)
    said = shipped(shipment.external_id or "", shipment.key, stage.now, quantity)
    said = replace(said, tracking=tracking, shipped_at=stage.now)
    platform.PLATFORM.shipments[said.external_id] = said
    run(stage, depot, "receive_shipments")


def test_nothing_is_told_before_something_has_shipped(
    stage: Stage, trader: Channel, shipment: Shipment, market: Trade
) -> None:
    run(stage, trader, UPDATES)

    assert market.reports == []


def test_a_run_that_asked_nothing_takes_no_mark_off_the_channel(
    stage: Stage, trader: Channel, shipment: Shipment, market: Trade
) -> None:
    """The token is still wrong, and the next run that would notice may be an hour away."""
    Channel.objects.filter(pk=trader.pk).update(needs_attention="the token is not valid")
    run(stage, trader, UPDATES)
    trader.refresh_from_db()
    assert trader.needs_attention == "the token is not valid"
    run(stage, trader, "receive_orders")
    trader.refresh_from_db()
    assert trader.needs_attention == ""


def test_a_partial_shipment_is_told_and_the_rest_later(
    stage: Stage, trader: Channel, depot: Channel, shipment: Shipment, market: Trade
) -> None:
    ship(stage, depot, shipment, 2, "1Z")
    run(stage, trader, UPDATES)
    run(stage, trader, UPDATES)
    [first] = market.reports
    assert [(one.external_id, one.sku, one.quantity) for one in first.lines] == [("1", "MUG", 2)]
    assert (first.order_id, first.tracking, first.complete) == ("1001", "1Z", False)
    ship(stage, depot, shipment, 3, "1Z")
    run(stage, trader, UPDATES)

    second = market.reports[1]
    assert (second.lines[0].quantity, second.complete) == (3, True)
    assert (second.key, second.external_id) == (first.key, "F-1001")
    assert Order.objects.get(external_id="1001").status == "shipped"


def test_another_tracking_number_is_told_and_the_same_reading_is_not(
    stage: Stage, trader: Channel, depot: Channel, shipment: Shipment, market: Trade
) -> None:
    ship(stage, depot, shipment, 3, "1Z")
    run(stage, trader, UPDATES)
    ship(stage, depot, shipment, 3, "1Z")
    run(stage, trader, UPDATES)
    assert len(market.reports) == 1
    ship(stage, depot, shipment, 3, "2Z")
    run(stage, trader, UPDATES)

    assert [one.tracking for one in market.reports] == ["1Z", "2Z"]


def test_what_the_shop_refuses_is_parked_with_the_reason(
    stage: Stage, trader: Channel, depot: Channel, shipment: Shipment, market: Trade
) -> None:
    ship(stage, depot, shipment, 3, "1Z")
    market.faults.append(Permanent("the order is archived"))
    run(stage, trader, UPDATES)
    parked = ParkedRecord.objects.get(channel=trader)
    assert "the order is archived" in parked.reason
    assert parked.payload["lines"] == [{"sku": "MUG", "quantity": 3}]
    run(stage, trader, UPDATES)
    assert market.reports == []
    control.retry_parked(parked, stage.now)
    stage.work()

    assert len(market.reports) == 1


def stock(depot: Channel) -> tuple[int, int]:
    level = StockLevel.objects.get(channel=depot, product__sku="MUG")
    return level.on_hand, level.allocated


def test_a_count_sets_what_lies_there_and_an_older_one_does_not(
    stage: Stage, depot: Channel, market: Trade
) -> None:
    stage.wait(minutes=5)
    market.counts["MUG"] = StockData(" mug", 7, stage.now)
    run(stage, depot, "receive_inventory")
    assert stock(depot) == (7, 0)
    market.counts["MUG"] = StockData("MUG", 3, stage.now - timedelta(minutes=6))
    run(stage, depot, "receive_inventory")

    assert stock(depot) == (7, 0)


def test_an_unknown_sku_is_left_out(stage: Stage, depot: Channel, market: Trade) -> None:
    market.counts["HAT"] = StockData("HAT", 7)
    run(stage, depot, "receive_inventory")

    [done] = stage.runs(depot, "receive_inventory")
    assert (done.status, done.unchanged, done.parked) == ("succeeded", 1, 0)


def test_a_count_that_includes_what_left_is_not_lowered_again(
    stage: Stage, trader: Channel, depot: Channel, shipment: Shipment, market: Trade
) -> None:
    """The warehouse counts after the goods left and before it says that they were shipped."""
    assert stock(depot) == (10, 3)
    left = stage.wait(minutes=5).now
    market.counts["MUG"] = StockData("MUG", 7, stage.wait(minutes=5).now)
    run(stage, depot, "receive_inventory")
    assert stock(depot) == (7, 3)
    said = shipped(shipment.external_id or "", shipment.key, stage.now, 3)
    platform.PLATFORM.shipments["x"] = replace(said, shipped_at=left)
    run(stage, depot, "receive_shipments")

    assert stock(depot) == (7, 0)


def test_more_stock_releases_the_oldest_backorder_first(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    StockLevel.objects.filter(channel=depot).update(on_hand=0)
    stage.account.automatic_workflow = True
    stage.account.save()
    for number in ("1001", "1002"):
        platform.PLATFORM.place(stage.now, number)
    run(stage, trader, "receive_orders")
    market.counts["MUG"] = StockData("MUG", 1)
    run(stage, depot, "receive_inventory")

    states = {one.order.external_id: one.status for one in Shipment.objects.all()}
    assert states == {"1001": "ready", "1002": "backordered"}
