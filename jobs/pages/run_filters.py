"""What the list of runs is asked for: read from the query, in the account's time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.calendar import is_nameable
from channels.enums import JobType
from jobs.models import Run, RunStatus, SlotOutcome, SlotStretch
from jobs.overlap import Trigger
from jobs.pages.here import Here
from jobs.pages.paging import as_number, number

RUNS, SLOTS = "runs", "slots"
SHOWN = [
    (RUNS, "Runs"),
    (SLOTS, "Slots that did not run"),
    *((outcome.value, f"Slots: {outcome.label.lower()}") for outcome in SlotOutcome),
]
HOUR, TODAY, WEEK = "hour", "today", "week"
WITHIN = [(HOUR, "Last hour"), (TODAY, "Today"), (WEEK, "Last 7 days")]


@dataclass
class Filters:
    """Values that are not among the known ones count as not given; `problems` says what was not
    understood, in sentences. `run` is the number searched for.
    """

    channel: int | None = None
    type: str = ""
    trigger: str = ""
    status: str = ""
    show: str = ""
    since: datetime | None = None
    until: datetime | None = None
    run: int | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def of_runs_alone(self) -> bool:
        """A status and most triggers are what only runs have."""
        return bool(self.status) or self.trigger not in ("", Trigger.SCHEDULE)

    @property
    def wants_runs(self) -> bool:
        return self.show in ("", RUNS)

    @property
    def wants_slots(self) -> bool:
        return self.show != RUNS and not self.of_runs_alone

    @property
    def contradicts(self) -> bool:
        """Only slots are to be shown, by something that slots do not have."""
        return not self.wants_runs and self.of_runs_alone


def read_filters(here: Here) -> Filters:
    query = here.request.GET
    found = Filters(
        channel=number(here.request, "channel"),
        type=_known(here.request, "type", JobType.values),
        trigger=_known(here.request, "trigger", [one.value for one in Trigger]),
        status=_known(here.request, "status", RunStatus.values),
        show=_known(here.request, "show", [value for value, _word in SHOWN]),
    )
    zone = ZoneInfo(here.account.timezone)
    since = _moment(found, "From", query.get("from", ""), zone)
    starts = [one for one in (since, _start_of(query.get("within", ""), here.at, zone)) if one]
    found.since = max(starts, default=None)
    found.until = _moment(found, "Until", query.get("until", ""), zone)
    found.run = _run_number(found, query.get("run", ""))
    return found


def _known(request: HttpRequest, name: str, values: Sequence[str]) -> str:
    given = request.GET.get(name, "")
    return given if given in values else ""


def _start_of(within: str, at: datetime, zone: ZoneInfo) -> datetime | None:
    if within == HOUR:
        return at - timedelta(hours=1)
    if within == TODAY:
        return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return at - timedelta(days=7) if within == WEEK else None


def _moment(found: Filters, label: str, text: str, zone: ZoneInfo) -> datetime | None:
    """What a field of date and time says, in the account's zone unless it names another."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except ValueError:
        moment = None
    if moment and is_nameable(moment):
        return moment.astimezone(UTC)
    found.problems.append(f"{label} is no date and time: write it like 2026-03-02 14:30.")
    return None


def _run_number(found: Filters, text: str) -> int | None:
    given = text.casefold().strip().removeprefix("run").strip(" #")
    if not given:
        return None
    key = as_number(given)
    if key is None:
        found.problems.append("A run's number is made of digits: write it like 1234.")
    return key


def runs_of(here: Here, wanted: Filters) -> QuerySet[Run]:
    """The runs that the filters let through, without the columns that can be long."""
    runs = Run.objects.filter(account=here.account)
    if wanted.channel:
        runs = runs.filter(channel=wanted.channel)
    if wanted.type:
        runs = runs.filter(type=wanted.type)
    if wanted.status:
        runs = runs.filter(status=wanted.status)
    if wanted.trigger:
        runs = runs.caused_by(wanted.trigger)
    if wanted.since:
        runs = runs.filter(created_at__gte=wanted.since)
    if wanted.until:
        runs = runs.filter(created_at__lt=wanted.until)
    return runs.select_related("channel").defer("entities", "error", "handled")


def stretches_of(here: Here, wanted: Filters) -> QuerySet[SlotStretch]:
    """Stretches with a slot in the time asked for."""
    rows = SlotStretch.objects.filter(account=here.account)
    if wanted.channel:
        rows = rows.filter(channel=wanted.channel)
    if wanted.type:
        rows = rows.filter(type=wanted.type)
    if wanted.show in SlotOutcome:
        rows = rows.filter(outcome=wanted.show)
    if wanted.since:
        rows = rows.filter(last_slot_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(first_slot_at__lt=wanted.until)
    return rows.select_related("channel")
