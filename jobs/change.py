"""A change of settings as plain values, its checks, and putting it on a world in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import ProductSource
from accounts.zones import is_zone
from channels.enums import (
    EMERGENCY_PERIODS,
    MAIN_PERIODS,
    RECURRING_DELAYS,
    TRAITS,
    WEBHOOK_DELAYS,
    JobType,
    Kind,
    Mode,
    Track,
)
from channels.models import Channel
from jobs import mappings
from jobs.mappings import NewMapping
from jobs.models import StableJob
from jobs.plan import follows_mode, say
from jobs.spread import BOUNDS
from jobs.world import World, capability

JOB_FIELDS = (
    "webhook_delay_minutes",
    "emergency_period_minutes",
    "main_period_minutes",
    "delay_minutes",
)
STABLE_FIELDS = ("enabled", "period_minutes", "delay_minutes")
CHANNEL_FIELDS = ("mode", "enabled", "track", "deleted_at")
ACCOUNT_FIELDS = (
    "timezone",
    "enabled",
    "master_product_source",
    "master_product_channel_id",
    "spread_minutes",
)


class Refused(Exception):
    """A value that is not allowed: field name to sentences, as forms and API report them."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(text for texts in errors.values() for text in texts))
        self.errors = dict(errors)


Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """Only the fields that are to change. Channels, mappings by id; jobs by (channel id, type).

    `removed_mappings` are ids as well; they go before the new ones come.
    """

    account: Fields = field(default_factory=dict)
    stable: Mapping[str, Fields] = field(default_factory=dict)
    channels: Mapping[int, Fields] = field(default_factory=dict)
    jobs: Mapping[tuple[int, str], Fields] = field(default_factory=dict)
    mappings: Mapping[int, Fields] = field(default_factory=dict)
    removed_mappings: Collection[int] = ()
    new_mappings: Sequence[NewMapping] = ()


def put(world: World, change: Change) -> World:
    """The world as it would be; raises `Refused` where a value is not allowed, naming it."""
    new = world.copy()
    _put_account(new, change.account)
    for channel_id, values in change.channels.items():
        _put_channel(new, _present(new, channel_id), values)
    _put_mappings(new, change)
    for job_type, values in change.stable.items():
        _put_stable(new, JobType(job_type), values)
    for key, values in change.jobs.items():
        _put_job(new, _present(new, key[0]), JobType(key[1]), values)
    return new


def _put_mappings(world: World, change: Change) -> None:
    if {*change.mappings, *change.removed_mappings} - set(world.mappings):
        raise Refused({"mapping": ["This webhook mapping no longer exists."]})
    for mapping_id, values in change.mappings.items():
        _refuse(mappings.change(world, world.mappings[mapping_id], values))
    for mapping_id in set(change.removed_mappings):
        _refuse(mappings.remove(world, mapping_id))
    for added in change.new_mappings:
        _present(world, added.channel)
        _refuse(mappings.add(world, added))


def _refuse(errors: Mapping[str, list[str]]) -> None:
    if errors:
        raise Refused(errors)


def _present(world: World, channel_id: int) -> Channel:
    """The channel of that id; refused where it was deleted since its page was opened."""
    if channel_id not in world.channels:
        raise Refused({"channel": ["This channel no longer exists: it was deleted."]})
    return world.channels[channel_id]


def _set(thing: object, values: Fields, names: Collection[str]) -> None:
    """Set named fields; refuse names that are not among those that may change."""
    if unknown := sorted(set(values) - set(names)):
        known = ", ".join(names)
        raise Refused(
            {name: [f"There is no such setting. Choose of: {known}."] for name in unknown}
        )
    for name, value in values.items():
        setattr(thing, name, value)


def _check_switches(values: Fields, *names: str) -> None:
    errors = {
        name: ["Send true or false."]
        for name in names
        if name in values and not isinstance(values[name], bool)
    }
    if errors:
        raise Refused(errors)


def _put_account(world: World, values: Fields) -> None:
    account = world.account
    _set(account, values, ACCOUNT_FIELDS)
    _check_switches(values, "enabled")
    if "timezone" in values and not is_zone(account.timezone):
        text = f"{account.timezone} is not a time zone; use an IANA name such as Europe/Berlin."
        raise Refused({"timezone": [text]})
    if "spread_minutes" in values:
        bound = {"spread_minutes": account.spread_minutes}
        _refuse(_not_offered(bound, {"spread_minutes": BOUNDS}))
    if {"master_product_source", "master_product_channel_id"} & set(values):
        _check_source(world)


def _check_source(world: World) -> None:
    """A channel as Master Product Source is of the kind named and can import products."""
    source = world.account.master_product_source
    if source not in ProductSource.values:
        offered = ", ".join(ProductSource.values)
        raise Refused({"master_product_source": [f"Choose one of: {offered}."]})
    if source == ProductSource.OWN:
        return
    able = {channel.pk: channel for channel in source_channels(world, Kind(source))}
    if world.account.master_product_channel_id not in able:
        names = ", ".join(str(channel) for channel in able.values())
        which = f"Choose one of: {names}." if able else "This account has none."
        text = f"The source is a {Kind(source).label.lower()} that can import products. {which}"
        raise Refused({"master_product_channel": [text]})


def source_channels(world: World, kind: Kind) -> list[Channel]:
    """The channels of a kind that may be the Master Product Source, disabled ones included."""
    return [
        channel
        for channel in world.channels.values()
        if channel.kind == kind
        and channel.deleted_at is None
        and capability(channel, JobType.IMPORT_PRODUCTS)
    ]


def _put_channel(world: World, channel: Channel, values: Fields) -> None:
    _set(channel, values, CHANNEL_FIELDS)
    _check_switches(values, "enabled")
    if "mode" in values:
        _check_mode(channel)
    if channel.track not in Track.values:
        raise Refused({"track": [f"Choose one of: {', '.join(Track.values)}."]})
    account = world.account
    is_source = account.master_product_channel_id == channel.pk
    if channel.deleted_at and is_source and account.master_product_source != ProductSource.OWN:
        text = f"{channel} is the Master Product Source: choose another one first."
        raise Refused({"channel": [text]})


def modes_of(channel: Channel) -> list[Mode]:
    """The modes at least one of the channel's job types supports; Recurring Job always."""
    known = [capability(channel, t) for t in JobType]
    able = [c for c in known if c is not None and follows_mode(c.type, c)]
    modes = [Mode.WEBHOOK] if any(c.webhook for c in able) else []
    modes.append(Mode.RECURRING)
    return [*modes, Mode.RECURRING_BY_ID] if any(c.by_id for c in able) else modes


def _check_mode(channel: Channel) -> None:
    offered = modes_of(channel)
    if channel.mode not in offered:
        labels = ", ".join(mode.label for mode in offered)
        raise Refused({"mode": [f"This channel offers the modes {labels}."]})


def _put_job(world: World, channel: Channel, job_type: JobType, values: Fields) -> None:
    owner = capability(channel, job_type)
    job = world.jobs.get((channel.pk, job_type))
    if owner is None or job is None:
        raise Refused({"type": [f"{channel} does not do {job_type.label}."]})
    of_account = {"main_period_minutes", "delay_minutes"} & set(values)
    if channel.track == Track.STABLE and of_account:
        text = "This channel is stable: set its period and delay on the account's Recurring Jobs."
        raise Refused({name: [text] for name in sorted(of_account)})
    _set(job, values, JOB_FIELDS)
    offered = {
        "webhook_delay_minutes": WEBHOOK_DELAYS,
        "emergency_period_minutes": EMERGENCY_PERIODS,
        "main_period_minutes": owner.periods,
        "delay_minutes": owner.delays if TRAITS[job_type].delay_on_recurring else (),
    }
    errors = _not_offered(values, offered)
    if of_account and not errors:
        errors = _delay_errors("main_period_minutes", job.main_period_minutes, job.delay_minutes)
    if errors:
        raise Refused(errors)


def _not_offered(values: Fields, offered: Mapping[str, Iterable[int]]) -> dict[str, list[str]]:
    errors = {}
    for name, value in values.items():
        allowed = tuple(offered.get(name, ()))
        if value is not None and (type(value) is not int or value not in allowed):
            said = ", ".join(["None", *(say(minutes) for minutes in allowed)])
            errors[name] = [f"{_said(value)} is not offered here. Choose one of: {said}."]
    return errors


def _said(value: object) -> str:
    return say(value) if type(value) is int and value > 0 else f"{value!r:.40}"


def _delay_errors(name: str, period: int | None, delay: int | None) -> dict[str, list[str]]:
    if period is None or delay is None or delay < period:
        return {}
    text = f"The Delay ({say(delay)}) must be shorter than the period ({say(period)})."
    return {name: [text], "delay_minutes": [text]}


def stable_offer(world: World, job_type: JobType) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(periods, delays) that the connectors of all channels allow on which the row acts."""
    return offer_of(job_type, stable_channels(world, job_type))


def offer_of(
    job_type: JobType, channels: Iterable[Channel]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`stable_offer` where the channels on which the row acts are at hand."""
    by_connector = {channel.connector: channel for channel in channels}
    owners = [
        owner for channel in by_connector.values() if (owner := capability(channel, job_type))
    ]
    periods = _common([owner.periods for owner in owners], MAIN_PERIODS)
    delays = _common([owner.delays for owner in owners], RECURRING_DELAYS)
    return periods, delays if TRAITS[job_type].delay_on_recurring else ()


def stable_channels(world: World, job_type: JobType) -> list[Channel]:
    """The stable channels on which the account's row of a job type acts.

    Their job of the type shows a recurring or by-ID row.
    """
    return [
        channel
        for channel in world.channels.values()
        if (job := world.jobs.get((channel.pk, job_type)))
        and channel.track == Track.STABLE
        and world.plan(job).from_account
    ]


def _common(offers: list[tuple[int, ...]], otherwise: tuple[int, ...]) -> tuple[int, ...]:
    """What all offer; everything where there is nobody to ask."""
    if not offers:
        return otherwise
    return tuple(sorted(set(offers[0]).intersection(*offers[1:])))


def _put_stable(world: World, job_type: JobType, values: Fields) -> None:
    row = world.stable.get(job_type)
    if row is None:
        row = world.stable[job_type] = StableJob(account=world.account, type=job_type)
    _set(row, values, STABLE_FIELDS)
    _check_switches(values, "enabled")
    periods, delays = stable_offer(world, job_type)
    offered = {"period_minutes": periods, "delay_minutes": delays}
    checked = {name: value for name, value in values.items() if name in offered}
    errors = _not_offered(checked, offered)
    if not errors and checked:
        errors = _delay_errors("period_minutes", row.period_minutes, row.delay_minutes)
    if errors:
        raise Refused(errors)
