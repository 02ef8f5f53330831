"""The pass: incidents open, are told, reminded of and end; what is due is sent.

Any number of passes may run at once: one of them has an account's rules, and each move is one
conditional update. Whoever made it writes its messages in the same transaction; they are sent
afterwards.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Prefetch

from accounts.models import Account
from jobs import blind
from notifications import outbox
from notifications.causes import Cause, open_causes
from notifications.messages import compose
from notifications.models import Delivery, DeliverySort, Destination, Incident, Level, Rule
from notifications.rules import Move, Scope, State, Timing, covers, next_move
from notifications.sending import Message

HEARTBEAT = "tell"
KEPT = timedelta(days=30)
SORTS = {
    Move.TELL: DeliverySort.OPENED,
    Move.REMIND: DeliverySort.REMINDER,
    Move.OVER: DeliverySort.OVER,
}

log = logging.getLogger(__name__)


def tell(at: datetime) -> int:
    """One pass over every account that has rules; answers how many messages were sent."""
    blind.beat(HEARTBEAT, at)
    for account in Account.objects.filter(rules__enabled=True).order_by("pk").distinct():
        try:
            note(account, at)
        except DatabaseError:
            raise
        except Exception:
            log.exception("the causes of account %s could not be told", account.pk)
    sent = outbox.send_due(at)
    forget(at)
    return sent


@transaction.atomic
def note(account: Account, at: datetime) -> None:
    """Move the account's incidents to what is broken now, and write the messages of that.

    Rules that another pass has at this moment are left to it.
    """
    able = Destination.objects.filter(enabled=True)
    mine = Rule.objects.select_for_update(skip_locked=True, no_key=True)
    rules = list(
        mine.filter(account=account, enabled=True)
        .order_by("pk")
        .prefetch_related("channels", Prefetch("destinations", able))
    )
    if not rules:
        return
    causes = {cause.key: cause for cause in open_causes(account, at)}
    known = _open_incidents(rules)
    for rule in rules:
        rule.account = account
    fresh = [
        Incident(account=account, rule=rule, opened_at=at, key=cause.key, **_facts(cause))
        for rule in rules
        for cause in covered(scope_of(rule), causes.values())
        if cause.key not in {incident.key for incident in known[rule.pk]}
    ]
    if fresh:
        Incident.objects.bulk_create(fresh, ignore_conflicts=True)
        known = _open_incidents(rules)
    for rule in rules:
        _move(rule, known[rule.pk], causes, at)


def _open_incidents(rules: Sequence[Rule]) -> Mapping[int, list[Incident]]:
    found: dict[int, list[Incident]] = defaultdict(list)
    stored = Incident.objects.filter(rule__in=rules, closed_at=None)
    for incident in stored.select_related("channel"):
        found[incident.rule_id].append(incident)
    return found


def scope_of(rule: Rule) -> Scope:
    return Scope(
        channels={channel.pk for channel in rule.channels.all()},
        types=rule.types,
        kinds=rule.kinds,
        least_level=Level(rule.least_level),
        after_failures=rule.after_failures,
    )


def timing_of(rule: Rule) -> Timing:
    reminder = rule.reminder_minutes
    return Timing(
        timedelta(minutes=rule.quiet_minutes),
        None if reminder is None else timedelta(minutes=reminder),
    )


def state_of(incident: Incident) -> State:
    began = min(incident.opened_at, incident.since or incident.opened_at)
    return State(began, incident.last_told_at)


def covered(scope: Scope, causes: Iterable[Cause]) -> list[Cause]:
    """What a rule tells of, without what a graver cause that it tells of explains."""
    found = [cause for cause in causes if covers(scope, cause)]
    keys = {cause.key for cause in found}
    return [cause for cause in found if cause.part_of not in keys]


def _facts(cause: Cause) -> dict[str, object]:
    return {
        "kind": cause.kind,
        "level": cause.level,
        "channel_id": cause.channel,
        "type": cause.type,
        "sentence": cause.sentence,
        "todo": cause.todo,
        "path": cause.path,
        "since": cause.since,
    }


def _move(
    rule: Rule, incidents: Sequence[Incident], causes: Mapping[str, Cause], at: datetime
) -> None:
    """Each incident makes its move, if no other pass made it; then a message for each sort."""
    scope, timing, destinations = scope_of(rule), timing_of(rule), list(rule.destinations.all())
    told: dict[DeliverySort, list[Incident]] = defaultdict(list)
    for incident in incidents:
        cause = causes.get(incident.key)
        move = next_move(
            state_of(incident),
            timing,
            at,
            broken=cause is not None,
            covered=cause is None or covers(scope, cause),
            heard=bool(destinations),
        )
        if move != Move.WAIT and _take(incident, move, cause, at) and move in SORTS:
            told[SORTS[move]].append(incident)
    for sort, moved in told.items():
        _write(destinations, compose(rule, sort, moved, at), moved, at)


def _take(incident: Incident, move: Move, cause: Cause | None, at: datetime) -> bool:
    """Did this pass make the move? What is told is told in the words of now."""
    seen = Incident.objects.filter(pk=incident.pk, closed_at=None, told_count=incident.told_count)
    if move in (Move.OVER, Move.DROP):
        return bool(seen.update(closed_at=at))
    words = {"sentence": cause.sentence, "path": cause.path} if cause else {}
    moved = seen.update(told_count=F("told_count") + 1, last_told_at=at, **words)
    for name, value in words.items():
        setattr(incident, name, value)
    return bool(moved)


def _write(
    destinations: Iterable[Destination], message: Message, about: Sequence[Incident], at: datetime
) -> None:
    for destination in destinations:
        made = Delivery.objects.create(
            destination=destination,
            sort=message.sort,
            level=message.level,
            title=message.title,
            body=message.body,
            created_at=at,
            next_attempt_at=at,
        )
        made.incidents.set(about)


def forget(at: datetime) -> None:
    """Deliveries and ended incidents are kept for 30 days."""
    Delivery.objects.filter(created_at__lt=at - KEPT).delete()
    Incident.objects.filter(closed_at__lt=at - KEPT).delete()
