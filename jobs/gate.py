"""The gate of a job's waiting batch: many events pass at once, a claim shuts it.

An event that joins a batch is inserted while the gate is held open, so whoever closes it (a claim,
a cancellation) sees every event that was let in. On PostgreSQL this is an advisory lock of the
transaction, whose queue is fair: a stream of events cannot keep a claim waiting. Other databases
here write one transaction at a time.

Order of locks: a job's row before its gate is closed; whoever holds the gate open locks no row.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from jobs.statements import repeated_cursor

_NAMESPACE = 0x0115
_LARGEST = 2**31
TRY_TO_HOLD_OPEN = f"pg_try_advisory_xact_lock_shared({_NAMESPACE}, (job.id %% {_LARGEST})::int)"
"""SQL of PostgreSQL that answers whether nobody is closing the gate of `job`, and holds it open."""

_LOCK_JOB_AND_CLOSE = f"""
    WITH job AS MATERIALIZED (
        SELECT id FROM jobs_job
        WHERE id = (
            SELECT job_id FROM jobs_run WHERE id = %s AND status = %s AND not_before <= %s
        )
        FOR NO KEY UPDATE
    )
    SELECT pg_advisory_xact_lock({_NAMESPACE}, (id %% {_LARGEST})::int) FROM job
"""  # noqa: S608  # of our own numbers


def hold_open(job_id: int) -> None:
    """Until the transaction ends, nobody closes the gate."""
    _lock("pg_advisory_xact_lock_shared", job_id)


def close(job_id: int) -> None:
    """Wait for the events that are passing; until the transaction ends, no other passes."""
    _lock("pg_advisory_xact_lock", job_id)


def close_behind(run_id: int, at: datetime) -> None:
    """Lock the job of a run that is queued and due, then close its gate: both in one statement."""
    if connection.vendor == "postgresql":
        with repeated_cursor() as cursor:
            cursor.execute(_LOCK_JOB_AND_CLOSE, [run_id, "queued", at])


def _lock(function: str, job_id: int) -> None:
    if connection.vendor == "postgresql":
        with repeated_cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [_NAMESPACE, job_id % _LARGEST])
