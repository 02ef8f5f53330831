"""Virtual time, the queue of messages, and the workers that take from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any

from jobs.budget import PRIORITIES, lane_of
from jobs.simulation.state import Run

RUNS_PER_MESSAGE = 10
RESEND_AFTER = 30.0
"""Both as `jobs.wake` has them."""
HANDS_BACK_AFTER = 1.0
"""As `jobs.tasks` has it."""


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


@dataclass
class Message:
    """Runs that travel together; `begun` is when a worker took it."""

    runs: deque[Run]
    begun: float = 0.0

    @property
    def priority(self) -> int:
        first = self.runs[0]
        return PRIORITIES[lane_of([first.trigger], first.reason)]


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
        self._queues: dict[int, deque[Message]] = {
            priority: deque() for priority in sorted(set(PRIORITIES.values()))
        }
        self._waiting = 0
        self.busy = self.most_busy = self.most_waiting = 0

    def send(self, runs: Sequence[Run]) -> None:
        """One message for these runs, now."""
        for run in runs:
            run.sent = True
        message = Message(deque(runs))
        if self._idle():
            self._take(message)
            if message.runs:
                self._agenda.put(self._agenda.now + RESEND_AFTER, self._resend, message)
            return
        self._queues[message.priority].append(message)
        self._waiting += len(runs)
        self.most_waiting = max(self.most_waiting, self._waiting)

    def _idle(self) -> bool:
        return self._processes is None or self.busy < self._processes

    def _resend(self, message: Message) -> None:
        """What waits behind a long run of its own message goes to a worker that has nothing to
        do; where none has, another message in the queue would change nothing."""
        while message.runs and self._idle():
            self._take(Message(deque([message.runs.popleft()])))
        if message.runs:
            self._agenda.put(self._agenda.now + RESEND_AFTER, self._resend, message)

    def _take(self, message: Message) -> None:
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        self._work(message)

    def _work(self, message: Message | None) -> None:
        """Start the message's next run that may start; else the next message's."""
        while message is not None:
            message.begun = self._agenda.now
            if self._start_next(message):
                return
            message = self._next_message()
        self.busy -= 1

    def _start_next(self, message: Message) -> bool:
        while message.runs:
            run = message.runs.popleft()
            run.sent = False
            seconds = self._begin(run)
            if seconds is not None:
                self._agenda.put(self._agenda.now + seconds, self._finish, (run, message))
                return True
        return False

    def _next_message(self) -> Message | None:
        for queue in self._queues.values():
            if queue:
                message = queue.popleft()
                self._waiting -= len(message.runs)
                return message
        return None

    def _finish(self, work: tuple[Run, Message]) -> None:
        """Go on with the message; where it turned out slow, what is left of it goes back."""
        run, message = work
        self._end(run)
        if self._agenda.now - message.begun >= HANDS_BACK_AFTER:
            while message.runs:
                self.send([message.runs.popleft()])
        if not self._start_next(message):
            self._work(self._next_message())
