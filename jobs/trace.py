"""The story of one order or record: what came, what did not, who did what to it, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Q

from channels.enums import JobType
from channels.models import Channel
from jobs import event_search
from jobs.models import Event, RecordChange, Rescue, Run, RunLog
from jobs.overlap import Sort
from jobs.trace_subjects import PULLS, Subject
from oms.models import ListedStock, Order, ParkedRecord, Shipment

MOST = 100
"""Of each kind of thing; a story with more is cut, the newest parts kept."""
RUNS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `page` and `key` name where more is to be seen of it.

    `gap`: how long after the entry before it; None for the first. `rank` orders what happened at
    one instant.
    """

    at: datetime
    title: str
    detail: str = ""
    tone: str = ""
    page: str = ""
    key: int | None = None
    rank: int = 5
    gap: timedelta | None = None


@dataclass
class Sources:
    """All that the tables know of one record."""

    channel: Channel
    external_id: str
    order: Order | None = None
    shipments: list[Shipment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    changes: list[RecordChange] = field(default_factory=list)
    rescues: list[Rescue] = field(default_factory=list)
    parked: list[ParkedRecord] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    retries: list[Run] = field(default_factory=list)
    warnings: list[RunLog] = field(default_factory=list)
    stock: list[ListedStock] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"Order {self.order}" if self.order else self.external_id

    @property
    def read_as(self) -> list[tuple[int, str]]:
        """The (channel, id) pairs under which platforms know it and what was made of it."""
        sent = [(one.channel_id, one.external_id) for one in self.shipments if one.external_id]
        return [(self.channel.pk, self.external_id), *sent]


def gather(subject: Subject) -> Sources:
    """A fixed number of queries, each by an index or over a bounded stretch."""
    order = subject.order
    channel = order.channel if order else subject.channel
    if channel is None:
        raise ValueError("a product has no story of this kind")
    found = Sources(channel, order.external_id if order else subject.external_id, order)
    if order:
        shipments = order.shipments.select_related("channel").order_by("pk")
        found.shipments = list(shipments.prefetch_related("lines__order_line"))
        found.stock = _stock_told(order)
    found.events = _events(found)
    of_record = _records(found)
    found.changes = list(RecordChange.objects.filter(of_record).order_by("-pk")[:MOST])
    found.parked = list(ParkedRecord.objects.filter(of_record).order_by("-pk")[:MOST])
    rescues = Rescue.objects.filter(_any(found.read_as, "job__channel_id"))
    found.rescues = list(rescues.order_by("-pk")[:MOST])
    _add_runs(found)
    return found


def _any(names: Iterable[tuple[int, str]], channel: str, name: str = "external_id") -> Q:
    wanted = Q()
    for channel_id, external_id in names:
        wanted |= Q(**{channel: channel_id, name: external_id})
    return wanted


def _records(found: Sources) -> Q:
    """Rows of a job type with an id: the platform's where it reads, our key where it sends."""
    wanted = Q(type__in=PULLS) & _any(found.read_as, "channel_id")
    for shipment in found.shipments:
        key = str(shipment.pk)
        sent = Q(type=JobType.SEND_SHIPMENTS, channel=shipment.channel_id, external_id=key)
        told = Q(type=JobType.SEND_ORDER_UPDATES, channel=found.channel, external_id=key)
        wanted |= sent | told
    return wanted


def _events(found: Sources) -> list[Event]:
    if len(found.read_as) == 1:
        events = event_search.of_entity([found.channel.pk], found.external_id)
    else:
        events = Event.objects.filter(_any(found.read_as, "channel_id", "entity"))
    listed = events.order_by("-pk").defer("body", "headers").select_related("channel")
    return list(listed[:MOST])


def _stock_told(order: Order) -> list[ListedStock]:
    products = order.lines.values("product_id")
    told = ListedStock.objects.filter(product__in=products, sent_at__gte=order.created_at)
    return list(told.filter(listed=True).select_related("product", "channel")[:MOST])


def _add_runs(found: Sources) -> None:
    """The runs that the other rows speak of, what those warned of, and retries by the id."""
    keys = {event.run_id for event in found.events} | {one.run_id for one in found.changes}
    keys |= {one.run_id for one in found.rescues} | {one.run_id for one in found.parked}
    found.runs = Run.objects.of_page().in_bulk([key for key in keys if key])
    asked = Run.objects.filter(channel=found.channel, sort=Sort.ENTITY).of_page()
    found.retries = [
        run for run in asked.order_by("-pk")[:RUNS_LOOKED_AT] if found.external_id in run.entities
    ]
    names = Q(message__contains=found.order.number) if found.order else Q()
    names |= Q(message__contains=found.external_id)
    lines = RunLog.objects.filter(names, run__in=list(found.runs)).exclude(level="info")
    found.warnings = list(lines.order_by("-pk")[:MOST])


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """By time, each with how long after the one before it happened."""
    listed = sorted(entries, key=lambda entry: (entry.at, entry.rank))
    gaps: list[timedelta | None] = [None] if listed else []
    gaps += [later.at - earlier.at for earlier, later in pairwise(listed)]
    return [replace(entry, gap=gap) for entry, gap in zip(listed, gaps, strict=True)]
