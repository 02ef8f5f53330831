"""How each channel stands: one line of truth, for the overview and the lists of channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from channels.enums import TRAITS, JobType
from channels.models import Channel
from jobs.models import Job, Rescue, Run, RunStatus
from jobs.plan import Plan
from jobs.reading import jobs_in_emergency, shown_state
from jobs.world import World
from oms.models import ParkedRecord, ParkedStatus

DAY = timedelta(days=1)
FAILURE_DAYS = 7
_WORST_FIRST = ("running", "degraded", "suspended", "armed")


@dataclass(frozen=True)
class Standing:
    """`complete_until`: the oldest proof among the pull jobs that run; None where none runs.

    `emergencies`: (state, how many of its jobs), the gravest first, without those that are off.
    `failure`: the newest failed run of a job that has not succeeded since.
    """

    channel: Channel
    complete_until: datetime | None
    heard_at: datetime | None
    next_at: datetime | None
    running_jobs: int
    emergencies: list[tuple[str, int]]
    parked: int
    rescues: int
    failure: Run | None
    attention: str


def standings(world: World, at: datetime) -> list[Standing]:
    """All channels of the world, by name; a handful of queries however many there are."""
    ids = list(world.channels)
    rescued = Rescue.objects.filter(job__channel__in=ids, rescued_at__gte=at - DAY)
    parked = ParkedRecord.objects.filter(channel__in=ids, status=ParkedStatus.PARKED)
    rescues, parked_by = _counts(rescued, "job__channel"), _counts(parked, "channel")
    failures, running = _failures(world, at), jobs_in_emergency(world.jobs.values())
    jobs = defaultdict(list)
    for job in world.jobs.values():
        jobs[job.channel_id].append((job, world.plan(job)))
    channels = sorted(world.channels.values(), key=lambda channel: channel.name.casefold())
    return [
        Standing(
            channel=channel,
            **_proof(jobs[channel.pk]),
            running_jobs=sum(_runs(plan) for _job, plan in jobs[channel.pk]),
            emergencies=_emergencies(jobs[channel.pk], running),
            parked=parked_by.get(channel.pk, 0),
            rescues=rescues.get(channel.pk, 0),
            failure=failures.get(channel.pk),
            attention=channel.attention(at),
        )
        for channel in channels
    ]


def _counts(rows: QuerySet[Rescue] | QuerySet[ParkedRecord], by: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(by).annotate(rows=Count("pk")))


def _runs(plan: Plan) -> bool:
    return plan.row is not None and plan.main_on and not plan.suspended


def _proof(jobs: Iterable[tuple[Job, Plan]]) -> dict[str, datetime | None]:
    jobs = list(jobs)
    pulls = [
        job.proven_until
        for job, plan in jobs
        if plan.row and plan.main_on and TRAITS[JobType(job.type)].direction == "pull"
    ]
    slots = [job.next_slot_at for job, plan in jobs if job.next_slot_at and _runs(plan)]
    return {
        "complete_until": min(pulls, default=None),
        "heard_at": max((job.heard_at for job, _plan in jobs if job.heard_at), default=None),
        "next_at": min(slots, default=None),
    }


def _emergencies(jobs: Iterable[tuple[Job, Plan]], running: set[int]) -> list[tuple[str, int]]:
    states = [shown_state(job, running) for job, _plan in jobs]
    return [(state, states.count(state)) for state in _WORST_FIRST if state in states]


def _failures(world: World, at: datetime) -> Mapping[int, Run]:
    """By channel: the newest failure that its job has not made good since."""
    jobs = {job.pk: job for job in world.jobs.values()}
    failed = Run.objects.filter(
        account=world.account,
        status=RunStatus.FAILED,
        finished_at__gte=at - timedelta(days=FAILURE_DAYS),
    )
    found: dict[int, Run] = {}
    for run in failed.order_by("-pk")[:200]:
        job = jobs.get(run.job_id)
        if job is None or run.finished_at is None or run.channel_id in found:
            continue
        if job.last_success_at is None or job.last_success_at < run.finished_at:
            found[run.channel_id] = run
    return found
