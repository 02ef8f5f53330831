"""From an empty account to the first run that succeeded: what is done, and the one next action.

Everything is read from what is stored (channels, tests, settings, runs), so the path cannot say
other than what is so, whichever page something was done on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from accounts.models import Account
from channels.connectors.registry import CONNECTORS
from channels.enums import TRAITS, Direction, JobType, Kind, Track
from channels.models import Channel
from jobs import connection
from jobs.connection import Tested
from jobs.models import Job, Run, RunStatus
from jobs.pages.here import Here, find_channel, page
from jobs.world import World, load_world
from oms.models import Product

CONNECT, TEST, CHOOSE, RUN = "connect", "test", "choose", "run"
_STEPS = (
    (CONNECT, "Connect a channel", "A shop that orders come from, or a warehouse that ships."),
    (TEST, "Test the connection", "One call to the platform, with the address and the keys."),
    (CHOOSE, "Choose when its jobs run", "By webhook, by a period, or by ID."),
    (RUN, "See the first run", "It fetches what there is, and says what it did."),
)
SANDBOX = "sandbox_shop"


@dataclass(frozen=True)
class Step:
    """`state`: done, next (the one to do now), or later."""

    key: str
    title: str
    text: str
    state: str


@dataclass(frozen=True)
class Link:
    """Something to do after the first run."""

    title: str
    text: str
    url: str


@dataclass(frozen=True)
class Guide:
    """How far the way to the first run has come.

    `channel`: the one on its way, None before there is any. `job`: what its first run would do.
    `run`: the channel's newest. `what_now`: what comes after, empty before the first success.
    """

    steps: list[Step]
    channel: Channel | None = None
    test: Tested | None = None
    job: Job | None = None
    run: Run | None = None
    what_now: list[Link] = field(default_factory=list)
    sandbox: bool = False

    @property
    def next(self) -> Step | None:
        """The step to do now; None once the first run has succeeded."""
        return next((step for step in self.steps if step.state == "next"), None)

    @property
    def number(self) -> int:
        """Of the next step, from 1."""
        return next((i for i, step in enumerate(self.steps, 1) if step.state == "next"), 0)

    @property
    def is_moving(self) -> bool:
        """Is the run under way, or about to be?"""
        return self.next is not None and self.next.key == RUN and _open(self.run)

    @property
    def is_stable(self) -> bool:
        return self.channel is not None and self.channel.track == Track.STABLE


def _open(run: Run | None) -> bool:
    return run is not None and not run.is_over


@page()
def show_first_run(here: Here, channel_id: int) -> HttpResponse:
    """The way of one channel; the part alone where HTMX asks for it anew."""
    channel = find_channel(here, channel_id)
    guide = guide_of(here.account, channel, load_world(here.account, [channel]))
    context = {"guide": guide, "channel": channel, "nav_current": channel.kind}
    template = "jobs/_first_run.html" if here.is_htmx else "jobs/first_run.html"
    return here.render(template, context)


def landing(here: Here) -> HttpResponse:
    """The first page of an account without a channel."""
    return here.render("jobs/landing.html", {"guide": Guide(_steps(0), sandbox=_sandbox())})


def _sandbox() -> bool:
    """A pretend shop can be tried where connectors may call this very machine."""
    return SANDBOX in CONNECTORS and settings.OMSAUTO_ALLOW_PRIVATE_HOSTS


def guide_of(account: Account, channel: Channel, world: World) -> Guide:
    """Of a channel, whose jobs are in the world."""
    runs = Run.objects.filter(channel=channel)
    newest = runs.first()
    succeeded = runs.filter(status=RunStatus.SUCCEEDED).first() if newest else None
    test = connection.last_test(channel)
    jobs = [job for job in world.jobs.values() if job.channel_id == channel.pk]
    done = 1
    if succeeded:
        done = len(_STEPS)
    elif test and test.works:
        done = 3 if any(world.plan(job).main_on for job in jobs) else 2
    return Guide(
        steps=_steps(done),
        channel=channel,
        test=test,
        job=_first_job(world, jobs),
        run=succeeded or newest,
        what_now=_what_now(account, channel) if succeeded else [],
    )


def _steps(done: int) -> list[Step]:
    states = ["done"] * done + ["next"] + ["later"] * len(_STEPS)
    return [Step(*words, state) for words, state in zip(_STEPS, states, strict=False)]


def _first_job(world: World, jobs: list[Job]) -> Job | None:
    """What to run first: of those that are on what pulls, else the first one offered."""
    order = {kind: number for number, kind in enumerate(JobType)}

    def rank(job: Job) -> tuple[bool, bool, int]:
        pulls = TRAITS[JobType(job.type)].direction == Direction.PULL
        return not world.plan(job).main_on, not pulls, order[JobType(job.type)]

    return min((job for job in jobs if world.plan(job).row), key=rank, default=None)


def _what_now(account: Account, channel: Channel) -> list[Link]:
    own = reverse("channel", args=[channel.pk])
    kinds = account.channels.present().order_by().values_list("kind", flat=True)
    return [
        *lacking(account, set(kinds.distinct())),
        Link("Look at what came", "Orders, shipments, products and stock.", reverse("records")),
        Link("Set its other jobs", f"They stand on the page of {channel}.", own),
    ]


def lacking(account: Account, kinds: Collection[str]) -> list[Link]:
    """What an account with channels of these kinds needs before orders flow from end to end."""
    found = [
        Link(f"Connect a {kind.label.lower()}", text, f"{reverse('new_channel')}?kind={kind.value}")
        for kind, text in _KINDS
        if kind not in kinds
    ]
    if not Product.objects.filter(account=account).exists():
        text = "An order is taken over when its SKUs are known here."
        found.append(Link("Fill the catalogue", text, f"{reverse('records')}?tab=products"))
    return found


_KINDS = ((Kind.SALES, "Orders come from it."), (Kind.FULFILLMENT, "A warehouse ships for it."))


def first_steps(account: Account, world: World, kinds: Collection[str]) -> dict[str, object]:
    """For the overview: the way to the first run, afterwards what is still lacking."""
    guide = of_account(account, world)
    return {"guide": guide, "lacking": [] if guide else lacking(account, kinds)}


def of_account(account: Account, world: World) -> Guide | None:
    """The way of the newest channel, as long as no run of the account has succeeded.

    The world has at least that channel and its jobs.
    """
    if Run.objects.filter(account=account, status=RunStatus.SUCCEEDED).exists():
        return None
    newest = max(world.channels.values(), key=lambda channel: channel.pk, default=None)
    return guide_of(account, newest, world) if newest else None


def of_channel(account: Account, channel: Channel, world: World) -> Guide | None:
    """The way of a channel none of whose runs has succeeded yet."""
    guide = guide_of(account, channel, world)
    return guide if guide.next else None
