"""The webhook deliveries that were taken in, and what became of each."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts.models import Role
from jobs import batches, control, event_search
from jobs.masking import masked
from jobs.models import Event, EventReplay, EventStatus, RecordChange
from jobs.pages import event_filters
from jobs.pages.here import Here, page
from jobs.pages.paging import SIZE, number

ADVICE = {
    EventStatus.WAITING: "It waits for the run of its batch; nothing to do.",
    EventStatus.HELD: "It is replayed by itself as soon as its job takes webhooks again: enable "
    "the channel, or put it into Webhook mode.",
    EventStatus.IGNORED: "No job was started. Switch a webhook mapping of its topic on, then "
    "replay it, if it should have been heard.",
    EventStatus.DONE: "Its records were read at the platform. Replay it to have them read again.",
    EventStatus.FAILED: "The next full run of its job asks for its records again. Mend what the "
    "run says, then replay it, to have that at once.",
}
"""What an operator can do about an event, by its status."""


@page()
def list_events(here: Here) -> HttpResponse:
    """Newest first; what no index finds, in a stretch that says how far it reaches."""
    filters = event_filters.read(here)
    before = number(here.request, "before")
    wanted = event_filters.between(filters.wanted, None, before - 1 if before else None)
    found = event_search.search(wanted, SIZE)
    further = found.rows[-1].pk if found.more else found.go_on
    context = {
        "found": found,
        "filters": filters,
        "refused": filters.refused,
        "further": further,
        "channels": list(here.channels_to_choose()),
        "statuses": EventStatus.choices,
        "periods": event_filters.PERIODS,
        "chosen": here.request.GET,
        "zone": timezone.localtime(here.at),
        "live_url": here.request.get_full_path(),
        "live": before is None and not filters.wanted.query.scans,
        "is_first": before is None,
        "replay": EventReplay.objects.filter(account=here.account).defer("ids").first(),
        "nav_current": "events",
    }
    return here.render("jobs/_event_table.html" if here.is_htmx else "jobs/events.html", context)


@page()
def show_event(here: Here, event_id: int) -> HttpResponse:
    event = find_event(here, event_id)
    body, is_json = readable(bytes(event.body))
    job = batches.job_of(event)
    context: dict[str, object] = {
        "event": event,
        "job": job,
        "advice": ADVICE[EventStatus(event.status)],
        "body": body,
        "is_json": is_json,
        "size": len(event.body),
        "headers": masked(event.headers),
        "shared_by": Event.objects.filter(run=event.run_id).count() if event.run_id else 0,
        "led_to": _led_to(event),
        "may_replay": here.may_operate and job is not None,
        "nav_current": "events",
    }
    return here.render("jobs/event.html", context)


def _led_to(event: Event) -> list[RecordChange]:
    """What the event's run did to the records that the event is about."""
    if event.run_id is None:
        return []
    changes = RecordChange.objects.filter(run=event.run_id, external_id__in=event.entities)
    return list(changes[:SIZE])


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
    event = mine.select_related("channel__account", "job__channel__account", "run")
    event = event.filter(pk=event_id)
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
        lines = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        lines.encode()  # half characters, escaped in the body, can be shown as they came only
        return lines, True
    except (ValueError, RecursionError):
        return text, False
