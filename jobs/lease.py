"""Who works on a run: the claim, the lease that keeps it, and runs whose worker vanished."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce

from jobs import admission, gate, wake
from jobs.budget import lane_of
from jobs.models import Job, Run, RunStatus
from jobs.overlap import Sort, Trigger
from jobs.querysets import RunQuerySet

Clock = Callable[[], datetime]

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
MAX_LOST_ATTEMPTS = 3
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)


class LeaseLost(Exception):
    """Another worker has the run now, or it was cancelled: nothing more may be written for it."""


def claim(run_id: int, at: datetime) -> Run | None:
    """Make a due run ours: queued to running, one row or leave.

    None where it is not due, not queued, another run of its job is active, or a due full run of
    its job goes first. An active run yields to nothing: what waits is waiting for its end. None
    too where its platform is to be left alone for now: then the run has a later time.
    """
    try:
        with transaction.atomic():
            return _claim(run_id, at)
    except IntegrityError:
        return None  # another run of the job became active in the same moment


def _claim(run_id: int, at: datetime) -> Run | None:
    due = Run.objects.filter(pk=run_id, status=RunStatus.QUEUED, not_before__lte=at)
    run = due.select_related("channel__circuit", "channel__budget").first()
    if run is None:
        return None
    job = Job.objects.select_for_update(no_key=True).get(pk=run.job_id)
    gate.close(job.pk)
    others = Run.objects.filter(job=job).exclude(pk=run_id)
    if _is_blocked(run, others, at):
        return None
    if admission.put_back(run, at):
        return None
    claimed = due.update(
        status=RunStatus.RUNNING,
        attempt=Case(When(gave_way=True, then=F("attempt")), default=F("attempt") + 1),
        started_at=Coalesce("started_at", Value(at)),
        attempt_started_at=Case(
            When(gave_way=True, then=F("attempt_started_at")), default=Value(at)
        ),
        gave_way=False,
        waits_for="",
        progress_done=0,
        progress_total=None,
        progress_unit="",
        lease=uuid4(),
        lease_until=at + LEASE,
        error="",
    )
    if not claimed:
        return None
    first = run.started_at is None
    run = _claimed(run_id)
    if first and Trigger.EMERGENCY in run.causes:
        Job.objects.filter(pk=job.pk).update(emergency_started_at=at)
        run.job.emergency_started_at = at
    return run


def _is_blocked(run: Run, others: RunQuerySet, at: datetime) -> bool:
    active = others.active().first()
    if active is not None:
        return not _steps_back(active, run, others)
    return (
        run.sort == Sort.ENTITY
        and not run.is_active
        and others.waiting().filter(sort=Sort.FULL, not_before__lte=at).exists()
    )


def _steps_back(active: Run, run: Run, others: RunQuerySet) -> bool:
    """An active run that gave way in its first attempt waits again, for one of a better lane.

    So a webhook need not wait for the budget of a sweep. What the other has done stays done.
    """
    lanes = (lane_of(active.causes, active.reason), lane_of(run.causes, run.reason))
    if not active.gave_way or active.attempt > 1 or lanes[0] <= lanes[1]:
        return False
    if others.waiting().filter(sort=active.sort).exists():
        return False
    queued = Run.objects.filter(pk=active.pk, status=RunStatus.QUEUED, gave_way=True)
    return bool(queued.update(attempt=0, gave_way=False))


def _claimed(run_id: int) -> Run:
    """With all that its work looks at."""
    platform = ("job__channel__circuit", "job__channel__budget")
    return Run.objects.select_related("job__channel__account", *platform).get(pk=run_id)


def hold(run: Run, at: datetime, **fields: object) -> None:
    """Renew the lease, write these fields and make sure it is still ours; raises `LeaseLost`."""
    held = Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING, lease=run.lease)
    if not held.update(lease_until=at + LEASE, **fields):
        raise LeaseLost(f"run {run.pk} is no longer ours")


def wait_before(attempt: int) -> timedelta:
    """A random wait before attempt n, up to min(30 s x 2^(n-2), 15 min)."""
    longest = min(FIRST_WAIT * 2 ** max(attempt - 2, 0), LONGEST_WAIT)
    share = random.random()  # noqa: S311  # spreads retries, guards nothing
    return timedelta(seconds=longest.total_seconds() * share)


def requeue(run: Run, not_before: datetime, at: datetime, **fields: object) -> bool:
    """Back to the queue for the next attempt; still active, so nothing else of the job starts."""
    held = Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING, lease=run.lease)
    done = held.update(
        status=RunStatus.QUEUED,
        lease=None,
        lease_until=None,
        not_before=not_before,
        wake_at=wake.next_wake(not_before, at),
        **fields,
    )
    if done:
        transaction.on_commit(lambda: wake.send_soon(run.pk, not_before, at))
    return bool(done)
