"""Slots that came due: each becomes a run's, or part of a stretch with its outcome and reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.dispatch import Request, Ticket, request_runs
from jobs.models import Job, Run, SlotOutcome, SlotStretch
from jobs.overlap import Decision, Sort, Trigger
from jobs.spread import spread_of
from jobs.timetable import Grid, count_between, next_slot, previous_slot

_INSTANT = timedelta.resolution
MISSED = "missed while the clock was away"


@dataclass(frozen=True, slots=True)
class DueSlots:
    """The slots of one job that came due and were not yet accounted for."""

    first: datetime
    last: datetime
    count: int
    before_last: datetime | None


def grid_of(job: Job, zone: str) -> Grid | None:
    """The grid the job's slots lie on, as stored by the last plan."""
    if job.period_minutes is None:
        return None
    return Grid(job.period_minutes, job.offset_minutes, zone)


def due_slots(grid: Grid, first: datetime, at: datetime) -> DueSlots:
    """The slots in [first, at]; `first` is a slot."""
    last = previous_slot(grid, at)
    if last <= first:
        return DueSlots(first, first, 1, None)
    count = count_between(grid, first, last + _INSTANT)
    return DueSlots(first, last, count, previous_slot(grid, last - _INSTANT))


def take_due(jobs: Sequence[Job], at: datetime) -> int:
    """Account for every slot that came due: one run for the latest, the rest coalesced into it.

    The caller holds the jobs' locks; `next_slot_at` moves in the same transaction. Answers with
    the number of slots taken.
    """
    found = {job.pk: _due(job, at) for job in jobs if job.next_slot_at and job.next_slot_at <= at}
    due = [job for job in jobs if job.pk in found]
    if not due:
        return 0
    for job in due:
        if job.suspended:
            add_stretch(job, found[job.pk], SlotOutcome.SUSPENDED, suspended_reason(job))
    live = _without_their_runs([job for job in due if not job.suspended], found)
    previous = _carried_slots(live)
    tickets = request_runs([_request(job, found[job.pk], at) for job in live], at)
    for job, ticket in zip(live, tickets, strict=True):
        _account(job, found[job.pk], ticket, previous.get(job.pk))
    _advance(due, at)
    return sum(slots.count for slots in found.values())


def _without_their_runs(jobs: Sequence[Job], found: dict[int, DueSlots]) -> list[Job]:
    """The jobs whose latest slot is still without a run.

    One may have it already, since the machine's clock was ahead; slots before that are accounted
    for here.
    """
    latest = [found[job.pk].last for job in jobs]
    with_runs = Run.objects.filter(job__in=jobs, slot_at__in=set(latest))
    taken = {(run.job_id, run.slot_at): run for run in with_runs.only("job", "slot_at")}
    for job, slot in zip(jobs, latest, strict=True):
        if run := taken.get((job.pk, slot)):
            _account_before(run, job, found[job.pk])
    return [job for job, slot in zip(jobs, latest, strict=True) if (job.pk, slot) not in taken]


def _account_before(run: Run, job: Job, slots: DueSlots) -> None:
    """Those that have no run of their own, up to the first that has one, are missed."""
    span = Run.objects.filter(job=job, slot_at__gte=slots.first, slot_at__lte=slots.last)
    first = span.order_by("slot_at").values_list("slot_at", flat=True).first()
    grid = grid_of(job, job.channel.account.timezone)
    if grid is None or first is None or first <= slots.first:
        return
    last = previous_slot(grid, first - _INSTANT)
    missed = DueSlots(slots.first, last, count_between(grid, slots.first, first), None)
    add_stretch(job, missed, SlotOutcome.COALESCED, MISSED, run)


def _due(job: Job, at: datetime) -> DueSlots:
    grid = grid_of(job, job.channel.account.timezone)
    if grid is None or job.next_slot_at is None:
        raise ValueError(f"{job} has a next slot but no grid")
    return due_slots(grid, job.next_slot_at, at)


def _request(job: Job, slots: DueSlots, at: datetime) -> Request:
    """Taken at its slot, to start as much later as the account spreads the job."""
    spread = spread_of(job.pk, job.channel.account.spread_minutes, job.period_minutes)
    not_before = max(at, slots.last + spread)
    return Request(job, Trigger.SCHEDULE, Sort.FULL, not_before, slots.last, spread)


def _carried_slots(jobs: Sequence[Job]) -> dict[int, datetime]:
    """The slots that waiting full runs carry already: a newer one takes their place."""
    waiting = Run.objects.waiting().filter(job__in=jobs, sort=Sort.FULL, slot_at__isnull=False)
    return {job_id: slot for job_id, slot in waiting.values_list("job_id", "slot_at") if slot}


def _account(job: Job, slots: DueSlots, ticket: Ticket, carried: datetime | None) -> None:
    run = ticket.run
    if ticket.decision == Decision.COALESCE:
        reason = f"a full run was active (run {run.pk})" if run else ""
        add_stretch(job, slots, SlotOutcome.COALESCED, reason, run)
        return
    if carried:
        replaced = DueSlots(carried, carried, 1, None)
        add_stretch(job, replaced, SlotOutcome.COALESCED, "the run was still waiting", run)
    if slots.before_last:
        missed = DueSlots(slots.first, slots.before_last, slots.count - 1, None)
        add_stretch(job, missed, SlotOutcome.COALESCED, MISSED, run)


def _advance(jobs: Sequence[Job], at: datetime) -> None:
    """Move the due column past `at`: one statement per instant, since grids share few."""
    following: dict[datetime | None, list[int]] = defaultdict(list)
    for job in jobs:
        grid = grid_of(job, job.channel.account.timezone)
        job.next_slot_at = next_slot(grid, at) if grid else None
        following[job.next_slot_at].append(job.pk)
    for instant, ids in following.items():
        Job.objects.filter(pk__in=ids).update(next_slot_at=instant)


def add_stretch(
    job: Job,
    slots: DueSlots,
    outcome: SlotOutcome,
    reason: str,
    run: Run | None = None,
) -> None:
    """Write what became of slots; neighbours of the same outcome extend one row."""
    last = SlotStretch.objects.filter(job=job).order_by("-last_slot_at").first()
    said = (outcome, reason, run and run.pk)
    if (
        last is not None
        and (last.outcome, last.reason, last.run_id) == said
        and _follows(job, last.last_slot_at, slots.first)
    ):
        last.last_slot_at, last.count = slots.last, last.count + slots.count
        last.save(update_fields=["last_slot_at", "count"])
        return
    SlotStretch.objects.create(
        job=job,
        first_slot_at=slots.first,
        last_slot_at=slots.last,
        count=slots.count,
        outcome=outcome,
        reason=reason,
        run=run,
    )


def _follows(job: Job, last: datetime, first: datetime) -> bool:
    """Is `first` the slot right after `last`, on the grid that the job has now?"""
    grid = grid_of(job, job.channel.account.timezone)
    return grid is not None and next_slot(grid, last) == first


def suspended_reason(job: Job) -> str:
    if not job.channel.account.enabled:
        return "the account is disabled"
    return "the channel is disabled"


def why_stopped(job: Job) -> str:
    """Why nothing of the job may start any more; empty where it may."""
    if job.channel.deleted_at:
        return "the channel was deleted"
    if job.suspended:
        return suspended_reason(job)
    return "" if job.row else "the job is no longer offered"


def release_slot(run: Run, outcome: SlotOutcome, reason: str) -> None:
    """The slot of a waiting run that will never start goes back into the accounts."""
    if run.slot_at is None:
        return
    slot, run.slot_at = run.slot_at, None
    Run.objects.filter(pk=run.pk).update(slot_at=None)
    add_stretch(run.job, DueSlots(slot, slot, 1, None), outcome, reason)
