"""Template filters of the pages (load "omsauto")."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django import template
from django.utils import timezone
from django.utils.html import format_html

from accounts.calendar import local as local_time
from accounts.models import HistoryEntry
from channels.enums import JobType
from channels.models import Channel
from jobs.circuits import said
from jobs.models import Circuit, RecordChange, Run
from jobs.pages.progress import Progress, progress_of
from jobs.pages.trace import trace_of
from jobs.pages.words import history_lines
from jobs.plan import say
from jobs.trace_entries import AT_ONCE
from jobs.trace_entries import span as shortly

register = template.Library()

SECONDS_WITH_TENTHS = 10
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@register.filter
def minutes(value: int | None) -> str:
    """A duration: 480 is "8 hours", None is "None"."""
    return say(value)


@register.filter
def span(length: timedelta | None, empty: str = "none") -> str:
    """A measured length of time: "0.4 seconds", "12 seconds", "2 hours 5 minutes"."""
    if length is None:
        return empty
    seconds = length.total_seconds()
    if seconds < SECONDS_WITH_TENTHS:
        return _many(round(seconds, 1), "second")
    parts = []
    rest = round(seconds)
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(_many(count, unit))
    return " ".join(parts[:2])


def _many(count: float, unit: str) -> str:
    return f"{count:g} {unit}" if count == 1 else f"{count:g} {unit}s"


@register.filter
def moment(at: datetime | None, empty: str = "never") -> str:
    """The time of an instant in the account's zone; the exact one with its zone in the title."""
    if at is None:
        return format_html('<span class="muted">{}</span>', empty)
    local = local_time(at)
    exact = f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), exact, clock(local)
    )


def clock(local: datetime) -> str:
    """ "14:32" for today, else with its date."""
    today = timezone.localdate()
    if local.date() == today:
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year}, {local:%H:%M}"


@register.filter
def job_label(job_type: str) -> str:
    """ "Receive Orders" for receive_orders."""
    return JobType(job_type).label


@register.filter
def circuit_words(circuit: Circuit) -> str:
    """What it means that the circuit is not closed."""
    return said(circuit)


@register.filter
def exactly(at: datetime) -> str:
    """The time of an instant to the second, in the account's zone, with its date in the title."""
    local = local_time(at)
    exact = f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"
    day = "" if local.date() == timezone.localdate() else f"{local.day} {local:%b}, "
    return format_html(
        '<time datetime="{}" title="{}">{}{}</time>',
        local.isoformat(),
        exact,
        day,
        f"{local:%H:%M:%S}",
    )


@register.filter
def starts(start: datetime | None, slot: datetime | None) -> str:
    """ " starts 08:03:20 (spread)" where that is not at the slot; else nothing."""
    if start is None or slot is None or start == slot:
        return ""
    told = ' <small><span class="nowrap">starts {}</span> (spread)</small>'
    return format_html(told, exactly(start))


@register.filter
def later(gap: timedelta | None) -> str:
    """ "4.5 min later"; "" for what follows at once or is the first."""
    return f"{shortly(gap)} later" if gap and gap >= AT_ONCE else ""


@register.filter
def listed(values: list[str]) -> str:
    """ "a, b and c"."""
    *first, last = values or [""]
    return f"{', '.join(first)} and {last}" if first else last


@register.filter
def changed_lines(entry: HistoryEntry) -> list[str]:
    """What a history entry says was changed, a line each."""
    return history_lines(entry)


@register.filter
def trace_link(change: RecordChange) -> str:
    """The address of the trace of what a run changed."""
    return trace_of(change)


@register.filter
def host(url: str) -> str:
    """ "oms.example" of a webhook's URL, whose token is for few eyes."""
    return urlsplit(url).netloc


@register.filter
def platform(channel: Channel) -> str:
    """ "WooCommerce"; a template would call the connector's class instead of reading it."""
    return channel.connector_class.label


@register.filter
def progress(run: Run, at: datetime) -> Progress | None:
    """How far a run under way is; None for any other."""
    return progress_of(run, at)
