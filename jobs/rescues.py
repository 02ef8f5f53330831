"""Rescues: records a full run had to find because no event announced them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.enums import JobType
from jobs.models import Event, EventStatus, Job, Rescue, Run
from oms.work import Outcome

CLOCK_TOLERANCE = timedelta(seconds=2)
"""How much a platform's clock may run ahead of ours before its events seem to precede changes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """`placed_at`: when the record came to be, where its platform says so."""

    external_id: str
    label: str
    changed_at: datetime
    outcome: Outcome
    placed_at: datetime | None = None


def write(run: Run, job: Job, found: Sequence[Candidate], at: datetime) -> int:
    """Store the rescues among what a full run created or changed; answers how many are new.

    A rescue changed while the job that should have heard of it was listening, before the end of
    the window, and no event for it came since the change.
    """
    until = run.window_until
    if job.row != "webhook" or until is None or not found:
        return 0
    updates = Job.objects.filter(channel=job.channel_id, type=JobType.RECEIVE_ORDER_UPDATES)
    other = updates.first() if job.type == JobType.RECEIVE_ORDERS else None
    missed = [one for one in found if one.changed_at < until and _listened(job, other, one)]
    heard = _heard(job, missed)
    rows = [
        Rescue(
            run=run,
            job=job,
            external_id=one.external_id,
            label=one.label[:120],
            changed_at=one.changed_at,
            rescued_at=at,
        )
        for one in missed
        if one.external_id not in heard or heard[one.external_id] < one.changed_at - CLOCK_TOLERANCE
    ]
    before = Rescue.objects.filter(run=run).count()
    Rescue.objects.bulk_create(rows, ignore_conflicts=True)
    return Rescue.objects.filter(run=run).count() - before if rows else 0


def _listened(job: Job, updates: Job | None, one: Candidate) -> bool:
    """Was a job whose event announces this kind of change listening when it happened?

    A new order announces itself to Receive Orders, a changed one to Receive Order Updates.
    """
    if job.type != JobType.RECEIVE_ORDERS:
        return _since(job, one.changed_at)
    if one.outcome == Outcome.CREATED and _since(job, one.placed_at or one.changed_at):
        return True
    changed = one.outcome == Outcome.UPDATED or one.placed_at != one.changed_at
    return changed and updates is not None and _since(updates, one.changed_at)


def _since(job: Job, moment: datetime) -> bool:
    return job.listening_since is not None and moment >= job.listening_since


def _heard(job: Job, missed: Sequence[Candidate]) -> dict[str, datetime]:
    """The newest event of each of these entities on the channel."""
    if not missed:
        return {}
    wanted = {one.external_id for one in missed}
    since = min(one.changed_at for one in missed) - CLOCK_TOLERANCE
    events = (
        Event.objects.filter(channel=job.channel_id, received_at__gte=since)
        .exclude(status=EventStatus.IGNORED)
        .order_by("received_at")
        .values_list("entities", "received_at")
    )
    return {
        entity: received_at
        for entities, received_at in events.iterator()
        for entity in entities
        if entity in wanted
    }


def mark_late(job: Job, external_ids: Collection[str], at: datetime) -> dict[str, int]:
    """Rescues whose event came after all and changed nothing; answers id to rescuing run."""
    if not external_ids:
        return {}
    late = Rescue.objects.filter(
        job__channel=job.channel_id, external_id__in=external_ids, late_at=None
    )
    runs = dict(late.values_list("external_id", "run"))
    late.update(late_at=at)
    return runs
