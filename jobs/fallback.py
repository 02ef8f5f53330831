"""The fallback manager: keeps each job's emergency job in the state that the rules derive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from jobs.deadline import RESUMED, Span, Timer, next_due, thawed, unproven_since
from jobs.dispatch import Request, request_runs, withdraw
from jobs.models import EmergencyState, EmergencyTransition, Job, Rescue, Run
from jobs.overlap import Sort, Trigger
from jobs.plan import Plan

FIELDS = (
    "emergency_state",
    "emergency_minutes",
    "emergency_automatic",
    "emergency_reason",
    "emergency_due_at",
    "emergency_due_reason",
    "evidence_at",
    "evidence",
    "degraded_at",
    "clean_runs",
)
"""The columns that this module sets on a job in memory; the caller saves them."""

OF_FREEZING = ("frozen_since", "frozen_spans", "emergency_due_at", "emergency_due_reason")
FROZEN = "its timer stands still while the channel's circuit is open"
FROZEN_KEPT = timedelta(days=7)
"""Longer than any emergency period and sweep: what lies further back moves no due time."""

CLEAN_RUNS_TO_RECOVER = 2
REJECTED_IN_A_ROW = 3
ON = (EmergencyState.ARMED, EmergencyState.DEGRADED)


def settle(job: Job, plan: Plan, at: datetime, cause: str) -> None:
    """Bring the stored emergency job to what the plan wants; leaves a transition where it moved.

    Leaving `suspended` with the emergency job on demands one run at once.
    """
    emergency = plan.emergency
    was = job.emergency_state
    job.emergency_minutes = emergency.period if emergency.on else None
    job.emergency_automatic = emergency.automatic
    job.emergency_reason = emergency.reason[:250]
    if not emergency.on:
        move(job, EmergencyState.OFF, at, emergency.reason or cause)
    elif plan.suspended:
        move(job, EmergencyState.SUSPENDED, at, cause)
    elif was not in ON:
        move(job, EmergencyState.ARMED, at, cause)
        if was == EmergencyState.SUSPENDED:
            job.evidence_at, job.evidence = at, RESUMED
    elif was == EmergencyState.DEGRADED and not plan.on_webhook:
        move(job, EmergencyState.ARMED, at, "the webhook row no longer shows")
    refresh_due(job)


def move(job: Job, to: EmergencyState, at: datetime, cause: str) -> None:
    """Change the state in memory and write the transition; nothing where it is there already."""
    was = job.emergency_state
    if was == to:
        return
    EmergencyTransition.objects.create(
        job=job, at=at, from_state=was, to_state=to, cause=cause[:250]
    )
    job.emergency_state = to
    job.degraded_at = at if to == EmergencyState.DEGRADED else None
    if to not in ON:
        job.evidence_at, job.evidence, job.clean_runs = None, "", 0
    if to == EmergencyState.DEGRADED:
        job.clean_runs = 0


def refresh_due(job: Job) -> None:
    """Set the due time from the proof and the evidence; None where the emergency job is not on.

    Nothing is due while the timer is frozen.
    """
    if job.emergency_state not in ON or job.emergency_minutes is None:
        job.emergency_due_at, job.emergency_due_reason = None, ""
        return
    if job.frozen_since is not None:
        job.emergency_due_at, job.emergency_due_reason = None, FROZEN
        return
    due = next_due(timer_of(job))
    job.emergency_due_at, job.emergency_due_reason = due.at, due.reason[:250]


def timer_of(job: Job) -> Timer:
    listening = job.row == "webhook"
    delay = job.webhook_delay_minutes or 0 if listening else 0
    return Timer(
        period=timedelta(minutes=job.emergency_minutes or 0),
        webhook_delay=timedelta(minutes=delay),
        listening=listening,
        degraded_at=job.degraded_at,
        proof_at=job.proof_at,
        proven_until=job.proven_until,
        last_start=job.emergency_started_at,
        evidence_at=job.evidence_at,
        evidence=job.evidence,
        sweep_minimum=timedelta(minutes=settings.OMSAUTO_SWEEP_MINIMUM_MINUTES),
        frozen=_spans(job),
    )


def _spans(job: Job) -> tuple[Span, ...]:
    """The times in which the timer stood still."""
    instant = datetime.fromisoformat
    return tuple((instant(since), instant(until)) for since, until in job.frozen_spans)


def freeze(jobs: Sequence[Job], at: datetime) -> None:
    """Stop the timers of these jobs, whose locks the caller holds: silence proves nothing now."""
    for job in jobs:
        job.frozen_since = job.frozen_since or at
        refresh_due(job)
    Job.objects.bulk_update(jobs, OF_FREEZING)


def thaw(jobs: Sequence[Job], at: datetime) -> None:
    """Let the timers go on; the time they stood still does not count as silence."""
    for job in jobs:
        if job.frozen_since is not None:
            recent = (span for span in _spans(job) if span[1] > at - FROZEN_KEPT)
            spans = thawed(recent, job.frozen_since, at)
            job.frozen_spans = [[since.isoformat(), until.isoformat()] for since, until in spans]
            job.frozen_since = None
        refresh_due(job)
    Job.objects.bulk_update(jobs, OF_FREEZING)


def take_due(jobs: Sequence[Job], at: datetime) -> int:
    """Ask for an emergency run of each of these due jobs, in bulk.

    The due time is cleared: the end of the run that was opened, joined or already active sets it
    anew. Evidence is used up by the run it starts.
    """
    tickets = request_runs(
        [
            Request(
                job,
                Trigger.EMERGENCY,
                Sort.FULL,
                not_before=at,
                reason=job.emergency_due_reason,
                unproven_since=unproven_since(timer_of(job), job.emergency_due_reason),
            )
            for job in jobs
        ],
        at,
    )
    for job, ticket in zip(jobs, tickets, strict=True):
        job.emergency_due_at = None
        if ticket.run:
            job.evidence_at, job.evidence = None, ""
    Job.objects.bulk_update(jobs, ["emergency_due_at", "evidence_at", "evidence"], batch_size=500)
    return len(jobs)


def record_evidence(job: Job, at: datetime, evidence: str, *, due: datetime | None = None) -> None:
    """Hard evidence that webhooks were lost: degraded, due now (or at `due`, to spread many).

    Never later than the job was due already. In memory; the caller holds the job's lock and
    saves. Jobs that are not listening, or whose emergency job is not on, take no notice.
    """
    if job.row != "webhook" or job.emergency_state not in ON:
        return
    move(job, EmergencyState.DEGRADED, at, evidence)
    if job.evidence_at is None:
        wanted = due or at
        job.evidence_at = min(wanted, job.emergency_due_at or wanted)
        job.evidence = evidence[:250]
    refresh_due(job)


def spread_evidence(jobs: Sequence[Job], at: datetime, evidence: str, over: timedelta) -> None:
    """The same evidence for many jobs, their runs spread evenly over a time; saves."""
    with transaction.atomic():
        locked = list(
            Job.objects.select_for_update(no_key=True)
            .filter(pk__in=[job.pk for job in jobs])
            .order_by("pk")
        )
        for position, job in enumerate(locked):
            record_evidence(job, at, evidence, due=at + over * position / len(locked))
        Job.objects.bulk_update(locked, FIELDS, batch_size=200)


def after_full_run(job: Job, run: Run, at: datetime) -> None:
    """A full run on a webhook row proves loss by rescuing, and its end by rescuing nothing."""
    if job.row != "webhook" or job.emergency_state not in ON:
        return
    if run.rescued:
        move(job, EmergencyState.DEGRADED, at, f"run {run.pk} rescued {_records(run.rescued)}")
        job.clean_runs = 0
        return
    if job.emergency_state == EmergencyState.DEGRADED:
        job.clean_runs = min(job.clean_runs + 1, CLEAN_RUNS_TO_RECOVER)
        recover(job, at)


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


def recover(job: Job, at: datetime) -> None:
    """Leave `degraded` where the stream has proven good, or the loss was only lateness."""
    if job.emergency_state != EmergencyState.DEGRADED or job.degraded_at is None:
        return
    heard = job.heard_at is not None and job.heard_at > job.degraded_at
    if job.clean_runs >= CLEAN_RUNS_TO_RECOVER and heard:
        cause = "two full runs in a row rescued nothing and a good event came since"
        move(job, EmergencyState.ARMED, at, cause)
    elif _only_late(job):
        move(job, EmergencyState.ARMED, at, "every rescued record's event came late after all")


def _only_late(job: Job) -> bool:
    """Did the event of every record rescued since, or by the run that degraded, come late?"""
    recent = Rescue.objects.filter(job=job, run__finished_at__gte=job.degraded_at)
    return recent.exists() and not recent.filter(late_at=None).exists()


def withdraw_emergency(job: Job, reason: str, at: datetime) -> Run | None:
    """Cancel the waiting emergency run of a job whose emergency job was just switched off."""
    run = Run.objects.waiting().filter(job=job, sort=Sort.FULL).caused_by(Trigger.EMERGENCY).first()
    if run and withdraw(run, Trigger.EMERGENCY, f"emergency job switched off: {reason}", at):
        return run
    return None
