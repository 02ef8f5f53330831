"""The Recurring Jobs tab: the timetable of every stable channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.models import Account, Role
from channels.enums import PRODUCT_TYPES, JobType, Track
from channels.models import Channel
from jobs import configure
from jobs.change import Change
from jobs.pages.account_form import RecurringForm, StableRowForm
from jobs.pages.account_preview import changes_of
from jobs.pages.account_tabs import TABS
from jobs.pages.channel_facts import SHOWN_COLUMNS
from jobs.pages.channel_page import Preview, saved_words
from jobs.pages.here import Here, page
from jobs.rows import shows
from jobs.spread import widest
from jobs.timetable import Grid, slots_between
from jobs.world import World, capability, load_world, read_world

NEXT = 3
TWO_DAYS = timedelta(days=2)
"""The longest period is a day: within two, each grid has a slot to show."""


@dataclass(frozen=True)
class RowLine:
    """A row with what it does now: the channels, the next slots, and who is left out and why.

    Channels of which there is something to note come first: the page names fifty. `spread`: up to
    how many minutes after these slots their runs start, each channel's by its own time.
    """

    form: StableRowForm
    channels: list[dict[str, object]]
    next_slots: list[datetime]
    spread: int
    suspended: bool
    left_out: list[str]


@page("GET", "POST")
def recurring_jobs(here: Here) -> HttpResponse:
    if here.request.method == "GET":
        return _show(here, RecurringForm(_read_stable(here.account)))
    here.require(Role.ADMIN)
    form = RecurringForm(load_world(here.account), here.request.POST)
    if not form.is_valid():
        return _show(here, form, Preview(problems=form.problems), refused=True)
    if "preview" in here.request.POST:
        return _show(here, form, recurring_preview(here, form))
    change = form.change()
    found = []
    if change != Change():
        found = configure.apply(here.account, change, here.at, here.user)
    messages.success(here.request, saved_words(found))
    return redirect("recurring_jobs")


def _read_stable(account: Account) -> World:
    """The stable channels with their jobs, and the master, which is why some are left out."""
    told = Q(track=Track.STABLE) | Q(pk=account.master_product_channel_id)
    channels = account.channels.present().filter(told).only(*SHOWN_COLUMNS)
    return read_world(account, Q(channel__track=Track.STABLE), channels)


def recurring_preview(here: Here, form: RecurringForm) -> Preview:
    """For a valid form."""
    change = form.change()
    return Preview(changes_of(here, form.world, change), touched=change != Change())


@page("POST")
def preview_recurring(here: Here) -> HttpResponse:
    here.require(Role.ADMIN)
    form = RecurringForm(load_world(here.account), here.request.POST)
    found = recurring_preview(here, form) if form.is_valid() else Preview(problems=form.problems)
    return here.render("jobs/_preview.html", {"preview": found})


def _show(
    here: Here, form: RecurringForm, preview: Preview | None = None, *, refused: bool = False
) -> HttpResponse:
    if not here.may_admin:
        for row in form.rows:
            for field in row.fields.values():
                field.disabled = True
    world = form.world
    context = {
        "form": form,
        "lines": [_line(world, row, here.at) for row in form.rows],
        "idle": idle_rows(world),
        "preview": preview or Preview(),
        "dirty": preview is not None,
        "refused": refused,
        "tabs": TABS,
        "tab": "recurring_jobs",
        "stable": any(c.track == Track.STABLE for c in world.channels.values()),
        "may_edit": here.may_admin,
    }
    return here.render("accounts/recurring_jobs.html", context)


def _line(world: World, row: StableRowForm, at: datetime) -> RowLine:
    """By what is stored: the preview tells what an unsaved change does."""
    channels = sorted(row.row["channels"], key=lambda channel: not channel["note"])
    acting = [world.channels[channel["id"]] for channel in channels]
    slots = _next_slots(world, row, at) if acting else []
    return RowLine(
        form=row,
        channels=channels,
        next_slots=slots,
        spread=widest(world.account.spread_minutes, row.stored.period_minutes),
        suspended=bool(slots) and not any(channel.runs_jobs for channel in acting),
        left_out=_left_out(world, row.type),
    )


def _next_slots(world: World, row: StableRowForm, at: datetime) -> list[datetime]:
    stored = row.stored
    if not stored.enabled or stored.period_minutes is None:
        return []
    grid = Grid(stored.period_minutes, stored.delay_minutes or 0, world.account.timezone)
    return list(islice(slots_between(grid, at, at + TWO_DAYS), NEXT))


def _left_out(world: World, job_type: JobType) -> list[str]:
    """Stable channels that could do a product job and may not, each with the reason."""
    if job_type not in PRODUCT_TYPES:
        return []
    return [
        f"{channel}: {_why_not(world, channel)}"
        for channel in world.channels.values()
        if channel.track == Track.STABLE
        and capability(channel, job_type)
        and not world.offers(channel, job_type)
    ]


def _why_not(world: World, channel: Channel) -> str:
    if channel.pk == world.account.master_product_channel_id:
        return "it is the Master Product Source"
    source = world.channels.get(world.account.master_product_channel_id or 0)
    return f"the Master Product Source is {source or 'the own catalogue'}"


def idle_rows(world: World) -> list[str]:
    """Labels of rows that are switched on and shown nowhere: the product source rules them out."""
    return [
        JobType(row.type).label
        for row in world.stable.values()
        if row.enabled and row.period_minutes and not shows(world, JobType(row.type))
    ]
