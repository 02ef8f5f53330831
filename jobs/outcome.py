"""How an attempt ends: success with its proof, another attempt, or failure, each in one write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from channels.connectors.base import ConnectorError, Misconfigured, Permanent, Transient
from channels.enums import JobType, Row
from channels.models import Channel
from jobs import aftermath, attempts, batches, fallback, lease, rescues, slots, stock, wake
from jobs.admission import why_no_budget
from jobs.budget import lane_of
from jobs.dispatch import Request, request_runs
from jobs.lease import MAX_ATTEMPTS, LeaseLost
from jobs.models import AttemptOutcome, Event, EventStatus, Job, Run, RunStatus
from jobs.overlap import Sort, Trigger
from jobs.statements import WholeRows, update
from jobs.traffic import GivesWay
from jobs.work import COUNTS, Work
from oms import sync_inventory
from oms.registry import LOGIC
from oms.work import FollowUp, Outcome

PROOF = ("last_success_at", "proven_until", "heard_at", "by_id_at")
_JOB = WholeRows({"job": Job}, "FROM jobs_job job WHERE job.id = %s", lock="job")
LONGEST_RETRY_AFTER = timedelta(hours=1)
NEXT_STEPS = {
    Transient: "Nothing to do now; if it goes on, look whether the platform is well.",
    Permanent: "Mend the cause, then press Retry.",
    Misconfigured: "Correct the channel's settings or credentials, then press Retry.",
}


def succeed(work: Work) -> None:
    """The last transaction of a run: counts, proof, events, emergency, what follows."""
    at = work.clock()
    with transaction.atomic():
        job, following = _locked_with_what_follows(work, _asked_of_others(work))
        job.channel = work.channel
        _end(work, at, RunStatus.SUCCEEDED, {})
        job.last_success_at = at
        if work.proves_until is not None:
            job.proven_until = max(job.proven_until, work.proves_until)
        left = aftermath.of(work.run)
        if left.waiting_events:
            _end_events(work, job, at)
        if work.full:
            _prove_full(work, job, at, holds_events=left.held_events)
        fallback.recover(job, at)
        fallback.refresh_due(job)
        update(Job, {"id": job.pk}, {name: getattr(job, name) for name in PROOF + fallback.FIELDS})
        _follow_up(work, following, at)
        if left.waiting_run:
            wake_waiting(job, at)
    if left.needs_attention and work.has_asked:
        Channel.objects.filter(pk=work.channel.pk).update(needs_attention="")


ByJob = dict[tuple[int, str], list[FollowUp]]
"""What other jobs are asked for, by channel and type."""


@dataclass(frozen=True)
class _Following:
    """What is opened when a run ends: runs of other jobs, and some that tell channels of stock."""

    asked: ByJob
    channels: list[int]


def _asked_of_others(work: Work) -> ByJob:
    """A window finds unknown records by its own next window."""
    wanted: ByJob = defaultdict(list)
    for follow_up in work.follow_ups:
        if not (follow_up.entities and work.full):
            wanted[follow_up.channel_id, follow_up.type].append(follow_up)
    return wanted


def _locked_with_what_follows(work: Work, asked: ByJob) -> tuple[Job, _Following]:
    """The run's job, and the jobs to be asked: locked in the order of their keys, as a Save does.

    Else each of the two could wait for the other. What a run did to stock is told even where it
    failed after some of its pages; one that read nothing did nothing, as most polls.
    """
    cause = LOGIC[work.type].moves_stock
    moved = cause is not None and bool(work.run.read)
    channels = sync_inventory.wanting(work.channel.account_id, cause) if moved and cause else []
    if asked or channels:
        wanted = Q(pk=work.job.pk) | Q(channel__in=channels, type=JobType.SYNC_INVENTORY)
        for channel_id, job_type in asked:
            wanted |= Q(channel=channel_id, type=job_type)
        locked = Job.objects.filter(wanted).order_by("pk").select_for_update(no_key=True)
        list(locked.values_list("pk"))
    return _locked(work.job), _Following(asked, channels)


def _locked(job: Job) -> Job:
    """The job as it is now; nobody else changes it before the transaction ends."""
    found = _JOB.first([job.pk])
    if found is None:
        raise Job.DoesNotExist(f"job {job.pk} is gone")
    now: Job = found[0]["job"]
    return now


def _end(work: Work, at: datetime, status: RunStatus, fields: dict[str, object]) -> None:
    """The outcome, only where the run is still ours; raises `LeaseLost`. In a transaction."""
    ended = {"status": status, "finished_at": at, "lease": None, "lease_until": None, "handled": {}}
    lease.write(work.run, **ended, **work.counts(), **fields)
    attempts.end(work.run, at, AttemptOutcome(status), str(fields.get("error", "")))
    work.flush_log()


def _prove_full(work: Work, job: Job, at: datetime, *, holds_events: bool) -> None:
    """A full run ends what others left, covers held events and counts for the emergency state.

    What it proves depends on the row it was claimed under, whatever a Save made of that since.
    """
    worked_as = work.job.row
    if worked_as == Row.BY_ID:
        job.by_id_at = work.run.started_at
    reason = f"covered by run {work.run.pk}"
    if work.finished_runs:
        left = Event.objects.filter(run__in=work.finished_runs, status=EventStatus.FAILED)
        left.update(status=EventStatus.DONE, reason=reason)
        Run.objects.filter(pk__in=work.finished_runs).update(unfinished=False)
    until = work.run.window_until
    if until is None:
        return
    if holds_events and job.row == Row.RECURRING:
        held = Event.objects.filter(job=job, status=EventStatus.HELD, received_at__lt=until)
        held.update(status=EventStatus.DONE, reason=reason)
    if worked_as == Row.WEBHOOK:
        fallback.after_full_run(job, work.run, at)


def _end_events(work: Work, job: Job, at: datetime) -> None:
    """The run's events are done; one whose record was rescued before is done for that reason."""
    events = Event.objects.filter(run=work.run, status=EventStatus.WAITING)
    found = list(events.only("entities", "received_at"))
    heard = [event.received_at for event in found]
    job.heard_at = max(moment for moment in (job.heard_at, *heard) if moment)
    _end_late_events(work, job, found, at)
    events.update(status=EventStatus.DONE, reason="")


def _end_late_events(work: Work, job: Job, events: Sequence[Event], at: datetime) -> None:
    """Events that came after their record was rescued, and changed nothing."""
    asked = {entity for event in events for entity in event.entities}
    unchanged = [one for one in asked if work.outcomes.get(one) == Outcome.UNCHANGED]
    rescued = rescues.mark_late(job, unchanged, at)
    for event in events:
        runs = {rescued[one] for one in event.entities if one in rescued}
        if runs:
            reason = f"already handled by run {max(runs)}"
            Event.objects.filter(pk=event.pk).update(status=EventStatus.DONE, reason=reason)


def _follow_up(work: Work, following: _Following, at: datetime) -> None:
    """Open what the job logic asked for, and tell of stock; the jobs' locks are held."""
    for (channel_id, job_type), several in following.asked.items():
        job = Job.objects.with_channel().filter(channel=channel_id, type=job_type).first()
        if job is None or not job.row or job.suspended:
            continue
        entities = tuple(dict.fromkeys(one for each in several for one in each.entities))
        trigger = Trigger(work.run.trigger) if entities else Trigger.CHANGE
        request_runs([Request(job, trigger, Sort.ENTITY, at, entities=entities)], at)
    if following.channels:
        stock.tell(following.channels, at)


def wake_waiting(job: Job, at: datetime) -> None:
    """When a run ends, a waiting run that is due starts at once, the full one first."""
    due = Run.objects.waiting().filter(job=job, not_before__lte=at)
    first = sorted(due, key=lambda run: run.sort != Sort.FULL)[:1]
    if first:
        transaction.on_commit(lambda: wake.send_each(first, at))


def fail(work: Work, error: Exception) -> None:
    """Another attempt where the error is worth one and attempts are left; else the run failed."""
    at = work.clock()
    work.run.refresh_from_db(fields=[*COUNTS, "entities"])
    with transaction.atomic():
        job, following = _locked_with_what_follows(work, {})
        job.channel = Channel.objects.select_related("account").get(pk=work.channel.pk)
        if reason := slots.why_stopped(job):
            _stop(work, job, error, reason, at)
            return
        if _worth_another(work, error):
            _try_again(work, error, at)
            return
        text = f"{_sentence(error)} {_no_more(work, error)}"
        work.log("fatal" if isinstance(error, Misconfigured) else "error", text)
        _end(
            work,
            at,
            RunStatus.FAILED,
            {**_left(work, work.run.reason or _reason(error)), "error": text},
        )
        end_badly(job, work.run, at)
        _follow_up(work, following, at)
    if isinstance(error, Misconfigured):
        Channel.objects.filter(pk=work.channel.pk).update(needs_attention=str(error))


def give_way(work: Work, way: GivesWay) -> None:
    """Back to the queue amid an attempt, which goes on later: what is done stays done.

    No attempt is used up, and nothing is said of the emergency job: the platform is well.
    """
    at = work.clock()
    with transaction.atomic():
        job, following = _locked_with_what_follows(work, _asked_of_others(work))
        job.channel = Channel.objects.select_related("account").get(pk=work.channel.pk)
        if reason := slots.why_stopped(job):
            _stop(work, job, RuntimeError("The platform's limit was used up."), reason, at)
            return
        why = why_no_budget(lane_of(work.run.causes, work.run.reason))
        work.log("info", f"It gave way at {at:%H:%M:%S} UTC and goes on later: {why}")
        work.flush_log()
        fields = work.counts() | {
            "gave_way": True,
            "waits_for": why[:250],
            "handled": work.handled,
            "place": work.run.place,
            "fruitless": work.run.fruitless + (not work.came_further),
        }
        if not lease.requeue(work.run, way.until, at, **fields):
            raise LeaseLost(f"run {work.run.pk} is no longer ours")
        _follow_up(work, following, at)
        wake_waiting(job, at)


def _stop(work: Work, job: Job, error: Exception, reason: str, at: datetime) -> None:
    """No other attempt of a job that was stopped; its events wait until it is back."""
    text = f"{_sentence(error)} It is not tried again, because {reason}."
    work.log("warning", text)
    _end(work, at, RunStatus.CANCELLED, {**_left(work, reason), "error": text})
    batches.hold(job, reason)


def _reason(error: Exception) -> str:
    """Why a run failed, in one line; a run that was opened for a reason keeps that one."""
    if _retry_after(error) > LONGEST_RETRY_AFTER:
        return f"the platform asks to wait for more than an hour: {error}"
    return str(error)


def _left(work: Work, reason: str) -> dict[str, object]:
    """Fields of a run that ended without doing what it was asked for."""
    return {"reason": reason[:250], "unfinished": asked_for_entities(work.run)}


def asked_for_entities(run: Run) -> bool:
    """Does the run hold ids or events that the next full run must ask for?"""
    waiting = Event.objects.filter(run=run, status=EventStatus.WAITING)
    return bool(run.entities) or waiting.exists()


def end_badly(job: Job, run: Run, at: datetime) -> None:
    """What a failed run means for its events and for the emergency job; saves the job."""
    events = Event.objects.filter(run=run, status=EventStatus.WAITING)
    lost = events.update(status=EventStatus.FAILED, reason=f"run {run.pk} failed")
    if run.sort == Sort.FULL and run.rescued:
        fallback.after_full_run(job, run, at)
    if run.sort == Sort.ENTITY and (lost or Trigger.WEBHOOK in run.causes):
        fallback.record_evidence(job, at, f"webhook run {run.pk} failed for good")
    fallback.refresh_due(job)
    job.save(update_fields=list(fallback.FIELDS))
    wake_waiting(job, at)


def _worth_another(work: Work, error: Exception) -> bool:
    if isinstance(error, ConnectorError) and not isinstance(error, Transient):
        return False
    return work.run.attempt < MAX_ATTEMPTS and _retry_after(error) <= LONGEST_RETRY_AFTER


def _retry_after(error: Exception) -> timedelta:
    seconds = error.retry_after if isinstance(error, Transient) else None
    return timedelta(seconds=seconds or 0)


def _try_again(work: Work, error: Exception, at: datetime) -> None:
    number = work.run.attempt + 1
    asked = _retry_after(error)
    not_before = at + (asked or lease.wait_before(number))
    text = (
        f"{_sentence(error)} It will be tried again at {not_before:%H:%M:%S} UTC "
        f"(attempt {number} of {MAX_ATTEMPTS})."
    )
    work.log("warning", text)
    work.flush_log()
    fields = work.counts() | {"error": text, "retry_after_at": not_before if asked else None}
    if not lease.requeue(work.run, not_before, at, **fields):
        raise LeaseLost(f"run {work.run.pk} is no longer ours")
    attempts.end(work.run, at, AttemptOutcome.FAILED, str(error), not_before)


def _sentence(error: Exception) -> str:
    """What the library or the platform said, ended like a sentence."""
    said = str(error).rstrip()
    return said if said.endswith((".", "!", "?", ":")) else f"{said}."


def _no_more(work: Work, error: Exception) -> str:
    kind: Sequence[type[Exception]] = [known for known in NEXT_STEPS if isinstance(error, known)]
    step = NEXT_STEPS[kind[0]] if kind else "This is a fault of omsauto; please report it."
    if _retry_after(error) > LONGEST_RETRY_AFTER:
        return f"The platform asks to wait for more than an hour, so the run ends. {step}"
    if isinstance(error, Transient) or not kind:
        return f"That was attempt {work.run.attempt} of {MAX_ATTEMPTS}; no other follows. {step}"
    return f"Another attempt would fail the same way, so none follows. {step}"
