"""Which next slots a change moves, and by how much starts are spread: a change in instants."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from channels.enums import JobType
from jobs.models import Job
from jobs.timetable import next_slot
from jobs.world import World


@dataclass(frozen=True, slots=True)
class Move:
    """The next slot of one job type on some channels (by id), before and after; None: has none."""

    type: JobType
    channels: tuple[int, ...]
    was: datetime | None
    now: datetime | None


def moves(old: World, new: World, at: datetime) -> list[Move]:
    """Every next slot after `at` that the change moves, those that move alike as one."""
    alike: dict[tuple[str, datetime | None, datetime | None], list[int]] = defaultdict(list)
    for key, job in new.jobs.items():
        was, now = _next(old, old.jobs[key], at), _next(new, job, at)
        if was != now:
            alike[job.type, was, now].append(job.channel_id)
    found = [
        Move(JobType(job_type), tuple(ids), was, now) for (job_type, was, now), ids in alike.items()
    ]
    return sorted(found, key=lambda move: (move.now or move.was or at, move.type))


def _next(world: World, job: Job, at: datetime) -> datetime | None:
    plan = world.plan(job)
    grid = world.grid(plan)
    return None if grid is None or plan.suspended else next_slot(grid, at)


@dataclass(frozen=True, slots=True)
class Start:
    """The next slot of one job type on a channel (by id), and when its run starts."""

    type: JobType
    channel: int
    slot: datetime
    start: datetime


def starts(world: World, at: datetime) -> list[Start]:
    """Of every job with slots the next one after `at`, those that are put off furthest first."""
    found = [
        Start(JobType(job.type), job.channel_id, slot, slot + world.spread(job, world.plan(job)))
        for job in world.jobs.values()
        if (slot := _next(world, job, at))
    ]
    return sorted(found, key=lambda one: (one.slot - one.start, one.type, one.channel))
