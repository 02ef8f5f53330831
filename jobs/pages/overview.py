"""The first page: what needs attention, how each channel stands, what comes next."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpResponse

from accounts.models import Account
from jobs.models import Job, Run
from jobs.pages import first_run
from jobs.pages.attention import attention, find_all
from jobs.pages.event_hours import event_hours
from jobs.pages.findings import read_concerned
from jobs.pages.here import Here, page
from jobs.pages.standing import Standing, standings, worst_first
from jobs.pulse import take_pulse
from jobs.spread import spread_of

NEXT = 8
SHOWN = 20
"""How many channels the overview shows; the lists of channels have them all."""


@page()
def overview(here: Here) -> HttpResponse:
    """The whole page; where HTMX asks, the part that it asks for anew.

    The events of a day are counted for the page and for their own part, not for each poll.
    """
    if here.request.headers.get("HX-Target") == "event-hours":
        return here.render("jobs/_event_hours.html", {"chart": event_hours(here.account, here.at)})
    lines = standings(here.account, here.at)
    if not lines:
        return first_run.landing(here)
    context = _standing(here, lines)
    if here.is_htmx:
        return here.render("jobs/_overview.html", context)
    context["chart"] = event_hours(here.account, here.at)
    return here.render("jobs/overview.html", context)


def _standing(here: Here, lines: list[Standing]) -> dict[str, object]:
    newest = max(line.channel.pk for line in lines)
    world = read_concerned(here.account, lines, also=Q(channel=newest))
    kinds = Counter(line.channel.kind for line in lines)
    pulse = take_pulse(here.at, here.account)
    return {
        "lines": worst_first(lines)[:SHOWN],
        "channel_count": len(lines),
        "kinds": kinds,
        "attention": attention(here.account, pulse, find_all(world, lines)),
        "coming": [(job, _start(job, here.account)) for job in _coming(here.account)],
        "active": Run.objects.filter(account=here.account).active().of_page()[:NEXT],
        "pulse": pulse,
        **first_run.first_steps(here.account, world, kinds),
    }


def _coming(account: Account) -> QuerySet[Job]:
    """The next slots, as the clock will take them."""
    jobs = Job.objects.filter(channel__account=account, channel__deleted_at=None, suspended=False)
    waiting = jobs.filter(next_slot_at__isnull=False).select_related("channel")
    shown = waiting.only("type", "period_minutes", "next_slot_at", "channel__name")
    return shown.order_by("next_slot_at", "pk")[:NEXT]


def _start(job: Job, account: Account) -> datetime | None:
    """When the run of the job's next slot starts."""
    spread = spread_of(job.pk, account.spread_minutes, job.period_minutes)
    return job.next_slot_at and job.next_slot_at + spread
