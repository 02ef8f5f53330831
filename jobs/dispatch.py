"""The door: every run, whatever caused it, is created by `request_runs`.

Due slots of many jobs at once are opened by `slot_batch`, which decides the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from jobs import wake
from jobs.models import Job, Run, RunStatus
from jobs.overlap import ActiveRun, Decision, Sort, Trigger, decide, forward_to

PATIENT = (Trigger.WEBHOOK, Trigger.SCHEDULE, Trigger.CHANGE)
"""They come often: a run that waits for its platform is not woken by each."""


@dataclass(frozen=True, slots=True)
class Request:
    """Why a job should run, and from when on; the job's channel must be loaded.

    `spread`: by how long the start of the slot is put off. `entities`: external ids asked for
    beside those of attached events. `unproven_since`: up to when the data was complete, for an
    emergency run.
    """

    job: Job
    trigger: Trigger
    sort: Sort
    not_before: datetime
    slot_at: datetime | None = None
    spread: timedelta = timedelta(0)
    reason: str = ""
    window_from: datetime | None = None
    entities: tuple[str, ...] = ()
    actor_id: int | None = None
    unproven_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What became of a request; `run` None where it was dropped."""

    run: Run | None
    decision: Decision

    @property
    def opened(self) -> bool:
        return self.decision == Decision.OPEN


@dataclass
class _Desk:
    """The open runs of the jobs at hand; kept current while requests are decided."""

    active: dict[int, Run] = field(default_factory=dict)
    waiting: dict[tuple[int, str], Run] = field(default_factory=dict)


def request_run(request: Request, at: datetime) -> Ticket:
    """Open, join or drop; locks the job's row, so that two requests cannot both open."""
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True).only("pk").get(pk=request.job.pk)
        return request_runs([request], at)[0]


def request_runs(requests: Sequence[Request], at: datetime) -> list[Ticket]:
    """Decide requests in bulk, at most one run opened per job and sort.

    The caller holds the locks of their jobs in its transaction. Messages leave after commit.
    """
    desk = _load({request.job.pk for request in requests})
    opened: list[Run] = []
    tickets = [_decide(desk, request, at, opened) for request in requests]
    Run.objects.bulk_create(opened)
    _send_after_commit(opened, at)
    return tickets


def _load(job_ids: set[int]) -> _Desk:
    desk = _Desk()
    queued = Run.objects.filter(
        job_id__in=job_ids, status__in=[RunStatus.QUEUED, RunStatus.RUNNING]
    )
    for run in queued.select_for_update(no_key=True):
        if run.is_active:
            desk.active[run.job_id] = run
        else:
            desk.waiting[run.job_id, run.sort] = run
    return desk


def _decide(desk: _Desk, request: Request, at: datetime, opened: list[Run]) -> Ticket:
    active = desk.active.get(request.job.pk)
    waiting = desk.waiting.get((request.job.pk, request.sort))
    decision = decide(
        request.trigger,
        request.sort,
        ActiveRun(Sort(active.sort), active.status == RunStatus.RUNNING) if active else None,
        waiting is not None,
        later=request.not_before > at,
    )
    if decision == Decision.OPEN:
        run = _new_run(request, at)
        opened.append(run)
        desk.waiting[request.job.pk, request.sort] = run
        return Ticket(run, decision)
    if decision == Decision.JOIN_WAITING and waiting:
        _join(waiting, request, at, stored=waiting not in opened)
        return Ticket(waiting, decision)
    if decision == Decision.BRING_FORWARD and active:
        _bring_forward(active, at)
    return Ticket(active if decision != Decision.DROP else None, decision)


def _new_run(request: Request, at: datetime) -> Run:
    run = Run(
        job=request.job,
        channel_id=request.job.channel_id,
        account_id=request.job.channel.account_id,
        type=request.job.type,
        sort=request.sort,
        trigger=request.trigger,
        reason=request.reason,
        slot_at=request.slot_at,
        spread_seconds=request.spread.seconds,
        not_before=request.not_before,
        wake_at=_wake_at(request, at),
        created_at=at,
        window_from=request.window_from,
        entities=list(request.entities),
        actor_id=request.actor_id,
        unproven_since=request.unproven_since,
    )
    run.causes = [request.trigger]
    return run


def _wake_at(request: Request, at: datetime) -> datetime:
    """A start that is put off is the clock's to send: thousands may share a slot."""
    if request.spread and request.not_before > at:
        return request.not_before
    return wake.next_wake(request.not_before, at)


def _join(run: Run, request: Request, at: datetime, *, stored: bool) -> None:
    """The wider window and the earlier time win; the latest slot is the one the run carries.

    A run that was opened without a reason takes that of the first request that has one. One that
    was put back for its platform's sake keeps its time, unless somebody who goes before others
    asks for it.
    """
    stays = bool(run.waits_for) and request.trigger in PATIENT
    earlier = request.not_before < run.not_before and not stays
    if request.trigger not in run.causes:
        run.causes = [*run.causes, request.trigger]
    if request.slot_at and (run.slot_at is None or request.slot_at > run.slot_at):
        run.slot_at, run.spread_seconds = request.slot_at, request.spread.seconds
    if request.window_from and (run.window_from is None or request.window_from < run.window_from):
        run.window_from = request.window_from
    run.entities = list(dict.fromkeys([*run.entities, *request.entities]))
    run.not_before = request.not_before if earlier else run.not_before
    run.reason = run.reason or request.reason
    run.unproven_since = run.unproven_since or request.unproven_since
    if not stored:
        return
    fields = ["causes_text", "slot_at", "window_from", "entities", "not_before", "reason"]
    fields += ["unproven_since", "spread_seconds"]
    if earlier:
        run.wake_at = wake.next_wake(run.not_before, at)
        fields.append("wake_at")
        _send_after_commit([run], at)
    run.save(update_fields=fields)


def _bring_forward(run: Run, at: datetime) -> None:
    run.not_before = forward_to(at, run.not_before, run.retry_after_at)
    run.wake_at = wake.next_wake(run.not_before, at)
    if "manual" not in run.causes:
        run.causes = [*run.causes, Trigger.MANUAL]
    run.save(update_fields=["not_before", "wake_at", "causes_text"])
    _send_after_commit([run], at)


def _send_after_commit(runs: Sequence[Run], at: datetime) -> None:
    due = [run for run in runs if run.not_before <= at]
    if due:
        transaction.on_commit(partial(wake.send_each, due, at))
    for run in runs:
        if at < run.not_before < run.wake_at:
            transaction.on_commit(partial(wake.send_soon, run.pk, run.not_before, at))


def withdraw(run: Run, trigger: Trigger, reason: str, at: datetime) -> bool:
    """Take a cause away from a waiting run; without causes it is cancelled. True if it was."""
    causes = [cause for cause in run.causes if cause != trigger]
    waiting = Run.objects.waiting().filter(pk=run.pk)
    if causes:
        run.causes = causes
        waiting.update(causes_text=run.causes_text, trigger=causes[0])
        return False
    return bool(waiting.update(status=RunStatus.CANCELLED, reason=reason[:250], finished_at=at))
