"""Keeps the leases of the runs this process works on, while long calls to platforms are under way.

One thread for all of them, which ends when it finds none: most runs are over before it looks, and
cost no thread and no connection of their own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import Lock, Thread
from uuid import UUID

from django.db import connection

from jobs.lease import LEASE, Clock
from jobs.models import Run, RunStatus

EVERY_SECONDS = 15.0

log = logging.getLogger(__name__)


class Keeper:
    """Renews the lease of each run it was given, every 15 s until that is over."""

    def __init__(self, every: float = EVERY_SECONDS) -> None:
        self._every = every
        self.begin_anew()

    def begin_anew(self) -> None:
        """With no runs and no thread, as in a process that was just forked."""
        self._held: dict[tuple[int, UUID | None], Clock] = {}
        self._lock = Lock()
        self._thread: Thread | None = None

    @contextmanager
    def kept(self, run_id: int, lease: UUID | None, clock: Clock) -> Iterator[None]:
        with self._lock:
            self._held[run_id, lease] = clock
            if self._thread is None:
                self._thread = Thread(target=self._renew_while_held, name="leases", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop((run_id, lease), None)

    def _renew_while_held(self) -> None:
        never = Flag()
        while not never.wait(self._every):
            with self._lock:
                held = list(self._held.items())
                if not held:
                    self._thread = None
                    return
            _renew(held)


def _renew(held: list[tuple[tuple[int, UUID | None], Clock]]) -> None:
    """The connection is closed again: the next look is a long time away."""
    try:
        for (run_id, lease), clock in held:
            Run.objects.filter(pk=run_id, status=RunStatus.RUNNING, lease=lease).update(
                lease_until=clock() + LEASE
            )
    except Exception:
        log.warning("leases could not be renewed and are tried again", exc_info=True)
    finally:
        connection.close()


_OF_THIS_PROCESS = Keeper()
kept = _OF_THIS_PROCESS.kept
os.register_at_fork(after_in_child=_OF_THIS_PROCESS.begin_anew)
