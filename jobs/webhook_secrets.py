"""A channel's webhook secret: its rotation, during which the former one holds for a while.

The former secret is kept sealed with its end. `intake` tries it where the present one does not
fit; past its end it is refused at once, and `forget_ended` wipes it.
"""

from __future__ import annotations

import base64
import secrets as random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import HistoryEntry, User
from channels.connectors.standard_webhooks import PREFIX
from channels.models import SIGNED_WITH, Channel
from channels.vault import Unreadable, seal_secrets

FIELDS = ("former_webhook_secret", "former_secret_until", "former_secret_used_at")
LONGEST_GRACE_MINUTES = 7 * 24 * 60
_BYTES = 32


def generate() -> str:
    """A new secret that no two channels share; every connector takes it."""
    return PREFIX + base64.b64encode(random.token_bytes(_BYTES)).decode()


def replaces(channel: Channel, secret: str | None) -> bool:
    """Would this be another webhook secret than the channel has?"""
    return _present(channel) != (secret or "")


def succeed(channel: Channel, grace_minutes: int, at: datetime) -> list[str]:
    """Note on the unsaved row that its present webhook secret is about to be replaced.

    For `grace_minutes` the present one still holds; with 0 it ends now. One that was former
    already ends in either case. Answers with what follows, in sentences.
    """
    found = []
    if channel.holds_former_secret(at):
        found.append("The webhook secret before the last one is no longer accepted.")
    _clear(channel)
    present = _present(channel)
    if not present:
        return found
    if not grace_minutes:
        return [*found, "Deliveries signed with the former webhook secret are rejected."]
    until = at + timedelta(minutes=grace_minutes)
    channel.former_webhook_secret = seal_secrets({SIGNED_WITH: present})
    channel.former_secret_until = until
    return [*found, f"The former webhook secret is accepted too until {_said(channel, until)}."]


def end_grace(channel: Channel, at: datetime, actor: User) -> bool:
    """The former secret is wiped now; False where there was none."""
    ended = _end(channel.pk, at, actor)
    channel.refresh_from_db(fields=FIELDS)
    return ended


def forget_ended(at: datetime) -> int:
    """Wipe the former secrets whose time is over; answers how many."""
    over = Channel.objects.filter(former_secret_until__lte=at)
    return sum(_end(pk, at, None) for pk in over.values_list("pk", flat=True))


@transaction.atomic
def _end(channel_id: int, at: datetime, actor: User | None) -> bool:
    """Of a row as it is under its lock; without an actor only where its time is over."""
    row = Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
    if row.former_secret_until is None or (actor is None and row.holds_former_secret(at)):
        return False
    _clear(row)
    row.save(update_fields=FIELDS)
    HistoryEntry.objects.create(
        account_id=row.account_id,
        channel=row,
        at=at,
        actor=actor,
        subject="former webhook secret ended",
        new={"former_webhook_secret": "wiped"},
        consequences=["Deliveries signed with the former webhook secret are rejected."],
    )
    return True


def _clear(channel: Channel) -> None:
    channel.former_webhook_secret = ""
    channel.former_secret_until = channel.former_secret_used_at = None


def _present(channel: Channel) -> str:
    try:
        return channel.secrets.get(SIGNED_WITH, "")
    except Unreadable:
        return ""


def _said(channel: Channel, moment: datetime) -> str:
    zone = channel.account.timezone
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
