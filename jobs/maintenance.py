"""What the program does for itself on a period: retention, reconciling, subscription audits."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, OperationalError
from django.db.models import QuerySet

from accounts.models import Account
from channels.connectors.registry import CONNECTORS
from channels.enums import Mode
from channels.models import Channel
from jobs import circuits, configure, fallback, subscriptions
from jobs.control import NotNow
from jobs.models import Event, EventStatus, Job, RecordChange
from jobs.work import conflict_of

LEAST_RETENTION = timedelta(days=7)
NO_WEBHOOK = "the platform had no active webhook"
"""How the evidence of a lost subscription begins."""
CHUNK = 1000
PAUSES = 4
"""After each chunk of deletions, in times of what it took: a fifth of the time is theirs."""

log = logging.getLogger(__name__)


def forget_old_events(at: datetime) -> int:
    """Delete ended events past their retention, at least 7 days: duplicates are known for that."""
    days = timedelta(days=settings.OMSAUTO_EVENT_RETENTION_DAYS)
    before = at - max(days, LEAST_RETENTION)
    ended = (EventStatus.DONE, EventStatus.IGNORED)
    old = Event.objects.filter(received_at__lt=before, status__in=ended)
    return _forget(old.order_by("received_at"))


def forget_old_changes(at: datetime) -> int:
    """Delete what runs did to records, past its retention: traces reach back for so long."""
    old = RecordChange.objects.filter(at__lt=at - timedelta(days=settings.OMSAUTO_TRACE_DAYS))
    return _forget(old.order_by("at"))


def _forget(old: QuerySet[Any]) -> int:
    """Delete these in small transactions with pauses, so that the disk is free for what comes in.

    Deletions without a pause made one delivery in a hundred wait for 150 ms.
    """
    gone, of_all = 0, old.model._default_manager
    begun = time.monotonic()
    while ids := list(old.values_list("pk", flat=True)[:CHUNK]):
        gone += of_all.filter(pk__in=ids).delete()[0]
        time.sleep(PAUSES * (time.monotonic() - begun))
        begun = time.monotonic()
    return gone


def reconcile_all(at: datetime) -> int:
    """Bring every account to what the rules derive, as at the start of the program.

    One that cannot be is told of, and holds up no other; the next pass tries it again.
    """
    touched = 0
    for account in Account.objects.order_by("pk"):
        try:
            touched += configure.reconcile(account, at)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            if isinstance(error, OperationalError) and not conflict_of(error):
                raise  # the database is away
            log.exception("account %s could not be reconciled", account.pk)
    return touched


def to_audit(among: Collection[int] | None = None) -> list[int]:
    """Ids of the channels whose webhooks are to be looked at; one that is ill is left alone."""
    channels = Channel.objects.present().filter(
        mode=Mode.WEBHOOK, enabled=True, account__enabled=True, connector__in=list(CONNECTORS)
    )
    if among is not None:
        channels = channels.filter(pk__in=among)
    ids = list(channels.order_by("pk").values_list("pk", flat=True))
    ill = circuits.open_ones(ids)
    return [channel_id for channel_id in ids if channel_id not in ill]


def audit_subscriptions(at: datetime, channel_ids: Collection[int] | None = None) -> int:
    """Compare wanted topics with the platform's webhooks; a missing one is hard evidence.

    What is missing or disabled is put in order first where the connector can: events were lost
    all the same. Answers how many topics were. `channel_ids`: of these alone, not of all; what
    was switched off since they were named is left alone as well.
    """
    broken = 0
    wanted = to_audit(channel_ids)
    for channel in Channel.objects.filter(pk__in=wanted).select_related("account").order_by("pk"):
        try:
            broken += _audit(channel, at)
        except (DatabaseError, SoftTimeLimitExceeded):
            raise
        except Exception:
            log.exception("webhooks of channel %s could not be looked at", channel.pk)
    return broken


def _audit(channel: Channel, at: datetime) -> int:
    try:
        found = subscriptions.look(channel)
    except subscriptions.TROUBLE as error:
        log.warning("webhooks of channel %s could not be listed: %s", channel.pk, error)
        return 0
    if not found.broken:
        return 0
    _repair(channel, found, at)
    missing: dict[str, set[str]] = {}
    for row in found.broken:
        missing.setdefault(row.type, set()).add(row.topic)
    for job_type, topics in missing.items():
        jobs = list(Job.objects.filter(channel=channel, type=job_type))
        text = f"{NO_WEBHOOK} for {', '.join(sorted(topics))}"
        fallback.spread_evidence(jobs, at, text, timedelta(0))
    return len(found.broken)


def _repair(channel: Channel, found: subscriptions.Look, at: datetime) -> None:
    if not channel.connector_class.registers_webhooks:
        return
    try:
        problems = subscriptions.repair(channel, found, at).problems
    except (NotNow, *subscriptions.TROUBLE) as error:
        problems = [str(error)]
    for problem in problems:
        log.warning("webhooks of channel %s could not be repaired: %s", channel.pk, problem)
