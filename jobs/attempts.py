"""The attempts of a run: each leaves a row when it ends, is lost with its worker, or is stopped."""

from __future__ import annotations

from datetime import datetime

from jobs.models import AttemptOutcome, Run, RunAttempt


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
    RunAttempt.objects.bulk_create(
        [
            RunAttempt(
                run=run,
                number=run.attempt,
                started_at=run.attempt_started_at,
                ended_at=at,
                outcome=outcome,
                error=error,
                next_at=next_at,
            )
        ],
        ignore_conflicts=True,
    )
