"""What messages say: plain sentences, the gravest cause first, each with the page that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.models import Account
from notifications.models import DeliverySort, Incident, Level, Rule
from notifications.sending import Message

MOST = 20
"""Causes that one message names; the others are counted."""


def compose(rule: Rule, sort: DeliverySort, incidents: Sequence[Incident], at: datetime) -> Message:
    """One message about all these incidents of one rule."""
    account = rule.account
    ordered = sorted(incidents, key=lambda one: (-Level(one.level).rank, one.pk))
    parts = [_part(account, sort, one, at) for one in ordered[:MOST]]
    if len(ordered) > MOST:
        parts.append(f"And {len(ordered) - MOST} more.")
    parts.append(f"Rule: {rule}\n{settings.OMSAUTO_PUBLIC_URL}/account/notifications/")
    gravest = Level(ordered[0].level)
    return Message(_title(account, sort, ordered), "\n\n".join(parts), sort, gravest)


def test_message(account: Account, destination: str) -> Message:
    return Message(
        f"{account}: test of {destination}"[:200],
        "This is a test. Messages of omsauto arrive here.",
        DeliverySort.TEST,
    )


_TITLES = {
    DeliverySort.OPENED: "",
    DeliverySort.REMINDER: "Still: ",
    DeliverySort.OVER: "Over: ",
}


def _title(account: Account, sort: DeliverySort, ordered: Sequence[Incident]) -> str:
    if len(ordered) == 1:
        first = ordered[0]
        about = f"{first.channel}: " if first.channel else ""
        what = f"{about}{first.get_kind_display()}"
    else:
        what = f"{len(ordered)} things need a person"
        if sort == DeliverySort.OVER:
            what = f"{len(ordered)} things"
    return f"{account}: {_TITLES[sort]}{what}"[:200]


def _part(account: Account, sort: DeliverySort, incident: Incident, at: datetime) -> str:
    began = incident.since or incident.opened_at
    local = began.astimezone(ZoneInfo(account.timezone))
    since = f"{local:%a} {local.day} {local:%b}, {local:%H:%M %Z}"
    if sort == DeliverySort.OVER:
        lines = [incident.sentence, f"Over after {duration(at - began)}; it began {since}."]
    else:
        lines = [f"[{incident.level}] {incident.sentence}", f"Since {since}."]
        if incident.todo:
            lines.append(f"What to do: {incident.todo}")
    if incident.path:
        lines.append(f"{settings.OMSAUTO_PUBLIC_URL}{incident.path}")
    return "\n".join(lines)


def duration(length: timedelta) -> str:
    """ "2 hours 5 minutes"; the two largest units, at least a minute."""
    minutes = max(1, round(length.total_seconds() / 60))
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "day"), (rest // 60, "hour"), (rest % 60, "minute")]
    said = [
        f"{count} {unit}" if count == 1 else f"{count} {unit}s" for count, unit in parts if count
    ]
    return " ".join(said[:2])
