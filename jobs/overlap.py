"""What becomes of a request for a run when the job already has one: a decision, not an action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Sort(StrEnum):
    """A full run works a whole window, an entity run a list of ids."""

    FULL = "full"
    ENTITY = "entity"


class Trigger(StrEnum):
    WEBHOOK = "webhook"
    SCHEDULE = "schedule"
    EMERGENCY = "emergency"
    MANUAL = "manual"
    RETRY = "retry"
    CHANGE = "change"


class Decision(StrEnum):
    OPEN = "open"
    JOIN_WAITING = "join_waiting"
    COALESCE = "coalesce"  # a slot into the active full run
    DROP = "drop"  # an emergency request: it will be due again by its rule
    BRING_FORWARD = "bring_forward"  # a manual request: the next attempt of the active run


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """The active run of a job, as far as a request looks at it."""

    sort: Sort
    running: bool


def decide(
    trigger: Trigger, sort: Sort, active: ActiveRun | None, waiting: bool, *, later: bool = False
) -> Decision:
    """Start, join, or let go. `waiting`: a waiting run of the same sort exists.

    Nothing joins an active run; while an entity run is active, slots and emergencies wait. So
    does a slot that is to start `later`, when a full run that is active now may long be over.
    """
    if sort == Sort.FULL and active is not None and active.sort == Sort.FULL:
        if trigger == Trigger.SCHEDULE and not later:
            return Decision.COALESCE
        if trigger == Trigger.EMERGENCY:
            return Decision.DROP
        if trigger == Trigger.MANUAL and not active.running:
            return Decision.BRING_FORWARD
    return Decision.JOIN_WAITING if waiting else Decision.OPEN


def forward_to(at: datetime, next_attempt: datetime, retry_after: datetime | None) -> datetime:
    """When a manual request lets the next attempt start: now, but never before a Retry-After."""
    earliest = max(at, retry_after) if retry_after else at
    return min(next_attempt, earliest)
