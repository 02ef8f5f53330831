"""The first page: what needs attention, how each channel stands, what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.urls import reverse

from channels.models import Channel
from jobs.models import Heartbeat, Job, Run
from jobs.pages import first_run
from jobs.pages.here import Here, page
from jobs.pages.standing import Standing, standings
from jobs.rows import warnings
from jobs.world import World, load_world

SILENCE = timedelta(seconds=30)
"""The clock ticks each second; this long without a tick is a fault, as /readyz says too."""
NEXT = 8


@dataclass(frozen=True)
class Attention:
    """Something a person should look at, with the page that mends it."""

    tone: str
    text: str
    action: str = ""
    url: str = ""


@page()
def overview(here: Here) -> HttpResponse:
    if not here.account.channels.present().exists():
        return first_run.landing(here)
    world = load_world(here.account)
    lines = standings(world, here.at)
    tick = Heartbeat.objects.filter(name="clock").values_list("at", flat=True).first()
    context = {
        "lines": lines,
        "attention": attention(world, lines, tick, here.at),
        "coming": _coming(world),
        "active": Run.objects.filter(account=here.account).active().of_page()[:NEXT],
        "tick": tick,
        "clock_silent": tick is None or here.at - tick > SILENCE,
        **first_run.first_steps(here.account, world),
        "totals": _totals(lines),
    }
    template = "jobs/_overview.html" if here.is_htmx else "jobs/overview.html"
    return here.render(template, context)


def _totals(lines: list[Standing]) -> dict[str, int]:
    return {
        "channels": len(lines),
        "jobs": sum(line.running_jobs for line in lines),
        "parked": sum(line.parked for line in lines),
        "rescues": sum(line.rescues for line in lines),
    }


def _coming(world: World) -> list[Job]:
    """The next slots, as the clock will take them."""
    waiting = [
        job
        for job in world.jobs.values()
        if job.next_slot_at and job.channel_id in world.channels and not world.plan(job).suspended
    ]
    for job in waiting:
        job.channel = world.channels[job.channel_id]
    return sorted(waiting, key=_slot_of)[:NEXT]


def _slot_of(job: Job) -> tuple[datetime | None, int]:
    return job.next_slot_at, job.pk


def attention(
    world: World, lines: list[Standing], tick: datetime | None, at: datetime
) -> list[Attention]:
    """The gravest first."""
    found = []
    if tick is None or at - tick > SILENCE:
        found.append(
            Attention(
                "bad",
                "The clock is silent: nothing scheduled starts. Whoever runs this installation "
                "should see that the beat process lives.",
            )
        )
    if not world.account.enabled:
        text = "This account is disabled: no job runs, and webhooks are held."
        found.append(Attention("warn", text, "Open the account", reverse("account")))
    for line in lines:
        found += _of_channel(world, line)
    return sorted(found, key=lambda item: item.tone != "bad")


def _of_channel(world: World, line: Standing) -> list[Attention]:
    url = reverse("channel", args=[line.channel.pk])
    found = [*_faults(line, url), *_losses(line, url)]
    if line.channel.enabled:
        found += [
            Attention("warn", f"{line.channel}: {text}", "Open the connection", _connection(url))
            for text in warnings(_alone(world, line.channel))
        ]
    return found


def _connection(url: str) -> str:
    return f"{url}?tab=connection"


def _faults(line: Standing, url: str) -> Iterator[Attention]:
    """What fails until a person acts, or until it is tried again."""
    run = line.failure
    if line.attention:
        text = f"{line.channel}: {line.attention}"
        yield Attention("bad", text, "Open the connection", _connection(url))
    elif run:
        text = f"{line.channel}: {run.get_type_display()} failed. {run.error}"
        yield Attention("bad", text, f"Open run {run.pk}", reverse("run", args=[run.pk]))


def _losses(line: Standing, url: str) -> Iterator[Attention]:
    """What did not arrive, or could not be taken over."""
    if dict(line.emergencies).get("degraded"):
        text = "webhooks were or may be lost. Its emergency job fetches what they missed."
        yield Attention("warn", f"{line.channel}: {text}", "Open the channel", url)
    if line.parked:
        what = "1 record is" if line.parked == 1 else f"{line.parked} records are"
        text = f"{line.channel}: {what} parked until the cause is mended."
        parked = f"{reverse('records')}?tab=parked&channel={line.channel.pk}"
        yield Attention("warn", text, "Open the parked records", parked)


def _alone(world: World, channel: Channel) -> World:
    """The part of the world that is this channel's."""
    return World(
        world.account,
        {channel.pk: channel},
        {key: job for key, job in world.jobs.items() if key[0] == channel.pk},
        world.stable,
        {pk: row for pk, row in world.mappings.items() if row.channel_id == channel.pk},
    )
