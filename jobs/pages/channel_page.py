"""A channel's page: its jobs, its connection, what it did; Save and the preview of a Save."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import HistoryEntry, Role
from channels.enums import JobType, Track
from channels.models import Channel
from jobs import configure, mappings
from jobs.change import Change, Refused, put
from jobs.consequences import Consequence
from jobs.models import EmergencyTransition, Run
from jobs.pages import first_run, sku_mappings
from jobs.pages.channel_form import ChannelForm
from jobs.pages.channel_rows import Reader
from jobs.pages.here import Here, find_channel, page
from jobs.reading import past_slots, upcoming
from jobs.rows import warnings as webhook_warnings
from jobs.saving import save_channel
from jobs.world import load_world

TABS = (
    ("jobs", "Jobs"),
    ("connection", "Connection"),
    (sku_mappings.TAB, "SKU mappings"),
    ("activity", "Activity"),
)
RECENT = 20
TOLD = 3
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Preview:
    """What Save would do; `own`: what it changes beside the jobs, in sentences."""

    changes: list[Consequence] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    touched: bool = False


@page("GET", "POST")
def show_channel(here: Here, channel_id: int) -> HttpResponse:
    """The page; a POST saves, or with `preview` only tells what saving would do."""
    posted = here.request.method == "POST"
    channel = find_channel(here, channel_id, Role.OPERATOR if posted else Role.VIEWER)
    world = load_world(channel.account, [channel])
    form = ChannelForm(world, channel, here.request.POST if posted else None)
    tab = _tab(here)
    if not posted:
        return _render(here, form, tab)
    if not form.is_valid():
        return _render(here, form, tab, refused=True)
    if "preview" in here.request.POST:
        return _render(here, form, tab, preview=preview_of(form, here))
    try:
        _save(here, form)
    except Refused as refused:
        # The form fits what it was checked against; another save came between.
        messages.error(here.request, f"Nothing was saved. {refused} Look at it again.")
    query = f"?tab={tab}" if tab != TABS[0][0] else ""
    return HttpResponseRedirect(reverse("channel", args=[channel.pk]) + query)


@page()
def show_rows(here: Here, channel_id: int) -> HttpResponse:
    """The rows as the mode in the query shows them, with the values typed so far."""
    channel = find_channel(here, channel_id)
    form = ChannelForm(load_world(channel.account, [channel]), channel, here.request.GET)
    form.is_valid()
    if not here.may_operate:
        form.lock()
    return here.render("jobs/_rows.html", _rows_context(here, form))


@page("POST")
def preview_channel(here: Here, channel_id: int) -> HttpResponse:
    """What saving the form as it stands would do; changes nothing."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    form = ChannelForm(load_world(channel.account, [channel]), channel, here.request.POST)
    found = preview_of(form, here) if form.is_valid() else Preview(problems=form.problems)
    context: dict[str, Any] = {"preview": found, "channel": channel}
    if _tab(here) == "jobs" and not found.problems:
        context["rows"] = Reader(form, here.at).rows()
    return here.render("jobs/_channel_preview.html", context)


def preview_of(form: ChannelForm, here: Here) -> Preview:
    """For a valid form."""
    change = form.change()
    own = []
    if form.name != form.channel.name:
        own.append(f"The channel's name becomes {form.name}.")
    if form.connection.settings_changed or form.connection.secrets_changed:
        own.append("The connection settings are saved; the next run uses them.")
    changes = configure.preview(here.account, change, here.at) if change != Change() else []
    new = put(form.world, change)
    own += mappings.sentences(form.world, new)
    warns = webhook_warnings(new) if change != Change() else []
    return Preview(changes, own, warns, touched=bool(own) or change != Change())


def _save(here: Here, form: ChannelForm) -> None:
    messages.success(here.request, saved_words(_apply(form, here)))
    fresh = Channel.objects.select_related("account").get(pk=form.channel.pk)
    for warning in webhook_warnings(load_world(fresh.account, [fresh])):
        messages.warning(here.request, warning)


def saved_words(found: list[Consequence]) -> str:
    """What to tell after a Save: its first consequences, and where all of them stand."""
    told = [consequence.sentence for consequence in found[:TOLD]]
    more = len(found) - len(told)
    rest = [f"And {more} more; the history has them all."] if more else []
    return " ".join(["Saved.", *told, *rest])


def _apply(form: ChannelForm, here: Here) -> list[Consequence]:
    """Save all that the valid form changed, or nothing."""
    change, connection, found = form.change(), form.connection, list[Consequence]()
    own: dict[str, Any] = {}
    if form.name != form.channel.name:
        own["name"] = form.name
    if connection.settings_changed:
        own["settings"] = connection.settings_changed
    if connection.secrets_changed:
        own["secrets"] = connection.secrets_changed
    with transaction.atomic():
        if change != Change():
            found = configure.apply(here.account, change, here.at, here.user)
        if own:
            save_channel(form.channel, own, here.at, here.user)
    return found


def _tab(here: Here) -> str:
    asked = here.request.POST.get("tab") or here.request.GET.get("tab")
    return asked if asked in dict(TABS) else TABS[0][0]


def _rows_context(here: Here, form: ChannelForm) -> dict[str, Any]:
    reader = Reader(form, here.at)
    return {
        "form": form,
        "channel": form.channel,
        "blocks": reader.blocks(),
        "stable": form.channel.track == Track.STABLE,
        "may_edit": here.may_operate,
    }


def _render(
    here: Here,
    form: ChannelForm,
    tab: str,
    preview: Preview | None = None,
    *,
    refused: bool = False,
) -> HttpResponse:
    channel = form.channel
    if not here.may_operate:
        form.lock()
    context = {
        "channel": channel,
        "form": form,
        "tab": tab,
        "tabs": TABS,
        "preview": preview or Preview(problems=form.problems if refused else []),
        "dirty": preview is not None or refused,
        "refused": refused,
        "nav_current": channel.kind,
        "may_edit": here.may_operate,
        "attention": channel.attention(here.at),
        "guide": first_run.of_channel(channel.account, channel, form.world),
        "warnings": webhook_warnings(form.world),
        "job_types": [JobType(job.type) for job in form.world.jobs.values() if job.row],
        **_TAB_CONTEXTS[tab](here, form),
    }
    return here.render("jobs/channel.html", context)


def _connection_context(here: Here, form: ChannelForm) -> dict[str, Any]:
    channel = form.channel
    return {
        "webhook_url": settings.OMSAUTO_PUBLIC_URL + channel.webhook_path,
        "registers_webhooks": channel.connector_class.registers_webhooks,
        "takes_webhooks": any(True for _topic in channel.connector_class.topics()),
        "signed": channel.connector_class.needs_webhook_secret(channel.settings),
    }


def _activity_context(here: Here, form: ChannelForm) -> dict[str, Any]:
    channel = form.channel
    slots = past_slots(channel, here.at - DAY, here.at)
    history = HistoryEntry.objects.filter(channel=channel).select_related("actor", "channel")
    transitions = EmergencyTransition.objects.filter(job__channel=channel).select_related("job")
    return {
        "runs": Run.objects.filter(channel=channel).of_page()[:RECENT],
        "missed": [stretch for stretch in slots if stretch.outcome != "ran"],
        "history": history[:RECENT],
        "transitions": transitions[:RECENT],
        "upcoming": upcoming(form.world, here.at, here.at + DAY)[:RECENT],
    }


_TAB_CONTEXTS = {
    "jobs": lambda here, form: _rows_context(here, form),
    "connection": _connection_context,
    sku_mappings.TAB: lambda here, form: sku_mappings.tab_context(here, form.channel),
    "activity": _activity_context,
}
