"""What saving the account's settings would do, in sentences; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from jobs import configure
from jobs.change import ACCOUNT_FIELDS, Change, put
from jobs.consequences import Consequence, together
from jobs.moves import Move, Start, moves, starts
from jobs.pages.account_form import AccountForm
from jobs.pages.channel_page import Preview
from jobs.pages.here import Here
from jobs.pages.tags import span
from jobs.world import World


@dataclass(frozen=True)
class MoveLine:
    """The next slot of one job type: where it runs, when it will be, when it was to be."""

    label: str
    channels: str
    now: str
    was: str


@dataclass(frozen=True)
class StartLine:
    """The next slot of one job, and when its run starts."""

    label: str
    channel: str
    slot: str
    start: str


@dataclass(frozen=True)
class AccountPreview(Preview):
    """`moves`: which next slots a new time zone moves, `more_moves` of them not shown.

    `starts`: the jobs that a new spread puts off furthest, `more_starts` of them not shown.
    """

    moves: list[MoveLine] = field(default_factory=list)
    more_moves: int = 0
    starts: list[StartLine] = field(default_factory=list)
    more_starts: int = 0


SHOWN = 8


def account_preview(here: Here, form: AccountForm) -> AccountPreview:
    """For a valid form."""
    values, change = form.values(), form.change()
    found = _moves(form.world, change, here.at) if "timezone" in values else []
    spread = starts(put(form.world, change), here.at) if values.get("spread_minutes") else []
    own = [sentence for name in values if (sentence := _own(form, name, values[name]))]
    return AccountPreview(
        changes_of(here, form.world, change),
        own=[*own, *_spread(spread)],
        touched=bool(values),
        moves=found[:SHOWN],
        more_moves=max(0, len(found) - SHOWN),
        starts=[_start_line(form.world, one) for one in spread[:SHOWN]],
        more_starts=max(0, len(spread) - SHOWN),
    )


def changes_of(here: Here, world: World, change: Change) -> list[Consequence]:
    """What a change of the account does, once for all channels it happens to alike."""
    if change == Change():
        return []
    names = {pk: channel.name for pk, channel in world.channels.items()}
    return together(configure.preview(here.account, change, here.at), names)


def _spread(found: Sequence[Start]) -> Iterator[str]:
    """How many jobs a new spread puts off; `found` begins with the one that it does furthest."""
    late = sum(one.start > one.slot for one in found)
    if late:
        jobs = (
            "1 job starts after its slots" if late == 1 else f"{late} jobs start after their slots"
        )
        yield f"{jobs}, by at most {span(found[0].start - found[0].slot)}."


def _start_line(world: World, one: Start) -> StartLine:
    zone = world.account.timezone
    start = one.start.astimezone(ZoneInfo(zone))
    return StartLine(
        one.type.label,
        world.channels[one.channel].name,
        _said(one.slot, zone),
        f"{start:%H:%M:%S}",
    )


def _own(form: AccountForm, name: str, value: Any) -> str:
    """What a setting does that no job is derived from; empty for the others."""
    if name in ACCOUNT_FIELDS:
        return ""
    if name == "name":
        return f"The account's name becomes {value}."
    if name == "disable_at":
        return _planned(value, form.account.disable_at, form.account.timezone)
    if name == "automatic_workflow":
        return (
            "Approved orders get a shipment, and stock is allocated to them, by themselves."
            if value
            else "New orders wait, approved, until somebody hands them to a warehouse."
        )
    warehouse = form.world.channels.get(value)
    return (
        f"New shipments go to {warehouse}."
        if warehouse
        else "New orders get no shipment, because no fulfillment channel is the default."
    )


def _planned(at: datetime | None, was: datetime | None, zone: str) -> str:
    if at is None:
        return f"The account will not be disabled on {_said(was, zone)}."
    return (
        f"On {_said(at, zone)} the account will be disabled: its jobs stop, and webhooks are held "
        "until it is enabled again."
    )


def _moves(world: World, change: Change, at: datetime) -> list[MoveLine]:
    new = put(world, change)
    return [_line(world, new, move) for move in moves(world, new, at)]


def _line(old: World, new: World, move: Move) -> MoveLine:
    names = [new.channels[pk].name for pk in move.channels]
    return MoveLine(
        label=move.type.label,
        channels=names[0] if len(names) == 1 else f"{len(names)} channels",
        now=_said(move.now, new.account.timezone),
        was=_said(move.was, old.account.timezone),
    )


def _said(at: datetime | None, zone: str) -> str:
    """ "Thu 26 Nov, 01:00 CET", with its year where that is another; "none" without one."""
    if at is None:
        return "none"
    local = at.astimezone(ZoneInfo(zone))
    year = "" if local.year == timezone.now().astimezone(local.tzinfo).year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M %Z}"
