"""The filters of the list of events: read from the query, told in words, kept in addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.calendar import is_nameable, local
from jobs import event_query
from jobs.event_search import Wanted
from jobs.models import EventStatus
from jobs.pages.here import Here
from jobs.pages.paging import number

KEYS = ("q", "channel", "status", "period", "since", "until")
PERIODS = (
    ("hour", "Last hour"),
    ("day", "Last 24 hours"),
    ("today", "Today"),
    ("yesterday", "Yesterday"),
    ("week", "Last 7 days"),
)
LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class BadMoment(ValueError):
    """A time in the query that is none; the text says what to do."""


@dataclass(frozen=True)
class Filters:
    """`wanted` as the search takes it; `words` say it to a person, "" where nothing is asked."""

    wanted: Wanted
    words: str
    query: str
    refused: str = ""


def read(here: Here) -> Filters:
    """What the query asks for; where a time is wrong, the rest of it, and `refused`."""
    refused = ""
    try:
        since, until = _span(here)
    except BadMoment as bad:
        since, until, refused = None, None, str(bad)
    mine = {one.pk: str(one) for one in here.account.channels.all()}
    channel, status = number(here.request, "channel"), here.request.GET.get("status")
    wanted = Wanted(
        channels=[pk for pk in mine if pk == channel] if channel else list(mine),
        query=event_query.parse(here.request.GET.get("q", "")),
        status=status if status in EventStatus else None,
        since=since,
        until=until,
    )
    said = [mine[channel]] if channel in mine else []
    said += [f"status {wanted.status}"] if wanted.status else []
    said += [f"from {_clock(since)}"] if since else []
    said += [f"until {_clock(until)}"] if until else []
    said += [f"matching {text}"] if (text := here.request.GET.get("q", "").strip()) else []
    return Filters(wanted, ", ".join(said)[:400], kept(here), refused)


def kept(here: Here) -> str:
    """The filters alone, for another address."""
    query = here.request.GET.copy()
    for key in [key for key in query if key not in KEYS or not query[key]]:
        del query[key]
    return query.urlencode()


def between(wanted: Wanted, lower: int | None, upper: int | None) -> Wanted:
    """The same within these ids."""
    return replace(wanted, lower=lower, upper=upper)


def _clock(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M %Z}"


def _span(here: Here) -> tuple[datetime | None, datetime | None]:
    """A period if one is chosen, else the two moments, in the account's zone."""
    zone = ZoneInfo(here.account.timezone)
    period = here.request.GET.get("period", "")
    if period in LENGTHS:
        return here.at - LENGTHS[period], None
    today = here.at.astimezone(zone).date()
    if period == "today":
        return _midnight(today, zone), None
    if period == "yesterday":
        return _midnight(today - timedelta(days=1), zone), _midnight(today, zone)
    since, until = (_moment(here, name, zone) for name in ("since", "until"))
    if since and until and since >= until:
        raise BadMoment("From must be before Until: correct one of them.")
    return since, until


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _moment(here: Here, name: str, zone: ZoneInfo) -> datetime | None:
    text = here.request.GET.get(name, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except ValueError:
        moment = None
    if moment is None or not is_nameable(moment):
        raise BadMoment(
            f"{text[:40]} is no time. Write it as 2026-03-02T14:30, or choose a period."
        )
    return moment
