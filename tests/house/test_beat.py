"""The clock's process: a signal ends its sleep at once and never cuts into its work."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from omsauto.beat import ClockScheduler
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
