"""How channels stand, many at a time: a fixed number of queries for any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import Account
from channels.models import Channel
from jobs import circuits
from jobs.models import Run
from jobs.pages import channel_facts
from jobs.pages.channel_facts import SHOWN_COLUMNS, JobFacts
from jobs.pages.channel_filter import HEALTH

_RANK = {key: rank for rank, (key, _label) in enumerate(HEALTH)}


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
    next_start: datetime | None
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
        channels.only(*SHOWN_COLUMNS).annotate(last_run=Subquery(began.values("pk")[:1])).order_by()
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
        self.jobs = channel_facts.job_facts(ids, account.spread_minutes)
        self.runs = _runs(rows)
        failures = channel_facts.newest_failures(account, at)
        self.failures = dict(failures.values_list("channel", "pk"))
        self.parked = channel_facts.parked(ids)
        self.rescues = channel_facts.rescues(ids, at)
        self.ill = circuits.open_ones(row.pk for row in rows)

    def line(self, channel: Channel) -> Line:
        jobs = self.jobs.get(channel.pk, JobFacts())
        return Line(
            channel=channel,
            health=self._health(channel, jobs),
            complete_until=jobs.complete_until,
            last=self.runs.get(channel.pk),
            next_at=jobs.next_at,
            next_start=jobs.next_start,
            listening=bool(jobs.listening),
            parked=self.parked.get(channel.pk, 0),
            rescued=self.rescues.get(channel.pk, (0, 0))[0],
            failed_run=self.failures.get(channel.pk),
        )

    def _health(self, channel: Channel, jobs: JobFacts) -> str:
        """The gravest that holds; what is disabled runs nothing that could be ill."""
        if not channel.runs_jobs:
            return "disabled"
        if channel.attention(self.at):
            return "attention"
        if channel.pk in self.ill:
            return "circuit"
        if channel.pk in self.failures:
            return "failing"
        if jobs.degraded:
            return "degraded"
        return "healthy" if jobs.on else "idle"


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
