"""Whether a due run may start now, as far as its channel's platform is concerned."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from channels.enums import JobType
from jobs import budgets, circuits, wake
from jobs.budget import Lane, lane_of
from jobs.models import Run, RunLog, RunStatus

NO_BUDGET = "no budget"
"""How it begins what a run waits for while its platform lets it ask for nothing."""
ALWAYS = frozenset({JobType.REFRESH_AUTHORIZATION})
"""New credentials may be what closes a circuit, and they come from elsewhere."""


def put_back(run: Run, at: datetime) -> bool:
    """Give a due run a later time where it cannot start; no attempt is used up by that.

    In the claim's transaction; `run.channel` has its circuit and budget loaded. Else the run has
    taken its first call of the budget.
    """
    if run.type in ALWAYS:
        return False
    held = _by_circuit(run, at) or _by_budget(run, at)
    if held is None:
        return False
    until, why = held
    queued = Run.objects.filter(pk=run.pk, status=RunStatus.QUEUED)
    queued.update(not_before=until, wake_at=wake.next_wake(until, at), waits_for=why[:250])
    if not run.waits_for:
        text = f"It was put back, which uses up no attempt. {why[:1].upper()}{why[1:]}"
        RunLog.objects.create(run=run, at=at, level="info", message=text)
    transaction.on_commit(partial(wake.send_soon, run.pk, until, at))
    return True


def _by_circuit(run: Run, at: datetime) -> tuple[datetime, str] | None:
    row = getattr(run.channel, "circuit", None)
    return None if row is None or row.is_closed else circuits.hold(run, at)


def _by_budget(run: Run, at: datetime) -> tuple[datetime, str] | None:
    row = getattr(run.channel, "budget", None)
    if row is None:
        return None
    lane = lane_of(run.causes, run.reason)
    left, until = budgets.take(run.channel_id, lane, at, budgets.known(row))
    budgets.show(row, left)
    return None if until is None else (until, why_no_budget(lane))


def why_no_budget(lane: Lane) -> str:
    rest = "what is left is kept for runs by hand and by webhook" if lane > Lane.WEBHOOK else ""
    return f"{NO_BUDGET}: the platform's limit is used up{', or ' if rest else ''}{rest}."
