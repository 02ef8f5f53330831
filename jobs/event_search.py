"""Finding events among a million: by index where there is one, else in a bounded stretch.

Channel, status, time, entity and delivery have indexes. Topic and words have none, since each one
more would slow intake down; for them the newest events that fit the rest are read, so many at a
time, and the answer says how far it has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Func, Q, QuerySet, TextField
from django.db.models.functions import Cast

from jobs.event_query import EventQuery
from jobs.models import Event, EventStatus
from jobs.models.events import LONGEST_ENTITY

BODIES_A_TIME = 10_000
"""So many bodies are read for one answer."""
TOPICS_A_TIME = 100_000
LONGEST_INSERT = timedelta(minutes=1)
"""An event is stored at most so long after its receipt; ids rise with receipt but for that."""


@dataclass(frozen=True)
class Wanted:
    """`channels` are ids; None for what does not matter. `lower` and `upper` bound the id."""

    channels: Sequence[int]
    query: EventQuery = field(default_factory=EventQuery)
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    lower: int | None = None
    upper: int | None = None


@dataclass(frozen=True)
class Found:
    """One answer, newest first.

    `more`: there are further ones, older than the last row. Otherwise, where the search came to
    the end of its stretch, `go_on` is the id below which it goes on, `searched` how many events
    were read, `back_to` the receipt of the oldest of them.
    """

    rows: list[Event]
    more: bool = False
    go_on: int | None = None
    searched: int = 0
    back_to: datetime | None = None


def search(wanted: Wanted, size: int) -> Found:
    """Events without body and headers; at most `size`."""
    events = _by_index(wanted)
    floor = _floor(wanted, events)
    fitting = _scanned(_above(events, floor), wanted.query)
    listed = fitting.without_body().select_related("channel", "job")  # type: ignore[attr-defined]  # an EventQuerySet
    rows = list(listed.order_by("-pk")[: size + 1])
    if len(rows) > size or floor is None:
        return Found(rows[:size], more=len(rows) > size)
    return Found(rows, go_on=floor[0], searched=_stretch(wanted.query), back_to=floor[1])


def ids(wanted: Wanted, most: int) -> list[int]:
    """The newest that fit, in the same stretch as `search` reads; newest first."""
    events = _by_index(wanted)
    fitting = _scanned(_above(events, _floor(wanted, events)), wanted.query)
    return list(fitting.order_by("-pk").values_list("pk", flat=True)[:most])


def of_entity(channels: Iterable[int], external_id: str) -> QuerySet[Event]:
    """Events of these channels about this id, newest first."""
    return Event.objects.filter(_about(list(channels), external_id)).order_by("-pk")


def _by_index(wanted: Wanted) -> QuerySet[Event]:
    events = Event.objects.filter(channel__in=wanted.channels)
    if wanted.status == EventStatus.WAITING:
        # The index of what has not ended goes by job, and whatever waits has one.
        events = events.filter(job__channel__in=wanted.channels)
    if wanted.status:
        events = events.filter(status=wanted.status)
    for external_id in wanted.query.ids:
        events = events.filter(_about(wanted.channels, external_id))
    for delivery in wanted.query.deliveries:
        events = events.filter(delivery_id=delivery)
    if wanted.lower:
        events = events.filter(pk__gte=wanted.lower)
    if wanted.upper:
        events = events.filter(pk__lte=wanted.upper)
    return _between(events, wanted.since, wanted.until)


def _about(channels: Sequence[int], external_id: str) -> Q:
    """By the index of the first entity; one named beside others, among the newest alone."""
    newest = Event.objects.filter(channel__in=channels).order_by("-pk")
    floor = newest.values_list("pk", flat=True)[BODIES_A_TIME - 1 : BODIES_A_TIME].first() or 0
    beside = newest.filter(pk__gte=floor).alias(listed=Cast("entities", TextField()))
    several = beside.filter(listed__contains=",").values_list("pk", "entities")
    keys = [
        key
        for key, entities in several.filter(listed__contains=external_id)[:500]
        if external_id in entities
    ]
    found = Q(channel__in=channels, entity=external_id[:LONGEST_ENTITY])
    return found | Q(pk__in=keys) if keys else found


def _between(
    events: QuerySet[Event], since: datetime | None, until: datetime | None
) -> QuerySet[Event]:
    """By receipt, and by the ids that belong to it: the lists go by id."""
    by_age = Event.objects.order_by("received_at").values_list("pk", flat=True)
    if since:
        first = by_age.filter(received_at__gte=since - LONGEST_INSERT).first()
        events = events.filter(received_at__gte=since, pk__gte=first or 0)
    if until:
        last = by_age.filter(received_at__gte=until + LONGEST_INSERT).first()
        events = events.filter(received_at__lt=until)
        events = events.filter(pk__lte=last) if last else events
    return events


def _stretch(query: EventQuery) -> int:
    return BODIES_A_TIME if query.words else TOPICS_A_TIME


def _floor(wanted: Wanted, events: QuerySet[Event]) -> tuple[int, datetime] | None:
    """(id, receipt) of the last event of the stretch; None where there are not so many."""
    if not wanted.query.scans:
        return None
    length = _stretch(wanted.query)
    return events.order_by("-pk").values_list("pk", "received_at")[length - 1 : length].first()


def _above(events: QuerySet[Event], floor: tuple[int, datetime] | None) -> QuerySet[Event]:
    return events.filter(pk__gte=floor[0]) if floor else events


def _scanned(events: QuerySet[Event], query: EventQuery) -> QuerySet[Event]:
    for topic in query.topics:
        events = events.filter(topic__icontains=topic)
    if query.words:
        events = events.alias(text=_Text("body"), about=Cast("entities", TextField()))
    for word in query.words:
        names = Q(topic__icontains=word) | Q(delivery_id__icontains=word)
        inside = Q(about__icontains=word) | Q(text__icontains=_as_text(word))
        events = events.filter(names | inside)
    return events


class _Text(Func):
    """The bytes of a body as text to search in; no encoding is taken for granted."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="ENCODE(%(expressions)s, 'escape')", **context
        )

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="CAST(%(expressions)s AS TEXT)", **extra_context
        )


def _as_text(word: str) -> str:
    """A word as `_Text` writes it."""
    if connection.vendor != "postgresql":
        return word
    written = (chr(one) if one < 128 else f"\\{one:03o}" for one in word.encode())
    return "".join("\\\\" if one == "\\" else one for one in written)
