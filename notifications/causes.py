"""What is broken now, read from the engine's state: the one source of what is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q
from django.urls import reverse

from accounts.models import Account
from channels.enums import JobType
from channels.models import Channel, WebhookMapping
from jobs import circuits
from jobs.blind import CLOCK, WEB, WORKER
from jobs.maintenance import NO_WEBHOOK
from jobs.models import (
    Circuit,
    EmergencyState,
    EmergencyTransition,
    Heartbeat,
    Job,
    Run,
    RunStatus,
)
from jobs.rows import warnings
from jobs.world import World, load_world
from notifications.models import CauseKind, Level
from oms.models import ParkedRecord, ParkedStatus

SILENT_AFTER = timedelta(minutes=2)
"""Longer than the overview waits: a restart is no reason to wake anybody."""
UNCLAIMED_AFTER = timedelta(minutes=5)
FAILURES_OF = timedelta(days=7)
"""Failures older than this no longer count, as on the overview."""


@dataclass(frozen=True)
class Cause:
    """One thing that is broken. `key` is the same for as long as it is the same trouble.

    `channel` and `type` are empty where it concerns the whole account. `path` is the page that
    explains or mends it. `failures` in a row are those of a failing job, else 0. `since` is None
    where nobody knows when it began. `part_of`: the key of a graver cause that explains this one.
    """

    kind: CauseKind
    key: str
    level: Level
    sentence: str
    todo: str
    path: str
    channel: int | None = None
    type: str = ""
    since: datetime | None = None
    failures: int = 0
    part_of: str = ""


def open_causes(account: Account, at: datetime) -> list[Cause]:
    """The gravest first; about ten queries, however many channels and runs there are."""
    world = load_world(account)
    ill = _ill(world)
    found = [
        *_of_program(at),
        *_of_account(world, at),
        *_of_channels(world, at),
        *_out_of_reach(world, ill, at),
        *_failing(world, ill, at),
        *_degraded(world),
        *_parked(world),
        *_configuration(world),
    ]
    return sorted(found, key=lambda cause: -cause.level.rank)


def _of_program(at: datetime) -> Iterator[Cause]:
    """A part of the program gives no sign of life."""
    beats = dict(Heartbeat.objects.filter(name__in=(CLOCK, WEB, WORKER)).values_list("name", "at"))
    parts = (
        (CLOCK, CauseKind.CLOCK_SILENT, "The clock is silent: nothing scheduled starts.", "beat"),
        (WEB, CauseKind.INTAKE_SILENT, "No web process lives: no webhook is taken.", "web"),
        (WORKER, CauseKind.WORKER_SILENT, "No worker lives: no run starts.", "worker"),
    )
    for name, kind, sentence, process in parts:
        last = beats.get(name)
        if last is None or at - last >= SILENT_AFTER:
            todo = f"See that the {process} process of this installation lives."
            path = reverse("overview")
            yield Cause(kind, kind.value, Level.FATAL, sentence, todo, path, since=last)


def _of_account(world: World, at: datetime) -> Iterator[Cause]:
    if not world.account.enabled:
        kind = CauseKind.ACCOUNT_DISABLED
        sentence = "The account is disabled: no job runs, and webhooks are held."
        todo = "Enable the account when its jobs may run again."
        yield Cause(kind, kind.value, Level.WARNING, sentence, todo, reverse("account"))
    waiting = _unclaimed(world.account, at)
    if waiting["count"]:
        kind, count = CauseKind.RUNS_WAIT, waiting["count"]
        runs = "1 run has" if count == 1 else f"{count} runs have"
        yield Cause(
            kind,
            kind.value,
            Level.ERROR,
            f"{runs} been due for more than 5 minutes and no worker takes them up.",
            "See that the worker processes live; give them more concurrency if they are busy.",
            f"{reverse('runs')}?status=queued",
            since=waiting["since"],
            part_of=CauseKind.WORKER_SILENT.value,
        )


def _unclaimed(account: Account, at: datetime) -> dict[str, Any]:
    """Runs that wait for nothing but a worker: how many, and since when."""
    busy = Run.objects.active().filter(job=OuterRef("job"))
    due = Run.objects.waiting().filter(account=account, not_before__lte=at - UNCLAIMED_AFTER)
    return due.exclude(Exists(busy)).aggregate(count=Count("pk"), since=Min("not_before"))


def _of_channels(world: World, at: datetime) -> Iterator[Cause]:
    """Settings, credentials or rights that the platform refuses."""
    for channel in world.channels.values():
        key = _explained_by(channel, at)
        if not key:
            continue
        yield Cause(
            CauseKind(key.partition(":")[0]),
            key,
            Level.FATAL,
            f"{channel}: {channel.attention(at)}",
            "Correct the channel's settings or credentials; its jobs fail until then.",
            f"{_page(channel)}?tab=connection",
            channel=channel.pk,
            since=None if channel.needs_attention else channel.authorization_expires_at,
        )


def _ill(world: World) -> dict[int, Circuit]:
    """The circuits that are not closed, of channels whose jobs run."""
    return circuits.open_ones(pk for pk, one in world.channels.items() if one.runs_jobs)


def _out_of_reach(world: World, ill: dict[int, Circuit], at: datetime) -> Iterator[Cause]:
    """Platforms that are left alone for now; told once, and once that they are back."""
    for pk, circuit in ill.items():
        channel = world.channels[pk]
        yield Cause(
            CauseKind.CIRCUIT_OPEN,
            _key_of_circuit(pk),
            Level.ERROR,
            f"{channel}: circuit open. {circuits.said(circuit)}",
            "Look whether the platform is well and takes the channel's credentials. Probe now on "
            "the channel's page asks it at once.",
            _page(channel),
            channel=pk,
            since=circuit.since,
            part_of=_explained_by(channel, at),
        )


def _key_of_circuit(channel_id: int) -> str:
    return f"{CauseKind.CIRCUIT_OPEN.value}:{channel_id}"


def _failing(world: World, ill: dict[int, Circuit], at: datetime) -> Iterator[Cause]:
    """Jobs whose newest runs failed, with how many did in a row."""
    jobs = {job.pk: job for job in world.jobs.values()}
    streaks = {row["job_id"]: row for row in _failures(world.account, at)}
    newest = Run.objects.only("pk", "error").in_bulk([row["newest"] for row in streaks.values()])
    for job_id, row in streaks.items():
        job = jobs.get(job_id)
        if job is None or not world.channels[job.channel_id].enabled:
            continue
        count, run = row["failures"], newest.get(row["newest"])
        times = "" if count == 1 else f" {count} times in a row"
        error = f" {run.error}" if run and run.error else ""
        yield Cause(
            CauseKind.FAILING,
            f"failing:{job_id}",
            Level.ERROR,
            f"{world.channels[job.channel_id]}: {_label(job)} failed{times}.{error}",
            "Open its last run: it says what happened and whether it is tried again.",
            reverse("run", args=[row["newest"]]),
            channel=job.channel_id,
            type=job.type,
            since=row["since"],
            failures=count,
            part_of=_explained_by(world.channels[job.channel_id], at)
            or (_key_of_circuit(job.channel_id) if job.channel_id in ill else ""),
        )


def _explained_by(channel: Channel, at: datetime) -> str:
    """Why all jobs of a channel fail alike, if they do."""
    if not channel.attention(at):
        return ""
    kind = CauseKind.ATTENTION if channel.needs_attention else CauseKind.EXPIRED
    return f"{kind.value}:{channel.pk}"


def _failures(account: Account, at: datetime) -> list[dict[str, Any]]:
    """Per job that failed last: how often since its last success, and its first and newest run."""
    since_success = Q(job__last_success_at=None) | Q(finished_at__gt=F("job__last_success_at"))
    failed = Run.objects.filter(
        since_success,
        account=account,
        status=RunStatus.FAILED,
        finished_at__gte=at - FAILURES_OF,
    )
    rows = (
        failed.order_by()
        .values("job_id")
        .annotate(failures=Count("pk"), since=Min("finished_at"), newest=Max("pk"))
    )
    return [dict(row) for row in rows]


def _degraded(world: World) -> Iterator[Cause]:
    """Streams of webhooks that are proven to lose events, and why."""
    jobs = [job for job in world.jobs.values() if job.emergency_state == EmergencyState.DEGRADED]
    last = EmergencyTransition.objects.filter(job__in=jobs, to_state=EmergencyState.DEGRADED)
    newest = last.order_by().values("job").annotate(newest=Max("pk")).values("newest")
    why = dict(EmergencyTransition.objects.filter(pk__in=newest).values_list("job_id", "cause"))
    for job in jobs:
        channel, cause = world.channels[job.channel_id], why.get(job.pk, "")
        lost = cause.startswith(NO_WEBHOOK) or job.evidence.startswith(NO_WEBHOOK)
        kind = CauseKind.SUBSCRIPTION_LOST if lost else CauseKind.DEGRADED
        todo = (
            "Look at the channel's webhooks at the platform and register what is missing."
            if lost
            else "Its emergency job fetches what they missed; look why they stay away."
        )
        because = f": {cause}" if cause else ""
        yield Cause(
            kind,
            f"{kind.value}:{job.pk}",
            Level.ERROR if lost else Level.WARNING,
            f"{channel}: webhooks for {_label(job)} were or may be lost{because}.",
            todo,
            reverse("subscriptions", args=[channel.pk]) if lost else _page(channel),
            channel=channel.pk,
            type=job.type,
            since=job.degraded_at,
        )


def _parked(world: World) -> Iterator[Cause]:
    parked = ParkedRecord.objects.filter(
        channel__in=list(world.channels), status=ParkedStatus.PARKED
    )
    rows = parked.order_by().values("channel_id", "type")
    for row in rows.annotate(count=Count("pk"), since=Min("parked_at")):
        channel, count = world.channels[row["channel_id"]], row["count"]
        records = "1 record is" if count == 1 else f"{count} records are"
        yield Cause(
            CauseKind.PARKED,
            f"parked:{channel.pk}:{row['type']}",
            Level.WARNING,
            f"{channel}: {records} parked by {JobType(row['type']).label}.",
            "Mend the cause that each record names, then retry it.",
            f"{reverse('records')}?tab=parked&channel={channel.pk}",
            channel=channel.pk,
            type=row["type"],
            since=row["since"],
        )


def _configuration(world: World) -> Iterator[Cause]:
    """Settings with which a job cannot do its duty."""
    for part in _each_alone(world):
        (channel,) = part.channels.values()
        if texts := warnings(part):
            yield Cause(
                CauseKind.CONFIGURATION,
                f"configuration:{channel.pk}",
                Level.WARNING,
                f"{channel}: {' '.join(texts)}",
                "Open the channel and give it what it lacks.",
                f"{_page(channel)}?tab=connection",
                channel=channel.pk,
            )


def _each_alone(world: World) -> Iterator[World]:
    """The world in parts, one for each enabled channel."""
    jobs: dict[int, dict[tuple[int, str], Job]] = defaultdict(dict)
    mappings: dict[int, dict[int, WebhookMapping]] = defaultdict(dict)
    for key, job in world.jobs.items():
        jobs[job.channel_id][key] = job
    for pk, mapping in world.mappings.items():
        mappings[mapping.channel_id][pk] = mapping
    for pk, channel in world.channels.items():
        if channel.enabled:
            yield World(world.account, {pk: channel}, jobs[pk], world.stable, mappings[pk])


def _label(job: Job) -> str:
    return JobType(job.type).label


def _page(channel: Channel) -> str:
    return reverse("channel", args=[channel.pk])
