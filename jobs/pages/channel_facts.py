"""What is stored of many channels at once, by channel: one query for each sort of thing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet

from accounts.models import Account
from channels.enums import TRAITS, Direction, Row
from channels.models import Channel
from jobs.models import EmergencyState, Job, Rescue, Run, RunStatus
from jobs.overlap import Trigger
from jobs.spread import spread_of
from oms.models import ParkedRecord, ParkedStatus

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SHOWN_COLUMNS = (
    "name", "kind", "track", "connector", "enabled", "mode", "needs_attention",
    "authorization_expires_at", "account_id", "deleted_at",
)  # fmt: skip
"""Neither settings nor secrets: they are long, and no list shows them."""
_PULLS = [kind.value for kind, traits in TRAITS.items() if traits.direction == Direction.PULL]
_STARTED = Q(period_minutes__isnull=False) | Q(listening_since__isnull=False)
_ON = Q(suspended=False) & ~Q(row="") & _STARTED
"""Jobs that run: the columns are those a Save derives from the plan."""
_PROVEN = ~Q(row="") & (_STARTED | Q(suspended=True, row=Row.WEBHOOK))
"""Those and the suspended ones: what they have proven stays true."""
_STATES = {state: Q(emergency_state=state) for state in EmergencyState}
_STATE_NAMES = tuple(state.value for state in _STATES)

ChannelIds = QuerySet[Channel, Any]


@dataclass(frozen=True)
class JobFacts:
    """Of a channel's jobs together.

    `on`: how many run. `listening`: how many of them a webhook starts. `complete_until`: the
    oldest proof among the pull jobs that run or are suspended. `next_start`: when the first run
    of the slots at `next_at` starts. `emergencies`: how many jobs are in each stored state.
    `degraded`: the type of one whose emergency job is degraded.
    """

    on: int = 0
    listening: int = 0
    complete_until: datetime | None = None
    heard_at: datetime | None = None
    next_at: datetime | None = None
    next_start: datetime | None = None
    emergencies: Mapping[str, int] = field(default_factory=dict)
    degraded: str = ""


def job_facts(ids: ChannelIds, spread: int | None) -> dict[int, JobFacts]:
    """By channel. `spread`: within how many minutes their account spreads starts."""
    rows = Job.objects.filter(channel__in=ids).order_by().values("channel")
    counted = rows.annotate(
        on=Count("pk", filter=_ON),
        listening=Count("pk", filter=Q(listening_since__isnull=False)),
        complete_until=Min("proven_until", filter=_PROVEN & Q(type__in=_PULLS)),
        heard=Max("heard_at"),
        next_at=Min("next_slot_at", filter=Q(suspended=False)),
        ill=Min("type", filter=_STATES[EmergencyState.DEGRADED]),
        **{state.value: Count("pk", filter=holds) for state, holds in _STATES.items()},
    )
    starts = _next_starts(ids, spread) if spread else {}
    return {row["channel"]: _facts(row, starts.get(row["channel"])) for row in counted}


def _next_starts(ids: ChannelIds, spread: int) -> dict[int, datetime]:
    """By channel: the first start of its next slots."""
    waiting = Job.objects.filter(channel__in=ids, suspended=False, next_slot_at__isnull=False)
    columns = waiting.order_by().values_list("channel", "pk", "period_minutes", "next_slot_at")
    first: dict[int, tuple[datetime, datetime]] = {}
    for channel, job, period, slot in columns:
        if slot is not None:
            found = (slot, slot + spread_of(job, spread, period))
            first[channel] = min(first.get(channel, found), found)
    return {channel: start for channel, (_slot, start) in first.items()}


def _facts(row: Mapping[str, Any], next_start: datetime | None) -> JobFacts:
    return JobFacts(
        on=row["on"],
        listening=row["listening"],
        complete_until=row["complete_until"],
        heard_at=row["heard"],
        next_at=row["next_at"],
        next_start=next_start,
        emergencies={state: row[state] for state in _STATE_NAMES if row[state]},
        degraded=row["ill"] or "",
    )


def running_emergencies(account: Account) -> dict[int, Counter[str]]:
    """By channel: the stored states of the jobs whose emergency run is active now."""
    active = Run.objects.active().filter(account=account).caused_by(Trigger.EMERGENCY)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for channel, state in active.order_by().values_list("channel", "job__emergency_state"):
        found[channel][state] += 1
    return found


def newest_failures(account: Account, at: datetime) -> QuerySet[Run]:
    """Of each channel the newest failed run of a week whose job has not succeeded since."""
    failed = Run.objects.filter(
        Q(job__last_success_at=None) | Q(job__last_success_at__lt=F("finished_at")),
        account=account,
        status=RunStatus.FAILED,
        finished_at__gte=at - WEEK,
    )
    newest = failed.order_by().values("channel").annotate(newest=Max("pk"))
    return Run.objects.filter(pk__in=newest.values("newest")).order_by()


def parked(ids: ChannelIds) -> dict[int, int]:
    """By channel: how many records wait for an operator."""
    rows = ParkedRecord.objects.filter(channel__in=ids, status=ParkedStatus.PARKED)
    return dict(rows.order_by().values_list("channel").annotate(rows=Count("pk")))


def rescues(ids: ChannelIds, at: datetime) -> dict[int, tuple[int, int]]:
    """By channel: those of the last day and of the last week."""
    found = Rescue.objects.filter(job__channel__in=ids, rescued_at__gte=at - WEEK)
    day = Count("pk", filter=Q(rescued_at__gte=at - DAY))
    counts = found.order_by().values_list("job__channel").annotate(day=day, week=Count("pk"))
    return {channel: (of_day, of_week) for channel, of_day, of_week in counts}
