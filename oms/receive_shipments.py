"""Receive Shipments: what a warehouse says became of the shipments it has.

Quantities are what was shipped of a shipment in all, so the same answer twice changes nothing and
a short shipment may be completed later.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from channels.connectors.base import ShipmentData
from channels.enums import JobType
from channels.models import Channel
from oms.handover import hand_over
from oms.models import Shipment, ShipmentLine, ShipmentStatus
from oms.shipped_quantities import shared_out, totals_of
from oms.shipping import cancel_at_warehouse, end_rest, ship
from oms.states import lock_shipment
from oms.work import Applied, Context, Outcome, PullLogic, StockCause

UNCHANGED = Applied(Outcome.UNCHANGED)
OPEN = (ShipmentStatus.SENT, ShipmentStatus.SHORT_SHIPPED)


class ReceiveShipments(PullLogic):
    type: ClassVar[JobType] = JobType.RECEIVE_SHIPMENTS
    moves_stock: ClassVar[StockCause | None] = StockCause.ORDERED

    def apply(self, context: Context, record: ShipmentData) -> Applied:
        shipment = _find(context.channel, record)
        if shipment is None:
            context.log("info", f"Shipment {record.external_id} is none of ours; left out.")
            return UNCHANGED
        if shipment.revision_at and record.changed_at < shipment.revision_at:
            context.log(
                "info",
                f"Order {shipment.order}: this reading of shipment {record.external_id} is older "
                "than what we have; left out.",
            )
            return UNCHANGED
        changed = _take_over(context, shipment, record)
        return Applied(Outcome.UPDATED, state=shipment.status) if changed else UNCHANGED

    def gone(self, context: Context, external_id: str) -> Applied:
        """Counts as cancelled, except for what has left the warehouse already."""
        shipment = _known_as(context.channel, external_id)
        if shipment is None:
            return UNCHANGED
        changed = _cancel(context, shipment)
        _note_revision(shipment, context.at)
        return Applied(Outcome.UPDATED, state=shipment.status) if changed else UNCHANGED

    def open_ids(self, channel: Channel, since: datetime) -> Iterator[tuple[int, str]]:
        sent = Shipment.objects.filter(
            channel=channel, status__in=OPEN, done=False, created_at__gte=since
        )
        keys = sent.order_by("pk").values_list("pk", "external_id")
        return ((key, external_id) for key, external_id in keys.iterator() if external_id)


def _find(channel: Channel, record: ShipmentData) -> Shipment | None:
    """By the key we sent it under, else by the warehouse's own identifier; locked."""
    try:
        key = uuid.UUID(record.reference)
    except ValueError:
        return _known_as(channel, record.external_id)
    ours = Shipment.objects.filter(channel=channel, key=key).values_list("pk", flat=True).first()
    return lock_shipment(ours) if ours else _known_as(channel, record.external_id)


def _known_as(channel: Channel, external_id: str) -> Shipment | None:
    known = Shipment.objects.filter(channel=channel, external_id=external_id)
    key = known.values_list("pk", flat=True).first()
    return lock_shipment(key) if key else None


def _take_over(context: Context, shipment: Shipment, record: ShipmentData) -> bool:
    lines = list(ShipmentLine.objects.filter(shipment=shipment).select_related("order_line"))
    shares = shared_out(context.channel, lines, totals_of(record.lines))
    if not any(shares.values()) and record.cancelled:
        changed = _cancel(context, shipment)
        _note_revision(shipment, record.changed_at)
        return changed
    if not any(shares.values()):
        _warn_of_nothing(context, shipment, record)
        return hand_over(shipment, record.external_id, context.at, context.log)
    known = hand_over(shipment, record.external_id, context.at, context.log)
    changed = ship(context, shipment, record, lines, shares)
    _note_revision(shipment, record.changed_at)
    return changed or known


def _cancel(context: Context, shipment: Shipment) -> bool:
    """What has left the warehouse stays shipped."""
    if shipment.lines.filter(shipped__gt=0).exists():
        return end_rest(context, shipment)
    return cancel_at_warehouse(context, shipment)


def _warn_of_nothing(context: Context, shipment: Shipment, record: ShipmentData) -> None:
    """Before it has shipped anything, a warehouse may well say so; afterwards it is odd."""
    if record.done or record.shipped_at:
        context.log(
            "warning",
            f"Order {shipment.order}: the warehouse says it is through with shipment "
            f"{record.external_id}, but shipped none of it. Nothing was changed: have the "
            "warehouse ship or cancel it.",
        )


def _note_revision(shipment: Shipment, at: datetime) -> None:
    if shipment.revision_at is None or at > shipment.revision_at:
        Shipment.objects.filter(pk=shipment.pk).update(revision_at=at)
        shipment.revision_at = at
