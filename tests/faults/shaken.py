"""Settings of an installation whose disk fills up and whose clock jumps, when a test says so.

A test says so by files in the state folder: `disk-full` while it exists, `clock-offset` with the
seconds that the clock of all its processes is off.
"""

from __future__ import annotations

import os
import re
import threading
import time
from datetime import timedelta
from typing import Any

import psycopg
import time_machine

from omsauto.settings import *  # noqa: F403 - settings modules extend each other this way
from omsauto.settings import VAR

LOOK_EVERY_SECONDS = 0.02
DISK_FULL = VAR / "disk-full"
CLOCK_OFFSET = VAR / "clock-offset"
WRITES = re.compile(r"\bINSERT INTO\b|\bUPDATE \S+ (\w+ )?SET\b")

_execute = psycopg.Cursor.execute


def _refuse_to_write(cursor: Any, query: Any, *rest: Any, **options: Any) -> Any:
    """PostgreSQL's answer where a table cannot grow; an UPDATE, too, writes a new row.

    At the driver, since what is dispatched and taken together goes past Django's cursors.
    """
    if isinstance(query, str) and WRITES.search(query) and DISK_FULL.exists():
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")
    return _execute(cursor, query, *rest, **options)


psycopg.Cursor.execute = _refuse_to_write  # type: ignore[method-assign, assignment]


class JumpingClock:
    """Follows the file; the travel is the process's own, the thread that looks is its child's."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.travel: time_machine.travel | None = None
        self.watch()
        os.register_at_fork(after_in_child=self.watch)

    def watch(self) -> None:
        threading.Thread(target=self._follow, name="jumping-clock", daemon=True).start()

    def _follow(self) -> None:
        while True:
            wanted = self._wanted()
            if wanted != self.offset:
                self._jump(wanted)
            time.sleep(LOOK_EVERY_SECONDS)

    def _wanted(self) -> float:
        try:
            return float(CLOCK_OFFSET.read_text(encoding="ascii") or self.offset)
        except FileNotFoundError:
            return 0.0

    def _jump(self, offset: float) -> None:
        if self.travel is not None:
            self.travel.stop()
        self.travel = time_machine.travel(timedelta(seconds=offset), tick=True) if offset else None
        if self.travel is not None:
            self.travel.start()
        self.offset = offset


CLOCK = JumpingClock()
