"""What will happen to jobs: slots, emergency deadlines, changes of the clock, calls of platforms.

Asked of a world in memory, so it tells of settings that are not saved yet as well. Changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from channels.connectors.base import RateLimit
from channels.enums import TRAITS, Direction, JobType, Row
from channels.models import Channel
from jobs.deadline import RESUMED, next_due
from jobs.fallback import ON, timer_of
from jobs.models import EmergencyState, Job, Run, RunStatus
from jobs.overlap import Sort
from jobs.plan import Plan
from jobs.reading import shown_state
from jobs.timetable import (
    Grid,
    ZoneChange,
    count_between,
    next_slot,
    previous_slot,
    slots_between,
    wall_times_moved,
    zone_changes,
)
from jobs.world import World

DAY = timedelta(days=1)
LOOKED_AT = 200
"""How many of a channel's newest runs tell how much a run reads."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One slot with and without its delay. `to` is when it runs."""

    nominal: datetime
    to: datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the emergency job is due, `at` or before: now.

    `if_proven_now`: when it would be due had the stream just been proven good. `in_silence`: the
    runs that would follow each other until then, the due one first, if nothing is ever heard.
    """

    at: datetime
    reason: str
    if_proven_now: datetime
    in_silence: tuple[datetime, ...]

    @property
    def moves(self) -> bool:
        return self.if_proven_now > self.at


@dataclass(frozen=True, slots=True)
class Bend:
    """A change of the zone, with the job's wall times (naive) that it leaves out or repeats."""

    change: ZoneChange
    walls: tuple[datetime, ...]


@dataclass(frozen=True)
class Outlook:
    """One job in `[start, end)`. `state`: of its emergency job, as it will be.

    `moved`: its slots against the grid without the delay; empty where there is no delay.
    `spread`: by how long its runs start after their slots.
    """

    job: Job
    plan: Plan
    grid: Grid | None
    slots: list[datetime] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    bends: list[Bend] = field(default_factory=list)
    deadline: Deadline | None = None
    state: str = EmergencyState.OFF
    spread: timedelta = timedelta(0)

    @property
    def key(self) -> tuple[int, str]:
        return self.job.channel_id, self.job.type


def outlooks(
    world: World,
    start: datetime,
    end: datetime,
    running: Collection[int],
    jobs: Iterable[Job] | None = None,
) -> list[Outlook]:
    """The jobs that are offered, by channel and in the order of the job types.

    `running`: ids of the jobs whose emergency run is active. `jobs`: of these only.
    """
    order = {job_type.value: index for index, job_type in enumerate(JobType)}
    chosen = sorted(
        world.jobs.values() if jobs is None else jobs,
        key=lambda job: (job.channel_id, order[job.type]),
    )
    return [
        outlook(world, job, start, end, set(running))
        for job in chosen
        if world.plan(job).row is not None
    ]


def outlook(world: World, job: Job, start: datetime, end: datetime, running: set[int]) -> Outlook:
    """What comes of one job in `[start, end)`, `start` being now."""
    plan = world.plan(job)
    grid = None if plan.suspended else world.grid(plan)
    then = as_planned(job, plan, start)
    state = shown_state(then, running)
    deadline = _deadline(then, plan, start, end)
    if grid is None:
        return Outlook(job, plan, None, deadline=deadline, state=state)
    changes = zone_changes(grid.zone, start, end)
    return Outlook(
        job,
        plan,
        grid,
        slots_between(grid, start, end),
        moved_slots(grid, start, end),
        [Bend(change, tuple(wall_times_moved(grid, change))) for change in changes],
        deadline,
        state,
        world.spread(job, plan),
    )


def moved_slots(grid: Grid, start: datetime, end: datetime) -> list[Moved]:
    """Each slot in `[start, end)` with the slot that it would be without the grid's offset."""
    offset = grid.offset_minutes
    if not offset:
        return []
    nominal = Grid(grid.period_minutes, 0, grid.zone)
    if offset < 0:
        after = [(next_slot(nominal, slot), slot) for slot in slots_between(grid, start, end)]
    else:
        after = [(previous_slot(nominal, slot), slot) for slot in slots_between(grid, start, end)]
    return [Moved(was, slot) for was, slot in after]


def as_planned(job: Job, plan: Plan, at: datetime) -> Job:
    """A copy of the job with its derived columns as saving the plan at `at` would leave them."""
    then = copy(job)
    then.row, then.emergency_minutes = plan.row or "", plan.emergency.period
    was = then.emergency_state
    if not plan.emergency.on:
        then.emergency_state = EmergencyState.OFF
    elif plan.suspended:
        then.emergency_state = EmergencyState.SUSPENDED
    elif was not in ON or not plan.on_webhook:
        then.emergency_state = EmergencyState.ARMED
        then.degraded_at = None
    if then.emergency_state in ON and was == EmergencyState.SUSPENDED:
        then.evidence_at, then.evidence = at, RESUMED
    return then


def _deadline(job: Job, plan: Plan, start: datetime, end: datetime) -> Deadline | None:
    """None where no emergency job is on; `job` is as planned."""
    if job.emergency_state not in ON or not job.emergency_minutes:
        return None
    due = next_due(timer_of(job))
    proven = copy(job)
    if plan.on_webhook:
        proven.heard_at = start
    else:
        proven.proven_until = start
    period = timedelta(minutes=job.emergency_minutes)
    first = max(due.at, start)
    count = -((first - end) // period) if first < end and plan.on_webhook else 0
    silence = tuple(first + period * step for step in range(count))
    return Deadline(due.at, due.reason, next_due(timer_of(proven)).at, silence)


@dataclass(frozen=True, slots=True)
class Calls:
    """What a job asks of its platform in a day.

    `runs`: its slots. `per_run`: calls each of them makes at least, None where a run may need
    none because there is nothing to send. `read`: records that its runs of late read on average,
    None where there were none. `emergency_runs`: at most, if nothing is ever heard.
    """

    runs: int
    per_run: int | None
    read: float | None = None
    emergency_runs: int = 0

    @property
    def least(self) -> int:
        return self.runs * (self.per_run or 0)


@dataclass(frozen=True)
class Forecast:
    """The calls of a channel's jobs from now on for a day, and when most of them start.

    `calls` by job type. `busiest`: the first minute in which most jobs start, with how many.
    """

    calls: Mapping[str, Calls]
    busiest: tuple[datetime, int] | None
    limit: RateLimit | None

    @property
    def runs(self) -> int:
        return sum(calls.runs for calls in self.calls.values())

    @property
    def least(self) -> int:
        return sum(calls.least for calls in self.calls.values())


def forecast(world: World, channel: Channel, read: Mapping[str, float], at: datetime) -> Forecast:
    """`read`: by job type, what a run reads on average; see `reads_of`."""
    calls, starts = dict[str, Calls](), Counter[datetime]()
    for job in world.jobs.values():
        plan = world.plan(job)
        if job.channel_id != channel.pk or plan.row is None:
            continue
        grid = None if plan.suspended else world.grid(plan)
        calls[job.type] = _calls(plan, job, grid, read.get(job.type), channel, at)
        spread = world.spread(job, plan)
        slots = slots_between(grid, at, at + DAY) if grid else ()
        starts.update((slot + spread).replace(second=0) for slot in slots)
    first = min(starts, key=lambda slot: (-starts[slot], slot)) if starts else None
    return Forecast(
        calls, (first, starts[first]) if first else None, channel.connector_class.rate_limit
    )


def _calls(
    plan: Plan, job: Job, grid: Grid | None, read: float | None, channel: Channel, at: datetime
) -> Calls:
    pulls = TRAITS[JobType(job.type)].direction == Direction.PULL
    pages, size = 1, channel.connector_class.page_size
    if read and size and plan.row != Row.BY_ID:
        pages = max(1, ceil(read / size))
    minutes = plan.emergency.period if plan.on_webhook and not plan.suspended else None
    return Calls(
        runs=count_between(grid, at, at + DAY) if grid else 0,
        per_run=pages if pulls else None,
        read=read if pulls else None,
        emergency_runs=DAY // timedelta(minutes=minutes) if minutes else 0,
    )


def reads_of(channel: Channel) -> dict[str, float]:
    """How many records a full run of each job type read on average, of the newest runs."""
    newest = Run.objects.filter(channel=channel).order_by("-id")
    sums = defaultdict[str, list[int]](list)
    for job_type, sort, status, read in newest.values_list("type", "sort", "status", "read")[
        :LOOKED_AT
    ]:
        if sort == Sort.FULL and status == RunStatus.SUCCEEDED:
            sums[job_type].append(read)
    return {job_type: sum(reads) / len(reads) for job_type, reads in sums.items()}
