"""Deliveries that join an open batch, many in one transaction: the common case under load.

One thread of a web process takes what came since it last looked, checks and parses it, and
inserts the events of all in one round trip; each request is answered after that commit. What is
not plainly a new event for a batch that is open (a ping, a bad signature, a duplicate, the first
event of a batch, a job that does not listen, an error) is left to `intake.receive`, which decides
it alone: so one delivery never fails its neighbours, and what happens to it is written down in
one place.

PostgreSQL only: it says when a channel's row has changed, and its gate can be tried.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from django.db import connection
from psycopg import Cursor

from channels.connectors.base import Connector, Delivery
from channels.models import Channel
from channels.vault import Unreadable
from jobs import gate, intake
from jobs.models import EventStatus

MOST = 128
"""Deliveries in one transaction."""
PATIENCE_SECONDS = 10.0
"""A request that waits longer is taken by itself; its twin is then found by the unique index."""
KNOWN_CHANNELS = 10_000

CHANNEL, TOPIC, KEY = 0, 2, 4
"""Places in a row that is to be stored."""
VERSION = "channels_channel.xmin::text"
"""The transaction that wrote a row last: it changes with everything in the row."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Asked:
    """A delivery on its way; `answer` is given the id of its event, or None."""

    token: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    answer: asyncio.Future[int | None] | None = None
    event: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A channel as it stood in its row's `version`; `connector` None where it is left alone."""

    version: str
    channel: int
    connector: Connector | None


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

    async def take(
        self, token: str, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> intake.Receipt | None:
        """Wait until the event is committed; None where it has to be taken by itself."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int | None] = loop.create_future()
        self._queue.put(Asked(token, headers, body, at, answer))
        patience = loop.call_later(PATIENCE_SECONDS, _give_up, answer)
        try:
            event = await answer
        finally:
            patience.cancel()
        return None if event is None else intake.Receipt(202, EventStatus.WAITING, event)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            together = [first, *self._also()]
            try:
                self.commit(together)
            except Exception:
                log.exception("%s deliveries could not be taken together", len(together))
                connection.close()
            finally:
                _answer(together)
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
        rows = [(asked, row) for asked in together if (row := self._row(asked)) is not None]
        stored = _store([row for _, row in rows]) if rows else {}
        for asked, row in rows:
            asked.event = stored.pop((row[CHANNEL], row[KEY]), None)
            if asked.event is None:
                # Perhaps the channel has changed since it was read.
                self._channels.pop(asked.token, None)

    def _know(self, tokens: set[str]) -> None:
        """Read the channels that are not known yet, and again those that may be taken soon."""
        known = self._channels
        if len(known) > KNOWN_CHANNELS:
            known.clear()
        if unknown := tokens - known.keys():
            for channel in Channel.objects.raw(_CHANNELS, [list(unknown)]):
                version: str = getattr(channel, "version")  # noqa: B009 - a column of the query
                connector = _connector(channel)
                if connector is not None or channel.connector_class.custom_topics:
                    known[channel.webhook_token] = _Known(version, channel.pk, connector)

    def _row(self, asked: Asked) -> tuple[Any, ...] | None:
        """What is stored of a delivery, in the order of the statement's columns."""
        known = self._channels.get(asked.token)
        if known is None or known.connector is None:
            return None
        delivery = _delivery(known.connector, asked)
        if delivery is None:
            return None
        columns = intake.columns_of(delivery, asked.headers, asked.body, asked.at)
        return (
            known.channel,
            known.version,
            columns["topic"],
            columns["delivery_id"],
            columns["delivery_key"],
            columns["received_at"],
            json.dumps(columns["entities"]),
            json.dumps(columns["headers"]),
            columns["body"],
        )


def _answer(together: Sequence[Asked]) -> None:
    """One wake-up for each loop that waits, however many deliveries are its own."""
    loops: dict[asyncio.AbstractEventLoop, list[Asked]] = defaultdict(list)
    for asked in together:
        if asked.answer is not None:
            loops[asked.answer.get_loop()].append(asked)
    for loop, its_own in loops.items():
        with suppress(RuntimeError):  # closed meanwhile: nobody waits there any more
            loop.call_soon_threadsafe(_give, its_own)


def _give_up(answer: asyncio.Future[int | None]) -> None:
    if not answer.done():
        answer.set_result(None)


def _give(together: Sequence[Asked]) -> None:
    for asked in together:
        if asked.answer is not None and not asked.answer.done():
            asked.answer.set_result(asked.event)


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
        return intake.read(connector, asked.headers, asked.body)
    except Exception:
        return None


_CHANNELS = f"""
    SELECT *, {VERSION} AS version FROM channels_channel
    WHERE webhook_token = ANY(%s) AND deleted_at IS NULL
"""  # noqa: S608 - our own words
_HOLD_GATES = f"""
    SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('omsauto.joinable', coalesce(string_agg(job.id::text, ',') FILTER (
        WHERE {gate.TRY_TO_HOLD_OPEN}), ''), true)
    FROM jobs_job job WHERE job.id IN (
        SELECT job.id FROM unnest(%b::bigint[], %b::text[]) AS one (channel_id, topic)
        JOIN channels_webhookmapping mapping USING (channel_id, topic)
        JOIN jobs_job job ON job.channel_id = mapping.channel_id AND job.type = mapping.type)
"""  # noqa: S608 - our own words
"""Notes for its transaction the jobs whose gates it got hold of; the others are being closed.

To plan anew for each few rows would cost more than to run.
"""
_INSERT = f"""
    INSERT INTO jobs_event (channel_id, job_id, run_id, topic, delivery_id, delivery_key,
        received_at, status, reason, entities, headers, body, duplicates)
    SELECT one.channel_id, job.id, run.id, one.topic, one.delivery_id, one.delivery_key,
        one.received_at, 'waiting', '', one.entities::jsonb, one.headers::jsonb, one.body, 0
    FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],
        %b::text[], %b::text[], %b::bytea[])
        AS one (channel_id, version, topic, delivery_id, delivery_key, received_at, entities,
            headers, body)
    JOIN channels_webhookmapping mapping ON mapping.channel_id = one.channel_id
        AND mapping.topic = one.topic AND mapping.enabled
    JOIN jobs_job job ON job.channel_id = one.channel_id AND job.type = mapping.type
        AND job.listening_since IS NOT NULL
        AND job.id = ANY(string_to_array(current_setting('omsauto.joinable'), ',')::bigint[])
    JOIN jobs_run run ON run.job_id = job.id AND run.status = 'queued' AND run.attempt = 0
        AND run.sort = 'entity' AND run.causes_text LIKE '%%,webhook,%%'
        AND (run.waits_for <> '' OR run.not_before
            <= one.received_at + make_interval(mins => coalesce(job.webhook_delay_minutes, 0)))
    WHERE one.version = (
        SELECT {VERSION} FROM channels_channel WHERE id = one.channel_id AND deleted_at IS NULL)
    ON CONFLICT (channel_id, delivery_key) DO NOTHING
    RETURNING channel_id, delivery_key, id
"""  # noqa: S608 - our own words
"""A second statement, since it has to see what a claim did before the gate was held open."""


def _store(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[int, str], int]:
    """The ids of the events that were stored, by channel and delivery key.

    By the driver's own cursor: it binds arrays as binary, where Django's writes them out. What
    goes through a pipeline up to its end is one transaction of PostgreSQL.
    """
    pairs = {(row[CHANNEL], row[TOPIC]) for row in rows}
    connection.forget_old_plans()  # type: ignore[attr-defined]  # of our own backend
    driver = connection.connection
    gates, insert = Cursor(driver), Cursor(driver)
    with driver.pipeline():
        gates.execute(
            _HOLD_GATES, [list(column) for column in zip(*pairs, strict=True)], prepare=True
        )
        insert.execute(_INSERT, _columns(rows), prepare=True)
    return {(channel, key): event for channel, key, event in insert.fetchall()}


def _columns(rows: Collection[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
