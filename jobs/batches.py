"""Events waiting for a run: opening and joining the entity batch of a job, holding, replaying."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from channels.models import WebhookMapping
from jobs.dispatch import Request, Ticket, request_run
from jobs.models import Event, EventStatus, Job, Run
from jobs.overlap import Sort, Trigger

NO_MAPPING = "no webhook mapping of its topic is switched on"
NOT_LISTENING = "its job is not listening now: it takes no webhooks, or is disabled"


def open_or_join(job: Job, not_before: datetime, at: datetime) -> Ticket:
    """The waiting entity run of a job, opened where there is none; the caller attaches events."""
    return request_run(Request(job, Trigger.WEBHOOK, Sort.ENTITY, not_before=not_before), at)


def hold(job: Job, reason: str) -> int:
    """Waiting events of runs that were cancelled are held until the job listens again."""
    waiting = Event.objects.filter(job=job, status=EventStatus.WAITING, run__status="cancelled")
    return waiting.update(status=EventStatus.HELD, reason=reason[:250], run=None)


def replay_held(job: Job, at: datetime) -> int:
    """All held events of a job as one batch, due at once."""
    held = Event.objects.filter(job=job, status=EventStatus.HELD)
    if not held.exists():
        return 0
    ticket = open_or_join(job, at, at)
    return held.update(status=EventStatus.WAITING, reason="", run=ticket.run)


def replay(event: Event, at: datetime) -> Event:
    """Set one event waiting again, as an operator or a repeated delivery of a failed one asks."""
    job = job_of(event)
    if job is None:
        raise ValueError(NO_MAPPING)
    job = _locked(job.pk)
    if job.listening_since is None:
        raise ValueError(NOT_LISTENING)
    ticket = open_or_join(job, at, at)
    waiting = {"job": job, "status": EventStatus.WAITING, "reason": "", "run": ticket.run}
    Event.objects.filter(pk=event.pk).update(**waiting)
    event.refresh_from_db(fields=["job", "status", "reason", "run"])
    return event


def replay_many(job_id: int, event_ids: Collection[int], at: datetime) -> tuple[Run | None, int]:
    """Set these events of one job waiting again, in one batch: (its run, how many).

    Leaves out those that wait already; no run where the job is not listening.
    """
    job = _locked(job_id)
    ready = Event.objects.filter(pk__in=event_ids).exclude(status=EventStatus.WAITING)
    if job.listening_since is None or not ready.exists():
        return None, 0
    run = open_or_join(job, at, at).run
    moved = ready.update(job=job, status=EventStatus.WAITING, reason="", run=run)
    return run, moved


def _locked(job_id: int) -> Job:
    """Under the lock a Save takes: it cannot disable the channel between a look and the batch."""
    locked = Job.objects.with_channel().select_for_update(of=("self",), no_key=True)
    return locked.get(pk=job_id)


def job_of(event: Event) -> Job | None:
    """The job of an event; of one that was ignored, the job its topic is mapped to by now."""
    if event.job is not None:
        return event.job
    mapped = WebhookMapping.objects.filter(
        channel=event.channel_id, topic=event.topic, enabled=True
    ).values("type")
    jobs = Job.objects.select_related("channel__account")
    return jobs.filter(channel=event.channel_id, type__in=mapped).first()
