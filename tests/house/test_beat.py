"""The clock's process: a signal ends its sleep at once and never cuts into its work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from jobs import clock
from jobs.beside import Helper
from omsauto.beat import SHORTEST_SLEEP, Apart, ClockScheduler
from omsauto.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler() -> Iterator[ClockScheduler]:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield ClockScheduler(app=app, lazy=True)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_amid_work_waits_for_the_next_tick(scheduler: ClockScheduler) -> None:
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        scheduler.tick()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_amid_sleep_ends_it(scheduler: ClockScheduler, number: int) -> None:
    assert 0 < scheduler.tick() <= 1
    with pytest.raises(SystemExit):
        signal.raise_signal(number)


def test_a_signal_while_the_schedule_is_saved_waits(scheduler: ClockScheduler) -> None:
    scheduler.tick()
    scheduler.should_sync()
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        scheduler.tick()


@pytest.mark.parametrize(("takes", "least", "most"), [(0.3, 0.0, 0.1), (0.5, 0.0, SHORTEST_SLEEP)])
def test_what_a_tick_took_is_not_slept_again(
    scheduler: ClockScheduler,
    monkeypatch: pytest.MonkeyPatch,
    takes: float,
    least: float,
    most: float,
) -> None:
    """What is due 0.4 s after the tick's beginning would otherwise be late by the tick's length."""

    def tick(at: datetime, helper: Helper) -> float:
        time.sleep(takes)
        return 0.4

    monkeypatch.setattr(clock, "tick", tick)
    assert least < scheduler.tick() <= most


@pytest.mark.django_db(transaction=True)
def test_maintenance_does_not_wait_for_a_time_that_the_clock_had_before(
    scheduler: ClockScheduler,
) -> None:
    """The machine's clock was an hour ahead when they last ran, and is set right."""
    ahead = timezone.now() + timedelta(hours=1)
    every = IntervalSchedule.objects.create(every=60, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.create(name="tell", task="tell", interval=every, last_run_at=ahead)
    entry = scheduler.schedule["tell"]
    assert scheduler.is_due(entry).next > 3000
    scheduler.tick()

    assert scheduler.is_due(entry).next <= 60


def ended(apart: Apart) -> None:
    process = apart._process
    assert process
    process.join(20)
    apart.look()


def test_what_takes_long_is_done_in_another_process(tmp_path: Path) -> None:
    said = tmp_path / "process"

    def work() -> None:
        said.write_text(str(os.getpid()))

    ended(Apart(work))

    assert int(said.read_text()) != os.getpid()


def test_it_ends_with_a_clock_that_is_told_to_stop(
    scheduler: ClockScheduler, tmp_path: Path
) -> None:
    """The clock's own handler only notes it, and would have to wait until all is done."""
    begun = tmp_path / "begun"

    def work() -> None:
        begun.touch()
        time.sleep(60)

    process = Apart(work)._process
    assert process
    while not begun.exists():
        time.sleep(0.01)
    process.terminate()
    process.join(10)
    assert process.exitcode == -signal.SIGTERM


def test_what_fails_there_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    def count() -> None:
        raise ValueError("no such account")

    apart = Apart(count)
    ended(apart)
    apart.look()

    assert caplog.text.count("the clock's count ended with 1") == 1


@pytest.mark.parametrize("process", ["beat", "worker"])
def test_the_clock_loads_neither_pages_nor_what_sends(process: str) -> None:
    """They are half as much again as all it needs. A worker's children share what it loaded."""
    ask = (
        "import sys; from omsauto.celery import app; app.loader.init_worker(); "
        "print(*sorted({'omsauto.urls', 'jobs.tasks', 'apprise'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", ask],
        cwd=settings.BASE_DIR,
        env={**os.environ, "OMSAUTO_PROCESS": process},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    loaded = {"beat": "jobs.tasks", "worker": "apprise jobs.tasks omsauto.urls"}
    assert done.stdout.strip() == loaded[process]
