"""What must be true when an installation has become quiet after a fault, whatever the fault was.

Runs inside the installation (see `tests.faults.inside`). Complaints are sentences with figures
and a few examples; none means that nothing was lost and nothing done twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Sum

from jobs.models import Event, EventStatus, Job, Run, RunStatus, SlotStretch
from jobs.slots import grid_of
from oms.models import Order, OrderLine, Shipment, StockLevel
from tests.jobs.slot_accounts import outcomes

EXAMPLES = 5
GRACE = timedelta(seconds=2)
"""How long something may be due before a clock that ticks each second must have seen to it."""
WINDOW_BEHIND = timedelta(seconds=5)
"""A full run proves up to its start, less the connector's safety."""


def look(
    deliveries: Sequence[Mapping[str, Any]], firsts: Mapping[int, datetime], at: datetime
) -> dict[str, Any]:
    """`deliveries` were accepted; `firsts` are the first expected slots of jobs by their id."""
    jobs = list(Job.objects.filter(pk__in=firsts).select_related("channel").order_by("pk"))
    lost = _Tally([*_lost_events(deliveries), *_lost_orders(deliveries)])
    doubled = _Tally([*_doubled_events(), *_doubled_records()])
    complaints = [
        *lost.complaints(),
        *doubled.complaints(),
        *_about_stock(),
        *(one for job in jobs for one in _about_slots(job, firsts[job.pk])),
        *(one for job in jobs for one in _about_proof(job, at)),
        *_about_polled_orders(jobs),
        *_about_runs(at),
    ]
    figures = _figures(deliveries, firsts) | {"lost": lost.count, "doubled": doubled.count}
    return {"complaints": complaints, "figures": figures}


def lost_orders(deliveries: Sequence[Mapping[str, Any]]) -> int:
    """How many of the orders that were announced are not on record."""
    return _Tally(_lost_orders(deliveries)).count


Finding = tuple[str, list[Any]]
"""What is wrong, and each thing of which it is."""


class _Tally:
    """What was found, to be said and counted."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)

    @property
    def count(self) -> int:
        return sum(len(wrong) for _what, wrong in self.findings)

    def complaints(self) -> list[str]:
        return [one for what, wrong in self.findings for one in _some(what, wrong)]


def _some(what: str, wrong: Iterable[object]) -> Iterator[str]:
    found = list(wrong)
    if found:
        yield f"{len(found)} {what}, such as {found[:EXAMPLES]}"


def _lost_events(deliveries: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Every accepted delivery is one stored event under the id it was answered, and done."""
    stored = {
        (event.channel_id, event.delivery_id): event.pk
        for event in Event.objects.defer("body", "headers")
    }
    keys = [(one["channel"], one["delivery_id"], one["event"]) for one in deliveries]
    lost = [key for key in keys if stored.get(key[:2]) != key[2]]
    yield "accepted deliveries are not stored under the id they were answered", lost
    open_ = Event.objects.exclude(status=EventStatus.DONE)
    yield "events are not done", list(open_.values_list("pk", "status", "reason"))


def _doubled_events() -> Iterator[Finding]:
    yield (
        "deliveries are stored more than once",
        _doubled(Event.objects.values("channel", "delivery_id")),
    )


def _doubled(groups: Any) -> list[Any]:
    """Groups of a `values()` query that have more than one row."""
    return list(groups.annotate(rows=Count("pk")).filter(rows__gt=1))


def _lost_orders(deliveries: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    have = set(Order.objects.values_list("channel", "external_id"))
    wanted = {(one["channel"], one["order"]) for one in deliveries}
    yield "orders of accepted deliveries are missing", sorted(wanted - have)


def _doubled_records() -> Iterator[Finding]:
    """Every order is on record once, with one line and one shipment."""
    doubled = _doubled(Order.objects.values("channel", "external_id"))
    yield "orders are on record twice", doubled
    shipments = Order.objects.annotate(sent=Count("shipments")).exclude(sent=1)
    yield "orders have not one shipment", list(shipments.values_list("pk", "sent"))
    lines = Order.objects.annotate(rows=Count("lines")).exclude(rows=1)
    yield "orders have not one line", list(lines.values_list("pk", "rows"))
    shipped = Shipment.objects.exclude(external_id=None)
    yield "shipments have one external id", _doubled(shipped.values("channel", "external_id"))


def _about_stock() -> Iterator[str]:
    """What is allocated is what was ordered, no more and no less."""
    ordered = OrderLine.objects.aggregate(all=Sum("quantity"))["all"] or 0
    allocated = StockLevel.objects.aggregate(all=Sum("allocated"))["all"] or 0
    if ordered != allocated:
        yield f"{ordered} pieces were ordered and {allocated} are allocated"


def _about_slots(job: Job, first: datetime) -> Iterator[str]:
    """Every slot belongs to one run or one stretch, and each run that had a slot succeeded."""
    try:
        _slots(job, first)
    except AssertionError as wrong:
        yield f"job {job.pk}: {wrong}"
    ended = Run.objects.filter(job=job).exclude(slot_at=None)
    failed = ended.exclude(status=RunStatus.SUCCEEDED).values_list("pk", "status", "error")
    yield from _some(f"runs of slots of job {job.pk} did not succeed", failed)
    early = ended.filter(slot_at__lt=first).values_list("pk", "slot_at")
    yield from _some(f"runs of job {job.pk} have slots that were not due", early)


def _slots(job: Job, first: datetime) -> int:
    """How many slots there were until the next one; fails where one is not accounted for once."""
    grid, following = grid_of(job, "UTC"), job.next_slot_at
    assert grid is not None
    assert following is not None
    return len(outcomes(job, grid, first, following))


def _about_proof(job: Job, at: datetime) -> Iterator[str]:
    """A run of the whole window that succeeded proves the data up to shortly before its start.

    One that ended before it began has outlived a clock that was wrong: its start says nothing.
    """
    last = Run.objects.filter(job=job, status=RunStatus.SUCCEEDED).order_by("-pk").first()
    if last is None or last.started_at is None or last.finished_at is None:
        yield f"job {job.pk} never ran"
    elif last.started_at <= last.finished_at and (
        job.proven_until < last.started_at - WINDOW_BEHIND
    ):
        yield f"job {job.pk} is proven until {job.proven_until}, its run began {last.started_at}"
    elif job.proven_until > at:
        yield f"job {job.pk} is proven until {job.proven_until}, which is still to come"


def _about_polled_orders(jobs: Sequence[Job]) -> Iterator[str]:
    """All polled channels lead to one shop, so all have the same number of orders, and some."""
    counted = dict(
        Order.objects.filter(channel__in=[job.channel_id for job in jobs])
        .values_list("channel")
        .annotate(Count("pk"))
    )
    most = max(counted.values(), default=0)
    short = [job.channel_id for job in jobs if counted.get(job.channel_id, 0) != most or not most]
    yield from _some(f"polled channels do not have the shop's {most} orders", short)


def _about_runs(at: datetime) -> Iterator[str]:
    """No run failed, is kept by a worker that vanished, or is due and left lying."""
    failed = Run.objects.filter(status__in=[RunStatus.FAILED, RunStatus.CANCELLED])
    yield from _some("runs failed", failed.values_list("pk", "reason", "error"))
    held = Run.objects.filter(status=RunStatus.RUNNING, lease_until__lt=at - GRACE)
    yield from _some("runs are kept past their lease", held.values_list("pk", flat=True))
    late = Run.objects.filter(status=RunStatus.QUEUED, wake_at__lt=at - GRACE)
    yield from _some("runs are due and were not sent", late.values_list("pk", "not_before"))
    known = Event.objects.filter(job__isnull=False, received_at__lte=at)
    heard = known.values("job").annotate(last=Max("received_at"))
    for row in heard:
        job = Job.objects.get(pk=row["job"])
        if job.heard_at is None or job.heard_at < row["last"]:
            yield f"{job} last heard at {job.heard_at}, its last event came {row['last']}"


def _figures(
    deliveries: Sequence[Mapping[str, Any]], firsts: Mapping[int, datetime]
) -> dict[str, int]:
    slots = Run.objects.filter(job__in=firsts).exclude(slot_at=None)
    merged = SlotStretch.objects.filter(job__in=firsts).aggregate(all=Sum("count"))["all"] or 0
    accepted, stored = len({one["event"] for one in deliveries}), Event.objects.count()
    return {
        "accepted": accepted,
        "stored": stored,
        "not accepted": stored - accepted,
        "orders": Order.objects.count(),
        "slots run": slots.count(),
        "slots merged": merged,
        "runs": Run.objects.count(),
        "attempts lost": Run.objects.aggregate(all=Sum("lost_attempts"))["all"] or 0,
    }
