"""When one job runs next, or why it does not: for who asks the list why nothing happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import HistoryEntry
from channels.enums import PRODUCT_TYPES, JobType
from channels.models import Channel
from jobs.models import Job, Run, RunStatus
from jobs.overlap import Sort
from jobs.pages.here import Here
from jobs.pages.run_filters import Filters
from jobs.pages.tags import clock, span
from jobs.plan import Plan, say
from jobs.world import World, load_world


@dataclass(frozen=True)
class NextRun:
    """`sentences`, the most important one first; `url` leads to the page that changes it."""

    label: str
    channel: Channel
    sentences: list[str]
    url: str
    action: str


def next_run_of(here: Here, wanted: Filters) -> NextRun | None:
    """For the one job that the filters name; None where they name none."""
    if not (wanted.channel and wanted.type):
        return None
    channel = here.account.channels.filter(pk=wanted.channel).first()
    if channel is None:
        return None
    world = load_world(here.account, [channel])
    job = world.jobs.get((channel.pk, wanted.type))
    label = JobType(wanted.type).label
    if job is None:
        text = f"{channel.name} cannot do this job: its platform does not offer it."
        return NextRun(label, channel, [text], reverse("supported"), "What platforms can do")
    plan = world.plan(job)
    url, action = _where(here, world, job, plan)
    return NextRun(label, channel, list(_sentences(world, job, plan, here.at)), url, action)


def _where(here: Here, world: World, job: Job, plan: Plan) -> tuple[str, str]:
    """The page that makes the job run, or run otherwise."""
    channel = world.channels[job.channel_id]
    if not world.account.enabled or (plan.row is None and job.type in PRODUCT_TYPES):
        return reverse("account"), "Open the account"
    if not channel.enabled and not channel.deleted_at and here.may_operate:
        return reverse("enable_channel", args=[channel.pk]), "Enable the channel"
    if plan.from_account:
        return reverse("recurring_jobs"), "Open the Recurring Jobs"
    if channel.deleted_at:
        return reverse("account_history"), "Open the history"
    return reverse("channel", args=[channel.pk]), "Open the channel"


def _sentences(world: World, job: Job, plan: Plan, at: datetime) -> Iterator[str]:
    channel = world.channels[job.channel_id]
    if plan.row is None:
        yield f"It does not run, because {plan.why_off}."
        return
    if plan.suspended:
        yield _stopped(world, channel)
        return
    yield from _slots(job, plan, world.spread(job, plan), at)
    yield from _open_runs(job)
    yield _emergency(job, plan, at)


def _stopped(world: World, channel: Channel) -> str:
    """Disabled since when, where the history still knows."""
    entries = HistoryEntry.objects.filter(account=world.account)
    if world.account.enabled:
        entries, what = entries.filter(channel=channel), "channel"
    else:
        entries, what = entries.filter(channel=None), "account"
    entry = entries.filter(new__enabled=False).first()
    since = f" since {_clock(entry.at)}" if entry else ""
    return f"The {what} is disabled{since}: no run starts, and its slots are listed as suspended."


def _slots(job: Job, plan: Plan, spread: timedelta, at: datetime) -> Iterator[str]:
    if plan.on_webhook:
        yield "It has no slots: a webhook starts it."
        if plan.why_off:
            yield f"No webhook starts it now, because {plan.why_off}."
        elif job.heard_at:
            yield f"The last webhook it worked on came {_clock(job.heard_at)}."
        else:
            yield "It has not worked on a webhook yet."
    elif plan.period is None:
        yield f"It has no period, so it has no slots: {plan.why_off}."
    elif job.next_slot_at and job.next_slot_at > at:
        starts = f", and starts {span(spread)} later (spread)" if spread else ""
        slot = _clock(job.next_slot_at)
        yield f"Its next slot is {slot}{starts}; its period is {say(plan.period)}."
    else:
        yield "Its slot is due: the clock takes it within seconds, unless the clock is silent."


def _open_runs(job: Job) -> Iterator[str]:
    opened = Run.objects.filter(job=job, status__in=[RunStatus.QUEUED, RunStatus.RUNNING])
    shown = opened.only("status", "attempt", "sort", "not_before", "waits_for")
    for run in shown.order_by("pk"):
        if run.waits_for:
            yield f"Run {run.pk} waits until {_clock(run.not_before)}: {run.waits_for}"
        elif run.is_active and run.sort == Sort.FULL:
            yield f"Run {run.pk} is under way: a slot that comes meanwhile is coalesced into it."
        elif run.is_active:
            yield f"Run {run.pk} is under way: what comes meanwhile waits for its end."
        else:
            yield f"Run {run.pk} waits and may start from {_clock(run.not_before)} on."


def _emergency(job: Job, plan: Plan, at: datetime) -> str:
    if not plan.emergency.on:
        return f"Its emergency job is off: {plan.emergency.reason}."
    due = job.emergency_due_at
    if due is None and job.frozen_since:
        return f"Its emergency job is on; {job.emergency_due_reason}."
    if due is None:
        return "Its emergency job is on; its run is queued or under way."
    when = f"due {_clock(due)}" if due > at else "due now"
    return f"Its emergency job is {when} ({job.emergency_due_reason})."


def _clock(at: datetime) -> str:
    return clock(timezone.localtime(at))
