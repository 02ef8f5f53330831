"""Celery Beat as the clock: it ticks the engine in its own process, then does its own work."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from types import FrameType
from typing import Any

from django.db import connection, connections
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from jobs import clock, maintenance
from jobs.beside import Helper

LONGEST_SLEEP = 1.0
SHORTEST_SLEEP = 0.001

log = logging.getLogger(__name__)


def reconcile() -> None:
    maintenance.reconcile_all(timezone.now())


class Apart:
    """Something done once in a process of its own, which takes its memory with it.

    So the clock stays small, and does not wait for what takes minutes with thousands of accounts.
    It ends with the clock.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._name = work.__name__
        connections.close_all()
        alone = get_context("fork").Process(target=_with_own_signals, args=(work,), daemon=True)
        self._process: ForkProcess | None = alone
        self._process.start()

    def look(self) -> None:
        """Tell once where it has failed."""
        if self._process is None or self._process.is_alive():
            return
        if self._process.exitcode:
            log.error("the clock's %s ended with %s", self._name, self._process.exitcode)
        self._process = None


def _with_own_signals(work: Callable[[], None]) -> None:
    """The clock's own handlers only note that it is to stop; it would wait for this one."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    work()


class ClockScheduler(DatabaseScheduler):
    """django-celery-beat's scheduler with the engine's tick in front.

    Its own rows are the few maintenance entries; operators' schedules are columns of jobs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes over SIGTERM and SIGINT from Celery, so that only its sleep is cut short.

        Celery's handler saves its schedule and raises SystemExit wherever the process is. Amid a
        query that waits for the connection's lock, which the query holds, for ever; elsewhere the
        exception may be swallowed, and the clock goes on.
        """
        self._stopping = False
        self._sleeping = False
        self._reconciling: Apart | None = None
        self._helper = Helper()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_soon)
        super().__init__(*args, **kwargs)

    def _stop_soon(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        if self._sleeping:
            raise SystemExit

    def _stop_if_told(self) -> None:
        if self._stopping:
            raise SystemExit

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self._guarded("reconcile", self._reconcile)

    def _reconcile(self) -> None:
        self._reconciling = Apart(reconcile)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Both ticks are guarded: a database that is away must not end the clock.

        What the engine waits for counts from its tick's beginning, so what the two took since is
        not slept again.
        """
        self._sleeping = False
        self._stop_if_told()
        began = time.monotonic()
        ours = self._guarded("tick", lambda: clock.tick(timezone.now(), self._helper))
        theirs = self._guarded("maintenance", self._maintain)
        ours -= time.monotonic() - began
        self._sleeping = True
        self._stop_if_told()
        return float(max(min(ours, theirs, LONGEST_SLEEP), SHORTEST_SLEEP))

    def _maintain(self) -> float:
        if self._reconciling:
            self._reconciling.look()
        self._forget_the_future()
        return float(super().tick())

    def _forget_the_future(self) -> None:
        """A maintenance entry that last ran later than now would be silent until then.

        So it is when the machine's clock was set back. The heap is ordered by that time as well.
        """
        now = timezone.now()
        ahead = [one for one in (self._schedule or {}).values() if one.last_run_at > now]
        for entry in ahead:
            entry.last_run_at = entry.model.last_run_at = now
        if ahead:
            self._heap = None

    def should_sync(self) -> bool:
        """Asked when the sleep is over: what Celery saves now is not to be cut short."""
        self._sleeping = False
        return bool(super().should_sync())

    def close(self) -> None:
        """Saves the schedule a last time, undisturbed by a second signal."""
        self._sleeping = False
        super().close()
        self._helper.stop()

    def _guarded(self, name: str, work: Any) -> float:
        try:
            return float(work() or 0.0)
        except Exception:
            log.exception("the clock's %s failed and is tried again", name)
            connection.close()
            return LONGEST_SLEEP
