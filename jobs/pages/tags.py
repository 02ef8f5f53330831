"""Template filters of the pages (load "omsauto")."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django import template
from django.utils import timezone
from django.utils.html import format_html

from accounts.models import HistoryEntry
from channels.enums import JobType
from channels.models import Channel
from jobs.models import Run
from jobs.pages.progress import Progress, progress_of
from jobs.pages.words import history_lines
from jobs.plan import say

register = template.Library()


@register.filter
def minutes(value: int | None) -> str:
    """A duration: 480 is "8 hours", None is "None"."""
    return say(value)


@register.filter
def moment(at: datetime | None, empty: str = "never") -> str:
    """The time of an instant in the account's zone; the exact one with its zone in the title."""
    if at is None:
        return format_html('<span class="muted">{}</span>', empty)
    local = timezone.localtime(at)
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
def listed(values: list[str]) -> str:
    """ "a, b and c"."""
    *first, last = values or [""]
    return f"{', '.join(first)} and {last}" if first else last


@register.filter
def changed_lines(entry: HistoryEntry) -> list[str]:
    """What a history entry says was changed, a line each."""
    return history_lines(entry)


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
