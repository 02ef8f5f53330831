"""The automatic workflow: an approved order's shipment, its stock, and what waits for stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from channels.connectors.base import Log
from channels.enums import Kind
from channels.models import Channel
from oms.ledger import book, held, lock_levels, needed
from oms.models import (
    Order,
    OrderLine,
    OrderStatus,
    Shipment,
    ShipmentLine,
    ShipmentStatus,
    StockLevel,
)
from oms.states import UNSENT, lock_shipment, move_order, move_shipment

# Every function here needs a transaction in which the order it works on is locked.


def start(order: Order, at: datetime, log: Log) -> bool:
    """Give an approved order its shipment, where the account leaves that to omsauto."""
    if order.status != OrderStatus.APPROVED or not order.account.automatic_workflow:
        return False
    warehouse = _usable(order.account.default_fulfillment_channel)
    if warehouse is None:
        log(
            "warning",
            f"Order {order} has no shipment: the account has no default fulfillment channel. It "
            "stays Approved; choose one on the account's page.",
        )
        return False
    shipment = Shipment.objects.create(
        account=order.account,
        order=order,
        channel=warehouse,
        status=ShipmentStatus.BACKORDERED,
        created_at=at,
    )
    fill(shipment, order, at, log)
    return True


def _usable(channel: Channel | None) -> Channel | None:
    """A disabled warehouse is one: its shipments wait until it is enabled."""
    if channel is None or channel.deleted_at is not None or channel.kind != Kind.FULFILLMENT:
        return None
    return channel


def fill(shipment: Shipment, order: Order, at: datetime, log: Log) -> None:
    """Put all lines of the order on an empty backordered shipment and try to allocate it."""
    lines = OrderLine.objects.filter(order=order)
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, order_line=line, quantity=line.quantity) for line in lines
    )
    if allocate(shipment, at):
        order.status = OrderStatus.FULFILLING
        log("info", f"Order {order}: shipment {shipment.pk} is ready for {shipment.channel}.")
    else:
        log("info", f"Order {order}: shipment {shipment.pk} is backordered at {shipment.channel}.")


def allocate(shipment: Shipment, at: datetime) -> bool:
    """Backordered to ready, all or nothing; False where some line's stock does not suffice."""
    needs = needed(shipment)
    levels = lock_levels(shipment.channel_id, needs)
    if any(levels[product].available < quantity for product, quantity in needs.items()):
        return False
    if not move_shipment(shipment, ShipmentStatus.READY, out_of={ShipmentStatus.BACKORDERED}):
        return False
    book(levels, at, allocated=needs)
    move_order(shipment.order, OrderStatus.FULFILLING, out_of={OrderStatus.APPROVED})
    return True


def end(shipment: Shipment, to: ShipmentStatus, at: datetime) -> Counter[int]:
    """Take the shipment to a state that holds no stock; answers what became free, by product."""
    freed = held(shipment)
    if not move_shipment(shipment, to, out_of={ShipmentStatus(shipment.status)}):
        return Counter()
    book(lock_levels(shipment.channel_id, freed), at, allocated={p: -n for p, n in freed.items()})
    return freed


def cancel_shipments(order: Order, at: datetime, log: Log) -> None:
    """Cancel what the warehouse does not have yet, and let waiting orders have its stock."""
    for shipment in Shipment.objects.filter(order=order, status__in=UNSENT).order_by("pk"):
        freed = end(shipment, ShipmentStatus.CANCELLED, at)
        release_backorders(shipment.channel_id, freed, at, log)


def release_backorders(
    channel_id: int, products: Iterable[int], at: datetime, log: Log
) -> list[Shipment]:
    """Allocate backordered shipments that want these products, the oldest first.

    One that cannot be had whole is passed over and keeps its place, as a new order that can be
    had whole does not wait for it either.
    """
    free = _available(channel_id, products)
    released = []
    for key, needs in _waiting(channel_id, free).items():
        if any(quantity > free.get(p, 0) for p, quantity in needs.items()):
            continue
        shipment = _release(key, at)
        if shipment:
            released.append(shipment)
            log("info", f"Order {shipment.order}: stock is there, shipment {key} is ready.")
            free = _available(channel_id, free)
    return released


def _available(channel_id: int, products: Iterable[int]) -> dict[int, int]:
    levels = StockLevel.objects.filter(channel_id=channel_id, product_id__in=list(products))
    return {level.product_id: level.available for level in levels if level.available > 0}


def _waiting(channel_id: int, products: Iterable[int]) -> dict[int, Counter[int]]:
    """What backordered shipments want of these products, by shipment, the oldest first."""
    lines = ShipmentLine.objects.filter(
        order_line__product_id__in=list(products),
        shipment__channel_id=channel_id,
        shipment__status=ShipmentStatus.BACKORDERED,
        shipment__order__status=OrderStatus.APPROVED,
    )
    wanted: dict[int, Counter[int]] = {}
    for key, product_id, quantity in lines.order_by("shipment_id", "pk").values_list(
        "shipment_id", "order_line__product_id", "quantity"
    ):
        wanted.setdefault(key, Counter())[product_id] += quantity
    return wanted


def _release(key: int, at: datetime) -> Shipment | None:
    """The shipment, now ready; None where its stock is not there or its order has moved on."""
    shipment = lock_shipment(key)
    if shipment.order.status != OrderStatus.APPROVED or not allocate(shipment, at):
        return None
    return shipment
