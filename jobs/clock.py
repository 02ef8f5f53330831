"""The tick: what is due becomes runs, what is unsent is sent, what was abandoned is requeued."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction

from jobs import (
    attempts,
    batches,
    blind,
    circuits,
    fallback,
    lease,
    outcome,
    planned,
    set_back,
    slot_batch,
    slots,
    wake,
)
from jobs.beside import Helper
from jobs.lease import MAX_ATTEMPTS, MAX_LOST_ATTEMPTS
from jobs.models import AttemptOutcome, Job, Run, RunStatus
from jobs.querysets import JobQuerySet

BATCH = 500
SLOT_BATCH = 250
LONGEST_SLEEP = timedelta(seconds=1)
SHORTEST_SLEEP = timedelta(milliseconds=100)
"""While something stays due because another holds its row: looked at often, but no spinning."""

log = logging.getLogger(__name__)


def tick(at: datetime, helper: Helper | None = None) -> float:
    """Do everything that is due; answers with the seconds from `at` to the next tick, at most one.

    Each step works in batches of its own transactions and may fail alone; the next tick tries
    again, a second later. Any number of clocks may tick at once. A `helper` takes its
    part of many slots.
    """
    failed = False
    steps: tuple[Callable[[datetime], object], ...] = (
        set_back.put_right,
        planned.disable_due,
        partial(take_slots, helper=helper) if helper else take_slots,
        take_emergencies,
        requeue_lost,
        send_probes,
        send_due,
        beat,
    )
    for step in steps:
        try:
            step(at)
        except Exception:
            failed = True
            name = getattr(step, "func", step).__name__
            log.exception("the clock's step %s failed and is tried again", name)
    sleep = LONGEST_SLEEP if failed else min(LONGEST_SLEEP, _until_next(at))
    return sleep.total_seconds()


def _in_batches(take: Callable[[], int], size: int) -> int:
    """Repeat until a batch comes back short."""
    total = 0
    while True:
        taken = take()
        total += taken
        if taken < size:
            return total


def take_slots(at: datetime, helper: Helper | None = None) -> int:
    """Jobs whose slot is due: one run each, the due column moved in the same transaction."""
    if connection.vendor != "postgresql":
        return _in_batches(lambda: _take(Job.objects.slot_due(at), slots.take_due, at), BATCH)
    if helper is None or not slot_batch.are_due(at, SLOT_BATCH + 1):
        return _take_all(at)
    beside = helper.start(partial(_take_all, at))
    try:
        taken = _take_all(at)
    finally:
        taken_beside = beside.result()
    return taken + taken_beside


def _take_all(at: datetime) -> int:
    return _in_batches(lambda: _take_many(at), SLOT_BATCH)


def _take_many(at: datetime) -> int:
    """As `_take`, by way of few statements for many jobs."""
    try:
        return slot_batch.take(at, SLOT_BATCH)
    except Exception as error:
        if _is_of_the_database(error):
            raise
        log.exception("a batch of due slots failed; they are taken the slower way")
    return _in_batches(lambda: _take(Job.objects.slot_due(at), slots.take_due, at), BATCH)


def take_emergencies(at: datetime) -> int:
    """Jobs whose emergency is due."""
    return _in_batches(lambda: _take(Job.objects.emergency_due(at), fallback.take_due, at), BATCH)


Taker = Callable[[Sequence[Job], datetime], int]


def _take(due: JobQuerySet, take_due: Taker, at: datetime) -> int:
    """One batch in one transaction; where that fails, each of its jobs in one of its own.

    So a job that cannot be dispatched, whatever the reason, keeps no other from its slot. Raises
    afterwards, for the clock's longer sleep.
    """
    try:
        return _take_batch(due, take_due, at)
    except Exception as error:
        if _is_of_the_database(error):
            raise
        log.exception("a batch of due jobs failed; each is tried alone")
    failed = []
    for job_id in list(due.values_list("pk", flat=True)[:BATCH]):
        try:
            _take_batch(due.filter(pk=job_id), take_due, at)
        except Exception as error:
            if _is_of_the_database(error):
                raise
            failed.append(job_id)
            log.exception("job %s is due and cannot be dispatched", job_id)
    raise RuntimeError(f"jobs {failed} are due and cannot be dispatched")


def _is_of_the_database(error: Exception) -> bool:
    """Does it meet all alike? What breaks a constraint or a column is the row's own trouble."""
    return isinstance(error, DatabaseError) and not isinstance(error, DataError | IntegrityError)


def _take_batch(due: JobQuerySet, take_due: Taker, at: datetime) -> int:
    with transaction.atomic():
        locked = due.with_channel().select_for_update(of=("self",), skip_locked=True, no_key=True)
        jobs = list(locked[:BATCH])
        take_due(jobs, at)
    return len(jobs)


def send_due(at: datetime) -> int:
    """Runs that are due and unsent, or sent and unclaimed for too long: in bulk."""

    def take() -> int:
        with transaction.atomic():
            free = Run.objects.to_send(at).select_for_update(skip_locked=True, no_key=True)
            due = list(free.only(*wake.OF_PRIORITY)[:BATCH])
            sent = Run.objects.filter(pk__in=[run.pk for run in due])
            sent.update(wake_at=at + wake.RESEND_AFTER)
        if due and not wake.send_each(due, at):
            return 0  # the broker is away: one vain attempt in a tick is enough
        return len(due)

    return _in_batches(take, BATCH)


def send_probes(at: datetime) -> int:
    """Platforms whose circuit is open and that are to be tried now: a worker is asked to."""
    due = list(circuits.to_probe(at).values_list("pk", "wake_at")[:BATCH])
    for channel_id, wake_at in due:
        if circuits.postpone(channel_id, wake_at, at + wake.RESEND_AFTER):
            wake.send_probe(channel_id)
    return len(due)


def requeue_lost(at: datetime) -> int:
    """Runs whose worker vanished: tried again, or failed when that happened too often."""
    lost = list(Run.objects.lease_over(at)[:BATCH])
    for run in lost:
        try:
            with transaction.atomic():
                _requeue(run.pk, at)
        except Exception as error:
            if _is_of_the_database(error):
                raise
            log.exception("run %s has lost its worker and cannot be queued again", run.pk)
    return len(lost)


def _requeue(run_id: int, at: datetime) -> None:
    found = Run.objects.lease_over(at).filter(pk=run_id).first()
    if found is None:
        return
    locked = Job.objects.with_channel().select_for_update(of=("self",), no_key=True)
    job = locked.get(pk=found.job_id)
    run = Run.objects.lease_over(at).select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None:
        return
    run.job = job
    lost = run.lost_attempts + 1
    if reason := slots.why_stopped(job):
        _abandon(run, at, lost, reason)
    elif lost >= MAX_LOST_ATTEMPTS or run.attempt >= MAX_ATTEMPTS:
        _give_up(run, at, lost)
    else:
        text = "The worker vanished while it was running; it is tried again."
        not_before = at + lease.wait_before(run.attempt + 1)
        lease.requeue(run, not_before, at, lost_attempts=lost, error=text)
        attempts.end(run, at, AttemptOutcome.LOST, text, not_before)
        run.log.create(at=at, level="warning", message=text)


def _give_up(run: Run, at: datetime, lost: int) -> None:
    """Fail a run whose worker vanished for the last time."""
    times = "once" if lost == 1 else f"{lost} times"
    text = (
        f"The worker vanished {times} while it was running, in {run.attempt} attempts. No other "
        "attempt follows: look at the worker's memory and logs, then press Retry."
    )
    if _end(run, at, lost, RunStatus.FAILED, run.reason or "worker lost", text):
        outcome.end_badly(run.job, run, at)


def _abandon(run: Run, at: datetime, lost: int, reason: str) -> None:
    """Cancel a run whose worker vanished after its job was stopped; its events are held."""
    text = f"The worker vanished while it was running. It is not tried again, because {reason}."
    if _end(run, at, lost, RunStatus.CANCELLED, reason, text):
        batches.hold(run.job, reason)


def _end(run: Run, at: datetime, lost: int, status: RunStatus, reason: str, text: str) -> bool:
    """The outcome of a run without a worker; False where its worker came back."""
    ended = Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING, lease=run.lease).update(
        status=status,
        reason=reason,
        error=text,
        finished_at=at,
        lease=None,
        lease_until=None,
        lost_attempts=lost,
        unfinished=outcome.asked_for_entities(run),
    )
    if ended:
        attempts.end(run, at, AttemptOutcome.LOST, text)
        run.log.create(at=at, level="error", message=text)
    return bool(ended)


def beat(at: datetime) -> None:
    """A beat that lies in the future stays, until it has been seen what follows from it."""
    if not set_back.is_ahead(at):
        blind.beat(blind.CLOCK, at)


def _until_next(at: datetime) -> timedelta:
    """How long nothing becomes due; a little where something still is."""
    moments = (
        Job.objects.filter(next_slot_at__isnull=False).order_by("next_slot_at"),
        Job.objects.filter(emergency_due_at__isnull=False).order_by("emergency_due_at"),
    )
    first = [
        jobs.values_list(name, flat=True).first()
        for jobs, name in zip(moments, ("next_slot_at", "emergency_due_at"), strict=True)
    ]
    first.append(Run.objects.by_wake().values_list("wake_at", flat=True).first())
    waits = [moment - at for moment in first if moment is not None]
    wait = min(waits, default=LONGEST_SLEEP)
    return wait if wait > timedelta(0) else SHORTEST_SLEEP
