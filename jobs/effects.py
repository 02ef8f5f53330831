"""What follows from saved settings: slots, the emergency job, waiting runs and held events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from channels.enums import TRAITS, Direction, JobType
from jobs import batches, fallback, gate, slots
from jobs.consequences import Consequence
from jobs.dispatch import Request, request_runs, withdraw
from jobs.models import EmergencyState, Event, EventStatus, Job, Run, RunStatus, SlotOutcome
from jobs.overlap import Sort, Trigger
from jobs.plan import Plan
from jobs.timetable import Grid, next_slot, previous_slot
from jobs.world import World

MARGIN = timedelta(hours=1)
"""How much older than the longer period the last proof may grow before a changed schedule runs."""

SCHEDULE_CHANGED = "schedule changed"

DERIVED = (
    "row",
    "from_account",
    "period_minutes",
    "offset_minutes",
    "note",
    "suspended",
    "scheduled_since",
    "listening_since",
    "next_slot_at",
    *fallback.FIELDS,
)


def announced(old: World, new: World, job: Job, at: datetime) -> list[Consequence]:
    """Consequences that depend on more than the two plans: a run now, held events replayed."""
    key = (job.channel_id, job.type)
    was, now = old.plan(old.jobs[key]), new.plan(new.jobs[key])
    label = JobType(job.type).label
    found = []
    if runs_now(job, old.grid(was), new.grid(now), now, at):
        found.append(
            ("run_now", f"{label}: one run starts now, because the new schedule would wait long.")
        )
    if now.listening and not was.listening:
        held = Event.objects.filter(job=job, status=EventStatus.HELD).count()
        if held:
            found.append(("held_replayed", f"{label}: {_events(held)} will be replayed now."))
    return [Consequence(job.channel_id, job.type, what, text) for what, text in found]


def _events(count: int) -> str:
    return "1 held event" if count == 1 else f"{count} held events"


def runs_now(job: Job, old: Grid | None, new: Grid | None, plan: Plan, at: datetime) -> bool:
    """Would a moved grid leave the data unproven for longer than the longer period and 1 hour?"""
    if old is None or new is None or old == new or plan.suspended:
        return False
    longer = timedelta(minutes=max(old.period_minutes, new.period_minutes))
    return next_slot(new, at) - _last_proof(job, at) > longer + MARGIN


def _last_proof(job: Job, at: datetime) -> datetime:
    """Proof of a pull job; of others the last success, or when their schedule began."""
    if TRAITS[JobType(job.type)].direction == Direction.PULL:
        return job.proof_at
    return job.last_success_at or job.scheduled_since or at


def is_settled(world: World, job: Job) -> bool:
    """Does the stored state equal the plan derived from the settings now?"""
    plan = world.plan(job)
    emergency = plan.emergency
    stored = (
        (job.row, job.from_account, job.period_minutes, job.offset_minutes, job.note),
        (job.suspended, job.listening_since is not None),
        (job.emergency_minutes, job.emergency_automatic, job.emergency_reason),
        job.emergency_state if job.emergency_state not in fallback.ON else "on",
    )
    derived = (
        (plan.row or "", plan.from_account, plan.period, plan.offset, plan.note[:200]),
        (plan.suspended, plan.listening),
        (emergency.period, emergency.automatic, emergency.reason[:250]),
        "off" if not emergency.on else "suspended" if plan.suspended else "on",
    )
    return stored == derived and _fits(world.grid(plan), job.next_slot_at)


def _fits(grid: Grid | None, slot: datetime | None) -> bool:
    """Is a stored slot one of the grid's? It may not be where zone data was updated."""
    if grid is None or slot is None:
        return grid is None and slot is None
    return previous_slot(grid, slot) == slot


def carry_out(old: World, new: World, at: datetime, cause: str) -> None:
    """Settle every job of the new world; the caller holds their locks and saved the settings."""
    zone_moved = old.account.timezone != new.account.timezone
    due = [job for job in old.jobs.values() if job.next_slot_at and job.next_slot_at <= at]
    for job in due:
        job.channel = old.channels[job.channel_id]
    slots.take_due(due, at)
    stored = {key: _derived(job) for key, job in old.jobs.items()}
    for key, job in new.jobs.items():
        job.channel = new.channels[job.channel_id]
        job.next_slot_at = old.jobs[key].next_slot_at
        _settle(job, old, new, at, cause, zone_moved=zone_moved)
    for key, job in new.jobs.items():
        # One statement each: bulk_update builds an expression for every field of every row.
        if changed := dict(_derived(job).items() - stored[key].items()):
            Job.objects.filter(pk=job.pk).update(**changed)
    queued = _with_queued_runs(new)
    for job in new.jobs.values():
        _settle_runs(job, new.plan(job), at, cause, queued=job.pk in queued)


def _derived(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in DERIVED}


def _settle(
    job: Job, old: World, new: World, at: datetime, cause: str, *, zone_moved: bool
) -> None:
    """Bring one job's derived columns to its plan."""
    plan, grid = new.plan(job), new.grid(new.plan(job))
    was = slots.grid_of(job, old.account.timezone)
    if runs_now(job, was, grid, plan, at):
        _run_now(job, at)
    if grid != was or zone_moved or not _fits(grid, job.next_slot_at):
        job.next_slot_at = next_slot(grid, at) if grid else None
    if grid is None:
        job.scheduled_since = None
    elif was is None or job.scheduled_since is None:
        job.scheduled_since = at
    job.row, job.from_account, job.note = plan.row or "", plan.from_account, plan.note[:200]
    job.period_minutes, job.offset_minutes = plan.period, plan.offset
    job.suspended = plan.suspended
    if not plan.listening:
        job.listening_since = None
    elif job.listening_since is None:
        job.listening_since = at
    fallback.settle(job, plan, at, cause)


def _run_now(job: Job, at: datetime) -> None:
    request_runs(
        [Request(job, Trigger.SCHEDULE, Sort.FULL, not_before=at, reason=SCHEDULE_CHANGED)], at
    )


def _with_queued_runs(world: World) -> set[int]:
    """Ids of the jobs that have a queued run: only under their locks can one come."""
    queued = Run.objects.filter(status=RunStatus.QUEUED)
    ids = [job.pk for job in world.jobs.values()]
    return set(queued.filter(job__in=ids).order_by().values_list("job_id", flat=True))


def _settle_runs(job: Job, plan: Plan, at: datetime, cause: str, *, queued: bool) -> None:
    """Cancel what may no longer start, hold or replay events.

    Events join queued runs alone, and their run is ended before they are held: without a queued
    run there is nothing to cancel or hold.
    """
    if queued and plan.row is None:
        reason = cause if plan.suspended else "the job is no longer offered"
        _cancel_queued(job, SlotOutcome.SKIPPED, at, reason)
        batches.hold(job, reason)
    elif queued and plan.suspended:
        _cancel_queued(job, SlotOutcome.SUSPENDED, at, cause)
        batches.hold(job, cause)
    elif queued and job.emergency_state == EmergencyState.OFF:
        fallback.withdraw_emergency(job, plan.emergency.reason, at)
    if plan.listening:
        batches.replay_held(job, at)
    if queued and plan.row is not None and not plan.main_on and not plan.suspended:
        _withdraw_schedule(job, at)


def _cancel_queued(job: Job, outcome: SlotOutcome, at: datetime, reason: str) -> None:
    gate.close(job.pk)
    for run in Run.objects.filter(job=job, status=RunStatus.QUEUED).select_for_update(no_key=True):
        run.job = job
        if run.attempt == 0:
            slots.release_slot(run, outcome, reason)
        Run.objects.filter(pk=run.pk, status=RunStatus.QUEUED).update(
            status=RunStatus.CANCELLED,
            reason=reason[:250],
            finished_at=at,
            unfinished=bool(run.entities),
        )


def _withdraw_schedule(job: Job, at: datetime) -> None:
    """The main job was switched off: a slot that has not started yet is skipped."""
    run = Run.objects.waiting().filter(job=job, sort=Sort.FULL).caused_by(Trigger.SCHEDULE).first()
    if run is None:
        return
    reason = "the main job was switched off"
    run.job = job
    slots.release_slot(run, SlotOutcome.SKIPPED, reason)
    withdraw(run, Trigger.SCHEDULE, reason, at)
