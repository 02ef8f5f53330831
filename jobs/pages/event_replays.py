"""Replaying a filtered set of events: asked for first, then watched."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import Role
from jobs import event_replays, event_search
from jobs.control import NotNow
from jobs.models import EventReplay, Run
from jobs.pages import event_filters
from jobs.pages.here import Here, page
from jobs.pages.paging import as_number

LISTED_RUNS = 20


@page("GET", "POST")
def replay_events(here: Here) -> HttpResponse:
    """Says what a replay of the filtered events would do; a POST starts it.

    The ids of the first and the last event travel with the form, so that what came since the
    question is left out.
    """
    here.require(Role.OPERATOR)
    filters = event_filters.read(here)
    if filters.refused:
        messages.error(here.request, filters.refused)
        return _back(filters.query)
    if here.request.method == "POST":
        return _start(here, filters)
    ids = event_search.ids(filters.wanted, event_replays.MOST + 1)
    chosen = ids[: event_replays.MOST]
    prospect = event_replays.look_ahead(chosen)
    context = {
        "filters": filters,
        "prospect": prospect,
        "ready": sorted(prospect.ready.items(), key=lambda item: -item[1]),
        "refusals": prospect.refused.most_common(),
        "most": event_replays.MOST,
        "capped": len(ids) > len(chosen),
        "scanned": filters.wanted.query.scans,
        "lower": min(chosen, default=0),
        "upper": max(chosen, default=0),
        "running": _running(here),
        "nav_current": "events",
    }
    return here.render("jobs/event_replay_ask.html", context)


def _start(here: Here, filters: event_filters.Filters) -> HttpResponse:
    lower, upper = (as_number(here.request.POST.get(name, "")) for name in ("lower", "upper"))
    if not lower or not upper:
        messages.error(here.request, "Nothing was started: choose the events again.")
        return _back(filters.query)
    wanted = event_filters.between(filters.wanted, lower, upper)
    ids = event_search.ids(wanted, event_replays.MOST)
    try:
        started = event_replays.start(here.account, ids, filters.words, here.at, here.user)
    except NotNow as reason:
        messages.error(here.request, str(reason))
        return _back(filters.query)
    return redirect("event_replay", started.pk)


def _back(query: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('events')}?{query}")


def _running(here: Here) -> EventReplay | None:
    return EventReplay.objects.filter(account=here.account, finished_at=None).defer("ids").first()


@page()
def show_replay(here: Here, replay_id: int) -> HttpResponse:
    """How far it has come; the part that HTMX asks for until it is over."""
    replay = _find(here, replay_id)
    runs = Run.objects.filter(pk__in=replay.runs[-LISTED_RUNS:], account=here.account)
    context = {
        "replay": replay,
        "reasons": sorted(replay.reasons.items(), key=lambda item: -item[1]),
        "runs": runs.of_page(),
        "may_cancel": here.may_operate and replay.finished_at is None,
        "nav_current": "events",
    }
    part = "jobs/_event_replay.html" if here.is_htmx else "jobs/event_replay.html"
    return here.render(part, context)


@page("POST")
def cancel_replay(here: Here, replay_id: int) -> HttpResponse:
    replay = _find(here, replay_id, Role.OPERATOR)
    try:
        event_replays.cancel(replay, here.at, here.user)
    except NotNow as reason:
        messages.error(here.request, str(reason))
    else:
        messages.success(here.request, "The replay is cancelled; the rest stays as it was.")
    return redirect("event_replay", replay.pk)


def _find(here: Here, replay_id: int, needed: Role = Role.VIEWER) -> EventReplay:
    mine = EventReplay.objects.filter(account__in=here.accounts).defer("ids")
    replay = mine.select_related("actor", "cancelled_by").filter(pk=replay_id).first()
    if replay is None:
        raise Http404("No such replay.")
    here.enter(replay.account_id)
    here.require(needed)
    return replay
