"""What the end of a run has to look after, found out in one question."""

from __future__ import annotations

from typing import NamedTuple

from jobs.models import Run
from jobs.statements import repeated_cursor

_ASKED = """
    SELECT
        EXISTS (SELECT 1 FROM jobs_event WHERE run_id = %s AND status = 'waiting'),
        EXISTS (
            SELECT 1 FROM jobs_event
            WHERE job_id = %s AND channel_id = channel.id AND status = 'held'
        ),
        EXISTS (SELECT 1 FROM jobs_run WHERE job_id = %s AND status = 'queued' AND attempt = 0),
        needs_attention <> ''
    FROM channels_channel channel WHERE id = %s
"""


class Aftermath(NamedTuple):
    """Of the run its events, of its job held events and a run that waits, and of its channel."""

    waiting_events: bool
    held_events: bool
    waiting_run: bool
    needs_attention: bool


def of(run: Run) -> Aftermath:
    """In the transaction that ends the run, its job locked: no run of the job opens meanwhile."""
    with repeated_cursor() as cursor:
        cursor.execute(_ASKED, [run.pk, run.job_id, run.job_id, run.channel_id])
        return Aftermath(*map(bool, cursor.fetchone()))
