"""What operators do to runs and records by hand: run now, cancel, retry, replay parked records."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from accounts.models import User
from jobs import attempts, batches, fallback, gate, outcome, slots
from jobs.dispatch import Request, Ticket, request_run
from jobs.models import AttemptOutcome, Event, EventStatus, Job, Run, RunStatus, SlotOutcome
from jobs.overlap import Sort, Trigger
from oms.models import ParkedRecord, ParkedStatus


class NotNow(Exception):
    """This cannot be done in the present state; the text says why and what to do."""


def run_now(job: Job, at: datetime, actor: User | None = None) -> Ticket:
    """The job's whole work, now; never moves its grid. Raises `NotNow`."""
    with transaction.atomic():
        job = ready_job(job.pk)
        request = Request(
            job, Trigger.MANUAL, Sort.FULL, not_before=at, actor_id=actor.pk if actor else None
        )
        return request_run(request, at)


def ready_job(job_id: int) -> Job:
    """The job, locked against a Save, where it may run now; raises `NotNow` where it may not."""
    Job.objects.select_for_update(no_key=True).only("pk").get(pk=job_id)
    job = Job.objects.with_channel().get(pk=job_id)
    if not job.channel.account.enabled:
        raise NotNow("The account is disabled: enable it first.")
    if not job.channel.enabled or job.channel.deleted_at:
        raise NotNow("The channel is disabled: enable it first.")
    if not job.row:
        raise NotNow("This job is not offered on the channel: see the Master Product Source.")
    return job


def cancel_run(run: Run, at: datetime, actor: User | None = None) -> Run:
    """Cancel a queued or running run; a running one stops at its next page. Raises `NotNow`."""
    reason = f"cancelled by {actor}" if actor else "cancelled"
    with transaction.atomic():
        locked = Job.objects.with_channel().select_for_update(of=("self",), no_key=True)
        job = locked.get(pk=run.job_id)
        gate.close(job.pk)
        run = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
        run.job = job
        if run.is_over:
            raise NotNow(f"Run {run.pk} is over already: its status is {run.status}.")
        if not run.is_active:
            slots.release_slot(run, SlotOutcome.SKIPPED, reason)
        unfinished = outcome.asked_for_entities(run)
        Run.objects.filter(pk=run.pk).update(
            status=RunStatus.CANCELLED,
            reason=reason[:250],
            finished_at=at,
            lease=uuid4(),
            lease_until=None,
            unfinished=unfinished,
        )
        if run.status == RunStatus.RUNNING:
            attempts.end(run, at, AttemptOutcome.CANCELLED, reason)
        Event.objects.filter(run=run, status=EventStatus.WAITING).update(
            status=EventStatus.FAILED, reason=f"run {run.pk} was cancelled"
        )
        fallback.refresh_due(job)
        job.save(update_fields=["emergency_due_at", "emergency_due_reason"])
        outcome.wake_waiting(job, at)
    run.refresh_from_db()
    return run


def retry_run(run: Run, at: datetime, actor: User | None = None) -> Run:
    """A new run of the same window start or entities; failed and cancelled runs only."""
    if run.status not in (RunStatus.FAILED, RunStatus.CANCELLED):
        raise NotNow(
            f"Run {run.pk} has the status {run.status}: only failed and cancelled runs are retried."
        )
    with transaction.atomic():
        job = ready_job(run.job_id)
        ticket = request_run(_retry_request(run, job, at, actor), at)
        if ticket.run is None:
            raise NotNow("A full run of this job is active already.")
        if run.sort == Sort.ENTITY:
            failed = Event.objects.filter(run=run, status=EventStatus.FAILED)
            failed.update(status=EventStatus.WAITING, reason="", run=ticket.run)
            Run.objects.filter(pk=run.pk).update(unfinished=False)
    return ticket.run


def _retry_request(run: Run, job: Job, at: datetime, actor: User | None) -> Request:
    return Request(
        job,
        Trigger.RETRY,
        Sort(run.sort),
        not_before=at,
        reason=f"retry of run {run.pk}",
        window_from=run.window_from if run.sort == Sort.FULL else None,
        entities=tuple(run.entities),
        actor_id=actor.pk if actor else None,
    )


def retry_parked(parked: ParkedRecord, at: datetime, actor: User | None = None) -> Ticket:
    """Ask for a parked record again by its id; it is resolved when it could be taken over."""
    if parked.status != ParkedStatus.PARKED:
        raise NotNow(f"This record is {parked.get_status_display().lower()} already.")
    job = Job.objects.with_channel().filter(channel=parked.channel_id, type=parked.type).first()
    if job is None:
        raise NotNow("The channel no longer does this job.")
    with transaction.atomic():
        request = Request(
            ready_job(job.pk),
            Trigger.RETRY,
            Sort.ENTITY,
            not_before=at,
            reason="retry of parked records",
            entities=(parked.external_id,),
            actor_id=actor.pk if actor else None,
        )
        return request_run(request, at)


def discard(parked: ParkedRecord, at: datetime, actor: User | None = None, note: str = "") -> None:
    """Give a parked record up. Raises `NotNow` where it is not parked any more."""
    still = ParkedRecord.objects.filter(pk=parked.pk, status=ParkedStatus.PARKED)
    given_up = {"status": ParkedStatus.DISCARDED, "ended_at": at, "ended_by": actor, "note": note}
    if not still.update(**given_up):
        raise NotNow("This record is not parked any more.")


def replay_event(event: Event, at: datetime) -> Event:
    """Put an event into its job's next batch again. Raises `NotNow`."""
    try:
        with transaction.atomic():
            return batches.replay(event, at)
    except ValueError as error:
        raise NotNow(f"The event cannot be replayed: {error}.") from error
