"""The gate of a job's waiting batch: many events pass at once, a claim shuts it.

An event that joins a batch is inserted while the gate is held open, so whoever closes it (a claim,
a cancellation) sees every event that was let in. On PostgreSQL this is an advisory lock of the
transaction, whose queue is fair: a stream of events cannot keep a claim waiting. Other databases
here write one transaction at a time.

Order of locks: a job's row before its gate is closed; whoever holds the gate open locks no row.
"""

from __future__ import annotations

from django.db import connection

_NAMESPACE = 0x0115
_LARGEST = 2**31
TRY_TO_HOLD_OPEN = f"pg_try_advisory_xact_lock_shared({_NAMESPACE}, (job.id %% {_LARGEST})::int)"
"""SQL of PostgreSQL that answers whether nobody is closing the gate of `job`, and holds it open."""


def hold_open(job_id: int) -> None:
    """Until the transaction ends, nobody closes the gate."""
    _lock("pg_advisory_xact_lock_shared", job_id)


def close(job_id: int) -> None:
    """Wait for the events that are passing; until the transaction ends, no other passes."""
    _lock("pg_advisory_xact_lock", job_id)


def _lock(function: str, job_id: int) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [_NAMESPACE, job_id % _LARGEST])
