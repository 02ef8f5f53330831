"""Jobs and Recurring Jobs rows as the API answers them, from the functions that act on them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from channels.connectors.base import Capability
from channels.connectors.registry import CONNECTORS
from channels.enums import PRODUCT_TYPES, TRAITS, JobType, Track
from channels.models import Channel
from channels.vault import Unreadable, open_secrets
from jobs.change import offer_of
from jobs.models import Job
from jobs.plan import Plan, allowed_period
from jobs.reading import jobs_in_emergency, shown_reason, shown_state
from jobs.world import World, capability
from oms.registry import LOGIC

Row = dict[str, Any]


def capability_row(known: Capability) -> Row:
    """How a connector does one job type."""
    with_delay = TRAITS[known.type].delay_on_recurring
    return {
        "type": known.type.value,
        "label": known.type.label,
        "webhook": known.webhook,
        "by_id": known.by_id,
        "periods": list(known.periods),
        "delays": list(known.delays) if with_delay else [],
        "topics": list(known.topics),
    }


def job_rows(world: World) -> list[Row]:
    """Every job of the world that is offered, in the order of the job types."""
    running = jobs_in_emergency(world.jobs.values())
    order = {job_type.value: index for index, job_type in enumerate(JobType)}
    jobs = sorted(world.jobs.values(), key=lambda job: (job.channel_id, order[job.type]))
    return [job_row(world, job, running) for job in jobs if world.plan(job).row is not None]


def job_row(world: World, job: Job, running: Collection[int]) -> Row:
    """One job: its settings, where they come from, what it waits for, how far it is proven."""
    plan = world.plan(job)
    job_type = JobType(job.type)
    period, delay = _period_and_delay(world, job)
    slot = None if plan.suspended else job.next_slot_at
    return {
        "type": job_type.value,
        "label": job_type.label,
        "row": plan.row,
        "source": "account" if plan.from_account else "channel",
        "webhook_delay_minutes": job.webhook_delay_minutes,
        "emergency_period_minutes": job.emergency_period_minutes,
        "main_period_minutes": period,
        "delay_minutes": delay,
        "next_slot_at": slot,
        "next_start_at": slot and slot + world.spread(job, plan),
        "proven_until": job.proven_until,
        "heard_at": job.heard_at,
        "proof_at": job.proof_at,
        "last_success_at": job.last_success_at,
        "note": plan.note,
        "emergency": _emergency(plan, job, set(running)),
    }


def _emergency(plan: Plan, job: Job, running: set[int]) -> Row:
    return {
        "state": shown_state(job, running),
        "period_minutes": plan.emergency.period if plan.emergency.on else None,
        "automatic": plan.emergency.on and plan.emergency.automatic,
        "due_at": job.emergency_due_at,
        "reason": shown_reason(job),
    }


def _period_and_delay(world: World, job: Job) -> tuple[int | None, int | None]:
    """Those of the recurring and by-ID row: a stable channel's are the account's."""
    channel = world.channels[job.channel_id]
    if channel.track == Track.BETA:
        return job.main_period_minutes, job.delay_minutes
    stable = world.stable.get(job.type)
    known = capability(channel, JobType(job.type))
    if stable is None or known is None or not stable.enabled or stable.period_minutes is None:
        return None, None
    return allowed_period(stable.period_minutes, known.periods), stable.delay_minutes


def recurring_rows(world: World) -> list[Row]:
    """The rows of the Recurring Jobs tab that show now."""
    acting = _acting(world)
    return [
        _recurring_row(world, job_type, acting[job_type])
        for job_type in JobType
        if shows(world, job_type)
    ]


def recurring_row(world: World, job_type: JobType) -> Row:
    """One row, with the stable channels it acts on."""
    return _recurring_row(world, job_type, _acting(world)[job_type])


def _acting(world: World) -> dict[str, list[tuple[Channel, str]]]:
    """By job type: the channels whose job takes its settings from the account, and its note."""
    found = defaultdict(list)
    for job in world.jobs.values():
        channel = world.channels[job.channel_id]
        if channel.track == Track.STABLE and (plan := world.plan(job)).from_account:
            found[job.type].append((channel, plan.note))
    return found


def shows(world: World, job_type: JobType) -> bool:
    """Does the tab have a row for it? A product job needs a stable channel that may use it."""
    if job_type not in LOGIC:
        return False
    return job_type not in PRODUCT_TYPES or any(
        capability(channel, job_type) and world.offers(channel, job_type)
        for channel in world.channels.values()
        if channel.track == Track.STABLE
    )


def _recurring_row(world: World, job_type: JobType, acts_on: list[tuple[Channel, str]]) -> Row:
    stored = world.stable.get(job_type)
    periods, delays = offer_of(job_type, (channel for channel, _note in acts_on))
    return {
        "type": job_type.value,
        "label": job_type.label,
        "enabled": stored is not None and stored.enabled,
        "period_minutes": stored.period_minutes if stored else None,
        "delay_minutes": stored.delay_minutes if stored else None,
        "periods": list(periods),
        "delays": list(delays),
        "channels": [
            {"id": channel.pk, "name": channel.name, "note": note} for channel, note in acts_on
        ],
    }


@dataclass(frozen=True, slots=True)
class Concern:
    """A setting that lets a job fall silent: `kind` is mapping, secret or renewal."""

    kind: str
    job: Job
    text: str


def warnings(world: World) -> list[str]:
    """Why webhooks will not start what shows a webhook row, and credentials will expire."""
    plans = [(job, world.plan(job)) for job in world.jobs.values()]
    return [concern.text for concern in concerns(world, plans)]


def concerns(world: World, plans: Sequence[tuple[Job, Plan]]) -> list[Concern]:
    """What there is to warn of in these jobs of the world, with their plans."""
    listening = [(job, plan) for job, plan in plans if plan.on_webhook]
    found = [
        Concern("mapping", job, f"{JobType(job.type).label}: {_NOT_MAPPED}")
        for job, plan in listening
        if not plan.main_on
    ]
    first = {job.channel_id: job for job, _plan in reversed(listening)}
    found += [
        Concern("secret", first[channel_id], _UNSIGNED)
        for channel_id in sorted(first)
        if _lacks_secret(world.channels[channel_id])
    ]
    return found + [
        Concern("renewal", job, _NOT_RENEWED) for job, plan in plans if _ends(world, job, plan)
    ]


_NOT_MAPPED = (
    "no webhook mapping is switched on, so nothing starts it and it has no emergency job. Switch "
    "a mapping on."
)
_UNSIGNED = "The channel has no webhook secret: every delivery is rejected. Enter the secret."
_NOT_RENEWED = (
    "Authorization Refresh: its Main Job Period is None, so the channel's credentials are not "
    "renewed and will expire. Give it a period."
)


def _ends(world: World, job: Job, plan: Plan) -> bool:
    """Does the authorization of the job's channel expire with nothing to renew it?"""
    if job.type != JobType.REFRESH_AUTHORIZATION or plan.row is None or plan.main_on:
        return False
    channel = world.channels[job.channel_id]
    if channel.authorization_expires_at is not None:
        return True
    settings = json.dumps(channel.settings, sort_keys=True)
    return _expires(channel.connector, settings, channel.secrets_encrypted)


def _lacks_secret(channel: Channel) -> bool:
    needed = channel.connector_class.needs_webhook_secret(channel.settings)
    return needed and not _has_webhook_secret(channel.secrets_encrypted)


# Opening the secrets of hundreds of channels for each look at the overview is dear. What is kept
# of them is one answer by their sealed text, which every change of them changes.
ANSWERS = 10_000


@lru_cache(ANSWERS)
def _has_webhook_secret(sealed: str) -> bool:
    return bool(_opened(sealed).get("webhook_secret"))


@lru_cache(ANSWERS)
def _expires(connector: str, settings: str, sealed: str) -> bool:
    made = CONNECTORS[connector](json.loads(settings), _opened(sealed))
    return made.authorization_expires()


def _opened(sealed: str) -> dict[str, str]:
    """The secrets; none where the key they were sealed with is gone."""
    try:
        return open_secrets(sealed)
    except Unreadable:
        return {}
