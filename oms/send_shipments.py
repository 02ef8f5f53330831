"""Send Shipments: each shipment that is ready goes to its warehouse once."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction

from channels.connectors.base import Connector, LineData, Permanent, PushResult, ShipmentRequest
from channels.enums import JobType
from channels.models import Channel
from oms import parking
from oms.handover import hand_over
from oms.models import OrderStatus, Shipment, ShipmentStatus
from oms.sku_mapping import channel_skus, unnamed
from oms.states import lock_shipment
from oms.work import Applied, Context, Outcome, Park, PushLogic

WITHDRAWN = (OrderStatus.CANCELLED, OrderStatus.CANCEL_REQUESTED)


class SendShipments(PushLogic):
    type: ClassVar[JobType] = JobType.SEND_SHIPMENTS

    def due(self, channel: Channel) -> list[int]:
        """What is ready, without what the warehouse refused: that waits for an operator's retry."""
        ready = Shipment.objects.filter(channel=channel, status=ShipmentStatus.READY, done=False)
        wanted = parking.without_parked(
            ready.exclude(order__status__in=WITHDRAWN), channel, self.type
        )
        return list(wanted.order_by("pk").values_list("pk", flat=True))

    def push(self, context: Context, connector: Connector, key: int) -> Applied:
        shipment = Shipment.objects.select_related("order", "channel").get(pk=key)
        if shipment.status != ShipmentStatus.READY or shipment.order.status in WITHDRAWN:
            return Applied(Outcome.UNCHANGED)
        _demand_names(shipment)
        request = _request(shipment)
        try:
            result = connector.send_shipment(request)
        except Permanent as refusal:
            raise Park(
                f"{context.channel} refused the shipment of order {shipment.order}: {refusal}. "
                "Mend the cause, then retry."
            ) from refusal
        return _record(context, key, request, result)

    def describe(self, key: int) -> dict[str, Any]:
        shipment = Shipment.objects.select_related("order", "channel").get(pk=key)
        request = _request(shipment)
        lines = [{"sku": line.sku, "quantity": line.quantity} for line in request.lines]
        return {
            "key": request.key,
            "order_number": request.order_number,
            "lines": lines,
            "ship_to": dict(request.ship_to),
        }


def _demand_names(shipment: Shipment) -> None:
    """Raises `Park` where the warehouse would take the SKU of a line for another product."""
    lines = list(shipment.lines.select_related("order_line__product"))
    named = channel_skus(shipment.channel, (line.order_line.product_id for line in lines))
    for line in lines:
        if line.order_line.product_id not in named:
            raise unnamed(shipment.channel, line.order_line.product)


def _request(shipment: Shipment) -> ShipmentRequest:
    """Its lines under the SKUs of the warehouse; under ours where that has no name for them."""
    lines = list(shipment.lines.select_related("order_line__product"))
    skus = channel_skus(shipment.channel, (line.order_line.product_id for line in lines))
    return ShipmentRequest(
        key=str(shipment.key),
        order_number=shipment.order.number,
        lines=tuple(
            LineData(
                external_id=str(line.pk),
                sku=skus.get(line.order_line.product_id, line.order_line.product.sku),
                quantity=line.quantity,
                name=line.order_line.name,
                price=line.order_line.price,
            )
            for line in lines
        ),
        ship_to=shipment.order.ship_to,
    )


@transaction.atomic
def _record(context: Context, key: int, sent: ShipmentRequest, result: PushResult) -> Applied:
    """What was sent is on its way whatever happened here meanwhile; say so where something did."""
    shipment = lock_shipment(key)
    order = shipment.order
    if shipment.status == ShipmentStatus.CANCELLED:
        context.log("warning", f"Order {order}: its shipment was cancelled while being sent.")
    elif _request(shipment) != sent:
        context.log(
            "warning",
            f"Order {order} changed while its shipment was being sent: {context.channel} has it "
            "as it was before. Tell the warehouse if it matters.",
        )
    if not hand_over(shipment, result.external_id, context.at, context.log):
        return Applied(Outcome.UNCHANGED)
    context.log("info", f"Order {order}: shipment {key} sent as {shipment.external_id}.")
    return Applied(Outcome.UPDATED, state=shipment.status)
