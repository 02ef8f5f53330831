"""What left a warehouse, and what it cancelled: the shipment, its order and the stock."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import F

from channels.connectors.base import ShipmentData
from oms.allocation import end, release_backorders
from oms.columns import texts
from oms.ledger import book, held, lock_levels
from oms.models import (
    Order,
    OrderLine,
    OrderStatus,
    Shipment,
    ShipmentLine,
    ShipmentStatus,
    StockLevel,
)
from oms.shipped_quantities import DECIDE
from oms.states import AT_WAREHOUSE, UNSENT, move_order, move_shipment
from oms.work import Context, Park

LIVE = AT_WAREHOUSE | UNSENT


def ship(
    context: Context,
    shipment: Shipment,
    record: ShipmentData,
    lines: list[ShipmentLine],
    shares: dict[int, int],
) -> bool:
    """Take over what was shipped in all, by line id, of a locked shipment that the warehouse has.

    What was once reported as shipped stays so. Where the warehouse is done, what it did not ship
    is free again. Raises `Park` where an order line would ship more than was ordered.
    """
    before, was_done = held(shipment), shipment.done
    shipped = _count(context, shipment, lines, shares)
    changed = _write(context, shipment, record, lines, more=bool(shipped))
    _book(context, shipment, before, shipped, left_at=record.shipped_at)
    if shipped:
        _finish_order(context, shipment.order)
    if shipment.done and not was_done:
        _give_up_rest(context, shipment, before - shipped, cancelled=record.cancelled)
    return changed


def end_rest(context: Context, shipment: Shipment) -> bool:
    """The warehouse cancelled what it has not shipped of a locked short shipment."""
    if shipment.done:
        return False
    rest, short = held(shipment), ShipmentStatus.SHORT_SHIPPED
    move_shipment(shipment, short, out_of={short}, done=True)
    _book(context, shipment, rest, Counter(), left_at=None)
    _give_up_rest(context, shipment, rest, cancelled=True)
    return True


def _book(
    context: Context,
    shipment: Shipment,
    before: Counter[int],
    shipped: Counter[int],
    *,
    left_at: datetime | None,
) -> None:
    """What the shipment holds now instead of `before`, and what left the house, by product.

    What the warehouse has counted since it left is missing from its count already.
    """
    after = held(shipment)
    levels = lock_levels(shipment.channel_id, {*before, *after, *shipped})
    book(
        levels,
        context.at,
        allocated={product: after[product] - before[product] for product in {*before, *after}},
        on_hand={
            product: -quantity
            for product, quantity in shipped.items()
            if not _counted_since(levels[product], left_at)
        },
    )


def _counted_since(level: StockLevel, left_at: datetime | None) -> bool:
    return bool(left_at and level.counted_at and level.counted_at >= left_at)


def _give_up_rest(
    context: Context, shipment: Shipment, rest: Counter[int], *, cancelled: bool
) -> None:
    """Say that `rest`, by product, will not come, and let waiting orders have its stock."""
    if not rest:
        return
    what = "cancelled the rest" if cancelled else "will ship nothing more"
    context.log(
        "warning",
        f"Order {shipment.order}: the warehouse {what} of shipment {shipment.external_id}. What "
        "is missing waits for your decision; nothing is sent by itself.",
    )
    release_backorders(shipment.channel_id, rest, context.at, context.log)


def _count(
    context: Context, shipment: Shipment, lines: list[ShipmentLine], shares: dict[int, int]
) -> Counter[int]:
    """Write the lines' new quantities; answers what was shipped since, by product."""
    shipped: Counter[int] = Counter()
    for line in lines:
        more = shares[line.pk] - line.shipped
        if more < 0:
            context.log(
                "warning",
                f"Order {shipment.order}: the warehouse now says {shares[line.pk]} x "
                f"{line.order_line.sku} were shipped, after {line.shipped} before; that is kept.",
            )
        elif more > 0:
            _count_line(line, more)
            shipped[line.order_line.product_id] += more
    return shipped


def _count_line(line: ShipmentLine, more: int) -> None:
    room = OrderLine.objects.filter(pk=line.order_line_id, shipped__lte=F("quantity") - more)
    if not room.update(shipped=F("shipped") + more):
        raise Park(
            f"More of {line.order_line.sku} would be shipped than was ordered, counting the "
            f"order's other shipments. {DECIDE}"
        )
    line.shipped += more
    line.save(update_fields=["shipped"])


def _write(
    context: Context,
    shipment: Shipment,
    record: ShipmentData,
    lines: list[ShipmentLine],
    *,
    more: bool,
) -> bool:
    """Write what differs; the sales channel is to hear of `more` quantity and of its tracking."""
    whole = all(line.shipped == line.quantity for line in lines)
    told = texts(Shipment, carrier=record.carrier, tracking=record.tracking)
    values: dict[str, Any] = {name: value for name, value in told.items() if value}
    values["shipped_at"] = record.shipped_at or shipment.shipped_at or context.at
    values["done"] = whole or record.done or record.cancelled
    if more or any(getattr(shipment, name) != told[name] for name in told if told[name]):
        values["unreported"] = True
    to = ShipmentStatus.SHIPPED if whole else ShipmentStatus.SHORT_SHIPPED
    before = ShipmentStatus(shipment.status)
    if before == to and all(getattr(shipment, name) == value for name, value in values.items()):
        return more
    return move_shipment(shipment, to, out_of={before}, **values)


def _finish_order(context: Context, order: Order) -> None:
    if OrderLine.objects.filter(order=order, shipped__lt=F("quantity")).exists():
        context.log("info", f"Order {order}: shipped in part, the rest is open.")
        return
    if move_order(order, OrderStatus.SHIPPED, out_of={OrderStatus.CANCEL_REQUESTED}):
        context.log("warning", f"Order {order} was to be cancelled, but it has been shipped.")
    move_order(order, OrderStatus.SHIPPED, out_of={OrderStatus.APPROVED, OrderStatus.FULFILLING})


def cancel_at_warehouse(context: Context, shipment: Shipment) -> bool:
    """The warehouse will ship nothing of it; where that was asked for, the order is cancelled."""
    if shipment.status == ShipmentStatus.CANCELLED:
        return False
    order = shipment.order
    freed = end(shipment, ShipmentStatus.CANCELLED, context.at)
    if not Shipment.objects.filter(order=order, status__in=LIVE).exists():
        _return_order(context, order)
    release_backorders(shipment.channel_id, freed, context.at, context.log)
    return True


def _return_order(context: Context, order: Order) -> None:
    if move_order(order, OrderStatus.CANCELLED, out_of={OrderStatus.CANCEL_REQUESTED}):
        context.log("info", f"Order {order}: the warehouse cancelled it as requested.")
    elif move_order(order, OrderStatus.APPROVED, out_of={OrderStatus.FULFILLING}):
        context.log(
            "warning",
            f"Order {order}: the warehouse cancelled its shipment. The order is Approved again "
            "and waits for your decision; nothing is sent by itself.",
        )
