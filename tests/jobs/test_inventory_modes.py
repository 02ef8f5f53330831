"""The inventory mode matrix: which event sends stock to a sales channel in which mode."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from channels.connectors.base import Permanent, StockData, Transient
from channels.models import Channel
from jobs import control, saving, sku_mappings, stock
from jobs.models import Run
from oms import stock_file
from oms.models import ListedStock, ParkedRecord, StockLevel
from tests import builders
from tests.jobs import platform
from tests.jobs.stage import Stage
from tests.jobs.trade import Trade

SYNC = "sync_inventory"
MODES = ("none", "realtime", "fulfillment")
Event = Callable[[Stage, Channel, Channel, Trade], None]


def choose(channel: Channel, mode: str, **settings: str) -> None:
    channel.settings = {**channel.settings, "inventory_mode": mode, **settings}
    channel.save(update_fields=["settings"])


def level(depot: Channel) -> StockLevel:
    return StockLevel.objects.select_related("product").get(channel=depot, product__sku="MUG")


def by_hand(stage: Stage, shop: Channel, depot: Channel, market: Trade) -> None:
    control.run_now(stage.job(shop, SYNC), stage.now)


def count_by_hand(stage: Stage, shop: Channel, depot: Channel, market: Trade) -> None:
    market.counts["MUG"] = StockData("MUG", 7)
    stage.wait(minutes=5)
    control.run_now(stage.job(depot, "receive_inventory"), stage.now)


def count_on_schedule(stage: Stage, shop: Channel, depot: Channel, market: Trade) -> None:
    market.counts["MUG"] = StockData("MUG", 7)
    stage.save(depot, receive_inventory={"main_period_minutes": 60})
    stage.wait(hours=1).tick()


def take_file(stage: Stage, shop: Channel, depot: Channel, market: Trade) -> None:
    counts = stock_file.read(depot, b"sku,on_hand\nMUG,7\n")
    stock.take_file(stage.account, depot, counts, stage.now)


def adjust(stage: Stage, shop: Channel, depot: Channel, market: Trade) -> None:
    stock.adjust(level(depot), 7, stage.now)


def allocate(stage: Stage, shop: Channel, depot: Channel, market: Trade) -> None:
    stage.account.automatic_workflow = True
    stage.account.save()
    platform.PLATFORM.place(stage.now, "1001")
    control.run_now(stage.job(shop, "receive_orders"), stage.wait(minutes=5).now)


def release(stage: Stage, shop: Channel, depot: Channel, market: Trade) -> None:
    allocate(stage, shop, depot, market)
    stage.work()
    market.calls.clear()
    platform.PLATFORM.change("1001", stage.now, cancelled=True)
    control.run_now(stage.job(shop, "receive_order_updates"), stage.wait(minutes=5).now)


EVENTS: dict[Event, tuple[str, ...]] = {
    by_hand: MODES,
    count_by_hand: ("realtime", "fulfillment"),
    count_on_schedule: ("realtime", "fulfillment"),
    take_file: ("realtime",),
    adjust: ("realtime",),
    allocate: ("realtime",),
    release: ("realtime",),
}
EXPECTED: dict[Event, int] = {by_hand: 10, allocate: 9, release: 10}
CELLS = [(event, mode, mode in sends) for event, sends in EVENTS.items() for mode in MODES]


@pytest.fixture
def told(stage: Stage, trader: Channel, depot: Channel, market: Trade) -> Trade:
    """The shop knows of everything so far."""
    choose(trader, "realtime")
    control.run_now(stage.job(trader, SYNC), stage.now)
    stage.work()
    market.calls.clear()
    return market


@pytest.mark.parametrize(("event", "mode", "sends"), CELLS)
def test_an_event_sends_stock_in_the_modes_that_ask_for_it(
    stage: Stage,
    trader: Channel,
    depot: Channel,
    told: Trade,
    event: Event,
    mode: str,
    sends: bool,
) -> None:
    choose(trader, mode)
    event(stage, trader, depot, told)
    stage.work()

    assert told.sent() == ([("MUG", EXPECTED.get(event, 7))] if sends else [])


def test_a_channel_that_was_never_told_anything_is_told_at_the_first_change(
    stage: Stage, trader: Channel, depot: Channel, market: Trade
) -> None:
    choose(trader, "realtime")
    stock.adjust(level(depot), 7, stage.now)
    stage.work()

    assert market.sent() == [("MUG", 7)]


def test_what_a_change_sends_says_so(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    stock.adjust(level(depot), 7, stage.now)
    stage.work()

    run = stage.runs(trader, SYNC)[-1]
    assert (run.trigger, run.reason, run.status) == ("change", "stock changed", "succeeded")


def test_two_changes_before_a_run_starts_are_one_run(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    stock.adjust(level(depot), 7, stage.now)
    stock.adjust(level(depot), 5, stage.now)
    stage.work()

    assert told.sent() == [("MUG", 5)]


def test_stock_that_changed_only_for_a_moment_while_it_was_sent_is_sent_again(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    stock.adjust(level(depot), 7, stage.now)
    row = ListedStock.objects.get(channel=trader)
    assert row.version > row.sent_version
    stage.work()
    stock.adjust(level(depot), 5, stage.now)

    row.refresh_from_db()
    assert (row.version > row.sent_version, row.quantity) == (True, 7)
    stage.work()
    assert told.stock == {"L-MUG-1": 5}


def test_negative_stock_is_sent_as_zero(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    StockLevel.objects.filter(channel=depot).update(allocated=12)
    stock.adjust(level(depot), 9, stage.now)
    stage.work()

    assert told.sent() == [("MUG", 0)]


def also_at_another_warehouse(stage: Stage, on_hand: int) -> None:
    other = builders.warehouse(stage.account, "Other", default=False)
    StockLevel.objects.filter(channel=other).update(on_hand=on_hand)


def test_what_several_warehouses_have_is_added_up(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    also_at_another_warehouse(stage, 3)
    stock.adjust(level(depot), 7, stage.now)
    stage.work()

    assert told.sent() == [("MUG", 10)]


def test_what_lay_at_a_warehouse_that_is_deleted_can_no_longer_be_had(
    stage: Stage,
    trader: Channel,
    depot: Channel,
    told: Trade,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        saving.delete_channel(depot, stage.now, builders.user(of=stage.account))
    stage.work()

    assert told.sent() == [("MUG", 0)]


def test_a_listing_that_is_mapped_to_another_product_shows_the_stock_of_that(
    stage: Stage,
    trader: Channel,
    depot: Channel,
    told: Trade,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """Else it would go on to sell what the other one has, for up to a day."""
    builders.product(stage.account, "CUP", on_hand=3)
    stock.reconcile(stage.wait(hours=25).now)
    stage.work()
    before = len(told.sent())
    with django_capture_on_commit_callbacks(execute=True):
        sku_mappings.add(trader, "MUG", "CUP", stage.now, builders.user(of=stage.account))
    stage.work()

    assert told.sent()[before:] == [("MUG", 3)]


def test_more_than_a_column_takes_is_told_as_the_most_it_takes(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    """Some write a figure for "without end", at each warehouse."""
    also_at_another_warehouse(stage, 2_000_000_000)
    stock.adjust(level(depot), 2_000_000_000, stage.now)
    stage.work()

    assert told.sent() == [("MUG", 2**31 - 1)]


@pytest.mark.parametrize(
    ("choice", "sent", "parked"),
    [("all", ["L-MUG-1", "L-MUG-2"], 0), ("first", ["L-MUG-1"], 0), ("park", [], 1)],
)
def test_two_listings_with_one_sku_are_treated_as_the_channel_says(
    stage: Stage,
    trader: Channel,
    depot: Channel,
    told: Trade,
    choice: str,
    sent: list[str],
    parked: int,
) -> None:
    told.list_skus("MUG")
    choose(trader, "realtime", duplicate_skus=choice)
    stock.adjust(level(depot), 7, stage.now)
    stage.work()

    assert [one.external_id for call in told.calls for one in call] == sent
    assert ParkedRecord.objects.filter(channel=trader, status="parked").count() == parked


def test_a_refused_listing_is_parked_and_the_others_of_the_batch_are_sent(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    tee = builders.product(stage.account, "TEE", on_hand=4)
    told.list_skus("TEE")
    told.refused["L-TEE-1"] = "the listing is archived."
    stock.adjust(level(depot), 7, stage.now)
    stage.work()

    assert told.stock == {"L-MUG-1": 7}
    parked = ParkedRecord.objects.get(channel=trader)
    assert parked.external_id == str(tee.pk)
    assert "archived" in parked.reason
    told.calls.clear()
    stock.adjust(level(depot), 6, stage.now)
    stage.work()
    assert told.sent() == [("MUG", 6)]
    told.refused.clear()
    control.retry_parked(parked, stage.now)
    stage.work()
    parked.refresh_from_db()
    assert (parked.status, told.stock["L-TEE-1"]) == ("resolved", 4)


def test_a_batch_that_is_refused_whole_is_sent_one_by_one(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    builders.product(stage.account, "TEE", on_hand=4)
    told.list_skus("TEE")
    told.faults.append(Permanent("one of them is wrong"))
    stock.adjust(level(depot), 7, stage.now)
    stage.work()

    assert told.stock == {"L-MUG-1": 7, "L-TEE-1": 4}
    assert not ParkedRecord.objects.exists()


def test_more_listings_than_a_call_takes_are_sent_in_several(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    for number in range(5):
        builders.product(stage.account, f"TEE-{number}", on_hand=number)
        told.list_skus(f"TEE-{number}")
    stock.adjust(level(depot), 7, stage.now)
    stage.work()

    assert [len(call) for call in told.calls] == [3, 3]


def test_a_failed_run_leaves_the_change_to_the_next(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    stock.adjust(level(depot), 7, stage.now)
    told.faults += [Transient("away")] * 5
    stage.run_until(stage.now + timedelta(hours=2))
    assert [run.status for run in stage.runs(trader, SYNC)][-1] == "failed"
    assert told.stock == {"L-MUG-1": 10}

    stock.reconcile(stage.now)
    stage.work()
    assert told.stock == {"L-MUG-1": 7}


@pytest.mark.parametrize(("mode", "again"), [("realtime", 1), ("fulfillment", 1), ("none", 0)])
def test_once_a_day_each_listing_is_told_again(
    stage: Stage, trader: Channel, depot: Channel, told: Trade, mode: str, again: int
) -> None:
    choose(trader, mode)
    stage.wait(hours=23)
    assert stock.reconcile(stage.now) == 0
    stage.wait(hours=2)

    assert stock.reconcile(stage.now) == again
    stage.work()
    assert told.sent() == [("MUG", 10)] * again
    assert stock.reconcile(stage.now) == 0


def test_what_a_mode_does_not_send_waits_for_the_daily_reconcile(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    choose(trader, "fulfillment")
    stock.adjust(level(depot), 7, stage.now)
    assert stock.reconcile(stage.wait(hours=2).now) == 0
    assert stock.reconcile(stage.wait(hours=23).now) == 1
    stage.work()

    assert told.sent() == [("MUG", 7)]


def test_a_retry_that_joins_a_change_leaves_the_change_to_be_sent(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    tee = builders.product(stage.account, "TEE", on_hand=4)
    told.list_skus("TEE")
    told.refused["L-TEE-1"] = "the listing is archived."
    stock.adjust(level(depot), 7, stage.now)
    stage.work()
    told.refused.clear()
    stock.adjust(level(depot), 6, stage.now)
    control.retry_parked(ParkedRecord.objects.get(external_id=str(tee.pk)), stage.now)
    stage.work()

    assert told.stock == {"L-MUG-1": 6, "L-TEE-1": 4}


def test_a_sku_that_is_not_listed_is_looked_up_again_once_a_day(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    tee = builders.product(stage.account, "TEE", on_hand=4)
    control.run_now(stage.job(trader, SYNC), stage.now)
    stage.work()
    told.list_skus("TEE")
    told.calls.clear()
    stock.adjust(StockLevel.objects.get(product=tee), 5, stage.now)
    stage.work()
    assert told.sent() == []
    stock.reconcile(stage.wait(hours=25).now)
    stage.work()

    assert ("TEE", 5) in told.sent()


def test_a_disabled_channel_is_told_when_it_is_back(
    stage: Stage, trader: Channel, depot: Channel, told: Trade
) -> None:
    stage.save(trader, enabled=False)
    stock.adjust(level(depot), 7, stage.now)
    stage.work()
    assert told.sent() == []
    stage.save(trader, enabled=True)
    stock.reconcile(stage.now)
    stage.work()

    assert told.sent() == [("MUG", 7)]
    assert not Run.objects.filter(status="failed").exists()
