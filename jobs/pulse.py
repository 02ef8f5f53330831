"""The clock's own pulse: does it tick, how late are slots taken, does a worker take what is due.

Only reads, and only what the engine stores anyway; a handful of queries, each on an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import Case, Count, Exists, Max, Min, OuterRef, Q, QuerySet, When

from accounts.models import Account
from jobs import blind
from jobs.lease import LEASE
from jobs.models import Heartbeat, Run, RunStatus

NEWEST = 1000
"""How many of the newest runs are looked through for those that had a slot."""
SIGNS = 200
"""How many of the newest runs are looked through for the sign of a worker."""
PERIOD = timedelta(hours=1)
"""The slots that lateness speaks of are no older."""
SILENT_AFTER = timedelta(seconds=30)
"""The clock ticks each second; this long without a tick is a fault, as /readyz says too."""
STUCK_AFTER = timedelta(seconds=60)
"""By now an unclaimed run has been sent twice: either no worker lives, or all are busy."""
PARTS = (blind.CLOCK, blind.WEB, blind.WORKER)


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long after they were to be runs were somewhere; nearest-rank percentiles of `runs`."""

    runs: int
    p50: timedelta
    p99: timedelta


@dataclass(frozen=True)
class Signs:
    """The signs of life at one moment.

    `due` counts the queued runs that could start now, whose job has no other run active;
    `queue_age` is for how long the oldest of them could have started, None where there is none.
    `worker_beat_at`: when a worker last said that it lives; `worker_seen_at` also counts when one
    last claimed, kept or ended any run of this installation. `web_at`: the web processes' beat.
    """

    at: datetime
    tick_at: datetime | None
    web_at: datetime | None
    worker_beat_at: datetime | None
    worker_seen_at: datetime | None
    queued: int
    running: int
    due: int
    queue_age: timedelta | None

    @property
    def clock_silent(self) -> bool:
        return self.tick_at is None or self.at - self.tick_at > SILENT_AFTER

    @property
    def stuck(self) -> bool:
        """Does a run wait for a worker for longer than a lost message explains?"""
        return self.queue_age is not None and self.queue_age >= STUCK_AFTER

    @property
    def worker(self) -> str:
        """ "alive", "silent", or "idle": none has ever said that it lives, and nothing waits."""
        seen = self.worker_seen_at
        if seen is not None and self.at - seen < STUCK_AFTER:
            return "alive"
        return "silent" if self.stuck or self.worker_beat_at else "idle"

    @property
    def full(self) -> bool:
        """Do workers live and still leave runs waiting, so that the queue grows?"""
        return self.stuck and self.worker == "alive"


@dataclass(frozen=True)
class Pulse(Signs):
    """The signs of life, and how late the slots of late were.

    `dispatch`: from a slot to the tick that made its run; `start`: from the moment a slot was to
    start, which a spread puts off, to the moment a worker first claimed its run. None where no
    slot of the last hour was taken.
    """

    dispatch: Lateness | None
    start: Lateness | None


def take_signs(at: datetime) -> Signs:
    """Of the whole installation, by what the probes ask: four queries."""
    return Signs(**_signs(Run.objects.all(), at))


def take_pulse(at: datetime, account: Account | None = None) -> Pulse:
    """Of the whole installation, or of an account's runs; clock and worker are everybody's."""
    runs = Run.objects.all() if account is None else Run.objects.filter(account=account)
    slots = _newest_slots(runs, at)
    return Pulse(
        **_signs(runs, at),
        dispatch=_lateness((slot, created) for slot, _planned, created, _started in slots),
        start=_lateness((planned, started) for _slot, planned, _created, started in slots),
    )


def _signs(runs: QuerySet[Run], at: datetime) -> dict[str, Any]:
    waits = _waits(runs, at)
    oldest = waits.pop("oldest")
    beats = dict(Heartbeat.objects.filter(name__in=PARTS).values_list("name", "at"))
    beat, seen = beats.get(blind.WORKER), _worker_seen_at()
    return {
        **waits,
        "at": at,
        "tick_at": beats.get(blind.CLOCK),
        "web_at": beats.get(blind.WEB),
        "worker_beat_at": beat,
        "worker_seen_at": max((one for one in (beat, seen) if one), default=None),
        "queue_age": at - oldest if oldest else None,
    }


def _waits(runs: QuerySet[Run], at: datetime) -> dict[str, Any]:
    """`running`, `queued`, `due`, and `oldest`: since when the oldest of these could have started.

    A run that waits for the end of another of its job waits for no worker.
    """
    others = Run.objects.active().filter(job=OuterRef("job")).exclude(pk=OuterRef("pk"))
    queued = Q(status=RunStatus.QUEUED)
    free = queued & Q(not_before__lte=at, blocked=False)
    open_runs = runs.filter(status__in=[RunStatus.QUEUED, RunStatus.RUNNING])
    return open_runs.annotate(blocked=Exists(others)).aggregate(
        running=Count("pk", filter=Q(status=RunStatus.RUNNING)),
        queued=Count("pk", filter=queued),
        due=Count("pk", filter=free),
        oldest=Min("not_before", filter=free),
    )


Slot = tuple[datetime, datetime, datetime, datetime | None]
"""(slot, when it was to start, tick that made the run, first claim)"""


def _newest_slots(runs: QuerySet[Run], at: datetime) -> list[Slot]:
    columns = ("slot_at", "spread_seconds", "created_at", "started_at")
    newest = runs.order_by("-pk").values("pk")[:NEWEST]
    of_late = Run.objects.filter(pk__in=newest, slot_at__gte=at - PERIOD).order_by()
    return [
        (slot, slot + timedelta(seconds=spread), created, started)
        for slot, spread, created, started in of_late.values_list(*columns)
        if slot is not None
    ]


def _lateness(moments: Iterable[tuple[datetime, datetime | None]]) -> Lateness | None:
    """From the first to the second of each pair, where it came later.

    A run that was waiting before its slot came, or was brought forward, took the slot in passing.
    """
    late = sorted(moment - due for due, moment in moments if moment and moment >= due)
    if not late:
        return None
    return Lateness(len(late), _percentile(late, 0.5), _percentile(late, 0.99))


def _percentile(ordered: Sequence[timedelta], share: float) -> timedelta:
    return ordered[ceil(share * len(ordered)) - 1]


def _worker_seen_at() -> datetime | None:
    """The newest claim, renewal or good end; other ends may be the clock's or an operator's."""
    runs = Run.objects.order_by("-pk")
    until = runs.filter(status=RunStatus.RUNNING).aggregate(until=Max("lease_until"))["until"]
    ended = Case(When(status=RunStatus.SUCCEEDED, then="finished_at"))
    newest = runs.values_list("started_at", ended)[:SIGNS]
    seen = [moment for pair in newest for moment in pair if moment]
    return max([*seen, until - LEASE] if until else seen, default=None)
