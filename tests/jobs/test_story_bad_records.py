"""Records and entities that cannot be taken over: parked, or the run fails where most are bad."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.connectors.base import Permanent, Transient
from channels.models import Channel
from jobs import control
from jobs.models import EventStatus, Run
from oms.models import Order, ParkedRecord, ParkedStatus
from tests import builders
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

TEAPOT = "TEAPOT"


@pytest.fixture
def hourly(stage: Stage, shop: Channel) -> Channel:
    stage.save(shop, receive_orders={"main_period_minutes": 60})
    return shop


def orders(shopfloor: Platform, good: int, bad: int) -> None:
    """Placed after 12:01, bad ones first; their SKU is in nobody's catalogue."""
    for number in range(good + bad):
        sku = TEAPOT if number < bad else "MUG"
        at = START + timedelta(minutes=1, seconds=number)
        shopfloor.place(at, str(1000 + number), sku)


def worked(stage: Stage, channel: Channel) -> Run:
    stage.go()
    return stage.runs(channel)[-1]


def test_one_bad_record_is_parked_and_stops_nothing(
    stage: Stage, hourly: Channel, shopfloor: Platform
) -> None:
    orders(shopfloor, good=29, bad=1)
    run = worked(stage.at("13:00"), hourly)
    assert (run.status, run.read, run.created, run.parked) == ("succeeded", 30, 29, 1)
    parked = ParkedRecord.objects.get()
    assert (parked.external_id, parked.type, parked.run_id) == ("1000", "receive_orders", run.pk)
    assert TEAPOT in parked.reason
    assert parked.payload["number"] == "#1000"
    assert parked.payload["changed_at"] == "2026-03-02T12:01:00Z"
    assert stage.job(hourly).proven_until == stage.now - timedelta(seconds=1)


def test_more_than_half_of_twenty_bad_parks_none_and_moves_nothing(
    stage: Stage, hourly: Channel, shopfloor: Platform
) -> None:
    orders(shopfloor, good=9, bad=11)
    before = stage.job(hourly).proven_until
    run = worked(stage.at("13:00"), hourly)
    assert (run.status, run.attempt, run.parked) == ("failed", 1, 0)
    assert "11 of 20 records" in run.error
    assert TEAPOT in run.error, "the commonest reason is named"
    assert not ParkedRecord.objects.exists()
    assert stage.job(hourly).proven_until == before


@pytest.mark.parametrize(("good", "bad"), [(10, 10), (0, 19), (1, 18)])
def test_exactly_half_or_fewer_than_twenty_are_parked(
    stage: Stage, hourly: Channel, shopfloor: Platform, good: int, bad: int
) -> None:
    orders(shopfloor, good, bad)
    run = worked(stage.at("13:00"), hourly)
    assert (run.status, run.created, run.parked) == ("succeeded", good, bad)
    assert ParkedRecord.objects.filter(status=ParkedStatus.PARKED).count() == bad


def test_the_commonest_reason_is_the_one_most_records_have(
    stage: Stage, hourly: Channel, shopfloor: Platform
) -> None:
    orders(shopfloor, good=5, bad=15)
    shopfloor.place(START + timedelta(minutes=2), "2000", "KETTLE")
    run = worked(stage.at("13:00"), hourly)
    assert "16 of 21 records" in run.error
    assert TEAPOT in run.error
    assert "KETTLE" not in run.error


def test_a_record_read_twice_is_judged_once(
    stage: Stage, hourly: Channel, shopfloor: Platform
) -> None:
    """Asked for by its id because a run left it, and read again in the window."""
    orders(shopfloor, good=0, bad=25)
    left = stage.ask_for(hourly, *shopfloor.orders)
    shopfloor.fail(Permanent("refused"), times=25)
    stage.work()
    left.refresh_from_db()
    assert (left.status, left.unfinished) == ("failed", True)
    run = worked(stage.at("13:00"), hourly)
    assert run.status == "failed"
    assert "25 of 25 records" in run.error


def test_a_failed_run_of_bad_records_succeeds_once_the_cause_is_mended(
    stage: Stage, hourly: Channel, shopfloor: Platform
) -> None:
    orders(shopfloor, good=9, bad=11)
    failed = worked(stage.at("13:00"), hourly)
    builders.product(stage.account, TEAPOT)
    again = control.retry_run(failed, stage.now)
    stage.work()
    again.refresh_from_db()
    assert (again.status, again.trigger, again.created) == ("succeeded", "retry", 20)
    assert again.window_from == failed.window_from
    assert Order.objects.count() == 20


def test_a_parked_record_is_asked_for_again_and_resolved(
    stage: Stage, hourly: Channel, shopfloor: Platform
) -> None:
    orders(shopfloor, good=3, bad=2)
    worked(stage.at("13:00"), hourly)
    first, second = ParkedRecord.objects.order_by("external_id")
    builders.product(stage.account, TEAPOT)
    one, two = (control.retry_parked(each, stage.now).run for each in (first, second))
    assert one
    assert two
    assert one.pk == two.pk, "both are asked for by one run"
    stage.work()
    assert ParkedRecord.objects.filter(status=ParkedStatus.RESOLVED).count() == 2
    run = stage.runs(hourly)[-1]
    assert (run.trigger, run.sort, run.created) == ("retry", "entity", 2)
    assert stage.job(hourly).proven_until == stage.now - timedelta(seconds=1), "of the full run"
    with pytest.raises(control.NotNow, match="resolved already"):
        control.retry_parked(ParkedRecord.objects.get(pk=first.pk), stage.now)


def test_a_record_still_bad_stays_parked_once_with_the_newest_reason(
    stage: Stage, hourly: Channel, shopfloor: Platform
) -> None:
    orders(shopfloor, good=0, bad=1)
    worked(stage.at("13:00"), hourly)
    shopfloor.place(START + timedelta(minutes=80), "1000", "KETTLE")
    worked(stage.at("14:00"), hourly)
    parked = ParkedRecord.objects.get()
    assert "KETTLE" in parked.reason


def test_an_entity_that_fails_alone_is_parked_after_the_last_attempt(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    for number in ("1000", "1001", "1002"):
        shopfloor.place(stage.now, number)
    event = stage.deliver(orders_shop, "order.created", "1000", "1001", "1002")
    shopfloor.bad_entities["1001"] = Transient("the shop did not answer")
    for attempt in range(1, 5):
        stage.goto(stage.run_of(event).not_before).work()
        run = stage.run_of(event)
        assert (run.status, run.attempt, run.parked) == ("queued", attempt, 0)
    stage.goto(stage.run_of(event).not_before).work()

    run = stage.run_of(event)
    assert (run.status, run.attempt, run.created, run.parked) == ("succeeded", 5, 2, 1)
    parked = ParkedRecord.objects.get()
    assert (parked.external_id, parked.type) == ("1001", "receive_orders")
    assert "could not be read: the shop did not answer" in parked.reason
    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    assert stage.job(orders_shop).emergency_state == "armed"


def test_an_entity_the_platform_refuses_is_parked_without_more_attempts(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000", "1001")
    shopfloor.bad_entities["1001"] = Permanent("the shop refused")
    stage.work()
    run = stage.run_of(event)
    assert (run.status, run.attempt, run.created, run.parked) == ("succeeded", 1, 1, 1)


def test_a_platform_that_asks_to_wait_is_not_asked_for_the_rest(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    numbers = [str(1000 + number) for number in range(10)]
    for number in numbers:
        shopfloor.place(stage.now, number)
    event = stage.deliver(orders_shop, "order.created", *numbers)
    shopfloor.bad_entities["1003"] = Transient("too many requests", retry_after=90)
    stage.work()
    assert shopfloor.fetched == numbers[:4]
    run = stage.run_of(event)
    assert run.not_before == stage.now + timedelta(seconds=90)


def test_a_platform_that_answers_nothing_is_not_asked_for_each_of_many(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    numbers = [str(1000 + number) for number in range(100)]
    stage.deliver(orders_shop, "order.created", *numbers)
    shopfloor.fail(Transient("the shop did not answer"), times=1000)
    stage.work()
    assert len(shopfloor.fetched) == 5


def test_entities_that_are_gone_count_as_cancelled_and_unknown_ones_as_nothing(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    stage.deliver(orders_shop, "order.created", "1000")
    stage.work()
    del shopfloor.orders["1000"]
    event = stage.wait(minutes=1).deliver(orders_shop, "order.updated", "1000", "1001")
    stage.work()
    run = stage.run_of(event)
    assert (run.status, run.updated, run.unchanged) == ("succeeded", 1, 1)
    assert Order.objects.get().status == "cancelled"
