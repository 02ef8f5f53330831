"""Due slots of many jobs at once, on PostgreSQL: what `slots` does, for the common case.

Most due slots are the only one of their job, and the job may run and has no full run: such a slot
becomes a run, and the job's next slot is the one after. Hundreds of them take two statements
here: one that locks the jobs and tells them by grid, one that moves them and opens their runs.
All others are left to `slots`, in the same transaction and under the same locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.db import connection, transaction

from jobs import slots, wake
from jobs.models import Job, Run
from jobs.overlap import Sort, Trigger
from jobs.spread import spread_of
from jobs.timetable import Grid, next_slot

_SETTINGS = """
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off; SET LOCAL enable_bitmapscan = off;
    SET LOCAL synchronous_commit = off
"""
"""The planner cannot know how few of all rows are looked at, and would read whole tables.

Nobody waits for the disk: a server that falls before it wrote the runs has not written either that
their slots were taken, so they are due again, and the messages sent meanwhile speak of no run.
"""

_LOCK = """
    WITH due AS MATERIALIZED (
        SELECT id, channel_id, suspended, next_slot_at, period_minutes, offset_minutes
        FROM jobs_job WHERE next_slot_at <= %s
        ORDER BY next_slot_at LIMIT %s
        FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT count(*), array_agg(due.id)::text, suspended, next_slot_at,
           period_minutes, offset_minutes, timezone, spread_minutes
    FROM due
    JOIN channels_channel channel ON channel.id = due.channel_id
    JOIN accounts_account account ON account.id = channel.account_id
    GROUP BY suspended, next_slot_at, period_minutes, offset_minutes, timezone, spread_minutes
"""

_OPEN = """
    WITH due AS (
        SELECT job_id, coalesce(spread, 0) AS spread, slot, following
        FROM (VALUES {groups}) AS grouped (jobs, spreads, slot, following),
            unnest(jobs, spreads) AS one (job_id, spread)
    ), free AS (
        SELECT * FROM due
        WHERE (
            SELECT active.sort FROM jobs_run active
            WHERE active.job_id = due.job_id AND (
                active.status = 'running' OR (active.status = 'queued' AND active.attempt > 0)
            )
            LIMIT 1
        ) IS DISTINCT FROM 'full' AND (
            SELECT waiting.id FROM jobs_run waiting
            WHERE waiting.job_id = due.job_id
              AND waiting.status = 'queued' AND waiting.attempt = 0 AND waiting.sort = 'full'
            LIMIT 1
        ) IS NULL
    ), moved AS (
        UPDATE jobs_job job SET next_slot_at = free.following
        FROM free WHERE job.id = free.job_id
        RETURNING job.id, job.channel_id, job.type, free.slot, free.spread,
            free.slot + make_interval(secs => free.spread) AS start
    ), opened AS (
        INSERT INTO jobs_run (
            job_id, channel_id, account_id, type, slot_at, spread_seconds, not_before, wake_at,
            {names}
        )
        SELECT moved.id, moved.channel_id, channel.account_id, moved.type, moved.slot, spread,
            greatest(start, %s), CASE WHEN start > %s THEN start ELSE %s END,
            {values}
        FROM moved JOIN channels_channel channel ON channel.id = moved.channel_id
        ON CONFLICT (job_id, slot_at) DO NOTHING
        RETURNING id, wake_at > not_before AS is_sent
    )
    SELECT ARRAY(SELECT id FROM opened WHERE is_sent),
           ARRAY(SELECT job_id FROM due EXCEPT SELECT job_id FROM free)
"""
"""The looks at other runs come after the locks, so none of them can come or go meanwhile. They are
single ones, each by its index: joined, they would read all open runs for each batch.

A slot that has its run already, since the clock was set back, is accounted for.
"""

_VARYING = frozenset(
    {
        "id", "job_id", "channel_id", "account_id", "type", "slot_at", "spread_seconds",
        "not_before", "wake_at",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Group:
    """Due jobs with one due slot and one grid; `jobs` as PostgreSQL writes an array of ids.

    `bound`: within how many minutes their account spreads starts, None where it does not.
    """

    count: int
    jobs: str
    suspended: bool
    slot: datetime
    period: int | None
    offset: int
    zone: str
    bound: int | None

    @property
    def spreads(self) -> list[int] | None:
        """By how many seconds each job starts later; None where none does."""
        if self.bound is None:
            return None
        return [spread_of(job_id, self.bound, self.period).seconds for job_id in self.ids]

    @property
    def ids(self) -> list[int]:
        return [int(job_id) for job_id in self.jobs.strip("{}").split(",")]

    def following(self, at: datetime) -> datetime | None:
        """The next slot, where the due one is the only one so far and may run."""
        if self.suspended or self.period is None:
            return None
        found = next_slot(Grid(self.period, self.offset, self.zone), self.slot)
        return found if found > at else None


def are_due(at: datetime, count: int) -> bool:
    """Do at least so many jobs have a slot that is due? Their index alone can tell."""
    nth = Job.objects.slot_due(at).values_list("next_slot_at", flat=True)[count - 1 : count]
    return nth.first() is not None


def take(at: datetime, most: int) -> int:
    """Account for the due slots of up to so many jobs; answers how many jobs were locked."""
    with transaction.atomic():
        groups = _lock(at, most)
        following = {group: group.following(at) for group in groups}
        opened, others = _open([(group, end) for group, end in following.items() if end], at)
        others += [job_id for group in groups if not following[group] for job_id in group.ids]
        if others:
            slots.take_due(list(Job.objects.with_channel().filter(pk__in=others)), at)
        if opened:
            priority = wake.priority_of([Trigger.SCHEDULE])
            transaction.on_commit(partial(wake.send_now, opened, at, priority))
    return sum(group.count for group in groups)


def _lock(at: datetime, most: int) -> list[_Group]:
    with connection.cursor() as cursor:
        cursor.execute(_SETTINGS)
        cursor.execute(_LOCK, [at, most])
        return [_Group(*row) for row in cursor]


def _open(groups: Sequence[tuple[_Group, datetime]], at: datetime) -> tuple[list[int], list[int]]:
    """Open a run for each job that has no full one; (the runs, the jobs that have one)."""
    if not groups:
        return [], []
    fields, wake_at = _new_run(at)
    given = [
        part
        for group, following in groups
        for part in (group.jobs, group.spreads, group.slot, following)
    ]
    with connection.cursor() as cursor:
        statement = _sql(len(groups), tuple(fields))
        cursor.execute(statement, [*given, at, at, wake_at, *fields.values()])
        opened, others = cursor.fetchone()
    return opened, others


def _new_run(at: datetime) -> tuple[dict[str, Any], datetime]:
    """A run as `dispatch` opens it for a slot, by column, without what its job and slot decide.

    And when the clock is to send the messages again that are sent now.
    """
    run = Run(sort=Sort.FULL, trigger=Trigger.SCHEDULE, created_at=at)
    run.causes = [Trigger.SCHEDULE]
    columns = {
        column.attname: column.get_db_prep_save(getattr(run, column.attname), connection)
        for column in Run._meta.concrete_fields
        if column.attname not in _VARYING
    }
    return columns, wake.next_wake(at, at)


@cache
def _sql(groups: int, names: tuple[str, ...]) -> str:
    group = "(%s::bigint[], %s::int[], %s::timestamptz, %s::timestamptz)"
    return _OPEN.format(
        groups=", ".join([group] * groups),
        names=", ".join(names),
        values=", ".join(["%s"] * len(names)),
    )
