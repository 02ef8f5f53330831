"""Moving orders and shipments from state to state: by compare-and-set, never by overwriting."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from oms.models import Order, OrderStatus, Shipment, ShipmentStatus

AT_WAREHOUSE = frozenset(
    {ShipmentStatus.SENT, ShipmentStatus.SHORT_SHIPPED, ShipmentStatus.SHIPPED}
)
"""The warehouse has the shipment; what it is to ship can no longer be changed from here."""
UNSENT = frozenset({ShipmentStatus.BACKORDERED, ShipmentStatus.READY})


def move_order(order: Order, to: OrderStatus, *, out_of: Collection[OrderStatus]) -> bool:
    """False, with nothing written, where the order is in none of the states `out_of`."""
    if not Order.objects.filter(pk=order.pk, status__in=out_of).update(status=to):
        return False
    order.status = to
    return True


def move_shipment(
    shipment: Shipment, to: ShipmentStatus, *, out_of: Collection[ShipmentStatus], **also: Any
) -> bool:
    """As `move_order`; `also` are further columns that change with the state."""
    matched = Shipment.objects.filter(pk=shipment.pk, status__in=out_of)
    if not matched.update(status=to, **also):
        return False
    for name, value in {"status": to, **also}.items():
        setattr(shipment, name, value)
    return True


def lock_shipment(key: int) -> Shipment:
    """The shipment as it is now, its order locked until the transaction ends.

    Whatever changes an order or its shipments locks the order first.
    """
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=key)
    order = Order.objects.select_for_update().get(pk=order_id)
    shipment = Shipment.objects.select_related("channel").get(pk=key)
    shipment.order = order
    return shipment
