"""Webhook deliveries in: check, store, attach to the job's batch. No call to a platform here.

Order of checks: token, size, set-up ping, signature, parse, duplicate.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q

from channels.connectors.base import BadDelivery, BadSignature, Connector, Delivery
from channels.connectors.storable import plain
from channels.models import Channel, WebhookMapping
from channels.vault import Unreadable
from jobs import batches, fallback, gate, webhook_addresses
from jobs.models import Event, EventStatus, Job
from jobs.overlap import Trigger

KEPT_HEADERS_BYTES = 16_384
LONGEST_ID = 200
"""Characters of one identifier: more than any platform's, and fit for an index."""
MOST_ENTITIES = 5000
"""Records of one delivery; a product of Shopify names up to 2,048 variants."""
USE_NOTED_EACH = timedelta(minutes=1)
"""How exactly the last use of a former webhook secret is known; it saves a write per delivery."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a delivery is answered: HTTP status, event id if there is one, and its status."""

    http: int
    status: str
    event: int | None = None


PING = Receipt(200, "ping")
REJECTED = Receipt(401, "rejected")
UNREADABLE = Receipt(400, "rejected")
OUR_FAULT = Receipt(503, "rejected")


class BatchClosed(Exception):
    """The batch an event was about to join is not open to it any more; take the job's lock."""


_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The two look-ups of each delivery are SQL: building them anew costs more than running them.
_CHANNEL = "SELECT * FROM channels_channel WHERE webhook_token = %s AND deleted_at IS NULL"
_JOB = """
    SELECT job.*, run.id AS batch_id
    FROM channels_webhookmapping mapping
    JOIN jobs_job job ON job.channel_id = mapping.channel_id AND job.type = mapping.type
    LEFT JOIN jobs_run run ON run.job_id = job.id AND run.status = 'queued' AND run.attempt = 0
        AND run.sort = 'entity' AND run.causes_text LIKE %s
    WHERE mapping.channel_id = %s AND mapping.topic = %s AND mapping.enabled
"""
_STILL_WAITING = (
    "SELECT 1 FROM jobs_run WHERE id = %s AND status = 'queued' AND attempt = 0"
    " AND (not_before <= %s OR waits_for <> '')"
)


def find_channel(token: str, at: datetime) -> Channel | None:
    """By an index: how long that takes tells a guesser nothing, a token being 256 random bits.

    A guess that shares a beginning with a token is as far from the rest as any other. A former
    token is looked up where no present one fits, until its end.
    """
    if not _TOKEN.fullmatch(token):
        return None  # and no database is asked for what it could not store
    found = next(iter(Channel.objects.raw(_CHANNEL, [token])), None)
    if found is None:
        former = Channel.objects.present().filter(former_webhook_token=token)
        found = former.filter(former_token_until__gt=at).first()
        if found is not None:
            webhook_addresses.note_former_use(found, at)
    return found


def receive(channel: Channel, headers: Mapping[str, str], body: bytes, at: datetime) -> Receipt:
    """Take one delivery; `headers` have lower-case names, `body` is raw.

    The event is committed when this returns; the run's message leaves on commit.
    """
    try:
        connector = channel.make_connector()
        if connector.is_ping(headers, body):
            return PING
        delivery = _understand(channel, connector, headers, body, at)
    except BadSignature:
        _reject(channel, at)
        return REJECTED
    except Unreadable:
        _be_blind(channel, at)
        return OUR_FAULT
    except BadDelivery:
        _accept_signature(channel, at)
        return UNREADABLE
    _accept_signature(channel, at)
    return _store(channel, delivery, headers, body, at)


def _understand(
    channel: Channel, connector: Connector, headers: Mapping[str, str], body: bytes, at: datetime
) -> Delivery:
    try:
        connector.verify(headers, body, at)
    except BadSignature:
        if not channel.holds_former_secret(at):
            raise
        channel.make_former_connector().verify(headers, body, at)
        _note_former_use(channel, at)
    return read(connector, headers, body)


def read(connector: Connector, headers: Mapping[str, str], body: bytes) -> Delivery:
    """What a delivery says, its signature being good; raises `BadDelivery`."""
    delivery = connector.parse(headers, body)
    _check_storable(delivery)
    return delivery


def _check_storable(delivery: Delivery) -> None:
    """Whatever a connector reads of a body: what cannot be kept was not understood."""
    names = (delivery.topic, delivery.delivery_id, delivery.key, *delivery.entities)
    if any(plain(name) != name for name in names):
        raise BadDelivery("a name has characters that no name has")
    if any(not 1 <= len(entity) <= LONGEST_ID for entity in delivery.entities):
        raise BadDelivery(f"an identifier has more than {LONGEST_ID} characters, or none")
    if len(delivery.entities) > MOST_ENTITIES:
        raise BadDelivery(f"a delivery names at most {MOST_ENTITIES} records")


def _note_former_use(channel: Channel, at: datetime) -> None:
    """So that an operator sees whether the platform signs with the new secret yet."""
    earlier = Q(former_secret_used_at=None) | Q(former_secret_used_at__lt=at - USE_NOTED_EACH)
    Channel.objects.filter(
        earlier, pk=channel.pk, former_secret_until=channel.former_secret_until
    ).update(former_secret_used_at=at)


def _accept_signature(channel: Channel, at: datetime) -> None:
    """End a row of rejected signatures; writes only where there is something to change."""
    if channel.signed_at is None or channel.rejected_signatures:
        Channel.objects.filter(pk=channel.pk).update(signed_at=at, rejected_signatures=0)


def _be_blind(channel: Channel, at: datetime) -> None:
    """The channel's secrets cannot be read: nothing of it is heard until that is mended."""
    log.error("webhooks of channel %s cannot be checked: its secrets are unreadable", channel.pk)
    evidence = "webhooks were answered 503, because the channel's secrets cannot be read"
    fallback.spread_evidence(_listening(channel), at, evidence, over=timedelta(0))


def _listening(channel: Channel) -> list[Job]:
    return list(Job.objects.filter(channel=channel, listening_since__isnull=False))


def _reject(channel: Channel, at: datetime) -> None:
    """Count a rejected signature; three in a row after a good one are hard evidence."""
    with transaction.atomic():
        counted = Channel.objects.filter(pk=channel.pk, signed_at__isnull=False)
        if not counted.update(rejected_signatures=F("rejected_signatures") + 1):
            return
        channel.refresh_from_db(fields=["rejected_signatures"])
        if channel.rejected_signatures != fallback.REJECTED_IN_A_ROW:
            return
    evidence = f"{fallback.REJECTED_IN_A_ROW} webhook signatures in a row were rejected"
    fallback.spread_evidence(_listening(channel), at, evidence, over=timedelta(0))


def _store(
    channel: Channel, delivery: Delivery, headers: Mapping[str, str], body: bytes, at: datetime
) -> Receipt:
    event = Event(channel=channel, **columns_of(delivery, headers, body, at))
    try:
        try:
            _insert(event, at, may_join=True)
        except BatchClosed:
            _insert(event, at, may_join=False)
    except IntegrityError:
        return _duplicate(channel, delivery, at)
    return Receipt(202, event.status, event.pk)


def columns_of(
    delivery: Delivery, headers: Mapping[str, str], body: bytes, at: datetime
) -> dict[str, Any]:
    """What is stored of a delivery, whatever becomes of it."""
    return {
        "topic": delivery.topic[:100],
        "delivery_id": delivery.delivery_id[:200],
        "delivery_key": delivery.key,
        "received_at": at,
        "entities": list(delivery.entities),
        "headers": _kept(headers),
        "body": body,
    }


@transaction.atomic
def _insert(event: Event, at: datetime, *, may_join: bool) -> None:
    """Give the event its job, status and batch, and store it."""
    mapped = [event.channel_id, event.topic]
    jobs = Job.objects.raw(_JOB, [f"%,{Trigger.WEBHOOK},%", *mapped])
    event.job = next(iter(jobs), None)
    event.run_id = _batch(event.channel, event.job, at, may_join) if event.job else None
    if event.run_id:
        event.status = EventStatus.WAITING
    else:
        _without_batch(event)
    event.save(force_insert=True)


def _without_batch(event: Event) -> None:
    """Held where a mapping starts a job that does not listen now, ignored where none does."""
    mapping = WebhookMapping.objects.filter(channel=event.channel, topic=event.topic).first()
    if event.job or (mapping and mapping.enabled):
        event.status, event.reason = EventStatus.HELD, _why_held(event.channel, event.job)
        return
    event.status = EventStatus.IGNORED
    event.reason = "its mapping is switched off" if mapping else "no mapping"


def _why_held(channel: Channel, job: Job | None) -> str:
    if not channel.account.enabled:
        return "the account is disabled"
    if not channel.enabled:
        return "the channel is disabled"
    return "its job does not show the webhook row" if job else "its job is not offered"


def _batch(channel: Channel, job: Job, at: datetime, may_join: bool) -> int | None:
    """The id of the job's waiting entity run; None where the job is not listening.

    Joining needs the gate alone, which many events hold at once. Opening takes the job's lock and
    looks again, since a Save may have come first; so does holding, since one that replays what is
    held would not see this one. Raises `BatchClosed` where the batch that was seen cannot be joined
    this way.
    """
    due = at + timedelta(minutes=job.webhook_delay_minutes or 0)
    batch_id: int | None = getattr(job, "batch_id", None)
    if may_join and batch_id and job.listening_since is not None:
        gate.hold_open(job.pk)
        if not _still_waiting(batch_id, due):
            raise BatchClosed(f"run {batch_id} was claimed in this moment, or is due later")
        return batch_id
    locked = Job.objects.select_for_update(no_key=True).get(pk=job.pk)
    if locked.listening_since is None:
        return None
    locked.channel = channel
    run = batches.open_or_join(locked, due, at).run
    return run.pk if run else None


def _still_waiting(run_id: int, due: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_STILL_WAITING, [run_id, connection.ops.adapt_datetimefield_value(due)])
        return cursor.fetchone() is not None


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as stored: text only, bounded in size, without credentials."""
    kept: dict[str, str] = {}
    left = KEPT_HEADERS_BYTES
    for name, value in headers.items():
        left -= len(name) + len(value)
        if left < 0:
            break
        secret = name in ("authorization", "cookie", "proxy-authorization")
        kept[plain(name)] = "(not kept)" if secret else plain(value)
    return kept


def _duplicate(channel: Channel, delivery: Delivery, at: datetime) -> Receipt:
    """A stored delivery came again; one that failed is set waiting again."""
    with transaction.atomic():
        event = (
            Event.objects.select_for_update(of=("self",))
            .select_related("job__channel__account")
            .get(channel=channel, delivery_key=delivery.key)
        )
        Event.objects.filter(pk=event.pk).update(duplicates=F("duplicates") + 1)
        listening = event.job is not None and event.job.listening_since is not None
        if event.status == EventStatus.FAILED and listening:
            batches.replay(event, at)
    return Receipt(200, "duplicate", event.pk)
