"""Deliveries that join an open batch, many in one transaction: the common case under load.

One thread of a web process takes what its request threads have read since it last looked, checks
and parses it, and inserts the events of all with one statement; each request is answered after
that commit. What is not plainly a new event for a batch that is open (a ping, a bad signature, a
duplicate, the first event of a batch, a job that does not listen, an error) is left to
`intake.receive`, which decides it alone: so one delivery never fails its neighbours, and what
happens to it is written down in one place.

PostgreSQL only: it says when a channel's row has changed, and its gate can be tried.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from django.db import connection, transaction

from channels.connectors.base import Connector, Delivery
from channels.models import Channel
from channels.vault import Unreadable
from jobs import gate, intake
from jobs.models import Event, EventStatus

MOST = 128
"""Deliveries in one transaction."""
PATIENCE_SECONDS = 10.0
"""A request that waits longer is taken by itself; its twin is then found by the unique index."""
KNOWN_CHANNELS = 10_000

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Asked:
    """A delivery on its way; `done` is released when `event` holds its id, or None."""

    token: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    done: threading.Lock = field(default_factory=threading.Lock)
    event: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A channel as it stood in its row's `version`; `connector` None where it is left alone."""

    version: str
    channel: Channel
    connector: Connector | None


@dataclass(frozen=True, slots=True)
class _Batch:
    """The waiting entity run of a listening job."""

    job: int
    run: int
    delay: timedelta
    not_before: datetime


class Group:
    """The queue of one process and the thread that works it off."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Asked | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._channels: dict[str, _Known] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """When what was asked before is done."""
        self._queue.put(None)
        self._thread.join()

    def take(
        self, token: str, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> intake.Receipt | None:
        """Wait until the event is committed; None where it has to be taken by itself."""
        asked = Asked(token, headers, body, at)
        asked.done.acquire()
        self._queue.put(asked)
        if not asked.done.acquire(timeout=PATIENCE_SECONDS) or asked.event is None:
            return None
        return intake.Receipt(202, EventStatus.WAITING, asked.event)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            together = [first, *self._also()]
            try:
                self.commit(together)
            except Exception:
                log.exception("%s deliveries could not be taken together", len(together))
                connection.close()
            finally:
                for asked in together:
                    asked.done.release()
        connection.close()

    def _also(self) -> Iterator[Asked]:
        for _ in range(MOST - 1):
            try:
                following = self._queue.get_nowait()
            except Empty:
                return
            if following is None:
                self._queue.put(None)
                return
            yield following

    def commit(self, together: Sequence[Asked]) -> None:
        """Store what joins an open batch and note its event's id; leaves out the rest."""
        self._know({asked.token for asked in together})
        understood = [
            (asked, event) for asked in together if (event := self._understand(asked)) is not None
        ]
        if not understood:
            return
        with transaction.atomic():
            batches = _open_batches({(event.channel_id, event.topic) for _, event in understood})
            joining = [
                (asked, event) for asked, event in understood if _join(event, batches, asked.at)
            ]
            stored = _insert([event for _, event in joining]) if joining else {}
        for asked, event in joining:
            asked.event = stored.pop((event.channel_id, event.delivery_key), None)

    def _know(self, tokens: set[str]) -> None:
        """Read anew each channel whose row has changed, forget those that are gone."""
        versions = _versions(tokens)
        known = self._channels
        if len(known) > KNOWN_CHANNELS:
            known.clear()
        for token in tokens - versions.keys():
            known.pop(token, None)
        stale = [
            token
            for token, version in versions.items()
            if token not in known or known[token].version != version
        ]
        if stale:
            for channel in Channel.objects.filter(webhook_token__in=stale, deleted_at=None):
                token = channel.webhook_token
                known[token] = _Known(versions[token], channel, _connector(channel))

    def _understand(self, asked: Asked) -> Event | None:
        known = self._channels.get(asked.token)
        if known is None or known.connector is None:
            return None
        delivery = _delivery(known.connector, asked)
        if delivery is None:
            return None
        return intake.make_event(known.channel, delivery, asked.headers, asked.body, asked.at)


def _connector(channel: Channel) -> Connector | None:
    """To check deliveries with; None where each has to be looked at by itself.

    A connector with topics of one's own reads them from rows that the channel's version does not
    speak of; a channel without a good signature so far, or with bad ones since, keeps count.
    """
    if channel.connector_class.custom_topics:
        return None
    if channel.signed_at is None or channel.rejected_signatures:
        return None
    try:
        return channel.make_connector()
    except Unreadable:
        return None


def _delivery(connector: Connector, asked: Asked) -> Delivery | None:
    """None for whatever is wrong with it: taken by itself, it is answered for that."""
    try:
        if connector.is_ping(asked.headers, asked.body):
            return None
        connector.verify(asked.headers, asked.body, asked.at)
        return connector.parse(asked.headers, asked.body)
    except Exception:
        return None


def _rows(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _versions(tokens: set[str]) -> dict[str, str]:
    """By token. The transaction that wrote a row last changes with everything in it."""
    found = _rows(
        "SELECT webhook_token, xmin::text FROM channels_channel "
        "WHERE webhook_token = ANY(%s) AND deleted_at IS NULL",
        [list(tokens)],
    )
    return dict(found)


_BATCHES = """
    SELECT asked.channel_id, asked.topic, job.id, job.webhook_delay_minutes, run.id, run.not_before
    FROM unnest(%s::bigint[], %s::text[]) AS asked (channel_id, topic)
    JOIN channels_webhookmapping mapping
        ON mapping.channel_id = asked.channel_id AND mapping.topic = asked.topic AND mapping.enabled
    JOIN jobs_job job ON job.channel_id = mapping.channel_id AND job.type = mapping.type
    JOIN jobs_run run ON run.job_id = job.id AND run.status = 'queued' AND run.attempt = 0
        AND run.sort = 'entity' AND run.causes_text LIKE '%%,webhook,%%'
    WHERE job.listening_since IS NOT NULL
"""
_STILL_WAITING = (
    "SELECT id, not_before FROM jobs_run WHERE id = ANY(%s) AND status = 'queued' AND attempt = 0"
)


def _open_batches(pairs: set[tuple[int, str]]) -> dict[tuple[int, str], _Batch]:
    """By channel and topic: the batch an event may join until this transaction ends.

    Looked at again once its gate is held open: a claim may have come first.
    """
    asked = sorted(pairs)
    channels, topics = [pair[0] for pair in asked], [pair[1] for pair in asked]
    found = {
        (channel, topic): _Batch(job, run, timedelta(minutes=delay or 0), not_before)
        for channel, topic, job, delay, run, not_before in _rows(_BATCHES, [channels, topics])
    }
    held = gate.try_hold_open({batch.job for batch in found.values()}) if found else set()
    runs = [batch.run for batch in found.values() if batch.job in held]
    waiting = dict(_rows(_STILL_WAITING, [runs])) if runs else {}
    return {
        pair: _Batch(batch.job, batch.run, batch.delay, waiting[batch.run])
        for pair, batch in found.items()
        if batch.run in waiting
    }


def _join(event: Event, batches: Mapping[tuple[int, str], _Batch], at: datetime) -> bool:
    """Give the event its job and batch; False where that is closed or due too late for it."""
    batch = batches.get((event.channel_id, event.topic))
    if batch is None or batch.not_before > at + batch.delay:
        return False
    event.job_id, event.run_id, event.status = batch.job, batch.run, EventStatus.WAITING
    return True


_INSERT = """
    INSERT INTO jobs_event (channel_id, job_id, run_id, topic, delivery_id, delivery_key,
        received_at, status, reason, entities, headers, body, duplicates)
    SELECT channel_id, job_id, run_id, topic, delivery_id, delivery_key, received_at, %s, '',
        entities::jsonb, headers::jsonb, body, 0
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
        %s::timestamptz[], %s::text[], %s::text[], %s::bytea[])
        AS one (channel_id, job_id, run_id, topic, delivery_id, delivery_key, received_at,
            entities, headers, body)
    ON CONFLICT (channel_id, delivery_key) DO NOTHING
    RETURNING channel_id, delivery_key, id
"""


def _insert(events: Sequence[Event]) -> dict[tuple[int, str], int]:
    """The ids by channel and delivery key; without those of which a twin is stored."""
    columns: list[list[Any]] = [
        [getattr(event, name) for event in events]
        for name in (
            "channel_id", "job_id", "run_id", "topic", "delivery_id", "delivery_key",
            "received_at",
        )
    ]  # fmt: skip
    columns += [
        [json.dumps(event.entities) for event in events],
        [json.dumps(event.headers) for event in events],
        [event.body for event in events],
    ]
    found = _rows(_INSERT, [EventStatus.WAITING, *columns])
    return {(channel, key): event for channel, key, event in found}
