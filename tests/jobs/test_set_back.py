"""The machine's clock was ahead for a while and is set right: nothing is lost, nothing is stuck."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from channels.models import Channel
from jobs import blind, circuits, set_back
from jobs.lease import LEASE, claim
from jobs.models import (
    ChannelBudget,
    Circuit,
    EmergencyState,
    Event,
    Heartbeat,
    Job,
    Run,
    RunStatus,
)
from jobs.slots import grid_of
from oms.models import Order
from tests.jobs.platform import Platform
from tests.jobs.slot_accounts import outcomes
from tests.jobs.stage import START, Stage

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def polled(stage: Stage, shop: Channel) -> Channel:
    """Receive Orders each 5 minutes; it ran at 12:05."""
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.at("12:05").go()
    return shop


def jump(stage: Stage, by: timedelta) -> Stage:
    return stage.goto(stage.now + by)


def orders() -> set[str]:
    return set(Order.objects.values_list("external_id", flat=True))


def test_changes_made_while_the_clock_was_ahead_are_fetched(
    stage: Stage, polled: Channel, shopfloor: Platform
) -> None:
    jump(stage, HOUR).go()
    assert stage.job(polled).proven_until > START + HOUR
    jump(stage, -HOUR).wait(seconds=20)
    shopfloor.place(stage.now, "1000")
    stage.wait(seconds=10).go()

    assert orders() == {"1000"}
    assert stage.job(polled).proven_until < stage.now


def test_without_the_repair_they_would_be_lost(
    stage: Stage, polled: Channel, shopfloor: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the module is for: the cursor has passed the order before the job asks again."""
    monkeypatch.setattr(set_back, "TOLERANCE", timedelta(days=1))
    jump(stage, HOUR).go()
    jump(stage, -HOUR).wait(seconds=20)
    shopfloor.place(stage.now, "1000")
    stage.run_until(stage.now + 3 * HOUR, step=5 * MINUTE)

    assert orders() == set()


def test_slots_that_ran_while_the_clock_was_ahead_are_accounted_for_on_another_grid(
    stage: Stage, polled: Channel
) -> None:
    """Each 10 minutes from now on; 13:10 has its run from the time that is no more."""
    jump(stage, 65 * MINUTE).go()
    jump(stage, -65 * MINUTE).wait(seconds=20)
    each = {"main_period_minutes": 10}
    stage.save(polled, receive_orders=each, receive_order_updates=each)
    stage.run_until(START + 50 * MINUTE)

    stage.at("13:10").go()

    job, other = stage.job(polled), stage.job(polled, "receive_order_updates")
    assert job.next_slot_at == other.next_slot_at == START + 80 * MINUTE
    runs = Run.objects.filter(slot_at=START + 70 * MINUTE)
    assert set(runs.values_list("job", flat=True)) == {job.pk, other.pk}
    missed = job.stretches.get(first_slot_at=START + 60 * MINUTE)
    assert (missed.count, missed.outcome) == (1, "coalesced")

    stage.at("13:20").go()
    assert Run.objects.filter(slot_at=START + 80 * MINUTE).count() == 2


def test_what_platforms_said_in_the_future_is_forgotten(stage: Stage, polled: Channel) -> None:
    jump(stage, HOUR).go()
    ChannelBudget.objects.create(channel=polled, remaining=0, told_at=stage.now)
    for _ in range(5):
        circuits.note_failure(polled.pk, "it answered 500", stage.now)
    jump(stage, -HOUR).go()

    assert not ChannelBudget.objects.exists()
    circuit = Circuit.objects.get()
    assert circuit.since
    assert circuit.since <= stage.now
    frozen = stage.job(polled).frozen_since
    assert frozen is None or frozen <= stage.now


def test_each_slot_is_accounted_for_once(stage: Stage, polled: Channel) -> None:
    jump(stage, HOUR).go()
    jump(stage, -HOUR)
    stage.run_until(stage.now + 2 * HOUR, step=5 * MINUTE)
    job = stage.job(polled)
    grid = grid_of(job, "UTC")
    assert grid is not None
    assert job.next_slot_at is not None

    assert len(outcomes(job, grid, START + 5 * MINUTE, job.next_slot_at)) >= 24


def test_the_catching_up_says_why_it_came(stage: Stage, polled: Channel) -> None:
    jump(stage, HOUR).go()
    jump(stage, -HOUR).tick()
    last = stage.runs(polled)[-1]

    assert (last.trigger, last.slot_at, last.reason) == ("schedule", None, set_back.REASON)


def test_a_lease_that_reaches_into_the_future_is_cut(stage: Stage, polled: Channel) -> None:
    """Its worker may have died; nobody would know for an hour."""
    jump(stage, HOUR).tick()
    run = stage.runs(polled)[-1]
    assert claim(run.pk, stage.now)
    jump(stage, -HOUR).tick()
    run.refresh_from_db()
    assert run.lease_until == stage.now + LEASE

    stage.wait(seconds=61).tick()
    run.refresh_from_db()
    assert (run.status, run.lost_attempts) == (RunStatus.QUEUED, 1)


def test_an_event_of_the_future_is_done_in_the_present(
    stage: Stage, listening_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(listening_shop, receive_orders={"webhook_delay_minutes": 1})
    stage.tick()
    jump(stage, HOUR).tick()
    shopfloor.place(START, "1000")
    event = stage.deliver(listening_shop, "order.created", "1000")
    assert stage.run_of(event).not_before == stage.now + MINUTE
    jump(stage, -HOUR).tick().tick()
    assert stage.run_of(event).not_before == stage.now + MINUTE
    stage.wait(minutes=1).go()

    assert Event.objects.get().status == "done"


def test_a_stream_of_webhooks_is_checked_by_its_emergency_job(
    stage: Stage, listening_shop: Channel, shopfloor: Platform
) -> None:
    jump(stage, HOUR).tick()
    shopfloor.place(START, "1000")
    stage.deliver(listening_shop, "order.created", "1000")
    stage.work()
    jump(stage, -HOUR).tick()
    job = stage.job(listening_shop)

    assert job.heard_at == stage.now
    assert (job.emergency_state, job.evidence) == (EmergencyState.DEGRADED, set_back.REASON)


def test_work_that_ends_after_the_repair_is_put_right_as_well(
    stage: Stage, polled: Channel
) -> None:
    """A worker amid a page commits what it believed when it began."""
    jump(stage, HOUR).go()
    ahead = stage.job(polled).proven_until
    jump(stage, -HOUR).go()
    Job.objects.filter(channel=polled).update(proven_until=ahead)
    stage.wait(minutes=1).go()
    assert stage.job(polled).proven_until < stage.now
    stage.wait(minutes=20).go()

    assert Heartbeat.objects.get(name=blind.CLOCK).details == {}


def test_a_second_clock_leaves_it_to_the_first(stage: Stage, polled: Channel) -> None:
    jump(stage, HOUR).go()
    jump(stage, -HOUR).tick()
    assert set_back.put_right(stage.now) is None
    assert len([run for run in stage.runs(polled) if run.reason == set_back.REASON]) == 1


@pytest.mark.parametrize(("ahead", "noticed"), [(60, None), (61, timedelta(seconds=61))])
def test_clocks_of_machines_may_differ_by_a_minute(
    db: None, ahead: int, noticed: timedelta | None
) -> None:
    Heartbeat.objects.create(name=blind.CLOCK, at=START + timedelta(seconds=ahead))
    assert set_back.put_right(START) == noticed


def test_a_window_is_believed_only_if_it_ended_before_the_clock_can_have_gone_wrong(
    stage: Stage, polled: Channel
) -> None:
    stage.run_until(START + 2 * HOUR, step=5 * MINUTE)
    before = stage.job(polled).proven_until
    jump(stage, HOUR).go()
    jump(stage, -HOUR).tick()
    found: datetime = stage.job(polled).proven_until

    assert before - HOUR - 5 * MINUTE <= found <= before - HOUR + 5 * MINUTE
    assert Run.objects.filter(window_until=found).exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_locked_has_its_turn_at_the_next_tick(
    stage: Stage, polled: Channel, shopfloor: Platform
) -> None:
    """A worker holds the job and wants its run: who takes them the other way round hangs both."""
    jump(stage, HOUR).go()
    jump(stage, -HOUR)
    held, done = Barrier(2), Barrier(2)

    def hold() -> None:
        with transaction.atomic():
            Job.objects.select_for_update(no_key=True).get(channel=polled, type="receive_orders")
            held.wait(10)
            done.wait(10)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait(10)
        stage.tick()
        assert stage.job(polled).proven_until > stage.now
        done.wait(10)
        holding.result(10)
    stage.tick()

    assert stage.job(polled).proven_until < stage.now
