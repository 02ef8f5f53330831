"""The webhook deliveries that were taken in, and what became of each."""

from __future__ import annotations

import json

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts.models import Role
from jobs import batches, control
from jobs.models import Event, EventStatus
from jobs.pages.here import Here, page
from jobs.pages.paging import newest_first, number


@page()
def list_events(here: Here) -> HttpResponse:
    part = newest_first(_filtered(here), here.request)
    context = {
        "part": part,
        "channels": list(here.account.channels.present()),
        "statuses": EventStatus.choices,
        "chosen": here.request.GET,
        "live_url": here.request.get_full_path(),
        "live": "before" not in here.request.GET,
    }
    return here.render("jobs/_event_table.html" if here.is_htmx else "jobs/events.html", context)


def _filtered(here: Here) -> QuerySet[Event]:
    query = here.request.GET
    events = Event.objects.without_body().select_related("channel", "job")
    events = events.filter(channel__in=list(here.account.channels.values_list("pk", flat=True)))
    if channel := number(here.request, "channel"):
        events = events.filter(channel=channel)
    if (status := query.get("status")) in EventStatus:
        events = events.filter(status=status)
    return events


@page()
def show_event(here: Here, event_id: int) -> HttpResponse:
    event = find_event(here, event_id)
    body, is_json = readable(bytes(event.body))
    context = {
        "event": event,
        "body": body,
        "is_json": is_json,
        "size": len(event.body),
        "headers": sorted(event.headers.items()),
        "may_replay": here.may_operate and batches.job_of(event) is not None,
        "nav_current": "events",
    }
    return here.render("jobs/event.html", context)


@page("POST")
def replay(here: Here, event_id: int) -> HttpResponse:
    event = find_event(here, event_id, Role.OPERATOR)
    try:
        control.replay_event(event, here.at)
    except control.NotNow as reason:
        messages.error(here.request, str(reason))
    else:
        messages.success(here.request, "The event waits for its job's next batch again.")
    return redirect("event", event.pk)


def find_event(here: Here, event_id: int, needed: Role = Role.VIEWER) -> Event:
    """An event that the user may see; enters its account."""
    mine = Event.objects.filter(channel__account__in=here.accounts)
    event = mine.select_related("channel", "job__channel__account", "run").filter(pk=event_id)
    found = event.first()
    if found is None:
        raise Http404("No such event.")
    here.enter(found.channel.account_id)
    here.require(needed)
    return found


def readable(body: bytes) -> tuple[str, bool]:
    """(the body as text, whether it is JSON); JSON is laid out in lines."""
    text = body.decode("utf-8", errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False), True
    except (ValueError, RecursionError):
        return text, False
