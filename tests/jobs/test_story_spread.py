"""Spread of starts: a slot is taken at its instant, and its run starts a while after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.connectors.base import Transient
from channels.models import Channel
from jobs import control
from jobs.models import Job, Run, SlotStretch
from jobs.spread import spread_of
from jobs.timetable import Grid, previous_slot
from tests import builders
from tests.jobs.platform import Platform
from tests.jobs.rules import save
from tests.jobs.slot_accounts import tally
from tests.jobs.stage import START, Stage

BOUND = 30
HOURLY = Grid(60, 0, "UTC")
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ONE = START + HOUR


@pytest.fixture
def spread(stage: Stage, shop: Channel) -> timedelta:
    """Each hour, put off by this much: more than 7 minutes, less than 23."""
    put_off = builders.put_off(stage.job(shop), BOUND)
    stage.at("12:01").save(shop, receive_orders={"main_period_minutes": 60})
    save(stage, account={"spread_minutes": BOUND})
    return put_off


def only(stage: Stage, shop: Channel) -> Run:
    [run] = stage.runs(shop)
    return run


def test_a_slot_is_taken_at_its_instant_and_starts_later(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    assert stage.goto(ONE).go() == []
    run = only(stage, shop)
    assert (run.slot_at, run.not_before, run.planned_at) == (ONE, ONE + spread, ONE + spread)
    assert (run.status, run.created_at) == ("queued", ONE)
    assert stage.job(shop).next_slot_at == ONE + HOUR

    assert stage.goto(ONE + spread - SECOND).go() == []
    assert stage.wait(seconds=1).go() == [run.pk]

    run.refresh_from_db()
    assert (run.status, run.slot_at, run.started_at) == ("succeeded", ONE, ONE + spread)
    assert tally(stage.job(shop), HOURLY, START + MINUTE, stage.now) == {"ran": 1}


def test_it_starts_by_the_same_time_after_every_slot(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.run_until(START + timedelta(hours=6), timedelta(seconds=20))
    runs = stage.runs(shop)
    assert {run.not_before - run.slot_at for run in runs if run.slot_at} == {spread}
    assert tally(stage.job(shop), HOURLY, START + MINUTE, stage.now) == {"ran": 5}
    assert not Run.objects.caused_by("emergency").exists()


def test_a_slot_of_a_short_period_starts_before_the_next_one(stage: Stage, shop: Channel) -> None:
    spread = builders.put_off(stage.job(shop), BOUND, 5)
    save(stage, account={"spread_minutes": BOUND})
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.run_until(START + timedelta(hours=2), timedelta(seconds=10))
    job = stage.job(shop)
    assert tally(job, Grid(5, 0, "UTC"), START + MINUTE, stage.now) == {"ran": 23}
    assert {run.not_before - run.slot_at for run in stage.runs(shop) if run.slot_at} == {spread}
    assert spread < timedelta(minutes=5)


def test_without_a_spread_a_slot_starts_as_it_is_taken(stage: Stage, shop: Channel) -> None:
    stage.at("12:01").save(shop, receive_orders={"main_period_minutes": 60})
    assert stage.goto(ONE + SECOND).go() == [only(stage, shop).pk]
    run = only(stage, shop)
    assert (run.not_before, run.planned_at) == (ONE + SECOND, ONE)


def test_a_slot_taken_late_starts_at_its_time_or_at_once(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE + spread / 2).tick()
    assert only(stage, shop).not_before == ONE + spread
    stage.goto(ONE + spread).work()

    stage.goto(ONE + 3 * HOUR + spread + MINUTE).go()

    late = stage.runs(shop)[-1]
    assert (late.slot_at, late.started_at) == (ONE + 3 * HOUR, stage.now)
    assert late.planned_at == stage.now - MINUTE
    counted = tally(stage.job(shop), HOURLY, START + MINUTE, stage.now)
    assert counted == {"ran": 2, "coalesced": 2}


def test_a_run_by_hand_brings_it_forward_and_moves_no_slot(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE).tick()
    run = only(stage, shop)
    ticket = control.run_now(stage.wait(seconds=30).job(shop), stage.now, builders.user())
    assert ticket.run == run
    assert stage.work() == [run.pk]
    run.refresh_from_db()
    assert (run.slot_at, run.causes) == (ONE, ["schedule", "manual"])
    assert stage.job(shop).next_slot_at == ONE + HOUR
    assert stage.goto(ONE + spread).go() == []


def test_an_emergency_does_not_wait_for_the_spread(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE).tick()
    due = stage.wait(minutes=1).now
    Job.objects.filter(pk=stage.job(shop).pk).update(emergency_due_at=due)
    assert stage.go() == [only(stage, shop).pk]
    assert only(stage, shop).causes == ["schedule", "emergency"]


def test_webhooks_are_not_spread(stage: Stage, shop: Channel) -> None:
    save(stage, account={"spread_minutes": BOUND})
    stage.save(shop, mode="webhook")
    event = stage.deliver(shop, "order.created", "1001")
    assert stage.run_of(event).not_before == stage.now


def test_slots_by_id_are_spread(stage: Stage, shop: Channel, spread: timedelta) -> None:
    stage.save(shop, mode="recurring_by_id")
    assert stage.job(shop).row == "by_id"
    stage.goto(ONE).tick()
    assert only(stage, shop).not_before == ONE + spread


def test_disabling_the_channel_cancels_what_waits(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE).tick()
    stage.save(shop, enabled=False)
    run = only(stage, shop)
    assert (run.status, run.slot_at) == ("cancelled", None)
    assert (SlotStretch.objects.get().outcome, SlotStretch.objects.get().count) == ("suspended", 1)
    assert stage.goto(ONE + spread).go() == []


def test_switching_the_job_off_skips_the_slot_that_waits(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE).tick()
    stage.save(shop, receive_orders={"main_period_minutes": None})
    assert only(stage, shop).status == "cancelled"
    assert tally(stage.job(shop), HOURLY, START + MINUTE, ONE + SECOND) == {"skipped": 1}
    assert stage.goto(ONE + spread).go() == []


def test_leaving_the_timetable_for_webhooks_lets_it_run_at_its_time(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.run_until(ONE + HOUR)
    stage.save(shop, mode="webhook")
    stage.go()
    run = stage.runs(shop)[1]
    assert (run.status, run.not_before) == ("queued", ONE + HOUR + spread)
    assert run.pk in stage.goto(ONE + HOUR + spread).go()


@pytest.mark.parametrize("bound", [None, 1])
def test_a_run_that_waits_keeps_its_time_when_the_spread_changes(
    stage: Stage, shop: Channel, spread: timedelta, bound: int | None
) -> None:
    stage.goto(ONE).tick()
    save(stage, account={"spread_minutes": bound})
    assert only(stage, shop).not_before == ONE + spread
    stage.goto(ONE + spread).go()
    stage.goto(ONE + HOUR).tick()
    second = stage.runs(shop)[1]
    assert second.not_before == ONE + HOUR + spread_of(second.job_id, bound, 60)


def test_a_slot_that_is_due_at_a_save_is_spread_as_it_was(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE)
    save(stage, account={"spread_minutes": None})
    assert only(stage, shop).not_before == ONE + spread


def test_a_new_grid_may_have_its_slot_before_the_run_that_waits(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    """Then the run carries the newer slot, and starts no later than it was to."""
    two = ONE + HOUR
    stage.run_until(two)
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.run_until(two + spread, 20 * SECOND)
    run = stage.runs(shop)[1]
    assert run.started_at is not None
    assert run.started_at <= two + spread
    newest = previous_slot(Grid(5, 0, "UTC"), run.started_at)
    assert run.slot_at == newest > two
    replaced = SlotStretch.objects.get(first_slot_at=two)
    assert (replaced.outcome, replaced.run_id) == ("coalesced", run.pk)


def test_a_slot_while_a_full_run_is_active_is_not_lost_to_it(
    stage: Stage, shop: Channel, spread: timedelta, shopfloor: Platform
) -> None:
    """The run of a slot may begin shortly before the next one; by its own start it has ended."""
    shopfloor.fail(Transient("too many requests", retry_after=50 * 60))
    stage.run_until(ONE + spread)
    stage.goto(ONE + HOUR).tick()
    first, second = stage.runs(shop)
    assert (first.attempt, second.slot_at) == (1, ONE + HOUR)

    stage.run_until(ONE + HOUR + spread)

    counted = tally(stage.job(shop), HOURLY, START + MINUTE, stage.now)
    assert counted == {"ran": 2}
    assert [run.status for run in stage.runs(shop)] == ["succeeded", "succeeded"]


def test_a_slot_whose_start_meets_an_active_full_run_waits_for_its_end(
    stage: Stage, shop: Channel, spread: timedelta, shopfloor: Platform
) -> None:
    shopfloor.fail(Transient("too many requests", retry_after=59 * 60))
    shopfloor.fail(Transient("too many requests", retry_after=30 * 60))
    stage.run_until(ONE + spread)
    stage.run_until(ONE + HOUR + spread)
    first, second = stage.runs(shop)
    assert (first.attempt, second.status, second.attempt) == (2, "queued", 0)

    stage.run_until(ONE + spread + 91 * MINUTE)

    first, second = stage.runs(shop)
    assert (first.status, second.status) == ("succeeded", "succeeded")
    assert first.finished_at is not None
    assert second.started_at == first.finished_at
    assert tally(stage.job(shop), HOURLY, START + MINUTE, stage.now) == {"ran": 2}


def test_a_clock_that_was_set_back_keeps_the_length_of_the_wait(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE).tick()
    back = timedelta(minutes=40)
    stage.goto(ONE - back).tick()
    assert only(stage, shop).not_before <= stage.now + spread
    assert stage.goto(ONE - back + spread).go() == [only(stage, shop).pk]


def test_a_long_wait_is_the_clocks_to_end_not_a_messages(
    stage: Stage, shop: Channel, spread: timedelta
) -> None:
    stage.goto(ONE).tick()
    assert only(stage, shop).wake_at == ONE + spread
