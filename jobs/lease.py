"""Who works on a run: the claim, the lease that keeps it, and runs whose worker vanished."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import IntegrityError, connection, transaction

from accounts.models import Account
from channels.models import Channel
from jobs import admission, gate, wake
from jobs.budget import lane_of
from jobs.models import ChannelBudget, Circuit, Job, Run, RunStatus
from jobs.overlap import Sort, Trigger
from jobs.querysets import RunQuerySet
from jobs.statements import WholeRows, update

Clock = Callable[[], datetime]

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
MAX_LOST_ATTEMPTS = 3
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
TAKEN = (
    "status",
    "attempt",
    "started_at",
    "attempt_started_at",
    "lease",
    "lease_until",
    "gave_way",
    "waits_for",
    "error",
    "progress_done",
    "progress_total",
    "progress_unit",
)
"""The columns that a claim writes."""


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


class _Due(NamedTuple):
    """A run that is queued and due. `asks_by_id`: it has events, or an earlier run left some."""

    run: Run
    another_active: bool
    full_is_due: bool
    asks_by_id: bool


OF_PLATFORM: list[Any] = [Channel._meta.get_field(name) for name in ("circuit", "budget")]
_DUE = WholeRows(
    {
        "run": Run,
        "job": Job,
        "channel": Channel,
        "account": Account,
        "circuit": Circuit,
        "budget": ChannelBudget,
    },
    """
    FROM jobs_run run
    JOIN jobs_job job ON job.id = run.job_id
    JOIN channels_channel channel ON channel.id = run.channel_id
    JOIN accounts_account account ON account.id = channel.account_id
    LEFT JOIN jobs_circuit circuit ON circuit.channel_id = channel.id
    LEFT JOIN jobs_channelbudget budget ON budget.channel_id = channel.id
    WHERE run.id = %s AND run.status = %s AND run.not_before <= %s
    """,
    lock="run",
    facts=(
        """EXISTS (
            SELECT 1 FROM jobs_run other WHERE other.job_id = run.job_id AND other.id <> run.id
            AND (other.status = 'running' OR (other.status = 'queued' AND other.attempt > 0))
        )""",
        """EXISTS (
            SELECT 1 FROM jobs_run other WHERE other.job_id = run.job_id AND other.sort = 'full'
            AND other.status = 'queued' AND other.attempt = 0 AND other.not_before <= %s
        )""",
        """EXISTS (
            SELECT 1 FROM jobs_run other WHERE other.job_id = run.job_id AND other.unfinished
        ) OR EXISTS (SELECT 1 FROM jobs_event WHERE run_id = run.id AND status = 'waiting')""",
    ),
)


def _claim(run_id: int, at: datetime) -> Run | None:
    gate.close_behind(run_id, at)
    due = _due(run_id, at)
    if due is None or _is_blocked(due) or admission.put_back(due.run, at):
        return None
    run = due.run
    first = run.started_at is None
    _take(run, at)
    if first and Trigger.EMERGENCY in run.causes:
        Job.objects.filter(pk=run.job_id).update(emergency_started_at=at)
        run.job.emergency_started_at = at
    run.asks_by_id = due.asks_by_id
    return run


def _due(run_id: int, at: datetime) -> _Due | None:
    """The run, locked, with all that its work looks at and what the claim has to know of others.

    Read after its job was locked, so nobody opens or claims another of the job meanwhile.
    """
    now = connection.ops.adapt_datetimefield_value(at)
    found = _DUE.first([now, run_id, RunStatus.QUEUED.value, now])
    if found is None:
        return None
    rows, facts = found
    run: Run = rows["run"]
    run.job = rows["job"]
    run.channel = run.job.channel = rows["channel"]
    run.channel.account = rows["account"]
    for one_to_one in OF_PLATFORM:
        one_to_one.set_cached_value(run.channel, rows[one_to_one.name])
    return _Due(run, *facts)


def _take(run: Run, at: datetime) -> None:
    """Ours from now on. An attempt that gave way goes on; any other is a new one."""
    if not run.gave_way:
        run.attempt += 1
        run.attempt_started_at = at
    run.status = RunStatus.RUNNING
    run.started_at = run.started_at or at
    run.lease, run.lease_until = uuid4(), at + LEASE
    run.gave_way, run.waits_for, run.error = False, "", ""
    run.progress_done, run.progress_total, run.progress_unit = 0, None, ""
    update(Run, {"id": run.pk}, {name: getattr(run, name) for name in TAKEN})


def _is_blocked(due: _Due) -> bool:
    run = due.run
    if due.another_active:
        others = Run.objects.filter(job=run.job).exclude(pk=run.pk)
        active = others.active().first()
        return active is not None and not _steps_back(active, run, others)
    return run.sort == Sort.ENTITY and not run.is_active and due.full_is_due


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


def hold(run: Run, at: datetime, **fields: object) -> None:
    """Renew the lease, write these fields and make sure it is still ours; raises `LeaseLost`."""
    write(run, lease_until=at + LEASE, **fields)


def write(run: Run, **fields: object) -> None:
    """Write these fields where the run is still ours; raises `LeaseLost` where it is not."""
    if not update(Run, {"id": run.pk, "status": RunStatus.RUNNING, "lease": run.lease}, fields):
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
