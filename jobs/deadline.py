"""When an emergency job is due: the earliest of deadline, hard evidence and sweep. Pure."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Timer:
    """What the rule looks at. `listening`: the job shows its webhook row.

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
        found.append(Due(start + timer.period, reason))
    return found


def _rested(timer: Timer, evidence_at: datetime) -> datetime:
    return max(evidence_at, timer.last_start + EVIDENCE_REST) if timer.last_start else evidence_at


def _deadline(timer: Timer) -> Due:
    due = timer.proof_at + timer.webhook_delay + timer.period
    return Due(_not_before(timer, due), DEADLINE)


def _sweep(timer: Timer) -> Due:
    reach = min(max(SWEEP_FACTOR * timer.period, timer.sweep_minimum), SWEEP_MAXIMUM)
    return Due(_not_before(timer, timer.proven_until + timer.webhook_delay + reach), SWEEP)


def _not_before(timer: Timer, due: datetime) -> datetime:
    return max(due, timer.last_start + timer.period) if timer.last_start else due
