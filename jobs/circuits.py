"""The circuits of channels as all workers share them: errors counted, opened, mended and closed.

Order of locks: a channel's jobs, then its circuit, then its runs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from jobs import circuit, fallback, wake
from jobs.circuit import Breaker, Rules, State
from jobs.models import Circuit, Job, Run, RunStatus

OPEN = "circuit open"
"""How it begins what a run waits for while its channel's circuit is not closed."""
SHORTEST_WAIT = timedelta(seconds=5)

Act = Callable[[Breaker], Breaker]


def rules() -> Rules:
    return Rules(
        failures=settings.OMSAUTO_CIRCUIT_FAILURES,
        first_wait=timedelta(seconds=settings.OMSAUTO_CIRCUIT_FIRST_WAIT_SECONDS),
    )


def breaker_of(row: Circuit) -> Breaker:
    values = {field.name: getattr(row, field.name) for field in fields(Breaker)}
    return Breaker(**{**values, "state": State(row.state)})


def note_failure(channel_id: int, reason: str, at: datetime) -> None:
    """A call did not reach the platform, or found it unwell; enough of them in a row open it."""
    if _count(channel_id, reason):
        return
    if not Circuit.objects.filter(pk=channel_id).exists():
        Circuit.objects.bulk_create([Circuit(channel_id=channel_id)], ignore_conflicts=True)
        if _count(channel_id, reason):
            return
    if Circuit.objects.filter(pk=channel_id, state=State.CLOSED).exists():
        _move(channel_id, at, lambda was: circuit.fail(was, rules(), at, _share()), reason)


def _count(channel_id: int, reason: str) -> bool:
    """One more that does not open it, in one statement."""
    below = Circuit.objects.filter(
        pk=channel_id, state=State.CLOSED, failures__lt=rules().failures - 1
    )
    return bool(below.update(failures=F("failures") + 1, reason=reason[:500]))


def note_success(channel_id: int) -> None:
    """A call was answered; writes nothing where there was no error before it."""
    failed = Circuit.objects.filter(pk=channel_id, state=State.CLOSED, failures__gt=0)
    failed.update(failures=0, reason="")


def to_probe(at: datetime) -> QuerySet[Circuit]:
    """Circuits whose probe is due and not asked for yet; those of disabled channels wait."""
    return Circuit.objects.filter(
        wake_at__lte=at,
        channel__enabled=True,
        channel__deleted_at=None,
        channel__account__enabled=True,
    )


def postpone(channel_id: int, seen: datetime | None, until: datetime) -> bool:
    """Its probe is asked for; again then, if it was not taken. False where another asked first."""
    return bool(Circuit.objects.filter(pk=channel_id, wake_at=seen).update(wake_at=until))


def take_probe(channel_id: int, at: datetime) -> Circuit | None:
    """Make the probe that is due ours; None where it is not due or another has it."""

    def act(was: Breaker) -> Breaker:
        return circuit.take_probe(was, at) if circuit.may_probe(was, at) else was

    return _move(channel_id, at, act)


def end_probe(taken: Circuit, at: datetime, trouble: str) -> bool:
    """Close it, or with `trouble` open it for longer; False where the probe was no longer ours."""

    def act(was: Breaker) -> Breaker:
        if (was.state, was.next_probe_at) != (State.HALF_OPEN, taken.next_probe_at):
            return was
        if trouble:
            return circuit.reopen(was, rules(), at, _share())
        return circuit.close(was, at)

    return _move(taken.channel_id, at, act, trouble) is not None


def hasten(channel_id: int, at: datetime) -> None:
    """Make the next probe of an open circuit due now; one that is under way is left alone."""
    if Circuit.objects.filter(pk=channel_id, state=State.OPEN).exists():
        _move(
            channel_id,
            at,
            lambda was: replace(was, next_probe_at=at) if was.state == State.OPEN else was,
        )


def mend(channel_id: int, at: datetime) -> None:
    """The operator changed the connection: the next probe is due at once."""
    if not Circuit.objects.filter(pk=channel_id).exists():
        return
    moved = _move(channel_id, at, lambda was: circuit.mend(was, at))
    if moved is not None and not moved.is_closed:
        transaction.on_commit(partial(wake.send_probe, channel_id))


def close(channel_id: int, at: datetime) -> None:
    """The platform was seen to answer."""
    if not Circuit.objects.filter(pk=channel_id).exclude(state=State.CLOSED).exists():
        return
    _move(
        channel_id,
        at,
        lambda was: was if was.state == State.CLOSED else circuit.close(was, at),
    )


def hold(run: Run, at: datetime) -> tuple[datetime, str] | None:
    """Until when a due run waits, and why, where its channel's circuit is not closed.

    In the transaction that puts it back: who closes the circuit then sees the run that waits.
    """
    row = Circuit.objects.select_for_update(no_key=True).filter(pk=run.channel_id).first()
    if row is None or row.next_probe_at is None:
        return None
    if circuit.may_probe(breaker_of(row), at):
        transaction.on_commit(partial(wake.send_probe, run.channel_id))
    return max(row.next_probe_at, at + SHORTEST_WAIT), f"{OPEN}: {row.reason}"


def _move(channel_id: int, at: datetime, act: Act, reason: str | None = None) -> Circuit | None:
    """Let the circuit make a move, with all that follows of it; None where it made none."""
    with transaction.atomic():
        jobs = list(
            Job.objects.select_for_update(no_key=True).filter(channel=channel_id).order_by("pk")
        )
        row = Circuit.objects.select_for_update(no_key=True).filter(pk=channel_id).first()
        if row is None:
            return None
        was = breaker_of(row)
        now = act(was)
        if now == was:
            return None
        _store(row, now, at, reason)
        _follow(row, was, now, jobs, at)
    return row


def _store(row: Circuit, now: Breaker, at: datetime, reason: str | None) -> None:
    for name, value in asdict(now).items():
        setattr(row, name, value)
    row.wake_at = now.next_probe_at
    if now.state == State.CLOSED:
        row.reason = ""
    elif reason:
        row.reason = reason[:500]
    row.save()


def _follow(row: Circuit, was: Breaker, now: Breaker, jobs: Sequence[Job], at: datetime) -> None:
    """Timers freeze and thaw with it; what waits for it waits for the next probe, or starts."""
    if was.state == State.CLOSED and now.state != State.CLOSED:
        fallback.freeze(jobs, at)
    if now.state == State.CLOSED:
        if was.state != State.CLOSED:
            fallback.thaw(jobs, at)
            _release(row.channel_id, at)
    elif now.next_probe_at is not None:
        until = max(now.next_probe_at, at + SHORTEST_WAIT)
        waiting_for(row.channel_id).update(not_before=until, wake_at=until)


def open_ones(channel_ids: Iterable[int]) -> dict[int, Circuit]:
    """Those of these channels that are not closed, by channel."""
    return Circuit.objects.filter(pk__in=list(channel_ids), wake_at__isnull=False).in_bulk()


def said(row: Circuit) -> str:
    """What an open circuit means, to an operator."""
    return (
        f"The platform did not answer as it should: {row.reason.rstrip('.')}. It is left alone, "
        "and asked again by one cheap call now and then. Until it answers, runs wait, no emergency "
        "job is due, and webhooks are taken and kept."
    )


def waiting_for(channel_id: int) -> QuerySet[Run]:
    """The runs that were put back because the channel's circuit is not closed."""
    queued = Run.objects.filter(channel=channel_id, status=RunStatus.QUEUED)
    return queued.filter(waits_for__startswith=OPEN)


def _release(channel_id: int, at: datetime) -> None:
    """What waited starts at once, the full runs first."""
    waiting = list(waiting_for(channel_id).order_by("-sort", "pk").only(*wake.OF_PRIORITY))
    released = Run.objects.filter(pk__in=[run.pk for run in waiting], status=RunStatus.QUEUED)
    released.update(not_before=at, wake_at=wake.next_wake(at, at), waits_for="")
    if waiting:
        transaction.on_commit(partial(wake.send_each, waiting, at))


def _share() -> float:
    return random.random()  # noqa: S311  # spreads probes, guards nothing
