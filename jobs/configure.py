"""Preview and apply changes of settings; the only writer of settings and of what follows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Account, HistoryEntry, User
from channels.enums import JobType, Mode
from channels.models import Channel, WebhookMapping
from jobs import circuits, effects, mappings
from jobs.change import (
    ACCOUNT_FIELDS,
    CHANNEL_FIELDS,
    JOB_FIELDS,
    STABLE_FIELDS,
    Change,
    put,
)
from jobs.consequences import Consequence, View, compare
from jobs.models import Job, StableJob
from jobs.world import World, capability, load_world, proposed_topics


def preview(account: Account, change: Change, at: datetime) -> list[Consequence]:
    """What `apply` would do, in sentences; changes nothing. Raises `Refused`."""
    account = Account.objects.get(pk=account.pk)
    old = load_world(account, _channels(account, change))
    return consequences(old, put(old, change), at)


def apply(
    account: Account, change: Change, at: datetime, actor: User | None = None
) -> list[Consequence]:
    """Save a change and everything that follows from it, in one transaction. Raises `Refused`.

    Only the changed fields are written. The account's row is locked first, so that two saves
    follow one another; the jobs' rows are locked against clock and workers.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        old = load_world(account, _channels(account, change), lock=True)
        new = put(old, change)
        found = consequences(old, new, at)
        named = _named_channels(change)
        notes = _store(old, new, at)
        effects.carry_out(old, new, at, _cause(old, new))
        told = [*mappings.sentences(old, new), *(one.sentence for one in found)]
        _write_history(account, named, notes, told, at, actor)
    return found


def _channels(account: Account, change: Change) -> Iterable[Channel]:
    """The channels whose jobs a change may touch: all for an account's change, else its own."""
    channels = account.channels.present()
    if change.account or change.stable:
        return channels
    return channels.filter(pk__in=_named_channels(change))


def _named_channels(change: Change) -> set[int]:
    """The ids of the channels that a change names, by themselves or by what is theirs."""
    named = {*change.channels, *(key[0] for key in change.jobs)}
    named |= {added.channel for added in change.new_mappings}
    touched = [*change.mappings, *change.removed_mappings]
    mapped = WebhookMapping.objects.filter(pk__in=touched) if touched else []
    return named | {mapping.channel_id for mapping in mapped}


def consequences(old: World, new: World, at: datetime) -> list[Consequence]:
    """What happens to each job of one world when it becomes the other, in sentences."""
    found: list[Consequence] = []
    for key, job in new.jobs.items():
        before, after = _view(old, old.jobs[key]), _view(new, job)
        found += compare(job.channel_id, JobType(job.type), before, after)
        found += effects.announced(old, new, old.jobs[key], at)
    return found


def _view(world: World, job: Job) -> View:
    mode = Mode(world.channels[job.channel_id].mode)
    return View(world.plan(job), mode, world.account.timezone, world.account.spread_minutes)


@dataclass
class _Notes:
    """Old and new values of what was changed, by a readable path, for the history."""

    old: dict[str, Any] = field(default_factory=dict)
    new: dict[str, Any] = field(default_factory=dict)

    def take(self, path: str, was: object, now: object, names: Iterable[str]) -> dict[str, Any]:
        """Note the names whose values differ; answers with their new values."""
        changed = [name for name in names if getattr(was, name, None) != getattr(now, name)]
        for name in changed:
            self.put(f"{path}{name}", getattr(was, name, None), getattr(now, name))
        return {name: getattr(now, name) for name in changed}

    def put(self, path: str, was: Any, now: Any) -> None:
        self.old[path], self.new[path] = _plain(was), _plain(now)


def _store(old: World, new: World, at: datetime) -> _Notes:
    """Write the changed settings, and nothing else."""
    notes = _Notes()
    if values := notes.take("", old.account, new.account, ACCOUNT_FIELDS):
        Account.objects.filter(pk=new.account.pk).update(**values)
    for pk, channel in new.channels.items():
        if values := notes.take("", old.channels[pk], channel, CHANNEL_FIELDS):
            Channel.objects.filter(pk=pk).update(**values)
    for key, job in new.jobs.items():
        if values := notes.take(f"{job.type}.", old.jobs[key], job, JOB_FIELDS):
            Job.objects.filter(pk=job.pk).update(**values)
    _store_mappings(old, new, notes, at)
    _store_stable(old, new, notes)
    return notes


def _store_mappings(old: World, new: World, notes: _Notes, at: datetime) -> None:
    """Removed ones first: a new one may have the topic of one of them."""
    for pk in sorted(old.mappings.keys() - new.mappings.keys()):
        notes.put(f"{old.mappings[pk].topic}.starts", old.mappings[pk].type, None)
        WebhookMapping.objects.filter(pk=pk).delete()
    for pk, mapping in new.mappings.items():
        if pk not in old.mappings:
            _store_new(mapping, notes, at)
            continue
        path, was = f"{mapping.topic}.", old.mappings[pk]
        if values := notes.take(path, was, mapping, mappings.MAPPING_FIELDS):
            if values.get("enabled"):
                values["enabled_since"] = at
            WebhookMapping.objects.filter(pk=pk).update(**values)


def _store_new(mapping: WebhookMapping, notes: _Notes, at: datetime) -> None:
    notes.put(f"{mapping.topic}.starts", notes.old.get(f"{mapping.topic}.starts"), mapping.type)
    if mapping.id_path:
        notes.put(f"{mapping.topic}.id_path", None, mapping.id_path)
    mapping.enabled_since = at
    mapping.save(force_insert=True)


def _store_stable(old: World, new: World, notes: _Notes) -> None:
    """A row is stored when it first differs from one that was never touched."""
    for job_type, row in new.stable.items():
        was = old.stable.get(job_type) or StableJob(account=new.account, type=job_type)
        if values := notes.take(f"{job_type}.", was, row, STABLE_FIELDS):
            row.save(update_fields=list(values) if job_type in old.stable else None)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _cause(old: World, new: World) -> str:
    """Why states move, for transitions and cancelled runs: what this change did first of all."""
    if old.account.enabled != new.account.enabled:
        return f"the account was {'enabled' if new.account.enabled else 'disabled'}"
    for pk, channel in new.channels.items():
        if channel.deleted_at != old.channels[pk].deleted_at:
            return "the channel was deleted"
        if channel.enabled != old.channels[pk].enabled:
            return f"the channel was {'enabled' if channel.enabled else 'disabled'}"
    return "settings were changed"


def _write_history(
    account: Account,
    channels: set[int],
    notes: _Notes,
    told: list[str],
    at: datetime,
    actor: User | None,
) -> None:
    if not notes.new:
        return
    HistoryEntry.objects.create(
        account=account,
        channel_id=channels.pop() if len(channels) == 1 else None,
        at=at,
        actor=actor,
        subject=", ".join(notes.new)[:200],
        old=notes.old,
        new=notes.new,
        consequences=told,
    )


def reconcile(account: Account, at: datetime, cause: str = "the connector changed") -> int:
    """Bring every job of an account to what the rules derive now; answers how many were touched.

    For the start of the program, when connectors may have changed, and for new channels. `cause`
    is noted where the state of a job moves that was there before.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        world = load_world(account, lock=True)
        jobs, topics = _missing_jobs(world), _missing_topics(world, at)
        made = {job.pk for job in Job.objects.bulk_create(jobs)}
        WebhookMapping.objects.bulk_create(topics)
        if jobs or topics:
            world = load_world(account, lock=True)
        stale = [job for job in world.jobs.values() if not effects.is_settled(world, job)]
        _settle(world, [job for job in stale if job.pk in made], at, "the job was set up")
        _settle(world, [job for job in stale if job.pk not in made], at, cause)
    return len(stale)


def _missing_jobs(world: World) -> list[Job]:
    """The jobs of a new channel, and those that a connector learned to do since."""
    missing = [
        (channel, each)
        for channel in world.channels.values()
        for each in JobType
        if (channel.pk, each) not in world.jobs and capability(channel, each)
    ]
    ill = circuits.open_ones({channel.pk for channel, _ in missing}) if missing else {}
    frozen = {channel_id: circuit.since for channel_id, circuit in ill.items()}
    return [
        Job(
            channel=channel,
            type=each,
            proven_until=channel.sync_from,
            frozen_since=frozen.get(channel.pk),
        )
        for channel, each in missing
    ]


def _missing_topics(world: World, at: datetime) -> list[WebhookMapping]:
    """The topics that connectors propose. What an operator switched off is there, and stays off.

    Where mappings can be removed, a job that is there already gets none back.
    """
    have = {(mapping.channel_id, mapping.topic) for mapping in world.mappings.values()}
    return [
        WebhookMapping(channel=channel, topic=topic, type=job_type, enabled_since=at)
        for channel in world.channels.values()
        for topic, job_type in proposed_topics(channel)
        if (channel.pk, topic) not in have
        and not (mappings.takes_topics(channel) and (channel.pk, job_type) in world.jobs)
    ]


def _settle(world: World, jobs: Iterable[Job], at: datetime, cause: str) -> None:
    some = replace(world, jobs={(job.channel_id, job.type): job for job in jobs})
    effects.carry_out(some, some, at, cause)
