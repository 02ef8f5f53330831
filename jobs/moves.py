"""Which next slots a change moves: what a new time zone does, in instants."""

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
