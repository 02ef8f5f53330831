"""Send Order Updates: shipped quantities and tracking go back to the sales channel, in part too."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import F

from channels.connectors.base import (
    Connector,
    Permanent,
    PushResult,
    ReportedLine,
    ShipmentReport,
)
from channels.enums import JobType
from channels.models import Channel
from oms import parking
from oms.columns import texts
from oms.models import OrderLine, Shipment
from oms.states import lock_shipment
from oms.work import Applied, Context, Outcome, Park, PushLogic


class SendOrderUpdates(PushLogic):
    type: ClassVar[JobType] = JobType.SEND_ORDER_UPDATES

    def due(self, channel: Channel) -> list[int]:
        """Shipments with news, without what the platform refused: that waits for a retry."""
        news = Shipment.objects.filter(order__channel=channel, unreported=True)
        wanted = parking.without_parked(news, channel, self.type)
        return list(wanted.order_by("pk").values_list("pk", flat=True))

    def push(self, context: Context, connector: Connector, key: int) -> Applied:
        report = _report(key)
        if not report.lines:
            return Applied(Outcome.UNCHANGED)
        try:
            result = connector.report_shipment(report)
        except Permanent as refusal:
            raise Park(
                f"{context.channel} refused what shipped of order {report.order_number}: "
                f"{refusal}. Mend the cause, then retry."
            ) from refusal
        return _record(context, key, report, result)

    def describe(self, key: int) -> dict[str, Any]:
        report = _report(key)
        return {
            "order_number": report.order_number,
            "lines": [{"sku": line.sku, "quantity": line.quantity} for line in report.lines],
            "carrier": report.carrier,
            "tracking": report.tracking,
        }


def _report(key: int) -> ShipmentReport:
    """What the shipment has shipped so far; no lines where that is nothing."""
    shipment = Shipment.objects.select_related("order").get(pk=key)
    lines = shipment.lines.filter(shipped__gt=0).select_related("order_line")
    open_lines = OrderLine.objects.filter(order=shipment.order_id, shipped__lt=F("quantity"))
    return ShipmentReport(
        key=str(shipment.key),
        order_id=shipment.order.external_id,
        order_number=shipment.order.number,
        lines=tuple(
            ReportedLine(
                external_id=line.order_line.external_id,
                sku=line.order_line.sku,
                quantity=line.shipped,
                order_quantity=line.order_line.shipped,
            )
            for line in lines
        ),
        carrier=shipment.carrier,
        tracking=shipment.tracking,
        shipped_at=shipment.shipped_at or shipment.created_at,
        complete=not open_lines.exists(),
        external_id=shipment.report_id,
    )


@transaction.atomic
def _record(context: Context, key: int, sent: ShipmentReport, result: PushResult) -> Applied:
    """Reported, unless more has shipped while it was: then the next run tells the rest."""
    shipment = lock_shipment(key)
    report_id = texts(Shipment, report_id=result.external_id)["report_id"]
    Shipment.objects.filter(pk=key).update(report_id=report_id)
    now = _report(key)
    if (now.lines, now.tracking, now.carrier) == (sent.lines, sent.tracking, sent.carrier):
        Shipment.objects.filter(pk=key).update(unreported=False)
    pieces = sum(line.quantity for line in sent.lines)
    context.log("info", f"Order {shipment.order}: told {context.channel} of {pieces} shipped.")
    return Applied(Outcome.UPDATED)
