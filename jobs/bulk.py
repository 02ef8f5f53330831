"""The same settings for many channels at once: what that would do to each, and doing it.

What one channel does not support keeps nothing from the others: it is named with its reason. Each
channel is saved by `configure.apply` as if it were alone, with its own history entry, and all of
them in one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from accounts.models import Account, User
from channels.enums import JobType, Mode, Track
from channels.models import Channel, WebhookMapping
from jobs import configure
from jobs.change import CHANNEL_FIELDS, Change, Fields, Refused, put
from jobs.consequences import Consequence
from jobs.models import Job
from jobs.plan import follows_mode
from jobs.rows import warnings
from jobs.world import World, capability, load_world

MOST = 200
"""As many channels at once: one transaction holds the account's settings for all of them."""

OF_WEBHOOK_ROW = {
    "webhook_delay_minutes": "no delay after one",
    "emergency_period_minutes": "no Emergency Job Period of its own",
}
OF_ACCOUNT = frozenset({"main_period_minutes", "delay_minutes"})
"""On stable channels these two are the account's. They are checked together: a delay must be
shorter than its period."""


@dataclass(frozen=True)
class Wish:
    """What to set; a name that is absent stays as it is. `job`: durations in minutes of `type`."""

    channel: Fields = field(default_factory=dict)
    type: JobType | None = None
    job: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Changed:
    """A channel that takes at least a part of the wish; `change` has only what differs."""

    channel: Channel
    change: Change
    consequences: list[Consequence]
    warnings: list[str]


@dataclass(frozen=True)
class Unsupported:
    """What a channel does not take, and why. `of_account`: Recurring Jobs is where it is set."""

    channel: Channel
    reason: str
    of_account: bool = False


@dataclass
class Outlook:
    """What a wish does. `same`: those that are so already; `gone`: names of deleted ones."""

    changed: list[Changed] = field(default_factory=list)
    same: list[Channel] = field(default_factory=list)
    unsupported: list[Unsupported] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def mark(self) -> str:
        """Equal for outlooks that do the same; counts in sentences may differ."""
        does = [
            (one.channel.pk, one.change, [(c.type, c.what) for c in one.consequences])
            for one in self.changed
        ]
        refused = [(one.channel.pk, one.reason) for one in self.unsupported]
        same = [channel.pk for channel in self.same]
        return sha256(repr((does, refused, same, self.gone)).encode()).hexdigest()


class Moved(Exception):
    """Since it was looked at, something changed; `outlook` is what applying would do now."""

    def __init__(self, outlook: Outlook) -> None:
        super().__init__("What this does has changed since.")
        self.outlook = outlook


def look(account: Account, channels: Collection[int], wish: Wish, at: datetime) -> Outlook:
    """What `apply` would do to the channels of these ids; changes nothing."""
    return _outlook(Account.objects.get(pk=account.pk), channels, wish, at)


def apply(
    account: Account,
    channels: Collection[int],
    wish: Wish,
    at: datetime,
    actor: User,
    seen: str,
) -> Outlook:
    """Do what was looked at, all or nothing; `seen` is the mark of that outlook.

    Raises `Moved` where it would do something else by now. The account's lock is the one that
    every Save takes first, so nothing comes between this look and its deeds.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        outlook = _outlook(account, channels, wish, at)
        if outlook.mark != seen:
            raise Moved(outlook)
        for one in outlook.changed:
            configure.apply(account, one.change, at, actor)
    return outlook


def _outlook(account: Account, ids: Collection[int], wish: Wish, at: datetime) -> Outlook:
    world = load_world(account, account.channels.present().filter(pk__in=ids))
    outlook = Outlook(gone=_gone(account, ids, world))
    for part in _parts(world):
        _add(outlook, part, wish, at)
    return outlook


def _gone(account: Account, ids: Collection[int], world: World) -> list[str]:
    missing = set(ids) - world.channels.keys()
    names = account.channels.filter(pk__in=missing).values_list("name", flat=True)
    return sorted(names) if missing else []


def _parts(world: World) -> Iterator[World]:
    """The world of each channel alone, by name: small enough to be copied for every question."""
    jobs, rows = defaultdict[int, list[Job]](list), defaultdict[int, list[WebhookMapping]](list)
    for job in world.jobs.values():
        jobs[job.channel_id].append(job)
    for row in world.mappings.values():
        rows[row.channel_id].append(row)
    for channel in sorted(world.channels.values(), key=lambda one: (one.name.casefold(), one.pk)):
        yield World(
            account=world.account,
            channels={channel.pk: channel},
            jobs={(channel.pk, job.type): job for job in jobs[channel.pk]},
            stable=world.stable,
            mappings={row.pk: row for row in rows[channel.pk]},
        )


def _add(outlook: Outlook, part: World, wish: Wish, at: datetime) -> None:
    """Put one channel where it belongs; it may both change and not support a part."""
    (channel,) = part.channels.values()
    taken: list[Fields] = []
    refused: list[Unsupported] = []
    for piece in _pieces(wish):
        reason = _reason(part, channel, wish.type, piece)
        if reason:
            refused.append(Unsupported(channel, reason, _is_of_account(part, channel, wish, piece)))
        else:
            taken.append(piece)
    change = _difference(part, channel, wish.type, taken)
    if change != Change():
        outlook.changed.append(_changed(part, channel, change, at))
    elif taken:
        outlook.same.append(channel)
    outlook.unsupported += {one.reason: one for one in refused}.values()


def _pieces(wish: Wish) -> Iterator[Fields]:
    """What can be taken or refused apart: each setting, but a period together with its delay."""
    for name, value in wish.channel.items():
        yield {name: value}
    together = {name: value for name, value in wish.job.items() if name in OF_ACCOUNT}
    if together:
        yield together
    for name, value in wish.job.items():
        if name not in OF_ACCOUNT:
            yield {name: value}


def _is_of_job(piece: Fields) -> bool:
    return not piece.keys() <= set(CHANNEL_FIELDS)


def _change(channel: Channel, job_type: JobType | None, pieces: Iterable[Fields]) -> Change:
    own: dict[str, Any] = {}
    durations: dict[str, Any] = {}
    for piece in pieces:
        (durations if _is_of_job(piece) else own).update(piece)
    return Change(
        channels={channel.pk: own} if own else {},
        jobs={(channel.pk, str(job_type)): durations} if durations else {},
    )


def _reason(part: World, channel: Channel, job_type: JobType | None, piece: Fields) -> str:
    """Why a channel does not support a piece; "" where it does."""
    try:
        put(part, _change(channel, job_type, [piece]))
    except Refused as refused:
        texts = [text for found in refused.errors.values() for text in found]
        return " ".join(dict.fromkeys(texts))
    known = capability(channel, job_type) if job_type and _is_of_job(piece) else None
    for name, none in OF_WEBHOOK_ROW.items():
        if known and name in piece and not (known.webhook and follows_mode(known.type, known)):
            return f"{known.type.label} is not done by webhook on this platform: it has {none}."
    return ""


def _is_of_account(part: World, channel: Channel, wish: Wish, piece: Fields) -> bool:
    does = wish.type is not None and (channel.pk, wish.type) in part.jobs
    return channel.track == Track.STABLE and does and bool(OF_ACCOUNT & piece.keys())


def _difference(
    part: World, channel: Channel, job_type: JobType | None, taken: Iterable[Fields]
) -> Change:
    """The pieces taken, without what is so already."""
    job = part.jobs.get((channel.pk, str(job_type)))
    differing = []
    for piece in taken:
        thing: object = job if _is_of_job(piece) else channel
        differing.append({k: v for k, v in piece.items() if getattr(thing, k) != v})
    return _change(channel, job_type, [piece for piece in differing if piece])


def _changed(part: World, channel: Channel, change: Change, at: datetime) -> Changed:
    new = put(part, change)
    mode = change.channels.get(channel.pk, {}).get("mode")
    told = warnings(new) if mode == Mode.WEBHOOK else []
    return Changed(channel, change, configure.consequences(part, new, at), told)
