"""Taking orders of a sales channel over: what both order jobs share.

The platform leads. Until a warehouse has an order, whatever changes at the platform changes here;
after that its address and lines stay what the warehouse was told, and a cancellation becomes a
request that the warehouse has to answer.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import F

from channels.connectors.base import OrderData
from channels.models import Channel
from oms import allocation
from oms.columns import texts
from oms.models import (
    OPEN_ORDER_STATUSES,
    Order,
    OrderLine,
    OrderStatus,
    Shipment,
    ShipmentStatus,
)
from oms.order_content import address_of, asks_for, fields_of, lines_of
from oms.order_lines import rewrite_lines
from oms.states import AT_WAREHOUSE, UNSENT, move_order
from oms.work import Applied, Context, Outcome, Park, PullLogic, StockCause

UNCHANGED = Applied(Outcome.UNCHANGED)
APPROVED = OrderStatus.APPROVED
NOT_BEGUN = frozenset({OrderStatus.DRAFT, OrderStatus.APPROVED, OrderStatus.CANCELLED})


class OrderPull(PullLogic):
    """Both order jobs treat an order that we have alike; they differ where we have none."""

    moves_stock: ClassVar[StockCause | None] = StockCause.ORDERED

    def apply(self, context: Context, record: OrderData) -> Applied:
        order = _locked(context, record.external_id)
        if order is not None:
            return _apply_known(context, order, record)
        if record.changed_at < context.channel.sync_from:
            context.log(
                "info",
                f"Order {record.number or record.external_id} was last changed before this "
                "channel's synchronization starts; it is left out.",
            )
            return UNCHANGED
        return self.apply_unknown(context, record)

    @abstractmethod
    def apply_unknown(self, context: Context, record: OrderData) -> Applied:
        """What becomes of an order that we do not have."""

    def gone(self, context: Context, external_id: str) -> Applied:
        """Counts as cancelled, from now on: a reading made before is older than this."""
        order = _locked(context, external_id)
        if order is None:
            return UNCHANGED
        changed = _cancel(context, order)
        if context.at > order.revision_at:
            _write(order, {"revision_at": context.at})
        return _answer(order, changed)

    def open_ids(self, channel: Channel, since: datetime) -> Iterator[tuple[int, str]]:
        orders = Order.objects.filter(
            channel=channel, status__in=OPEN_ORDER_STATUSES, created_at__gte=since
        )
        return orders.order_by("pk").values_list("pk", "external_id").iterator()


def create_order(context: Context, record: OrderData) -> Applied:
    """An order that we do not have yet; a cancelled or finished one is only put on record.

    What the platform has finished was shipped without us: it must not be shipped again.
    """
    if record.final and not record.lines and not record.cancelled:
        context.log(
            "info",
            f"Order {record.number or record.external_id} is finished at the platform and has no "
            "line left; it was left out.",
        )
        return UNCHANGED
    try:
        order = _create(context, record)
    except Park as reason:
        if not record.cancelled:
            raise
        context.log("info", f"Order {record.number} is cancelled and was left out. {reason}")
        return UNCHANGED
    if order.status == OrderStatus.SHIPPED:
        context.log(
            "info", f"Order {order} is finished at the platform: on record as Shipped, not sent."
        )
    allocation.start(order, context.at, context.log)
    return Applied(Outcome.CREATED, state=order.status)


def _create(context: Context, record: OrderData) -> Order:
    account = context.channel.account
    fields, lines = fields_of(record), lines_of(record, context.channel)
    order = Order.objects.create(
        account=account,
        channel=context.channel,
        external_id=record.external_id,
        status=_first_status(context.channel, record),
        revision_at=record.changed_at,
        ship_to=address_of(record),
        created_at=context.at,
        **fields,
    )
    shipped = order.status == OrderStatus.SHIPPED
    OrderLine.objects.bulk_create(
        OrderLine(order=order, external_id=key, shipped=line["quantity"] if shipped else 0, **line)
        for key, line in lines.items()
    )
    return order


def _first_status(channel: Channel, record: OrderData) -> OrderStatus:
    if record.cancelled:
        return OrderStatus.CANCELLED
    return OrderStatus.SHIPPED if record.final else _new_status(channel, record)


def _new_status(channel: Channel, record: OrderData) -> OrderStatus:
    """Draft where the channel wants to look first, or as long as the buyer has not paid."""
    return OrderStatus.DRAFT if _wants_drafts(channel) or record.awaits_payment else APPROVED


def _wants_drafts(channel: Channel) -> bool:
    return bool(channel.settings.get("new_order_status") == OrderStatus.DRAFT)


def _locked(context: Context, external_id: str) -> Order | None:
    orders = Order.objects.select_for_update()
    order = orders.filter(channel=context.channel, external_id=external_id).first()
    if order is not None:
        order.channel, order.account = context.channel, context.channel.account
    return order


def _apply_known(context: Context, order: Order, record: OrderData) -> Applied:
    if record.changed_at < order.revision_at:
        context.log("info", f"Order {order}: this reading is older than what we have; left out.")
        return UNCHANGED
    if record.cancelled:
        changed = _cancel(context, order)
        changed |= _write(order, texts(Order, platform_status=record.platform_status))
    else:
        changed = _change(context, order, record)
    if record.changed_at > order.revision_at:
        _write(order, {"revision_at": record.changed_at})
    return _answer(order, changed)


def _answer(order: Order, changed: bool) -> Applied:
    return Applied(Outcome.UPDATED, state=order.status) if changed else UNCHANGED


def _write(order: Order, values: dict[str, Any]) -> bool:
    """Write those that differ; False where none does."""
    differing = {name: new for name, new in values.items() if getattr(order, name) != new}
    for name, new in differing.items():
        setattr(order, name, new)
    if differing:
        order.save(update_fields=list(differing))
    return bool(differing)


def _with_warehouse(order: Order) -> bool:
    if order.status == OrderStatus.SHIPPED:
        return True
    return Shipment.objects.filter(order=order, status__in=AT_WAREHOUSE).exists()


def _cancel(context: Context, order: Order) -> bool:
    if order.status in (OrderStatus.CANCELLED, OrderStatus.CANCEL_REQUESTED):
        return False
    if order.status == OrderStatus.SHIPPED:
        context.log("warning", f"Order {order} was cancelled at the platform, but it has shipped.")
        return False
    if _with_warehouse(order):
        context.log(
            "warning",
            f"Order {order} was cancelled at the platform, but the warehouse has it already: "
            "Cancel Requested. Ask the warehouse to cancel it.",
        )
        return move_order(order, OrderStatus.CANCEL_REQUESTED, out_of={OrderStatus(order.status)})
    moved = move_order(order, OrderStatus.CANCELLED, out_of={OrderStatus(order.status)})
    allocation.cancel_shipments(order, context.at, context.log)
    return moved


def _change(context: Context, order: Order, record: OrderData) -> bool:
    fields = fields_of(record)
    if not record.lines and not _with_warehouse(order):
        return _cancel(context, order) | _write(order, fields)  # all of it was refunded
    if record.final and _may_be_put_on_record(order):
        return _put_on_record(context, order, record, fields)
    revived = _revive(context, order, record) or _approve_paid(context, order, record)
    if _with_warehouse(order):
        if record.changed_at > order.revision_at and not record.final:
            _warn_of_deviations(context, order, record)
        return _write(order, fields) or revived
    _warn_of_finish(context, order, record)
    written = _write(order, {**fields, "ship_to": address_of(record)})
    lines = lines_of(record, context.channel)
    rewritten = rewrite_lines(order, lines, context.at, context.log)
    started = False
    if revived or not order.shipments.exists():
        started = allocation.start(order, context.at, context.log)
    return written or rewritten or revived or started


def _may_be_put_on_record(order: Order) -> bool:
    """Nothing of it has gone to a warehouse, or waits to."""
    underway = Shipment.objects.filter(order=order).exclude(status=ShipmentStatus.CANCELLED)
    return order.status in NOT_BEGUN and not underway.exists()


def _put_on_record(
    context: Context, order: Order, record: OrderData, fields: dict[str, Any]
) -> bool:
    """What the platform has finished was shipped without us, as in `create_order`."""
    _write(order, {**fields, "ship_to": address_of(record)})
    rewrite_lines(order, lines_of(record, context.channel), context.at, context.log)
    OrderLine.objects.filter(order=order).update(shipped=F("quantity"))
    context.log(
        "info", f"Order {order} is finished at the platform: on record as Shipped, not sent."
    )
    return move_order(order, OrderStatus.SHIPPED, out_of=NOT_BEGUN)


def _approve_paid(context: Context, order: Order, record: OrderData) -> bool:
    """A draft that waited for its payment is approved when that has come."""
    paid = order.awaits_payment and not record.awaits_payment
    if not paid or _wants_drafts(context.channel):
        return False
    return move_order(order, APPROVED, out_of={OrderStatus.DRAFT})


def _revive(context: Context, order: Order, record: OrderData) -> bool:
    """The platform no longer says cancelled, so neither do we."""
    if move_order(order, OrderStatus.FULFILLING, out_of={OrderStatus.CANCEL_REQUESTED}):
        context.log("warning", f"Order {order} is no longer cancelled at the platform.")
        return True
    if move_order(order, _new_status(context.channel, record), out_of={OrderStatus.CANCELLED}):
        context.log("warning", f"Order {order} was cancelled and is open again at the platform.")
        return True
    return False


def _warn_of_deviations(context: Context, order: Order, record: OrderData) -> None:
    differing = ["the address"] if order.ship_to != address_of(record) else []
    differing += [] if asks_for(record, order, context.channel) else ["the lines"]
    if differing:
        context.log(
            "warning",
            f"Order {order}: {' and '.join(differing)} changed at the platform, but the warehouse "
            "has the order already; kept as sent. Tell the warehouse if it matters.",
        )


def _warn_of_finish(context: Context, order: Order, record: OrderData) -> None:
    waiting = Shipment.objects.filter(order=order, status__in=UNSENT).exists()
    if record.final and waiting:
        context.log(
            "warning",
            f"Order {order} is finished at the platform, but its shipment has not been sent yet. "
            "It will still be sent: cancel the order at the platform if it must not be.",
        )
