"""A channel's webhook URL: its renewal, during which the former one leads here for a while.

The URL is a key: who has it may send, and where a platform signs nothing that is enough. Past its
end a former URL is answered 404 as if it had never been.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import HistoryEntry, User
from channels.models import Channel, new_webhook_token

FIELDS = ("webhook_token", "former_webhook_token", "former_token_until", "former_token_used_at")
USE_NOTED_EACH = timedelta(minutes=1)
"""How exactly the last use of a former URL is known; it saves a write per delivery."""
REFUSED = "What is sent to the former webhook URL is answered 404."


@transaction.atomic
def renew(channel: Channel, grace_minutes: int, at: datetime, actor: User) -> None:
    """A new URL now; the present one leads here for `grace_minutes` more, with 0 not at all.

    One that was former already ends in either case.
    """
    row = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    row.former_webhook_token, row.webhook_token = row.webhook_token, new_webhook_token()
    row.former_token_until = at + timedelta(minutes=grace_minutes) if grace_minutes else None
    row.former_token_used_at = None
    row.save(update_fields=FIELDS)
    kept = f"The former webhook URL is accepted too for {grace_minutes} minutes."
    _note(row, at, actor, "webhook URL renewed", kept if grace_minutes else REFUSED)
    channel.refresh_from_db(fields=FIELDS)


def end_grace(channel: Channel, at: datetime, actor: User) -> bool:
    """The former URL leads nowhere from now on; False where it had ended."""
    ended = _end(channel.pk, at, actor)
    channel.refresh_from_db(fields=FIELDS)
    return ended


def forget_ended(at: datetime) -> int:
    """Mark the former URLs whose time is over; answers how many."""
    over = Channel.objects.filter(former_token_until__lte=at)
    return sum(_end(pk, at, None) for pk in over.values_list("pk", flat=True))


def note_former_use(channel: Channel, at: datetime) -> None:
    """So that an operator sees whether the platform sends to the new URL yet."""
    earlier = Q(former_token_used_at=None) | Q(former_token_used_at__lt=at - USE_NOTED_EACH)
    Channel.objects.filter(
        earlier, pk=channel.pk, former_token_until=channel.former_token_until
    ).update(former_token_used_at=at)


@transaction.atomic
def _end(channel_id: int, at: datetime, actor: User | None) -> bool:
    """Of a row as it is under its lock; without an actor only where its time is over."""
    row = Channel.objects.select_for_update(no_key=True).get(pk=channel_id)
    until = row.former_token_until
    if until is None or (actor is None and until > at):
        return False
    row.former_token_until = row.former_token_used_at = None
    row.save(update_fields=FIELDS)
    _note(row, at, actor, "former webhook URL ended", REFUSED)
    return True


def _note(channel: Channel, at: datetime, actor: User | None, subject: str, follows: str) -> None:
    HistoryEntry.objects.create(
        account_id=channel.account_id,
        channel=channel,
        at=at,
        actor=actor,
        subject=subject,
        new={"webhook_url": "changed"},
        consequences=[follows],
    )
