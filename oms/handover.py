"""The moment a warehouse has a shipment, however we learn of it."""

from __future__ import annotations

from datetime import datetime

from channels.connectors.base import Log
from oms.columns import texts
from oms.ledger import HOLDING, book, lock_levels, needed
from oms.models import OrderStatus, Shipment, ShipmentStatus
from oms.states import UNSENT, move_order, move_shipment
from oms.work import Park


def hand_over(shipment: Shipment, external_id: str, at: datetime, log: Log) -> bool:
    """The warehouse has the locked shipment as `external_id`; False where we knew that.

    A shipment that was cancelled here meanwhile is taken back: the warehouse may ship it. Raises
    `Park` where the warehouse calls another shipment so.
    """
    known_as = _free_id(shipment, external_id)
    before = ShipmentStatus(shipment.status)
    if before not in UNSENT | {ShipmentStatus.CANCELLED}:
        return _learn_id(shipment, known_as)
    if before not in HOLDING:
        needs = needed(shipment)
        book(lock_levels(shipment.channel_id, needs), at, allocated=needs)
    learned = {"external_id": known_as, "sent_at": at, "done": False}
    move_shipment(shipment, ShipmentStatus.SENT, out_of={before}, **learned)
    move_order(shipment.order, OrderStatus.FULFILLING, out_of={OrderStatus.APPROVED})
    if move_order(shipment.order, OrderStatus.CANCEL_REQUESTED, out_of={OrderStatus.CANCELLED}):
        log(
            "warning",
            f"Order {shipment.order} was cancelled, but {shipment.channel} has its shipment: "
            "Cancel Requested. Ask the warehouse to cancel it.",
        )
    return True


def _learn_id(shipment: Shipment, known_as: str | None) -> bool:
    if shipment.external_id or not known_as:
        return False
    return move_shipment(
        shipment,
        ShipmentStatus(shipment.status),
        out_of={ShipmentStatus(shipment.status)},
        external_id=known_as,
    )


def _free_id(shipment: Shipment, external_id: str) -> str | None:
    """The id as it is stored: what we know already stays."""
    known_as = shipment.external_id or texts(Shipment, external_id=external_id)["external_id"]
    twin = Shipment.objects.filter(channel=shipment.channel_id, external_id=known_as)
    other = twin.exclude(pk=shipment.pk).first() if known_as else None
    if other is not None:
        raise Park(
            f"The warehouse calls this shipment {known_as}, as it calls shipment {other.pk} of "
            f"order {other.order}: ask the warehouse which it is, then retry."
        )
    return known_as or None
