"""Saving channels and accounts whole: what the engine derives from, and what only we keep.

The engine's settings go through `configure.apply`; name, settings and secrets are written here, in
the same transaction, so that nothing is ever half-saved. The engine goes first: it locks the
account's row, and two saves follow one another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.models import Account, HistoryEntry, User
from channels.enums import Kind
from channels.models import SIGNED_WITH, Channel, create_channel
from channels.settings_form import merged
from channels.vault import Unreadable
from jobs import budgets, circuits, configure, stock, webhook_secrets
from jobs.change import ACCOUNT_FIELDS, Change
from jobs.consequences import Consequence
from oms import listed_stock
from oms.models import StockLevel
from oms.stock import ensure_levels
from oms.work import StockCause

Values = Mapping[str, Any]

ENGINE = ("mode", "enabled", "track")
"""The settings of a channel that rows, slots and emergency jobs are derived from."""


@transaction.atomic
def create(account: Account, values: Values, at: datetime, actor: User) -> Channel:
    """A new channel with its jobs; `values` are checked but for the mode. Raises `Refused`."""
    plain = {key: value for key, value in values.items() if key not in ("mode", "enabled")}
    for name in ("settings", "secrets"):
        plain[name] = merged({}, plain.get(name, {}))
    channel = create_channel(account, at=at, **plain)
    _note(channel, at, actor, "channel created", {}, {"name": channel.name})
    configure.reconcile(account, at)
    if channel.kind == Kind.FULFILLMENT:
        ensure_levels(account)
    chosen = {key: values[key] for key in ("mode", "enabled") if key in values}
    changed = {key: value for key, value in chosen.items() if getattr(channel, key) != value}
    if changed:
        configure.apply(account, Change(channels={channel.pk: changed}), at, actor)
    channel.refresh_from_db()
    return channel


@transaction.atomic
def save_channel(channel: Channel, values: Values, at: datetime, actor: User) -> list[Consequence]:
    """Write what `values` name and nothing else. Raises `Refused`.

    `webhook_secret_grace_minutes`: how long the present webhook secret still holds where
    `secrets` replace it; at once it ends without.
    """
    engine = {key: values[key] for key in ENGINE if key in values}
    found = []
    if engine:
        change = Change(channels={channel.pk: engine})
        found = configure.apply(channel.account, change, at, actor)
    own = {key: value for key, value in values.items() if key not in ENGINE}
    if own:
        _save_own(channel, own, at, actor)
    channel.refresh_from_db()
    return found


def _save_own(channel: Channel, values: Values, at: datetime, actor: User) -> None:
    """Documents are merged into the row as it is now, under its lock."""
    row = Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    fields: list[str] = []
    consequences: list[str] = []
    for name in ("name", "sync_from"):
        if name in values and values[name] != getattr(row, name):
            old[name], new[name] = str(getattr(row, name)), str(values[name])
            setattr(row, name, values[name])
            fields.append(name)
    if settings := values.get("settings"):
        changed = [key for key in settings if row.settings.get(key) != settings[key]]
        old.update({f"settings.{key}": row.settings.get(key) for key in changed})
        new.update({f"settings.{key}": settings[key] for key in changed})
        row.settings = merged(row.settings, settings)
        fields.append("settings")
    if secrets := values.get("secrets"):
        new.update({f"secrets.{key}": "changed" for key in secrets})
        grace = values.get("webhook_secret_grace_minutes") or 0
        consequences = _replace_secrets(row, secrets, grace, at)
        fields += [*_OF_SECRETS, *webhook_secrets.FIELDS]
    if {"settings", "secrets_encrypted"} & set(fields):
        # What was wrong may be mended now; the next run that finds it is not says so again.
        row.needs_attention = ""
        fields.append("needs_attention")
    row.save(update_fields=fields)
    if "needs_attention" in fields:
        budgets.forget(row.pk)
        circuits.mend(row.pk, at)
    _note(row, at, actor, ", ".join(new), old, new, consequences)


_OF_SECRETS = ("secrets_encrypted", "secrets_changed_at", "authorization_expires_at")


def _replace_secrets(row: Channel, secrets: Values, grace: int, at: datetime) -> list[str]:
    """On the row, not yet saved; answers with what becomes of a former webhook secret."""
    said = []
    if SIGNED_WITH in secrets and webhook_secrets.replaces(row, secrets[SIGNED_WITH]):
        said = webhook_secrets.succeed(row, grace, at)
    if set(secrets) != {SIGNED_WITH}:
        # Other credentials may expire at another time; who signs deliveries says nothing of it.
        row.authorization_expires_at = None
    row.change_secrets(secrets, at)
    return said


def secrets_of(channel: Channel) -> dict[str, str]:
    """The stored secrets; none where the key they were sealed with is gone."""
    try:
        return channel.secrets
    except Unreadable:
        return {}


def secrets_known(channel: Channel) -> dict[str, datetime | None]:
    """Names of the stored secrets, with when each was set, where that is known."""
    moments = {
        name: datetime.fromisoformat(text) for name, text in channel.secrets_changed_at.items()
    }
    return {name: moments.get(name) for name in secrets_of(channel)}


@transaction.atomic
def delete_channel(channel: Channel, at: datetime, actor: User) -> None:
    """Cancel all its work and hide it; its records stay. Raises `Refused`.

    What lies at a warehouse can no longer be had: the sales channels hear of it after the commit.
    """
    account = channel.account
    change = Change(channels={channel.pk: {"deleted_at": at}})
    configure.apply(account, change, at, actor)
    Account.objects.filter(pk=account.pk, default_fulfillment_channel=channel).update(
        default_fulfillment_channel=None
    )
    held = StockLevel.objects.filter(channel=channel).exclude(on_hand=F("allocated"))
    if held.exists():
        listed_stock.note_change(held.values_list("product_id", flat=True))
        stock.after_commit(stock.announce, account.pk, StockCause.COUNTED, at)


@transaction.atomic
def save_account(account: Account, values: Values, at: datetime, actor: User) -> list[Consequence]:
    """Write what `values` name (foreign keys by `_id`) and nothing else. Raises `Refused`."""
    engine = {key: value for key, value in values.items() if key in ACCOUNT_FIELDS}
    found = configure.apply(account, Change(account=engine), at, actor) if engine else []
    row = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    own = {
        key: value
        for key, value in values.items()
        if key not in ACCOUNT_FIELDS and getattr(row, key) != value
    }
    if engine.get("enabled") is False and row.disable_at:
        own["disable_at"] = None
    old = {key: getattr(row, key) for key in own}
    for key, value in own.items():
        setattr(row, key, value)
    row.save(update_fields=list(own))
    if own:
        HistoryEntry.objects.create(
            account=row,
            at=at,
            actor=actor,
            subject=", ".join(own),
            old=_plain(old),
            new=_plain(own),
        )
    account.refresh_from_db()
    return found


def _plain(values: Values) -> dict[str, Any]:
    """As a history entry keeps them."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in values.items()
    }


def _note(
    channel: Channel,
    at: datetime,
    actor: User,
    subject: str,
    old: Values,
    new: Values,
    consequences: Sequence[str] = (),
) -> None:
    if new:
        HistoryEntry.objects.create(
            account_id=channel.account_id,
            channel=channel,
            at=at,
            actor=actor,
            subject=subject[:200],
            old=dict(old),
            new=dict(new),
            consequences=list(consequences),
        )
