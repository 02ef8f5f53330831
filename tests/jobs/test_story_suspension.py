"""Channels and accounts switched off and on again: what is held, what resumes, what is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from channels.connectors.base import Transient
from channels.models import Channel
from jobs import configure, control
from jobs.change import Change
from jobs.execute import execute
from jobs.lease import Clock, claim
from jobs.models import EventStatus, Rescue, Run, SlotStretch
from jobs.timetable import Grid
from oms.models import Order
from tests.jobs.platform import Platform
from tests.jobs.slot_accounts import tally
from tests.jobs.stage import START, Stage

FIVE = Grid(5, 0, "UTC")


def switch_account(stage: Stage, *, on: bool) -> list[str]:
    change = Change(account={"enabled": on})
    return [one.sentence for one in configure.apply(stage.account, change, stage.now)]


def overtaken_by(stage: Stage, save: Callable[[], object]) -> Clock:
    """The clock of a worker: after it has claimed its run, an operator saves something."""
    asked: list[datetime] = []

    def clock() -> datetime:
        asked.append(stage.now)
        if len(asked) == 2:
            save()
        return stage.now

    return clock


def claimed(stage: Stage, run: Run) -> Run:
    """The run as a worker has it that does not come back: running, with a lease."""
    held = claim(run.pk, stage.now)
    assert held
    return held


def test_an_account_off_for_three_days_resumes_at_once_with_everything_accounted_for(
    stage: Stage, orders_shop: Channel, warehouse: Channel, shopfloor: Platform
) -> None:
    stage.save(warehouse, receive_shipments={"main_period_minutes": 5})
    stage.at("12:01")
    switch_account(stage, on=False)
    job = stage.job(orders_shop)
    assert (job.emergency_state, job.emergency_due_at) == ("suspended", None)
    events = []
    for day in range(3):
        stage.goto(START + timedelta(days=day, hours=6)).go()
        shopfloor.place(stage.now, str(1000 + day))
        events.append(stage.deliver(orders_shop, "order.created", str(1000 + day)))
    assert {event.status for event in events} == {EventStatus.HELD}
    assert {event.reason for event in events} == {"the account is disabled"}
    assert not Run.objects.exists()

    stage.goto(START + timedelta(days=3))
    said = switch_account(stage, on=True)

    assert any("3 held events will be replayed" in sentence for sentence in said)
    job = stage.job(orders_shop)
    assert job.emergency_state == "armed"
    assert (job.emergency_due_at, job.emergency_due_reason) == (stage.now, "resumed")
    stage.go()
    full, batch = stage.runs(orders_shop)[::-1]
    assert (full.trigger, full.reason, full.sort) == ("emergency", "resumed", "full")
    assert (batch.trigger, batch.sort, batch.status) == ("webhook", "entity", "skipped")
    assert batch.reason == f"taken in by run {full.pk}", "three days are worked in three parts"
    assert full.events.filter(status=EventStatus.DONE).count() == 3
    assert Order.objects.count() == 3
    assert not Rescue.objects.exists(), "while disabled no event was to be expected"
    start = START + timedelta(minutes=1)
    received = stage.job(warehouse, "receive_shipments")
    assert tally(received, FIVE, start, stage.now) == {"suspended": 3 * 288 - 1}


def test_slots_of_a_disabled_channel_are_accounted_in_one_stretch(
    stage: Stage, shop: Channel
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.at("12:07").go()
    stage.save(shop, enabled=False)
    stage.run_until(stage.now + timedelta(hours=2), timedelta(minutes=3))
    stage.save(shop, enabled=True)
    stage.run_until(stage.now + timedelta(minutes=10))

    row = SlotStretch.objects.get()
    assert (row.outcome, row.count, row.reason) == ("suspended", 24, "the channel is disabled")
    counted = tally(stage.job(shop), FIVE, START + timedelta(minutes=1), stage.now)
    assert counted == {"ran": 3, "suspended": 24}


def test_two_suspensions_with_a_pause_in_the_period_between_are_two_stretches(
    stage: Stage, shop: Channel
) -> None:
    stage.save(shop, enabled=False)
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.at("12:31").go()
    stage.save(shop, receive_orders={"main_period_minutes": None})
    stage.at("18:02").go()
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.at("18:31").go()

    assert [row.count for row in SlotStretch.objects.all()] == [6, 6]
    job = stage.job(shop)
    assert tally(job, FIVE, START + timedelta(minutes=1), START + timedelta(minutes=31))
    evening = START + timedelta(hours=6)
    assert tally(job, FIVE, evening + timedelta(minutes=2), stage.now) == {"suspended": 6}


def test_a_run_under_way_finishes_when_its_channel_is_disabled(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")

    off = overtaken_by(stage, lambda: stage.save(orders_shop, enabled=False))
    assert execute(stage.run_of(event).pk, off)

    run = stage.run_of(event)
    assert run.status == "succeeded"
    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    assert stage.job(orders_shop).emergency_state == "suspended"


def test_an_attempt_that_fails_after_the_channel_was_disabled_is_the_last(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(Transient("the shop did not answer"), times=1)
    run = stage.run_of(event)
    assert execute(run.pk, overtaken_by(stage, lambda: stage.save(orders_shop, enabled=False)))

    run.refresh_from_db()
    assert (run.status, run.reason) == ("cancelled", "the channel is disabled")
    assert "the shop did not answer" in run.error
    event.refresh_from_db()
    assert (event.status, event.run_id) == (EventStatus.HELD, None)
    stage.at("13:00").save(orders_shop, enabled=True)
    stage.work()
    event.refresh_from_db()
    assert event.status == EventStatus.DONE


def test_a_worker_lost_while_the_channel_is_disabled_leaves_its_events_held(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    run = claimed(stage, stage.run_of(event))
    stage.save(orders_shop, enabled=False)
    stage.at("12:02").go()

    run.refresh_from_db()
    assert (run.status, run.reason) == ("cancelled", "the channel is disabled")
    event.refresh_from_db()
    assert (event.status, event.run_id) == (EventStatus.HELD, None)
    stage.at("13:00").save(orders_shop, enabled=True)
    stage.work()
    event.refresh_from_db()
    assert event.status == EventStatus.DONE


def test_disabling_cancels_runs_between_attempts_and_holds_their_events(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(Transient("too many requests", retry_after=120))
    stage.work()
    waiting = stage.deliver(orders_shop, "order.created", "1001")

    stage.save(orders_shop, enabled=False)

    runs = stage.runs(orders_shop)
    assert [run.status for run in runs] == ["cancelled", "cancelled"]
    assert {run.reason for run in runs} == {"the channel was disabled"}
    for one in (event, waiting):
        one.refresh_from_db()
        assert (one.status, one.run_id) == (EventStatus.HELD, None)


def test_leaving_webhook_mode_lets_the_waiting_batch_run_and_holds_what_comes_later(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 10})
    shopfloor.place(stage.now, "1000")
    waiting = stage.deliver(orders_shop, "order.created", "1000")
    stage.at("12:01").save(orders_shop, mode="recurring")
    shopfloor.place(stage.now, "1001")
    held = stage.deliver(orders_shop, "order.created", "1001")
    assert (held.status, held.reason) == ("held", "its job does not show the webhook row")

    assert stage.at("12:10").go() == [waiting.run_id]
    waiting.refresh_from_db()
    assert waiting.status == EventStatus.DONE

    stage.at("12:20").save(orders_shop, mode="webhook")
    assert stage.run_of(held).not_before == stage.now, "due at once, whatever the Delay"
    stage.work()
    assert Order.objects.count() == 2


def test_back_in_webhook_mode_held_events_join_the_batch_that_still_waits(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 60})
    waiting = stage.deliver(orders_shop, "order.created", "1000")
    stage.save(orders_shop, mode="recurring")
    held = stage.deliver(orders_shop, "order.created", "1001")
    stage.at("12:10").save(orders_shop, mode="webhook")
    held.refresh_from_db()
    assert held.run_id == waiting.run_id
    assert stage.work() == [waiting.run_id]


def test_deleting_a_channel_cancels_everything_and_its_slots_end(
    stage: Stage, shop: Channel
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.at("12:05").tick()
    stage.save(shop, deleted_at=stage.now)
    assert [run.status for run in stage.runs(shop)] == ["cancelled"]
    stage.at("18:00").go()
    job = stage.job(shop)
    assert job.next_slot_at is None
    assert job.emergency_due_at is None
    assert sum(row.count for row in SlotStretch.objects.all()) == 1


def test_run_now_looks_at_what_is_saved_not_at_what_its_page_showed(
    stage: Stage, shop: Channel
) -> None:
    job_as_shown = stage.job(shop)
    stage.save(shop, enabled=False)
    with pytest.raises(control.NotNow, match="The channel is disabled: enable it first"):
        control.run_now(job_as_shown, stage.now)
    assert stage.go() == []
