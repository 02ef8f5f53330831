"""Any warehouse: shipments are sent to it, what it shipped and what it holds are read from it."""

from __future__ import annotations

from channels.connectors.base import Capability, PushResult, ShipmentRequest
from channels.connectors.generic import records
from channels.connectors.generic.connector import GenericConnector, pull
from channels.enums import JobType, Kind


class GenericWarehouse(GenericConnector):
    id = "http_warehouse"
    label = "Generic HTTP warehouse"
    kind = Kind.FULFILLMENT
    capabilities = (
        Capability(JobType.SEND_SHIPMENTS),
        pull(JobType.RECEIVE_SHIPMENTS, "shipment.updated"),
        pull(JobType.RECEIVE_INVENTORY, "stock.updated", by_id=False),
        pull(JobType.IMPORT_PRODUCTS, "product.created", "product.updated"),
        Capability(JobType.EXPORT_PRODUCTS),
    )
    lists = {
        JobType.RECEIVE_SHIPMENTS: "shipments",
        JobType.RECEIVE_INVENTORY: "stock",
        JobType.IMPORT_PRODUCTS: "products",
    }
    readers = {
        "shipments": records.shipment,
        "stock": records.stock,
        "products": records.product,
    }
    tested_list = "shipments"

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        """The reference makes it unique at the platform, the key on the way there."""
        return self._pushed("POST", "shipments", records.shipment_request(request), request.key)
