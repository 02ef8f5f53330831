"""The first page: what needs attention, how each channel stands, what comes next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse

from channels.enums import Kind
from jobs.models import Job, Run
from jobs.pages.attention import attention, find_all
from jobs.pages.event_hours import event_hours
from jobs.pages.here import Here, page
from jobs.pages.standing import Standing, standings, worst_first
from jobs.pulse import take_pulse
from jobs.world import World, read_world
from oms.models import Product

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
    context = _standing(here)
    if here.is_htmx:
        return here.render("jobs/_overview.html", context)
    context["chart"] = event_hours(here.account, here.at)
    return here.render("jobs/overview.html", context)


def _standing(here: Here) -> dict[str, object]:
    world = read_world(here.account)
    lines = standings(world, here.at)
    pulse = take_pulse(here.at, here.account)
    return {
        "lines": worst_first(lines)[:SHOWN],
        "channel_count": len(lines),
        "kinds": Counter(line.channel.kind for line in lines),
        "attention": attention(here.account, pulse, find_all(world, lines)),
        "coming": _coming(lines),
        "active": Run.objects.filter(account=here.account).active().of_page()[:NEXT],
        "pulse": pulse,
        "steps": _first_steps(here, world, lines),
    }


def _coming(lines: list[Standing]) -> list[Job]:
    """The next slots, as the clock will take them."""
    found = []
    for line in lines:
        for job, plan in line.jobs:
            if job.next_slot_at and not plan.suspended:
                job.channel = line.channel
                found.append(job)
    return sorted(found, key=_slot_of)[:NEXT]


def _slot_of(job: Job) -> tuple[datetime | None, int]:
    return job.next_slot_at, job.pk


@dataclass(frozen=True)
class Step:
    """One of the first things to do with a new account."""

    done: bool
    title: str
    text: str
    action: str
    url: str


_STEPS = (
    ("Connect a sales channel", "Orders come from it.", "Connect a shop"),
    ("Connect a fulfillment channel", "A warehouse ships for it.", "Connect a warehouse"),
    (
        "Fill the catalogue",
        "An order is taken over when its SKUs are known here.",
        "Add products",
    ),
    (
        "Choose when jobs run",
        "On a channel's page: by webhook, by period or by ID.",
        "Open the channels",
    ),
)


def _first_steps(here: Here, world: World, lines: list[Standing]) -> list[Step]:
    """What a new account still lacks; empty once it works."""
    kinds = {channel.kind for channel in world.channels.values()}
    plans = (plan for line in lines for _job, plan in line.jobs)
    new = reverse("new_channel")
    done_at = (
        (Kind.SALES in kinds, f"{new}?kind=sales"),
        (Kind.FULFILLMENT in kinds, f"{new}?kind=fulfillment"),
        (
            Product.objects.filter(account=here.account).exists(),
            f"{reverse('records')}?tab=products",
        ),
        (any(plan.row and plan.main_on for plan in plans), reverse("sales_channels")),
    )
    steps = [Step(done, *words, url) for (done, url), words in zip(done_at, _STEPS, strict=True)]
    return [] if all(step.done for step in steps) else steps
