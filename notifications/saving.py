"""Saving, deleting and testing destinations and rules; each change leaves a history entry.

An address is never written to history: only that it was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Account, HistoryEntry, User
from channels.enums import JobType
from channels.models import Channel
from notifications import addresses, outbox
from notifications.messages import test_message
from notifications.models import (
    CauseKind,
    Delivery,
    DeliveryStatus,
    Destination,
    DestinationKind,
    Level,
    Rule,
)
from notifications.sending import send

PLAIN = (
    "name",
    "enabled",
    "types",
    "kinds",
    "least_level",
    "after_failures",
    "quiet_minutes",
    "reminder_minutes",
)
"""The columns of a rule that are saved as they are."""
EVERYTHING = "Everything that needs a person"
"""The name of the rule that is offered as a whole."""


@transaction.atomic
def save_destination(
    destination: Destination, values: Mapping[str, Any], at: datetime, actor: User
) -> Destination:
    """Write `name`, `kind`, `enabled`, and the address where one was entered.

    The address is checked already. Raises `addresses.BadAddress` where it is not taken.
    """
    is_new = destination.pk is None
    old, new = _changed(destination, values, ("name", "kind", "enabled"))
    for name, value in new.items():
        setattr(destination, name, value)
    if address := values.get("address"):
        destination.service = addresses.service_name(addresses.open_address(address))
        destination.address = address
        old["address"], new["address"] = "another one", "changed"
    if destination.kind != DestinationKind.ADDRESS:
        destination.service, destination.sealed = "", ""
    if is_new:
        destination.save()
        _note(destination.account, at, actor, f"destination {destination} created")
    elif new:
        fields = ["name", "kind", "enabled", "service", "sealed"]
        destination.save(update_fields=fields)
        _note_change(destination, f"destination {destination}", old, new, at, actor)
    return destination


@transaction.atomic
def delete_destination(destination: Destination, at: datetime, actor: User) -> None:
    """Its messages go with it; rules that lead to it alone tell nobody any more."""
    _note(destination.account, at, actor, f"destination {destination} deleted")
    destination.delete()


def try_destination(destination: Destination, at: datetime) -> str:
    """Send a test now; answers "" where it was taken, else why not. Left among the deliveries."""
    message = test_message(destination.account, destination.name)
    error = send(destination, message)[:500]
    outbox.remember(destination, error, at)
    Delivery.objects.create(
        destination=destination,
        sort=message.sort,
        level=message.level,
        title=message.title,
        body=message.body,
        status=DeliveryStatus.FAILED if error else DeliveryStatus.SENT,
        created_at=at,
        next_attempt_at=at,
        ended_at=at,
        attempts=1,
        error=error,
    )
    return error


@transaction.atomic
def save_rule(rule: Rule, values: Mapping[str, Any], at: datetime, actor: User) -> Rule:
    """Write what `values` name, `destinations` and `channels` among them."""
    is_new = rule.pk is None
    old, new = _changed(rule, values, PLAIN)
    for name, value in new.items():
        setattr(rule, name, value)
    rule.save(update_fields=None if is_new else list(new))
    for name in ("destinations", "channels"):
        if name in values:
            before, after = _set(rule, name, values[name])
            if before != after:
                old[name], new[name] = before, after
    if is_new:
        _note(rule.account, at, actor, f"rule {rule} created")
    elif new:
        _note_change(rule, f"rule {rule}", old, new, at, actor)
    if not rule.enabled:
        rule.incidents.filter(closed_at=None).update(closed_at=at)
    return rule


@transaction.atomic
def delete_rule(rule: Rule, at: datetime, actor: User) -> None:
    _note(rule.account, at, actor, f"rule {rule} deleted")
    rule.delete()


@transaction.atomic
def tell_everything(account: Account, at: datetime, actor: User) -> Rule:
    """The rule for all that needs a person, to every destination; without one, to the admins."""
    destinations = list(account.destinations.filter(enabled=True))
    if not destinations:
        made = Destination(account=account)
        values = {"name": "E-mail to admins", "kind": DestinationKind.ADMINS, "enabled": True}
        destinations = [_with_free_name(made, values, at, actor)]
    rule = Rule.objects.filter(account=account, name=EVERYTHING).first() or Rule(account=account)
    values = {
        "name": EVERYTHING,
        "enabled": True,
        "kinds": [],
        "types": [],
        "channels": [],
        "least_level": Level.WARNING,
        "after_failures": 1,
        "quiet_minutes": 5,
        "reminder_minutes": 1440,
        "destinations": destinations,
    }
    return save_rule(rule, values, at, actor)


def _with_free_name(
    made: Destination, values: dict[str, Any], at: datetime, actor: User
) -> Destination:
    """A destination of that name that was switched off is switched on again."""
    stored = made.account.destinations.filter(name=values["name"]).first()
    return save_destination(stored or made, values, at, actor)


def _changed(
    row: Destination | Rule, values: Mapping[str, Any], names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(old, new) of what differs from the row."""
    new = {
        name: values[name]
        for name in names
        if name in values and values[name] != getattr(row, name)
    }
    return {name: getattr(row, name) for name in new}, new


def _set(
    rule: Rule, name: str, chosen: Iterable[Destination | Channel]
) -> tuple[list[str], list[str]]:
    """Set one of its lists; answers with the names before and after."""
    rows = getattr(rule, name)
    before = sorted(str(row) for row in rows.all())
    rows.set(chosen)
    return before, sorted(str(row) for row in chosen)


def _note(account: Account, at: datetime, actor: User, subject: str) -> None:
    HistoryEntry.objects.create(
        account=account, at=at, actor=actor, subject=subject[:200], new={"name": subject}
    )


def _note_change(
    row: Destination | Rule,
    subject: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    at: datetime,
    actor: User,
) -> None:
    HistoryEntry.objects.create(
        account=row.account,
        at=at,
        actor=actor,
        subject=subject[:200],
        old={f"{subject}.{name}": _said(value) for name, value in old.items()},
        new={f"{subject}.{name}": _said(value) for name, value in new.items()},
    )


def _said(value: Any) -> Any:
    """Lists in words; an empty one stands for all."""
    if not isinstance(value, list):
        return value
    labels = {**dict(CauseKind.choices), **dict(JobType.choices)}
    return ", ".join(str(labels.get(one, one)) for one in value) or "all"
