"""The machine's clock was set back: what was written by the time that is no more is put right.

While a clock is ahead, runs take the coming slots, leases and waits reach into the future, and
cursors promise data that nobody can have seen. Set right again, it would leave all that in place
until the true time has caught up, and by then changes of the meantime would lie behind the
cursors, asked for by no one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from jobs import blind, fallback
from jobs.dispatch import Request, request_runs
from jobs.lease import LEASE
from jobs.models import ChannelBudget, Circuit, Heartbeat, Job, Run, RunStatus
from jobs.overlap import Sort, Trigger
from jobs.querysets import RunQuerySet

TOLERANCE = timedelta(minutes=1)
"""The clocks of several machines differ; what lies further ahead was written by a wrong one."""
REPEATED_FOR = timedelta(minutes=16)
"""By then the longest attempt has ended."""
BATCH = 500
REASON = "the machine's clock was set back"
MOMENTS = (
    "heard_at", "by_id_at", "last_success_at", "emergency_started_at", "degraded_at",
    "frozen_since",
)  # fmt: skip
"""When something happened to a job: never later than now."""
WAITS = ("created_at", "attempt_started_at", "not_before", "wake_at", "retry_after_at")
FIELDS = ("proven_until", *MOMENTS, *fallback.FIELDS)

log = logging.getLogger(__name__)


def put_right(at: datetime) -> timedelta | None:
    """Notice by the clock's own last beat that time went back, and by how much; put it right.

    Safe to call at each tick: one query where all is well. Of several clocks one notices. The
    repair is repeated for a while: work that began before may yet write what it believed then.
    """
    beat = Heartbeat.objects.filter(name=blind.CLOCK).first()
    if beat is None:
        return None
    ahead = beat.at - at
    if ahead > TOLERANCE:
        return ahead if _begin(beat, at, ahead) else None
    if beat.details:
        _go_on(beat, at)
    return None


def is_ahead(at: datetime) -> bool:
    """Is the clock's last beat still to come?"""
    return Heartbeat.objects.filter(name=blind.CLOCK, at__gt=at + TOLERANCE).exists()


def _begin(beat: Heartbeat, at: datetime, ahead: timedelta) -> bool:
    """Was it this clock that noticed? Once that is written, a repair that fails is repeated."""
    until = (at + REPEATED_FOR).isoformat()
    details = {"put_right_until": until, "was_ahead": ahead.total_seconds()}
    same = Heartbeat.objects.filter(name=blind.CLOCK, at=beat.at)
    if not same.update(at=at, details=details):
        return False
    log.warning("%s by %s: leases, waits and cursors are put right", REASON, ahead)
    _repair(at, ahead)
    return True


def _go_on(beat: Heartbeat, at: datetime) -> None:
    """Once more, or no more."""
    if at > datetime.fromisoformat(beat.details["put_right_until"]):
        Heartbeat.objects.filter(name=blind.CLOCK).update(details={})
        return
    _repair(at, timedelta(seconds=beat.details["was_ahead"]))


def _repair(at: datetime, ahead: timedelta) -> None:
    """Each batch of jobs with its runs in a transaction; what is locked has its turn next time."""
    _ask_platforms_anew(at)
    ids = sorted(_concerned(at))
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            found = Job.objects.with_channel().filter(pk__in=ids[start : start + BATCH])
            free = found.select_for_update(of=("self",), skip_locked=True, no_key=True)
            jobs = list(free)
            _shift_runs(Run.objects.filter(job__in=[job.pk for job in jobs]), at, ahead)
            _put_right(jobs, at, ahead)


def _ask_platforms_anew(at: datetime) -> None:
    """What they said of their limits is forgotten, and a circuit that opened later is probed."""
    ChannelBudget.objects.filter(told_at__gt=at).delete()
    Circuit.objects.filter(since__gt=at).update(since=at, next_probe_at=at, wake_at=at)
    Circuit.objects.filter(closed_at__gt=at).update(closed_at=at)


def _concerned(at: datetime) -> set[int]:
    """The jobs that something in the future is written of, where it cannot be."""
    wrong = Q(proven_until__gt=at) | Q(evidence_at__gt=at + blind.SPREAD)
    for name in MOMENTS:
        wrong |= Q(**{f"{name}__gt": at})
    runs = Run.objects.filter(_kept_too_long(at) | _begun_later(at))
    return {
        *Job.objects.filter(wrong).values_list("pk", flat=True),
        *runs.values_list("job_id", flat=True),
    }


def _kept_too_long(at: datetime) -> Q:
    return Q(status=RunStatus.RUNNING, lease_until__gt=at + LEASE)


def _begun_later(at: datetime) -> Q:
    later = Q(created_at__gt=at) | Q(attempt_started_at__gt=at)
    return Q(status=RunStatus.QUEUED) & later


def _shift_runs(runs: RunQuerySet, at: datetime, ahead: timedelta) -> None:
    """Leases end when a fresh one would; waits that began in the future keep their length.

    Their beginning is shifted with them, so that to do it again changes nothing.
    """
    runs.filter(_kept_too_long(at)).update(lease_until=at + LEASE)
    runs.filter(_begun_later(at)).update(**{name: F(name) - ahead for name in WAITS})


def _put_right(jobs: Sequence[Job], at: datetime, ahead: timedelta) -> None:
    """Take back what was proven in the future, and have the jobs concerned run at once."""
    late = [job for job in jobs if job.proven_until > at or (job.last_success_at or at) > at]
    for job in jobs:
        if job.proven_until > at:
            job.proven_until = _believed(job, at - ahead)
        for name in MOMENTS:
            moment = getattr(job, name)
            setattr(job, name, min(moment, at) if moment else None)
        if job.evidence_at and job.evidence_at > at + blind.SPREAD:
            job.evidence_at = at
        fallback.refresh_due(job)
    Job.objects.bulk_update(jobs, FIELDS, batch_size=BATCH)
    scheduled = [job for job in late if job.period_minutes and not job.suspended]
    request_runs([_catch_up(job, at) for job in scheduled], at)
    listening = [job for job in late if job.listening_since]
    fallback.spread_evidence(listening, at, REASON, blind.SPREAD)


def _believed(job: Job, latest: datetime) -> datetime:
    """The end of the job's newest full window that ended by `latest`, or where it once began.

    `latest` lies as far behind now as the clock was ahead, so that windows that were taken while
    it was wrong are not believed, if it was so for no longer than that.
    """
    full = Run.objects.filter(job=job, status=RunStatus.SUCCEEDED, sort=Sort.FULL)
    windows = full.filter(window_until__lte=latest).order_by("-window_until")
    until = windows.values_list("window_until", flat=True).first()
    return until or min(job.channel.sync_from, latest)


def _catch_up(job: Job, at: datetime) -> Request:
    """Its coming slots are taken already: without this run it would be silent until they end."""
    return Request(job, Trigger.SCHEDULE, Sort.FULL, not_before=at, reason=REASON)
