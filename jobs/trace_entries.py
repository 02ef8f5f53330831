"""The story of a record in words: its entries in order of time, and one sentence on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from channels.enums import JobType
from jobs.models import Event, EventStatus, RecordChange, Run, RunStatus
from jobs.overlap import Trigger
from jobs.trace import Entry, Sources, in_order
from oms.models import OrderStatus, ParkedStatus, Shipment, ShipmentStatus
from oms.work import Outcome

BY = {
    Trigger.WEBHOOK: "by webhook",
    Trigger.SCHEDULE: "on schedule",
    Trigger.EMERGENCY: "by emergency job",
    Trigger.MANUAL: "by a run by hand",
    Trigger.RETRY: "by a retry",
    Trigger.CHANGE: "by a change of our own data",
}
TONES = {
    EventStatus.HELD: "warn",
    EventStatus.IGNORED: "warn",
    EventStatus.DONE: "ok",
    EventStatus.FAILED: "bad",
}
AT_ONCE = timedelta(seconds=1)


@dataclass(frozen=True)
class Story:
    title: str
    summary: str
    entries: list[Entry]


def tell(found: Sources) -> Story:
    """The story of an order, or of a record that became none."""
    entries = [
        *_order(found),
        *_events(found),
        *_rescues(found),
        *_changes(found),
        *_quiet_runs(found),
        *_parked(found),
        *_shipments(found),
        *_told(found),
    ]
    return Story(found.title, _summary(found), in_order(entries))


def span(length: timedelta) -> str:
    """A duration in words: "0.4 s", "12 s", "4.5 min", "3 h 20 min", "2 d 3 h"."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 600:
        return f"{seconds / 60:.1f}".removesuffix(".0") + " min"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _order(found: Sources) -> Iterator[Entry]:
    order = found.order
    if order is None:
        return
    total = f"{order.total:.2f} {order.currency}".strip()
    yield Entry(
        order.placed_at, f"Placed at {found.channel}", total, page="order", key=order.pk, rank=0
    )
    if _created(found) is None:
        yield Entry(order.created_at, "Taken over", page="order", key=order.pk)


def _created(found: Sources) -> RecordChange | None:
    made = [one for one in found.changes if one.outcome == Outcome.CREATED]
    return min(made, key=lambda one: one.pk, default=None)


def _events(found: Sources) -> Iterator[Entry]:
    for event in found.events:
        said = [f"delivery {event.delivery_id}" if event.delivery_id else "no delivery id"]
        if event.duplicates:
            plural = "delivery" if event.duplicates == 1 else "deliveries"
            said.append(f"{event.duplicates} more {plural} of it dropped as duplicates")
        said += [f"{event.get_status_display().lower()}: {event.reason}"] if event.reason else []
        yield Entry(
            event.received_at,
            f"Webhook {event.topic} came from {event.channel}",
            "; ".join(said),
            TONES.get(EventStatus(event.status), ""),
            "event",
            event.pk,
            rank=1,
        )


def _rescues(found: Sources) -> Iterator[Entry]:
    for rescue in found.rescues:
        run = found.runs.get(rescue.run_id)
        how = BY[Trigger(run.trigger)] if run else "by a run"
        yield Entry(
            rescue.changed_at,
            "Changed at the platform, and no webhook came for it",
            f"it was found {how} {span(rescue.rescued_at - rescue.changed_at)} later",
            "warn",
            "run",
            rescue.run_id,
            rank=1,
        )
        if rescue.late_at:
            yield Entry(
                rescue.late_at,
                "Its webhook came after all, and changed nothing",
                tone="warn",
                page="run",
                key=rescue.run_id,
            )


def _changes(found: Sources) -> Iterator[Entry]:
    for change in found.changes:
        tone = "bad" if change.state == OrderStatus.CANCELLED else "ok"
        yield Entry(
            change.at,
            _what(found, change),
            _by_run(found, change.run_id),
            tone,
            "run",
            change.run_id,
        )


def _what(found: Sources, change: RecordChange) -> str:
    state = change.state.replace("_", " ")
    if change.type == JobType.SEND_SHIPMENTS:
        shipment = _shipment(found, change.external_id)
        named = f" as {shipment.external_id}" if shipment and shipment.external_id else ""
        return f"Sent to {shipment.channel}{named}" if shipment else "Shipment sent"
    if change.type == JobType.SEND_ORDER_UPDATES:
        return f"{found.channel} was told what shipped"
    if change.type == JobType.RECEIVE_SHIPMENTS:
        return f"Shipment {change.external_id} is now {state}" if state else "Shipment changed"
    done = "Order taken over" if change.outcome == Outcome.CREATED else "Order changed"
    return f"{done}, now {state}" if state else done


def _shipment(found: Sources, key: str) -> Shipment | None:
    return next((one for one in found.shipments if str(one.pk) == key), None)


def _by_run(found: Sources, run_id: int) -> str:
    """Which run it was, why it ran, and how long its event had waited."""
    run = found.runs.get(run_id)
    if run is None:
        return f"run {run_id}"
    said = [f"run {run.pk}, {run.get_type_display()} {BY[Trigger(run.trigger)]}"]
    heard = [one for one in found.events if one.run_id == run_id]
    if heard and run.started_at:
        first = min(event.received_at for event in heard)
        said.append(f"started {span(run.started_at - first)} after the webhook")
    return "; ".join(said)


def _quiet_runs(found: Sources) -> Iterator[Entry]:
    """Runs that read the record for its events or by hand, and changed nothing of it."""
    told = {change.run_id for change in found.changes} | {one.run_id for one in found.parked}
    heard: dict[int, Run] = {
        event.run_id: found.runs[event.run_id]
        for event in found.events
        if event.run_id in found.runs
    }
    asked = {run.pk: run for run in found.retries if run.trigger == Trigger.RETRY}
    for run in {**heard, **asked}.values():
        if run.pk not in told:
            yield _quiet(found, run)
    for line in found.warnings:
        if not line.message.startswith(f"{found.external_id}: "):
            tone = "warn" if line.level == "warning" else "bad"
            yield Entry(line.at, line.message, tone=tone, page="run", key=line.run_id, rank=6)


def _quiet(found: Sources, run: Run) -> Entry:
    title, tone = {
        # Without a note of any change, the run is older than what is kept.
        RunStatus.SUCCEEDED: ("Read again, nothing to change" if found.changes else "Read", ""),
        RunStatus.FAILED: ("The run that was to read it failed", "bad"),
        RunStatus.CANCELLED: ("The run that was to read it was cancelled", "warn"),
        RunStatus.SKIPPED: ("Handed over to another run", ""),
    }.get(RunStatus(run.status), ("Waits to be read", ""))
    at = run.finished_at or run.started_at or run.created_at
    return Entry(at, title, _by_run(found, run.pk), tone, "run", run.pk)


def _parked(found: Sources) -> Iterator[Entry]:
    for parked in found.parked:
        title = f"Parked: {parked.reason}"
        run = f"run {parked.run_id}" if parked.run_id else ""
        yield Entry(parked.parked_at, title, run, "bad", "parked", parked.pk)
        if parked.ended_at:
            left = parked.status == ParkedStatus.DISCARDED
            ended = "Discarded by an operator" if left else "Taken over after all"
            yield Entry(
                parked.ended_at,
                ended,
                parked.note,
                "warn" if left else "ok",
                "parked",
                parked.pk,
                rank=6,
            )


def _shipments(found: Sources) -> Iterator[Entry]:
    """What became of each shipment, where no run has left a note of it."""
    noted = {
        change.external_id for change in found.changes if change.type == JobType.SEND_SHIPMENTS
    }
    order = found.order.pk if found.order else None
    for shipment in found.shipments:
        waits = shipment.status == ShipmentStatus.BACKORDERED
        title = "waits for stock" if waits else "made"
        yield Entry(
            shipment.created_at,
            f"Shipment at {shipment.channel} {title}",
            ", ".join(str(line) for line in shipment.lines.all()),
            "warn" if waits else "",
            "order",
            order,
            rank=7,
        )
        if shipment.sent_at and str(shipment.pk) not in noted:
            yield Entry(
                shipment.sent_at, f"Sent to {shipment.channel}", page="order", key=order, tone="ok"
            )
        if shipment.shipped_at:
            tracked = f"{shipment.carrier} {shipment.tracking}".strip()
            yield Entry(
                shipment.shipped_at, f"Left {shipment.channel}", tracked, "ok", "order", order
            )


def _told(found: Sources) -> Iterator[Entry]:
    for told in found.stock:
        if told.sent_at:
            yield Entry(
                told.sent_at,
                f"{told.channel} was told the stock of {told.product}: {told.quantity}",
                "the newest time it was told",
                page="channel",
                key=told.channel_id,
                rank=8,
            )


def _summary(found: Sources) -> str:
    order = found.order
    if order is None:
        return f"{found.external_id} of {found.channel}: {_without_order(found)}."
    parts = [f"arrived {_arrival(found)}", _fate(found)]
    return f"Order {order} of {found.channel}: {'; '.join(part for part in parts if part)}."


def _without_order(found: Sources) -> str:
    waiting = next((one for one in found.parked if one.status == ParkedStatus.PARKED), None)
    if waiting:
        return f"parked, {waiting.reason.rstrip('.')}"
    if any(one.status == ParkedStatus.DISCARDED for one in found.parked):
        return "discarded by an operator"
    if found.events:
        newest: Event = found.events[0]
        count = "one webhook" if len(found.events) == 1 else f"{len(found.events)} webhooks"
        return f"{count} came, the newest is {newest.status}, and no order was made of it"
    return "nothing is known of it"


def _arrival(found: Sources) -> str:
    order = found.order
    if order is None:
        return ""
    late = span(order.created_at - order.placed_at)
    change = _created(found)
    run = found.runs.get(change.run_id) if change else None
    how = f" {BY[Trigger(run.trigger)]}" if run else ""
    rescue = next((one for one in found.rescues if run and one.run_id == run.pk), None)
    if rescue is None:
        return f"{late} after it was placed{how}"
    why = "its webhook came too late" if rescue.late_at else "its webhook never came"
    return f"{late} late{how} because {why}"


def _fate(found: Sources) -> str:
    order = found.order
    if order is None:
        return ""
    waiting = [one for one in found.parked if one.status == ParkedStatus.PARKED]
    if waiting:
        return "something of it is parked and waits for you"
    if order.status == OrderStatus.CANCELLED:
        return "cancelled"
    left = [one.shipped_at for one in found.shipments if one.shipped_at]
    if order.status == OrderStatus.SHIPPED and left:
        untold = any(one.unreported for one in found.shipments)
        told = f"; {found.channel} is still to be told" if untold else ""
        return f"shipped after {span(max(left) - order.placed_at)}{told}"
    if left:
        return "shipped in part"
    states = {one.status for one in found.shipments}
    if ShipmentStatus.SENT in states:
        return "with the warehouse, not shipped yet"
    if ShipmentStatus.BACKORDERED in states:
        return "waits for stock"
    if ShipmentStatus.READY in states:
        return "ready, not sent to the warehouse yet"
    return order.get_status_display().lower()
