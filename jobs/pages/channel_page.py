"""A channel's page: its tabs, Save and the preview of a Save."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import Role
from channels.enums import JobType
from channels.models import Channel
from jobs import circuits, configure, mappings
from jobs.change import Change, Refused, put
from jobs.consequences import Consequence
from jobs.pages import first_run
from jobs.pages.channel_form import ChannelForm
from jobs.pages.channel_rows import Reader
from jobs.pages.channel_tabs import TABS, Tab, chosen_tab, rows_context
from jobs.pages.here import Here, find_channel, page
from jobs.rows import warnings as webhook_warnings
from jobs.saving import save_channel
from jobs.world import load_world

TOLD = 3


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
    tab = chosen_tab(here)
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
    query = f"?tab={tab.key}" if tab != TABS[0] else ""
    return HttpResponseRedirect(reverse("channel", args=[channel.pk]) + query)


@page()
def show_rows(here: Here, channel_id: int) -> HttpResponse:
    """The rows as the mode in the query shows them, with the values typed so far."""
    channel = find_channel(here, channel_id)
    form = ChannelForm(load_world(channel.account, [channel]), channel, here.request.GET)
    form.is_valid()
    if not here.may_operate:
        form.lock()
    return here.render("jobs/_rows.html", rows_context(here, form))


@page("POST")
def preview_channel(here: Here, channel_id: int) -> HttpResponse:
    """What saving the form as it stands would do; changes nothing."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    form = ChannelForm(load_world(channel.account, [channel]), channel, here.request.POST)
    found = preview_of(form, here) if form.is_valid() else Preview(problems=form.problems)
    context: dict[str, Any] = {"preview": found, "channel": channel}
    if chosen_tab(here) == TABS[0] and not found.problems:
        context["rows"] = Reader(form, here.at).rows()
    return here.render("jobs/_channel_preview.html", context)


def preview_of(form: ChannelForm, here: Here) -> Preview:
    """For a valid form."""
    change = form.change()
    own = []
    if form.name != form.channel.name:
        own.append(f"The channel's name becomes {form.name}.")
    own += form.connection.sentences()
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


def _render(
    here: Here,
    form: ChannelForm,
    tab: Tab,
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
        "tab": tab.key,
        "tabs": [(one.key, one.label) for one in TABS],
        "tab_template": tab.template,
        "preview": preview or Preview(problems=form.problems if refused else []),
        "dirty": preview is not None or refused,
        "refused": refused,
        "nav_current": channel.kind,
        "may_edit": here.may_operate,
        "attention": channel.attention(here.at),
        "circuit": circuits.open_ones([channel.pk]).get(channel.pk) if channel.runs_jobs else None,
        "guide": first_run.of_channel(channel.account, channel, form.world),
        "warnings": webhook_warnings(form.world),
        "job_types": [JobType(job.type) for job in form.world.jobs.values() if job.row],
        **tab.context(here, form),
    }
    return here.render("jobs/channel.html", context)
