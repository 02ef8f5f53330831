"""Which causes a rule covers, and what becomes of an incident. Pure: facts in, answer out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifications.causes import Cause
from notifications.models import Level


@dataclass(frozen=True)
class Scope:
    """What a rule covers; empty channels, types or kinds are all of them."""

    channels: Collection[int] = ()
    types: Collection[str] = ()
    kinds: Collection[str] = ()
    least_level: Level = Level.WARNING
    after_failures: int = 1


def covers(scope: Scope, cause: Cause) -> bool:
    """What concerns the whole account or a whole channel concerns each of its parts too."""
    return (
        cause.level.rank >= scope.least_level.rank
        and (not scope.kinds or cause.kind in scope.kinds)
        and (not scope.channels or cause.channel is None or cause.channel in scope.channels)
        and (not scope.types or not cause.type or cause.type in scope.types)
        and (not cause.failures or cause.failures >= scope.after_failures)
    )


@dataclass(frozen=True)
class Timing:
    """When a rule tells: at the earliest after `quiet`, again after each `reminder`, if any."""

    quiet: timedelta = timedelta(0)
    reminder: timedelta | None = None


class Move(StrEnum):
    """`drop` ends an incident without a word, `over` with a notice."""

    WAIT = "wait"
    TELL = "tell"
    REMIND = "remind"
    OVER = "over"
    DROP = "drop"


@dataclass(frozen=True)
class State:
    """An open incident: when it began, and when it was last told, if it was."""

    began_at: datetime
    last_told_at: datetime | None = None


def next_move(
    state: State, timing: Timing, at: datetime, *, broken: bool, covered: bool, heard: bool = True
) -> Move:
    """`broken`: the cause is still there; `covered`: by this rule; `heard`: somebody would be told.

    An incident is told once, reminded of while it lasts, and ends with one notice; one that was
    never told ends in silence, as does one that the rule no longer covers.
    """
    if not broken or not covered:
        return Move.OVER if state.last_told_at and not broken else Move.DROP
    due = told_next(state, timing)
    if not heard or due is None or due > at:
        return Move.WAIT
    return Move.REMIND if state.last_told_at else Move.TELL


def told_next(state: State, timing: Timing) -> datetime | None:
    """When an incident that stays as it is is told next; None for never again."""
    if state.last_told_at is None:
        return state.began_at + timing.quiet
    return None if timing.reminder is None else state.last_told_at + timing.reminder
