"""A platform that is away, a worker that vanishes: attempts, waits, and what is left behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from channels.connectors.base import Misconfigured, Permanent, Transient
from channels.models import Channel
from jobs import clock, lease
from jobs.execute import execute
from jobs.lease import FIRST_WAIT, LONGEST_WAIT, claim
from jobs.models import EventStatus, Run, RunLog
from jobs.timetable import Grid
from oms.models import Order
from tests.jobs.platform import Platform
from tests.jobs.slot_accounts import tally
from tests.jobs.stage import START, Stage

HOUR = timedelta(hours=1)
DOWN = Transient("the shop did not answer")


def down(shopfloor: Platform) -> None:
    shopfloor.fail(DOWN, times=10_000)


def up(shopfloor: Platform) -> None:
    shopfloor.faults.clear()


def test_a_platform_down_for_two_hours_loses_nothing(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    down(shopfloor)

    stage.run_until(START + 2 * HOUR, timedelta(seconds=10))

    webhook = stage.runs(orders_shop)[0]
    assert (webhook.status, webhook.attempt) == ("failed", 5)
    event.refresh_from_db()
    assert (event.status, event.reason) == (EventStatus.FAILED, f"run {webhook.pk} failed")
    assert stage.job(orders_shop).emergency_state == "degraded"
    emergencies = list(Run.objects.caused_by("emergency").order_by("pk"))
    assert {run.status for run in emergencies} <= {"failed", "queued"}
    assert f"webhook run {webhook.pk} failed for good" in emergencies[0].reason
    assert webhook.finished_at
    assert emergencies[0].started_at == webhook.finished_at + timedelta(seconds=10), "next tick"
    starts = [run.started_at for run in emergencies if run.started_at]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps
    assert all(gap >= HOUR for gap in gaps), "the next is due E after the start of the last"

    up(shopfloor)
    stage.run_until(START + 4 * HOUR)
    assert Order.objects.get().external_id == "1000"
    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    assert event.reason.startswith("covered by run ")


def test_waits_between_attempts_are_random_within_their_bounds(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.deliver(orders_shop, "order.created", "1000")
    down(shopfloor)
    for attempt in range(1, 5):
        assert stage.go(), f"attempt {attempt}"
        run = stage.runs(orders_shop)[0]
        assert (run.status, run.attempt) == ("queued", attempt)
        longest = min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
        assert stage.now <= run.not_before <= stage.now + longest
        assert f"attempt {attempt + 1} of 5" in run.error
        stage.goto(run.not_before)
    stage.go()
    run = stage.runs(orders_shop)[0]
    assert (run.status, run.attempt) == ("failed", 5)
    assert "attempt 5 of 5; no other follows" in run.error
    assert [line.level for line in run.log.all()] == ["warning"] * 4 + ["error"]


@pytest.mark.parametrize(
    ("attempt", "longest"), [(2, 30), (3, 60), (4, 120), (5, 240), (6, 480), (7, 900), (9, 900)]
)
def test_the_wait_before_attempt_n(attempt: int, longest: int) -> None:
    waits = [lease.wait_before(attempt).total_seconds() for _ in range(200)]
    assert min(waits) >= 0
    assert longest / 2 < max(waits) <= longest


def test_a_retry_after_wins_over_the_random_wait(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(Transient("too many requests", retry_after=3600))
    stage.work()
    run = stage.runs(orders_shop)[0]
    assert run.not_before == stage.now + HOUR
    assert run.retry_after_at == stage.now + HOUR


def test_a_retry_after_of_more_than_an_hour_fails_the_run_with_that_reason(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(Transient("too many requests", retry_after=3601))
    stage.work()
    run = stage.runs(orders_shop)[0]
    assert (run.status, run.attempt) == ("failed", 1)
    assert "asks to wait for more than an hour" in run.error
    assert "more than an hour" in run.reason


@pytest.mark.parametrize(
    ("error", "level", "attention"),
    [
        (Permanent("the shop refused the request"), "error", ""),
        (Misconfigured("the token is not valid"), "fatal", "the token is not valid"),
    ],
)
def test_errors_that_no_other_attempt_would_cure_fail_at_once(
    stage: Stage,
    orders_shop: Channel,
    shopfloor: Platform,
    error: Permanent | Misconfigured,
    level: str,
    attention: str,
) -> None:
    stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(error)
    stage.work()
    run = stage.runs(orders_shop)[0]
    assert (run.status, run.attempt, run.reason) == ("failed", 1, str(error))
    assert "then press Retry" in run.error
    assert RunLog.objects.get(run=run).level == level
    orders_shop.refresh_from_db()
    assert orders_shop.needs_attention == attention


def test_a_run_that_works_again_takes_the_mark_off_the_channel(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.fail(Misconfigured("the token is not valid"))
    stage.deliver(orders_shop, "order.created", "1000")
    stage.work()
    stage.deliver(orders_shop, "order.created", "1000")
    stage.work()
    orders_shop.refresh_from_db()
    assert orders_shop.needs_attention == ""


def test_slots_during_an_outage_are_all_accounted_for(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.run_until(START + timedelta(minutes=20))
    down(shopfloor)
    stage.run_until(START + 2 * HOUR, timedelta(seconds=20))
    up(shopfloor)
    stage.run_until(START + 3 * HOUR)
    counted = tally(stage.job(shop), Grid(5, 0, "UTC"), START + timedelta(minutes=1), stage.now)
    assert sum(counted.values()) == 35
    assert counted["coalesced"] >= 1, "slots during the attempts of one run"
    job = stage.job(shop)
    assert job.proven_until == stage.now - timedelta(seconds=1)


def vanish(stage: Stage, run: Run) -> datetime:
    """A worker claims the run and is never seen again; answers when its lease is over."""
    stage.goto(max(stage.now, Run.objects.get(pk=run.pk).not_before))
    claimed = claim(run.pk, stage.now)
    assert claimed
    assert claimed.lease_until
    return claimed.lease_until


def test_a_run_whose_worker_vanished_is_tried_again_after_its_lease(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    over = vanish(stage, stage.run_of(event))
    assert over == stage.now + timedelta(seconds=60)
    stage.goto(over).tick()
    assert stage.run_of(event).status == "running", "a lease holds to its last instant"

    stage.wait(seconds=1).tick()

    run = stage.run_of(event)
    assert (run.status, run.attempt, run.lost_attempts) == ("queued", 1, 1)
    assert run.not_before <= stage.now + FIRST_WAIT
    stage.wait(seconds=30).go()
    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    assert stage.run_of(event).attempt == 2


def test_the_third_vanished_worker_fails_the_run(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    event = stage.deliver(orders_shop, "order.created", "1000")
    for lost in (1, 2, 3):
        stage.goto(vanish(stage, stage.run_of(event)) + timedelta(seconds=1)).tick()
        assert stage.run_of(event).lost_attempts == lost
    run = stage.run_of(event)
    assert (run.status, run.reason, run.attempt) == ("failed", "worker lost", 3)
    assert "vanished 3 times" in run.error
    event.refresh_from_db()
    assert event.status == EventStatus.FAILED
    assert stage.job(orders_shop).emergency_state == "degraded"


def test_vanished_workers_count_among_the_five_attempts(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    event = stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(DOWN, times=4)
    for _ in range(4):
        stage.goto(stage.run_of(event).not_before).work()
    assert stage.run_of(event).attempt == 4
    stage.goto(vanish(stage, stage.run_of(event)) + timedelta(seconds=1)).tick()
    run = stage.run_of(event)
    assert (run.status, run.attempt, run.lost_attempts) == ("failed", 5, 1)
    assert "vanished once" in run.error


def test_a_worker_lost_mid_window_leaves_the_cursor_where_it_was(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    for number in range(25):
        shopfloor.place(stage.now + timedelta(seconds=number), str(1000 + number))
    stage.save(shop, receive_orders={"main_period_minutes": 60})
    before = stage.job(shop).proven_until
    stage.at("13:00").tick()
    run = stage.runs(shop)[0]
    looks: list[int] = []

    def dying_clock() -> datetime:
        looks.append(1)
        if Order.objects.count() > 10:
            raise SystemExit("killed")
        return stage.now

    with pytest.raises(SystemExit):
        execute(run.pk, dying_clock)
    assert stage.job(shop).proven_until == before
    assert Order.objects.count() == 10, "the first page stays, the second was rolled back"

    stage.wait(seconds=61).tick()
    stage.wait(seconds=30).go()

    run.refresh_from_db()
    assert (run.status, run.attempt, run.lost_attempts) == ("succeeded", 2, 1)
    assert run.created == 25
    assert Order.objects.count() == 25
    assert stage.job(shop).proven_until == stage.now - timedelta(seconds=1)


def test_a_worker_that_comes_back_after_its_lease_was_given_away_writes_nothing(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:

    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    run = stage.run_of(event)
    looks: list[int] = []

    def clock_of_a_sleeper() -> datetime:
        looks.append(1)
        if len(looks) == 2:
            clock.tick(stage.wait(seconds=61).now)
        return stage.now

    assert execute(run.pk, clock_of_a_sleeper)
    run.refresh_from_db()
    assert (run.status, run.lost_attempts) == ("queued", 1)
    assert not Order.objects.exists()


def test_one_step_of_the_tick_may_fail_without_the_others(
    stage: Stage, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 60})

    def broken(at: datetime) -> int:
        raise ValueError("a zone that nobody knows any more")

    monkeypatch.setattr(clock, "take_emergencies", broken)
    stage.at("13:00").tick()
    assert [run.slot_at for run in stage.runs(shop)] == [stage.now]
