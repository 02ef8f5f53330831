"""The clock's own pulse: only what the stored columns prove."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Account
from jobs import pulse
from jobs.lease import LEASE
from jobs.models import Heartbeat, Run, RunStatus
from jobs.overlap import Sort
from jobs.pulse import Lateness, take_pulse
from tests import builders
from tests.brand import BrandState, connect
from tests.builders import NOW


@pytest.fixture
def brand(db: None) -> BrandState:
    account = builders.account()
    return BrandState(account, connect(account), connect(account, "fulfillment"))


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def slot(brand: BrandState, made: float, started: float | None = None, ago: int = 60) -> Run:
    """A run whose slot was `ago` seconds ago, made and started so many seconds after it."""
    at = NOW - seconds(ago)
    begun = None if started is None else at + seconds(started)
    return brand.run(slot_at=at, created_at=at + seconds(made), started_at=begun)


def queued(brand: BrandState, due: datetime, **fields: Any) -> Run:
    return brand.run(status=RunStatus.QUEUED, not_before=due, **fields)


def test_a_clock_that_never_ticked_is_silent(db: None) -> None:
    assert take_pulse(NOW).clock_silent


@pytest.mark.parametrize(("ago", "silent"), [(30, False), (31, True)])
def test_a_clock_is_silent_after_half_a_minute(db: None, ago: int, silent: bool) -> None:
    Heartbeat.objects.create(name="clock", at=NOW - seconds(ago))
    assert take_pulse(NOW).clock_silent is silent


def test_lateness_is_told_from_the_slot_to_its_run_and_to_its_start(brand: BrandState) -> None:
    for number in range(1, 101):
        slot(brand, made=number / 100, started=number, ago=200 + number)
    found = take_pulse(NOW)
    assert found.dispatch == Lateness(100, seconds(0.5), seconds(0.99))
    assert found.start == Lateness(100, seconds(50), seconds(99))


def test_runs_without_a_slot_of_the_last_hour_say_nothing_of_lateness(brand: BrandState) -> None:
    brand.run()
    slot(brand, made=5, ago=3601)
    assert take_pulse(NOW).dispatch is None


def test_a_run_that_waited_before_its_slot_came_is_no_dispatch_of_it(brand: BrandState) -> None:
    slot(brand, made=-20, started=4)
    found = take_pulse(NOW)
    assert found.dispatch is None
    assert found.start == Lateness(1, seconds(4), seconds(4))


def test_only_so_many_of_the_newest_runs_are_looked_through(
    brand: BrandState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "NEWEST", 2)
    slot(brand, made=50, ago=120)
    for ago in (90, 60):
        slot(brand, made=1, ago=ago)
    assert take_pulse(NOW).dispatch == Lateness(2, seconds(1), seconds(1))


def test_the_queue_is_as_old_as_the_longest_wait_for_a_worker(brand: BrandState) -> None:
    queued(brand, NOW - seconds(90))
    queued(brand, NOW - seconds(20), channel=brand.depot, type="receive_shipments")
    queued(brand, NOW + seconds(20), channel=brand.depot, type="send_shipments")
    found = take_pulse(NOW)
    assert (found.queued, found.due, found.queue_age) == (3, 2, seconds(90))
    assert found.stuck


def test_waiting_for_another_run_of_the_job_is_no_waiting_for_a_worker(brand: BrandState) -> None:
    until = NOW + seconds(50)
    brand.run(status=RunStatus.RUNNING, attempt=1, lease_until=until, sort=Sort.ENTITY)
    queued(brand, NOW - seconds(300))
    found = take_pulse(NOW)
    assert (found.queued, found.due, found.running) == (1, 0, 1)
    assert found.queue_age is None
    assert not found.stuck


def test_a_due_retry_waits_for_a_worker_too(brand: BrandState) -> None:
    queued(brand, NOW - seconds(70), attempt=2)
    assert take_pulse(NOW).queue_age == seconds(70)


def test_a_kept_lease_is_a_sign_of_a_worker(brand: BrandState) -> None:
    long_ago = NOW - timedelta(hours=3)
    until = NOW - seconds(15) + LEASE
    brand.run(status=RunStatus.RUNNING, attempt=1, started_at=long_ago, lease_until=until)
    found = take_pulse(NOW)
    assert found.worker_seen_at == NOW - seconds(15)
    assert found.worker == "alive"


def test_a_worker_without_work_is_idle_and_one_that_leaves_work_is_silent(
    brand: BrandState,
) -> None:
    assert take_pulse(NOW).worker == "idle"
    slot(brand, made=0, started=1, ago=600)
    assert take_pulse(NOW).worker == "idle"
    queued(brand, NOW - seconds(60))
    assert take_pulse(NOW).worker == "silent"


def test_a_worker_that_said_it_lives_is_silent_when_it_says_so_no_more(db: None) -> None:
    """Also while it has nothing to do: who waits for the first run to stay away, waits too long."""
    Heartbeat.objects.create(name="worker", at=NOW - seconds(59))
    assert take_pulse(NOW).worker == "alive"
    assert take_pulse(NOW + seconds(1)).worker == "silent"


def test_the_queue_is_full_where_a_worker_lives_and_runs_wait(brand: BrandState) -> None:
    queued(brand, NOW - seconds(60))
    assert not take_pulse(NOW).full
    Heartbeat.objects.create(name="worker", at=NOW)
    assert take_pulse(NOW).full
    assert not take_pulse(NOW - seconds(1)).full


def test_the_end_of_a_cancelled_run_is_no_sign_of_a_worker(brand: BrandState) -> None:
    brand.run(status=RunStatus.CANCELLED, finished_at=NOW)
    assert take_pulse(NOW).worker_seen_at is None
    brand.run(status=RunStatus.SUCCEEDED, finished_at=NOW)
    assert take_pulse(NOW).worker_seen_at == NOW


def test_an_account_is_told_of_its_own_runs_and_of_everybodys_worker(brand: BrandState) -> None:
    other: Account = builders.account("Other")
    queued(brand, NOW - seconds(90))
    slot(brand, made=1, started=580, ago=600)
    found = take_pulse(NOW, other)
    assert (found.queued, found.due, found.queue_age, found.dispatch) == (0, 0, None, None)
    assert found.worker_seen_at == NOW - seconds(20)
    assert take_pulse(NOW, brand.account).queued == 1


def test_lateness_of_a_start_counts_from_where_the_spread_put_it(brand: BrandState) -> None:
    run = slot(brand, made=0.5, started=43, ago=60)
    Run.objects.filter(pk=run.pk).update(spread_seconds=40)
    found = take_pulse(NOW)
    assert found.start == Lateness(1, seconds(3), seconds(3))
    assert found.dispatch == Lateness(1, seconds(0.5), seconds(0.5))


def test_a_retry_is_late_by_its_first_start(brand: BrandState) -> None:
    """Its `not_before` is that of the retry by then."""
    run = slot(brand, made=0.5, started=43, ago=600)
    later = NOW - seconds(30)
    Run.objects.filter(pk=run.pk).update(spread_seconds=40, not_before=later, attempt=2)
    assert take_pulse(NOW).start == Lateness(1, seconds(3), seconds(3))


def test_a_run_that_was_brought_before_its_spread_start_is_not_late(brand: BrandState) -> None:
    run = slot(brand, made=0.5, started=10, ago=60)
    Run.objects.filter(pk=run.pk).update(spread_seconds=40)
    assert take_pulse(NOW).start is None


def test_a_run_that_waits_for_its_spread_start_is_not_due(brand: BrandState) -> None:
    queued(brand, NOW + seconds(20), slot_at=NOW - seconds(20), spread_seconds=40)
    found = take_pulse(NOW)
    assert (found.queued, found.due, found.queue_age) == (1, 0, None)
