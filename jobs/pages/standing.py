"""How each channel stands: one line of truth, for the overview and the lists of channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from channels.enums import TRAITS, JobType
from channels.models import Channel
from jobs.models import Circuit, Job, Rescue, Run, RunStatus
from jobs.plan import Plan
from jobs.reading import emergencies_of, shown_state
from jobs.world import World
from oms.models import ParkedRecord, ParkedStatus

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
NEWEST_FAILURES = 1000
"""How many of the account's newest failed runs are looked through."""
_WORST_FIRST = ("running", "degraded", "suspended", "armed")

Planned = tuple[Job, Plan]
"""A job with what holds for it now."""


@dataclass(frozen=True)
class Standing:
    """`complete_until`: the oldest proof among the pull jobs that run; None where none runs.

    `emergencies`: (state, how many of its jobs), the gravest first, without those that are off.
    `failure`: the newest failed run of a job that has not succeeded since. `rescues` are those
    of the last 24 hours, `rescues_week` those of 7 days. `circuit`: where it is not closed.
    """

    channel: Channel
    jobs: list[Planned]
    complete_until: datetime | None
    heard_at: datetime | None
    next_at: datetime | None
    running_jobs: int
    emergencies: list[tuple[str, int]]
    parked: int
    rescues: int
    rescues_week: int
    failure: Run | None
    attention: str
    circuit: Circuit | None

    @property
    def degraded(self) -> list[Job]:
        return [job for job, _plan in self.jobs if job.emergency_state == "degraded"]

    @property
    def grade(self) -> int:
        """How grave its state is, 0 for the gravest."""
        ill = self.attention or self.circuit or self.failure
        grades = (ill, self.degraded, self.parked, self.running_jobs)
        if not self.channel.enabled:
            return len(grades) + 1
        return next((number for number, found in enumerate(grades) if found), len(grades))


def standings(world: World, at: datetime) -> list[Standing]:
    """All channels of the world, by name; a handful of queries however many there are."""
    ids = list(world.channels)
    parked_rows = ParkedRecord.objects.filter(channel__in=ids, status=ParkedStatus.PARKED)
    parked = dict(parked_rows.order_by().values_list("channel").annotate(rows=Count("pk")))
    rescues, failures = _rescues(ids, at), _failures(world, at)
    running = emergencies_of(world.account)
    jobs = defaultdict(list)
    for job in world.jobs.values():
        jobs[job.channel_id].append((job, world.plan(job)))
    channels = sorted(world.channels.values(), key=lambda channel: channel.name.casefold())
    return [
        Standing(
            channel=channel,
            jobs=jobs[channel.pk],
            **_proof(jobs[channel.pk]),
            running_jobs=sum(runs(plan) for _job, plan in jobs[channel.pk]),
            emergencies=_emergencies(jobs[channel.pk], running),
            parked=parked.get(channel.pk, 0),
            rescues=rescues.get(channel.pk, (0, 0))[0],
            rescues_week=rescues.get(channel.pk, (0, 0))[1],
            failure=failures.get(channel.pk),
            attention=channel.attention(at),
            circuit=_open_circuit(channel),
        )
        for channel in channels
    ]


def _open_circuit(channel: Channel) -> Circuit | None:
    """Of a channel whose jobs run; its circuit is loaded with it."""
    row: Circuit | None = getattr(channel, "circuit", None)
    return row if row is not None and not row.is_closed and channel.runs_jobs else None


def worst_first(lines: Iterable[Standing]) -> list[Standing]:
    """By grade; among equals the one whose data is proven least far."""
    return sorted(lines, key=lambda line: (line.grade, _proven(line)))


def _proven(line: Standing) -> float:
    return line.complete_until.timestamp() if line.complete_until else float("inf")


def runs(plan: Plan) -> bool:
    """Does its job run, by webhook or by period?"""
    return plan.row is not None and plan.main_on and not plan.suspended


def _rescues(channel_ids: list[int], at: datetime) -> dict[int, tuple[int, int]]:
    """By channel: those of the last day and of the last week."""
    found = Rescue.objects.filter(job__channel__in=channel_ids, rescued_at__gte=at - WEEK)
    day = Count("pk", filter=Q(rescued_at__gte=at - DAY))
    counts = found.order_by().values_list("job__channel").annotate(day=day, week=Count("pk"))
    return {channel_id: (of_day, of_week) for channel_id, of_day, of_week in counts}


def _proof(jobs: Iterable[Planned]) -> dict[str, datetime | None]:
    jobs = list(jobs)
    pulls = [
        job.proven_until
        for job, plan in jobs
        if plan.row and plan.main_on and TRAITS[JobType(job.type)].direction == "pull"
    ]
    slots = [job.next_slot_at for job, plan in jobs if job.next_slot_at and runs(plan)]
    return {
        "complete_until": min(pulls, default=None),
        "heard_at": max((job.heard_at for job, _plan in jobs if job.heard_at), default=None),
        "next_at": min(slots, default=None),
    }


def _emergencies(jobs: Iterable[Planned], running: set[int]) -> list[tuple[str, int]]:
    states = [shown_state(job, running) for job, _plan in jobs]
    return [(state, states.count(state)) for state in _WORST_FIRST if state in states]


def _failures(world: World, at: datetime) -> Mapping[int, Run]:
    """By channel: the newest failure that its job has not made good since."""
    jobs = {job.pk: job for job in world.jobs.values()}
    failed = Run.objects.filter(
        account=world.account, status=RunStatus.FAILED, finished_at__gte=at - WEEK
    )
    found: dict[int, Run] = {}
    told = failed.only("job_id", "channel_id", "type", "error", "finished_at")
    for run in told.order_by("-pk")[:NEWEST_FAILURES]:
        job = jobs.get(run.job_id)
        if job is None or run.finished_at is None or run.channel_id in found:
            continue
        if job.last_success_at is None or job.last_success_at < run.finished_at:
            found[run.channel_id] = run
    return found
