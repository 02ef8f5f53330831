"""Changing the lines of an order that no warehouse has yet, and its stock with them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from channels.connectors.base import Log
from oms import allocation
from oms.models import Order, OrderLine, OrderStatus, Shipment, ShipmentStatus
from oms.states import UNSENT, move_order

Lines = dict[str, dict[str, Any]]
"""Columns of lines by the platform's line id."""


def rewrite_lines(order: Order, lines: Lines, at: datetime, log: Log) -> bool:
    """Make the order's lines these, and allocate anew; False where they are these already."""
    old = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    if _columns(old, lines) == lines:
        return False
    shipments = list(Shipment.objects.filter(order=order, status__in=UNSENT).order_by("pk"))
    freed = [_empty(shipment, order, at) for shipment in shipments]
    _write(order, old, lines)
    for shipment, was_held in zip(shipments, freed, strict=True):
        allocation.fill(shipment, order, at, log)
        allocation.release_backorders(shipment.channel_id, was_held, at, log)
    return True


def _columns(old: dict[str, OrderLine], like: Lines) -> Lines:
    names = next(iter(like.values())).keys()
    return {key: {name: getattr(line, name) for name in names} for key, line in old.items()}


def _empty(shipment: Shipment, order: Order, at: datetime) -> Counter[int]:
    """Take its stock and lines back; answers what it held, by product."""
    freed = allocation.end(shipment, ShipmentStatus.BACKORDERED, at)
    shipment.lines.all().delete()
    shipment.order = order
    move_order(order, OrderStatus.APPROVED, out_of={OrderStatus.FULFILLING})
    return freed


def _write(order: Order, old: dict[str, OrderLine], lines: Lines) -> None:
    OrderLine.objects.filter(order=order).exclude(external_id__in=lines).delete()
    for key, columns in lines.items():
        if key in old:
            OrderLine.objects.filter(pk=old[key].pk).update(**columns)
        else:
            OrderLine.objects.create(order=order, external_id=key, **columns)
