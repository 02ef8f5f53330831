"""The sandbox's pretend warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.connectors.base import (
    Capability,
    Misconfigured,
    PushResult,
    ShipmentData,
    ShipmentRequest,
    ShippedLine,
    StockData,
)
from channels.connectors.sandbox_api import OVERLAP, REFRESH, SAFETY, instant, understood
from channels.connectors.sandbox_products import PRODUCT_JOBS, SandboxProducts, product
from channels.enums import JobType, Kind

DONE = ("shipped", "cancelled")


def shipment(row: Mapping[str, Any]) -> ShipmentData:
    """Until something has left the house there are no shipped lines, not even with zero."""
    gone = row["shipped_at"] is not None
    return ShipmentData(
        external_id=str(row["id"]),
        reference=row["reference"],
        changed_at=instant(row["updated_at"]),
        lines=tuple(ShippedLine(line["sku"], int(line["shipped"])) for line in row["lines"])
        if gone
        else (),
        platform_status=row["status"],
        carrier=row["carrier"],
        tracking=row["tracking"],
        shipped_at=instant(row["shipped_at"]) if gone else None,
        done=row["status"] in DONE,
        cancelled=row["status"] == "cancelled",
    )


def stock(row: Mapping[str, Any]) -> StockData:
    return StockData(row["sku"], int(row["on_hand"]), instant(row["updated_at"]))


class SandboxWarehouse(SandboxProducts):
    id = "sandbox_warehouse"
    label = "Sandbox warehouse"
    kind = Kind.FULFILLMENT
    place = "warehouse"
    capabilities = (
        Capability(JobType.SEND_SHIPMENTS),
        Capability(
            JobType.RECEIVE_SHIPMENTS,
            topics=("shipment.updated",),
            by_id=True,
            overlap=OVERLAP,
            safety=SAFETY,
        ),
        Capability(
            JobType.RECEIVE_INVENTORY,
            topics=("stock.updated",),
            overlap=OVERLAP,
            safety=SAFETY,
        ),
        *PRODUCT_JOBS,
        REFRESH,
    )
    lists = {
        JobType.RECEIVE_SHIPMENTS: "shipments",
        JobType.RECEIVE_INVENTORY: "stock",
        JobType.IMPORT_PRODUCTS: "products",
    }
    readers = {"shipments": shipment, "stock": stock, "products": product}

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        """Under a key already sent the sandbox answers with the shipment it made of it then."""
        body = {
            "reference": request.key,
            "order_number": request.order_number,
            "ship_to": dict(request.ship_to),
            "lines": [
                {"sku": line.sku, "name": line.name, "quantity": line.quantity}
                for line in request.lines
            ],
        }
        answer = self._exchange("POST", "shipments", json=body)
        if answer is None:
            raise Misconfigured("the address takes no shipments: enter that of a warehouse")
        with understood("shipments"):
            return PushResult(str(answer["id"]))
