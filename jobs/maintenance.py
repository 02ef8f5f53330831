"""What the program does for itself on a period: retention, reconciling, subscription audits."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import Account
from channels.connectors.base import ConnectorError
from channels.connectors.http import make_client
from channels.enums import Mode
from channels.models import Channel
from channels.vault import Unreadable
from jobs import configure, fallback
from jobs.models import Event, EventStatus, Job

LEAST_RETENTION = timedelta(days=7)
CHUNK = 1000

log = logging.getLogger(__name__)


def forget_old_events(at: datetime) -> int:
    """Delete ended events past their retention, at least 7 days: duplicates are known for that."""
    days = timedelta(days=settings.OMSAUTO_EVENT_RETENTION_DAYS)
    before = at - max(days, LEAST_RETENTION)
    ended = (EventStatus.DONE, EventStatus.IGNORED)
    old = Event.objects.filter(received_at__lt=before, status__in=ended)
    gone = 0
    while ids := list(old.values_list("pk", flat=True)[:CHUNK]):
        gone += Event.objects.filter(pk__in=ids).delete()[0]
    return gone


def reconcile_all(at: datetime) -> int:
    """Bring every account to what the rules derive, as at the start of the program."""
    return sum(configure.reconcile(account, at) for account in Account.objects.order_by("pk"))


def audit_subscriptions(at: datetime) -> int:
    """Compare wanted topics with the platform's webhooks; a missing one is hard evidence."""
    channels = Channel.objects.present().filter(
        mode=Mode.WEBHOOK, enabled=True, account__enabled=True
    )
    return sum(_audit(channel, at) for channel in channels.select_related("account"))


def _audit(channel: Channel, at: datetime) -> int:
    try:
        missing = missing_topics(channel)
    except (ConnectorError, Unreadable) as error:
        log.warning("webhooks of channel %s could not be listed: %s", channel.pk, error)
        return 0
    for job_type, topics in missing.items():
        jobs = list(Job.objects.filter(channel=channel, type=job_type))
        text = f"the platform has no active webhook for {', '.join(sorted(topics))}"
        fallback.spread_evidence(jobs, at, text, timedelta(0))
    return sum(len(topics) for topics in missing.values())


def missing_topics(channel: Channel) -> dict[str, set[str]]:
    """Topics mapped and switched on that the platform would not deliver to us, by job type."""
    allow = settings.OMSAUTO_ALLOW_PRIVATE_HOSTS
    with make_client(allow_private=allow) as http:
        found = channel.make_connector(http=http).subscriptions()
    if found is None:
        return {}
    have = {one.topic for one in found if one.active and channel.webhook_token in one.url}
    missing: dict[str, set[str]] = {}
    for mapping in channel.mappings.filter(enabled=True):
        if mapping.topic not in have:
            missing.setdefault(mapping.type, set()).add(mapping.topic)
    return missing
