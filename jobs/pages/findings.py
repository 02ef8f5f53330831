"""What is wrong with single channels, each with the places where an operator mends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q, TextChoices
from django.urls import reverse

from accounts.models import Account
from channels.enums import JobType, Row
from channels.models import Channel
from jobs import circuits
from jobs.models import Circuit, Job, Run
from jobs.pages.standing import Standing
from jobs.rows import Concern, concerns
from jobs.world import World, read_world


class Cause(TextChoices):
    """Sorts of findings, the gravest first."""

    CONNECTION = "connection", "Connection"
    CIRCUIT = "circuit", "Circuit open"
    FAILED = "failed", "Failed runs"
    LOST = "lost", "Lost webhooks"
    PARKED = "parked", "Parked records"
    SETTINGS = "settings", "Settings"


GRAVE = (Cause.CONNECTION, Cause.CIRCUIT, Cause.FAILED)


@dataclass(frozen=True)
class Action:
    """A way to mend something: a link, or with `post` a button that acts at once."""

    label: str
    url: str
    post: bool = False


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one channel; channels with equal `text` have it in common.

    `key` names it for as long as it lasts. `find_actions` answers with the ways to mend it, first
    the one to take; asked only for what is shown. `amount`: how many records it concerns, where
    it counts them.
    """

    cause: Cause
    key: str
    channel: Channel
    text: str
    find_actions: Callable[[], tuple[Action, ...]]
    amount: int = 0

    @property
    def actions(self) -> tuple[Action, ...]:
        return self.find_actions()

    @property
    def tone(self) -> str:
        return "bad" if self.cause in GRAVE else "warn"

    @property
    def url(self) -> str:
        """The first of its places that can be looked at."""
        return next(action.url for action in self.actions if not action.post)


def findings(line: Standing, settings: Iterable[Concern] = ()) -> Iterator[Finding]:
    """The gravest first; `settings` is what there is to warn of in the channel's settings."""
    if line.attention:
        yield _connection(line)
    if line.circuit:
        yield _circuit(line.channel, line.circuit)
    elif line.failure and not line.attention:
        yield _failure(line.channel, line.failure)
    if line.degraded:
        yield _losses(line)
    if line.parked:
        yield _parked(line)
    for concern in settings:
        yield _setting(line, concern)


CONCERNED = Q(row=Row.WEBHOOK) | Q(
    ~Q(row=""), type=JobType.REFRESH_AUTHORIZATION, period_minutes=None
)
"""The jobs whose settings there can be something to warn of."""


def read_concerned(account: Account, lines: Iterable[Standing], also: Q | None = None) -> World:
    """The account with the `CONCERNED` jobs, and others that fit `also`."""
    wanted = CONCERNED if also is None else CONCERNED | also
    return read_world(account, wanted, [line.channel for line in lines])


def concerns_of(world: World) -> dict[int, list[Concern]]:
    """By channel, of all that are enabled, as far as the world has their jobs."""
    plans = [
        (job, world.plan(job))
        for job in world.jobs.values()
        if world.channels[job.channel_id].enabled
    ]
    found = defaultdict(list)
    for concern in concerns(world, plans):
        found[concern.job.channel_id].append(concern)
    return found


def _connection(line: Standing) -> Finding:
    channel = line.channel

    def actions() -> tuple[Action, ...]:
        opened = Action("Open the connection", _tab(channel, "connection"))
        if channel.needs_attention:
            url = reverse("test_connection", args=[channel.pk])
            return Action("Test the connection", url, post=True), opened
        # The authorization ran out: a period mends it, new credentials are the last resort.
        return _give_period(
            Job.objects.get(channel=channel, type=JobType.REFRESH_AUTHORIZATION)
        ), opened

    return _finding(Cause.CONNECTION, channel, line.attention, actions)


def _circuit(channel: Channel, circuit: Circuit) -> Finding:
    def actions() -> tuple[Action, ...]:
        probe = Action("Probe now", reverse("probe_channel", args=[channel.pk]), post=True)
        return probe, Action("Open the connection", _tab(channel, "connection"))

    text = f"Circuit open. {circuits.said(circuit)}"
    return _finding(Cause.CIRCUIT, channel, text, actions)


def _failure(channel: Channel, run: Run) -> Finding:
    def actions() -> tuple[Action, ...]:
        retry = Action("Retry the run", reverse("retry_run", args=[run.pk]), post=True)
        return retry, Action(f"Open run {run.pk}", reverse("run", args=[run.pk]))

    text = f"{JobType(run.type).label} failed. {run.error}"
    return _finding(Cause.FAILED, channel, text, actions)


def _losses(line: Standing) -> Finding:
    channel = line.channel

    def actions() -> tuple[Action, ...]:
        connection = _tab(channel, "connection")
        check = Action("Check the webhooks", f"{connection}#webhooks-title")
        return check, Action("See the emergency job", _row(channel.pk, JobType(line.degraded)))

    text = "Webhooks were or may be lost. The emergency job fetches what they missed."
    return _finding(Cause.LOST, channel, text, actions)


def _parked(line: Standing) -> Finding:
    def actions() -> tuple[Action, ...]:
        query = urlencode({"tab": "parked", "channel": line.channel.pk})
        return (Action("Open the parked records", f"{reverse('records')}?{query}"),)

    text = parked_text(line.parked)
    return _finding(Cause.PARKED, line.channel, text, actions, amount=line.parked)


def parked_text(records: int) -> str:
    what = "1 record is" if records == 1 else f"{records} records are"
    return f"{what} parked until the cause is mended."


def _setting(line: Standing, concern: Concern) -> Finding:
    def actions() -> tuple[Action, ...]:
        connection = _tab(line.channel, "connection")
        if concern.kind == "renewal":
            return (_give_period(concern.job),)
        if concern.kind == "mapping":
            return (Action("Switch a mapping on", f"{connection}#webhooks-title"),)
        return (Action("Enter the secret", connection),)

    kind = f"{concern.kind}-{concern.job.type}"
    return _finding(Cause.SETTINGS, line.channel, concern.text, actions, kind=kind)


def _give_period(job: Job) -> Action:
    """Where the job's period is set: on the channel, or for all stable ones on the account."""
    if job.from_account:
        return Action("Give it a period", reverse("recurring_jobs"))
    return Action("Give it a period", _row(job.channel_id, JobType(job.type)))


def _finding(
    cause: Cause,
    channel: Channel,
    text: str,
    actions: Callable[[], tuple[Action, ...]],
    kind: str = "",
    amount: int = 0,
) -> Finding:
    key = "-".join(part for part in (cause.value, kind, str(channel.pk)) if part)
    return Finding(cause, key, channel, text, actions, amount)


def _tab(channel: Channel, tab: str) -> str:
    return f"{reverse('channel', args=[channel.pk])}?tab={tab}"


def _row(channel_id: int, job_type: JobType) -> str:
    """The job's row on its channel's page."""
    return f"{reverse('channel', args=[channel_id])}#row-{job_type.value}"
