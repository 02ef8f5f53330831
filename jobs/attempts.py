"""The attempts of a run: each leaves a row when it ends, is lost with its worker, or is stopped."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from jobs.models import AttemptOutcome, Run
from jobs.statements import repeated_cursor

_INSERT = """
    INSERT INTO jobs_runattempt
        (run_id, number, started_at, ended_at, outcome, error, next_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING
"""


def end(
    run: Run,
    at: datetime,
    outcome: AttemptOutcome,
    error: str = "",
    next_at: datetime | None = None,
) -> None:
    """Write how the run's attempt ended; in the transaction that ends it, by whoever ended it.

    `next_at`: when the next one starts, None where none follows. An attempt has one end: who
    comes second (a worker whose run was cancelled meanwhile) changes nothing.
    """
    moments = (run.attempt_started_at, at, next_at)
    started_at, ended_at, follows_at = map(connection.ops.adapt_datetimefield_value, moments)
    with repeated_cursor() as cursor:
        cursor.execute(
            _INSERT, [run.pk, run.attempt, started_at, ended_at, outcome, error, follows_at]
        )
