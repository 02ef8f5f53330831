"""The section "Webhooks at the platform" of a channel's Webhooks tab."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import Role
from channels.models import Channel
from jobs import subscriptions
from jobs.control import NotNow
from jobs.pages.here import Here, find_channel, page
from jobs.subscriptions import Done

SAID_AT_ONCE = 3


@page("GET", "POST")
def show(here: Here, channel_id: int) -> HttpResponse:
    """Asks the platform, so it is loaded apart from the page; a POST registers or removes."""
    if here.request.method == "POST":
        return _change(here, find_channel(here, channel_id, Role.OPERATOR))
    channel = find_channel(here, channel_id)
    try:
        done = Done(subscriptions.look(channel))
    except subscriptions.TROUBLE as error:
        done = _unasked(channel, error)
    return _render(here, channel, done)


def _change(here: Here, channel: Channel) -> HttpResponse:
    verb = subscriptions.remove if "remove" in here.request.POST else subscriptions.register
    try:
        done = verb(channel, here.at, here.user)
    except NotNow as reason:
        done = Done(problems=[str(reason)])
    except subscriptions.TROUBLE as error:
        done = _unasked(channel, error)
    if here.is_htmx:
        return _render(here, channel, done, acted=True)
    _tell(here, done)
    return HttpResponseRedirect(f"{reverse('channel', args=[channel.pk])}?tab=webhooks")


def _unasked(channel: Channel, error: Exception) -> Done:
    return Done(problems=[f"The platform could not be asked: {subscriptions.said(channel, error)}"])


def _tell(here: Here, done: Done) -> None:
    """As messages, the first of many."""
    for problem in done.problems[:SAID_AT_ONCE]:
        messages.warning(here.request, problem)
    if done.changed:
        more = len(done.changed) - SAID_AT_ONCE
        rest = [f"And {more} more."] if more > 0 else []
        messages.success(here.request, " ".join([*done.changed[:SAID_AT_ONCE], *rest]))
    elif not done.problems:
        messages.info(here.request, "There was nothing to change.")


def _render(here: Here, channel: Channel, done: Done, *, acted: bool = False) -> HttpResponse:
    context: dict[str, Any] = {
        "channel": channel,
        "look": done.look,
        "done": done,
        "acted": acted,
        "registers": channel.connector_class.registers_webhooks,
        "nav_current": channel.kind,
    }
    template = "_subscriptions.html" if here.is_htmx else "subscriptions.html"
    return here.render(f"jobs/{template}", context)
