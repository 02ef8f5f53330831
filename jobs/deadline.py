"""When an emergency job is due: the earliest of deadline, hard evidence and sweep. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

EVIDENCE_REST = timedelta(minutes=1)
"""Hard evidence starts no emergency run within this time of the last one's start."""
RESUMED = "resumed"
"""The demand of a channel or account that was enabled again: no evidence, so it need not rest."""
DEADLINE = "deadline: no proof of completeness for the period"
SWEEP = "sweep"
SWEEP_FACTOR = 4
SWEEP_MAXIMUM = timedelta(hours=24)


Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Timer:
    """What the rule looks at. `listening`: the job shows its webhook row. `frozen`: times in which
    it stood still, because the platform could not be asked; in order, none overlaps another.

    `degraded_at`: since when loss is proven, None where it is not. `evidence_at`, `evidence`:
    hard evidence not used up yet, or the demand of a resumed channel.
    """

    period: timedelta
    webhook_delay: timedelta
    listening: bool
    degraded_at: datetime | None
    proof_at: datetime
    proven_until: datetime
    last_start: datetime | None
    evidence_at: datetime | None
    evidence: str
    sweep_minimum: timedelta
    frozen: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    at: datetime
    reason: str


def next_due(timer: Timer) -> Due:
    """The earliest instant the emergency job is due, with the reason its run will carry.

    It may lie in the past: then the job is due now. What was due while a channel was disabled is
    due for that reason, whenever another rule would have wanted it.
    """
    if timer.evidence_at is not None and timer.evidence == RESUMED:
        return Due(timer.evidence_at, RESUMED)
    return min(_candidates(timer), key=lambda due: due.at)


def unproven_since(timer: Timer, reason: str) -> datetime:
    """Up to when the data was complete, for a run that is due for this reason.

    A deadline runs from the last proof of any kind. The others doubt what was only heard, and go
    back to the last full window.
    """
    return timer.proof_at if reason == DEADLINE else timer.proven_until


def _candidates(timer: Timer) -> list[Due]:
    """While evidence waits for its run, it stands in for the rule of the degraded state.

    That rule counts from the last start, so it would undo the spreading of many jobs' runs.
    """
    found = [_deadline(timer), _sweep(timer)] if timer.listening else [_deadline(timer)]
    if timer.evidence_at is not None:
        found.append(Due(_rested(timer, timer.evidence_at), timer.evidence))
    elif timer.degraded_at is not None:
        start = timer.last_start or timer.degraded_at
        reason = "degraded: webhooks were lost, so the emergency job runs each E"
        found.append(Due(passed(start, timer.period, timer.frozen), reason))
    return found


def _rested(timer: Timer, evidence_at: datetime) -> datetime:
    return max(evidence_at, timer.last_start + EVIDENCE_REST) if timer.last_start else evidence_at


def _deadline(timer: Timer) -> Due:
    due = passed(timer.proof_at, timer.webhook_delay + timer.period, timer.frozen)
    return Due(_not_before(timer, due), DEADLINE)


def _sweep(timer: Timer) -> Due:
    reach = min(max(SWEEP_FACTOR * timer.period, timer.sweep_minimum), SWEEP_MAXIMUM)
    due = passed(timer.proven_until, timer.webhook_delay + reach, timer.frozen)
    return Due(_not_before(timer, due), SWEEP)


def _not_before(timer: Timer, due: datetime) -> datetime:
    if timer.last_start is None:
        return due
    return max(due, passed(timer.last_start, timer.period, timer.frozen))


def passed(start: datetime, length: timedelta, frozen: Iterable[Span]) -> datetime:
    """When so much time has passed since `start`, not counting what was frozen."""
    end = start + length
    for since, until in frozen:
        if since < end and until > start:
            end += until - max(since, start)
    return end


def thawed(frozen: Iterable[Span], since: datetime, until: datetime) -> tuple[Span, ...]:
    """The frozen times with one more, the latest; what overlaps becomes one."""
    found = [*frozen]
    while found and found[-1][1] >= since:
        since = min(found.pop()[0], since)
    return (*found, (since, until)) if until > since else tuple(found)
