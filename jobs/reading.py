"""What pages and API show of the engine: the same functions that act give the answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from channels.models import Channel
from jobs.models import Job, Run, RunStatus, SlotStretch
from jobs.overlap import Trigger
from jobs.slots import grid_of
from jobs.timetable import count_between, next_slot, previous_slot, slots_between
from jobs.world import World


@dataclass(frozen=True, slots=True)
class UpcomingSlot:
    """`start_at`: when its run starts, later than the slot where the account spreads starts."""

    channel: int
    type: str
    slot_at: datetime
    local: datetime
    start_at: datetime


def upcoming(world: World, start: datetime, end: datetime) -> list[UpcomingSlot]:
    """The slots of all the world's jobs in [start, end), in order; none of suspended jobs."""
    zone = ZoneInfo(world.account.timezone)
    found = []
    for job in world.jobs.values():
        plan = world.plan(job)
        grid = world.grid(plan)
        if grid is None or plan.suspended:
            continue
        spread = world.spread(job, plan)
        found += [
            UpcomingSlot(job.channel_id, job.type, slot, slot.astimezone(zone), slot + spread)
            for slot in slots_between(grid, start, end)
        ]
    return sorted(found, key=lambda slot: (slot.slot_at, slot.channel, slot.type))


@dataclass(frozen=True, slots=True)
class PastSlots:
    """What became of neighbouring slots; `outcome` is ran, skipped, coalesced or suspended."""

    type: str
    first_slot_at: datetime
    last_slot_at: datetime
    count: int
    outcome: str
    reason: str
    run: int | None


def past_slots(channel: Channel, start: datetime, end: datetime) -> list[PastSlots]:
    """Every slot in [start, end) that was accounted for, in order.

    A stretch that reaches over an end of the window is cut there, where the job is still on the
    grid it was written for; else it is answered whole.
    """
    ran = Run.objects.filter(channel=channel, slot_at__gte=start, slot_at__lt=end)
    found = [
        PastSlots(run.type, run.slot_at, run.slot_at, 1, "ran", _ran(run), run.pk)
        for run in ran.only("type", "slot_at", "reason", "status", "attempt", "channel_id")
        if run.slot_at
    ]
    stretches = SlotStretch.objects.select_related("job").filter(
        job__channel=channel, last_slot_at__gte=start, first_slot_at__lt=end
    )
    zone = channel.account.timezone
    parts = [(row, *_inside(row, zone, start, end)) for row in stretches]
    found += [
        PastSlots(row.job.type, first, last, count, row.outcome, row.reason, row.run_id)
        for row, first, last, count in parts
        if count
    ]
    return sorted(found, key=lambda slots: (slots.first_slot_at, slots.type))


def _ran(run: Run) -> str:
    waits = run.status == RunStatus.QUEUED and not run.is_active
    return run.reason or ("its run has not started yet" if waits else "")


def _inside(
    row: SlotStretch, zone: str, start: datetime, end: datetime
) -> tuple[datetime, datetime, int]:
    """(first, last, count) of a stretch's slots in [start, end)."""
    whole = (row.first_slot_at, row.last_slot_at, row.count)
    grid = grid_of(row.job, zone)
    if (start <= row.first_slot_at and row.last_slot_at < end) or grid is None:
        return whole
    after_last = row.last_slot_at + datetime.resolution
    if count_between(grid, row.first_slot_at, after_last) != row.count:
        return whole
    since, until = max(start, row.first_slot_at), min(end, after_last)
    first = next_slot(grid, since - datetime.resolution)
    last = previous_slot(grid, until - datetime.resolution)
    return first, last, count_between(grid, since, until)


def jobs_in_emergency(jobs: Iterable[Job]) -> set[int]:
    """Ids of the jobs whose emergency run is active now."""
    active = Run.objects.active().filter(job__in=list(jobs)).caused_by(Trigger.EMERGENCY)
    return set(active.values_list("job_id", flat=True))


def shown_state(job: Job, running: set[int]) -> str:
    """The emergency state on screen: `running` overlays armed and degraded."""
    return "running" if job.pk in running else job.emergency_state


def shown_reason(job: Job) -> str:
    """Why the emergency job is in its state, or what it will be due for."""
    if job.emergency_due_at and job.emergency_due_reason:
        return f"{job.emergency_reason}; next by {job.emergency_due_reason}"
    if job.frozen_since and job.emergency_due_reason:
        return f"{job.emergency_reason}; {job.emergency_due_reason}"
    return job.emergency_reason
