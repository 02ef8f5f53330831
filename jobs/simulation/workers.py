"""Virtual time, the queue of messages, and the workers that take from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from jobs.simulation.state import Run

RUNS_PER_MESSAGE = 10
RESEND_AFTER = 30.0
"""Both as `jobs.wake` has them."""


class Agenda:
    """What is to happen when; what was put down first happens first."""

    def __init__(self) -> None:
        self.now = 0.0
        self._entries: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._order = count()

    def put(self, at: float, act: Callable[[Any], None], subject: Any = None) -> None:
        heappush(self._entries, (at, next(self._order), act, subject))

    def go(self, until: float) -> None:
        entries = self._entries
        while entries and entries[0][0] < until:
            self.now, _, act, subject = heappop(entries)
            act(subject)
        self.now = until


class Workers:
    """So many processes; each takes a message and works its runs one after the other.

    `begin` answers for how long a run takes, None where it may not start; `end` is told that it
    is over. No number of processes: as many as there is work for.
    """

    def __init__(
        self,
        agenda: Agenda,
        processes: int | None,
        begin: Callable[[Run], float | None],
        end: Callable[[Run], None],
    ) -> None:
        self._agenda, self._begin, self._end = agenda, begin, end
        self._processes = processes
        self._queue: deque[deque[Run]] = deque()
        self._waiting = 0
        self.busy = self.most_busy = self.most_waiting = 0

    def send(self, runs: Sequence[Run]) -> None:
        """One message for these runs, now."""
        for run in runs:
            run.sent = True
        message = deque(runs)
        if self._idle():
            self._take(message)
            if message:
                self._agenda.put(self._agenda.now + RESEND_AFTER, self._resend, message)
            return
        self._queue.append(message)
        self._waiting += len(message)
        self.most_waiting = max(self.most_waiting, self._waiting)

    def _idle(self) -> bool:
        return self._processes is None or self.busy < self._processes

    def _resend(self, message: deque[Run]) -> None:
        """What waits behind a long run of its own message goes to a worker that has nothing to
        do; where none has, another message in the queue would change nothing."""
        while message and self._idle():
            self._take(deque([message.popleft()]))
        if message:
            self._agenda.put(self._agenda.now + RESEND_AFTER, self._resend, message)

    def _take(self, message: deque[Run]) -> None:
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        self._work(message)

    def _work(self, message: deque[Run] | None) -> None:
        """Start the message's next run that may start; else the next message's."""
        while message is not None:
            while message:
                run = message.popleft()
                run.sent = False
                seconds = self._begin(run)
                if seconds is not None:
                    self._agenda.put(self._agenda.now + seconds, self._finish, (run, message))
                    return
            message = self._next_message()
        self.busy -= 1

    def _next_message(self) -> deque[Run] | None:
        if not self._queue:
            return None
        message = self._queue.popleft()
        self._waiting -= len(message)
        return message

    def _finish(self, work: tuple[Run, deque[Run]]) -> None:
        run, message = work
        self._end(run)
        self._work(message)
