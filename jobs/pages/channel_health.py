"""How channels stand, many at a time: a fixed number of queries for any number of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery

from accounts.models import Account
from channels.enums import TRAITS, Direction
from channels.models import Channel
from jobs import circuits
from jobs.models import EmergencyState, Job, Rescue, Run, RunStatus
from jobs.pages.channel_filter import HEALTH
from oms.models import ParkedRecord, ParkedStatus

RESCUED_WITHIN = timedelta(days=1)
FAILED_WITHIN = timedelta(days=7)
_RANK = {key: rank for rank, (key, _label) in enumerate(HEALTH)}
_PULLS = [kind.value for kind, traits in TRAITS.items() if traits.direction == Direction.PULL]
_COLUMNS = (
    "name", "kind", "track", "connector", "enabled", "mode", "needs_attention",
    "authorization_expires_at", "account_id", "deleted_at",
)  # fmt: skip
"""Neither settings nor secrets: they are long, and no list shows them."""
_ON = (
    Q(suspended=False)
    & ~Q(row="")
    & (Q(period_minutes__isnull=False) | Q(listening_since__isnull=False))
)
"""Jobs that run: the columns are those a Save derives from the plan."""


@dataclass(frozen=True)
class LastRun:
    """The newest run that began."""

    pk: int
    at: datetime
    status: str


@dataclass(frozen=True)
class Line:
    """One channel of a list.

    `complete_until`: the oldest proof among the pull jobs that run. `listening`: a webhook starts
    at least one of its jobs. `failed_run`: the newest failure that its job has not made good.
    """

    channel: Channel
    health: str
    complete_until: datetime | None
    last: LastRun | None
    next_at: datetime | None
    listening: bool
    parked: int
    rescued: int
    failed_run: int | None

    @property
    def health_label(self) -> str:
        return dict(HEALTH)[self.health]

    @property
    def rank(self) -> int:
        """Of the health: 0 is the gravest."""
        return _RANK[self.health]


def lines(account: Account, channels: QuerySet[Channel], at: datetime) -> list[Line]:
    """Every one of these channels of the account, in no order."""
    began = Run.objects.filter(channel=OuterRef("pk"), started_at__isnull=False).order_by("-pk")
    rows = list(
        channels.only(*_COLUMNS).annotate(last_run=Subquery(began.values("pk")[:1])).order_by()
    )
    facts = _Facts(account, channels.values("pk"), rows, at)
    for channel in rows:
        channel.account = account
    return [facts.line(channel) for channel in rows]


class _Facts:
    """What is known of some channels, by channel, a query for each sort of thing."""

    def __init__(
        self,
        account: Account,
        ids: QuerySet[Channel, Any],
        rows: Sequence[Channel],
        at: datetime,
    ) -> None:
        self.at = at
        parked = ParkedRecord.objects.filter(channel__in=ids, status=ParkedStatus.PARKED)
        rescues = Rescue.objects.filter(job__channel__in=ids, rescued_at__gte=at - RESCUED_WITHIN)
        self.jobs = _jobs(ids)
        self.runs = _runs(rows)
        self.failures = _failures(account, at)
        self.ill = circuits.open_ones(row.pk for row in rows)
        self.parked = _counted(parked.values_list("channel"))
        self.rescued = _counted(rescues.values_list("job__channel"))

    def line(self, channel: Channel) -> Line:
        jobs = self.jobs.get(channel.pk, {})
        return Line(
            channel=channel,
            health=self._health(channel, jobs),
            complete_until=jobs.get("complete_until"),
            last=self.runs.get(channel.pk),
            next_at=jobs.get("next_at"),
            listening=bool(jobs.get("listening")),
            parked=self.parked.get(channel.pk, 0),
            rescued=self.rescued.get(channel.pk, 0),
            failed_run=self.failures.get(channel.pk),
        )

    def _health(self, channel: Channel, jobs: Mapping[str, Any]) -> str:
        """The gravest that holds; what is disabled runs nothing that could be ill."""
        if not channel.runs_jobs:
            return "disabled"
        if channel.attention(self.at):
            return "attention"
        if channel.pk in self.ill:
            return "circuit"
        if channel.pk in self.failures:
            return "failing"
        if jobs.get("degraded"):
            return "degraded"
        return "healthy" if jobs.get("on") else "idle"


def _jobs(ids: QuerySet[Channel, Any]) -> dict[int, dict[str, Any]]:
    rows = (
        Job.objects.filter(channel__in=ids)
        .order_by()
        .values("channel")
        .annotate(
            on=Count("pk", filter=_ON),
            listening=Count("pk", filter=Q(listening_since__isnull=False)),
            degraded=Count("pk", filter=Q(emergency_state=EmergencyState.DEGRADED)),
            complete_until=Min("proven_until", filter=_ON & Q(type__in=_PULLS)),
            next_at=Min("next_slot_at", filter=Q(suspended=False)),
        )
    )
    return {row["channel"]: dict(row) for row in rows}


def _runs(rows: Sequence[Channel]) -> dict[int, LastRun]:
    newest = [run for row in rows if (run := getattr(row, "last_run", None))]
    found = Run.objects.filter(pk__in=newest).order_by()
    return {
        channel: LastRun(pk, started, status)
        for pk, channel, started, status in found.values_list(
            "pk", "channel", "started_at", "status"
        )
        if started
    }


def _failures(account: Account, at: datetime) -> dict[int, int]:
    """By channel: the newest failed run of a job that has not succeeded since."""
    failed = Run.objects.filter(
        Q(job__last_success_at=None) | Q(job__last_success_at__lt=F("finished_at")),
        account=account,
        status=RunStatus.FAILED,
        finished_at__gte=at - FAILED_WITHIN,
    )
    rows = failed.order_by().values_list("channel").annotate(newest=Max("pk"))
    return dict(rows)


def _counted(rows: QuerySet[Any, Any]) -> dict[int, int]:
    """Rows of one column, the channel: how many of each."""
    return dict(rows.order_by().annotate(rows=Count("pk")))
