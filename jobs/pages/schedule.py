"""The Schedule of a channel: its timeline and the calls it costs, saved or as typed so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse

from accounts.models import Role
from channels.models import Channel
from jobs.forecast import Forecast, forecast, outlooks, reads_of
from jobs.pages import timeline_words as words
from jobs.pages.channel_form import ChannelForm
from jobs.pages.here import Here, find_channel, page
from jobs.pages.timeline import Lane, Names, Timeline, draw
from jobs.pages.timeline_shapes import Span
from jobs.reading import jobs_in_emergency
from jobs.world import World, load_world

TAB = "schedule"
LONG = 7
"""Days of the longer of the two timelines."""


@dataclass(frozen=True)
class Line:
    """One job of the table: its lane, and what its calls cost in words."""

    lane: Lane
    calls: str
    was_calls: str


@dataclass(frozen=True)
class Schedule:
    """`before`: the forecast as it is saved, None where nothing typed differs from it.

    `problem`: the typed values do not fit, so that what is saved is shown.
    """

    channel: Channel
    timeline: Timeline
    lines: list[Line]
    forecast: Forecast
    before: Forecast | None
    days: int
    problem: bool = False

    @property
    def limit(self) -> str:
        return words.limit_words(self.forecast.limit) if self.forecast.limit else ""

    @property
    def busiest(self) -> str:
        """When most jobs start at once, where more than one does."""
        if self.forecast.busiest is None or self.forecast.busiest[1] < 2:
            return ""
        at, jobs = self.forecast.busiest
        return f"{jobs} jobs start together, first on {words.exact(at, self.timeline.span.zone)}"

    @property
    def changed(self) -> list[Lane]:
        return [line.lane for line in self.lines if line.lane.was]


def compare(old: World, new: World, span: Span, names: Names | None = None) -> Timeline:
    """The timeline of a world beside the one that is saved, whatever differs between them."""
    running = jobs_in_emergency(old.jobs.values())
    before = {found.key: found for found in outlooks(old, span.now, span.end, running)}
    pairs = []
    for found in outlooks(new, span.now, span.end, running):
        was = before.get(found.key)
        same = was is not None and (was.plan, was.grid) == (found.plan, found.grid)
        pairs.append((found, None if same else was))
    return draw(pairs, span, names or {})


def context(here: Here, form: ChannelForm) -> dict[str, Any]:
    """What the Schedule's template needs; `days` in the query chooses how far it looks."""
    days = LONG if here.request.GET.get("days") == str(LONG) else 1
    return {"schedule": _schedule(here, form, days)}


def _schedule(here: Here, form: ChannelForm, days: int = 1) -> Schedule:
    channel, problem = form.channel, form.bound and bool(form.problems)
    old, new = form.world, form.world if problem else form.target
    timeline = compare(old, new, Span(here.at, timedelta(days=days), here.account.timezone))
    read = reads_of(channel)
    before = forecast(old, channel, read, here.at)
    after = forecast(new, channel, read, here.at)
    lines = [_line(lane, before, after) for lane in timeline.lanes]
    return Schedule(
        channel, timeline, lines, after, None if before == after else before, days, problem
    )


def _line(lane: Lane, before: Forecast, after: Forecast) -> Line:
    job_type = lane.outlook.job.type
    calls, was = after.calls[job_type], before.calls.get(job_type)
    return Line(
        lane,
        words.calls_words(calls),
        words.calls_words(was) if was is not None and was != calls else "",
    )


@page("POST")
def preview_schedule(here: Here, channel_id: int) -> HttpResponse:
    """The schedule as the form stands, against what is saved; changes nothing."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    form = ChannelForm(load_world(channel.account, [channel]), channel, here.request.POST)
    form.is_valid()
    found = _schedule(here, form)
    return here.render("jobs/_schedule_parts.html", {"schedule": found, "channel": channel})
