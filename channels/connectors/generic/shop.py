"""Any shop: orders and products are read from it, shipped quantities and stock told to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from channels.connectors.base import Capability, PushResult, Refusal, ShipmentReport, StockTarget
from channels.connectors.generic import records
from channels.connectors.generic.api import segment
from channels.connectors.generic.connector import GenericConnector, pull
from channels.connectors.generic.reading import identifier, readable, text
from channels.enums import JobType, Kind


class GenericShop(GenericConnector):
    id = "http"
    label = "Generic HTTP shop"
    kind = Kind.SALES
    capabilities = (
        pull(JobType.RECEIVE_ORDERS, "order.created"),
        pull(JobType.RECEIVE_ORDER_UPDATES, "order.updated", "order.cancelled"),
        Capability(JobType.SEND_ORDER_UPDATES),
        Capability(JobType.SYNC_INVENTORY),
        pull(JobType.IMPORT_PRODUCTS, "product.created", "product.updated"),
        Capability(JobType.EXPORT_PRODUCTS),
    )
    lists = {
        JobType.RECEIVE_ORDERS: "orders",
        JobType.RECEIVE_ORDER_UPDATES: "orders",
        JobType.IMPORT_PRODUCTS: "products",
    }
    readers = {"orders": records.order, "products": records.product}
    tested_list = "orders"

    def report_shipment(self, report: ShipmentReport) -> PushResult:
        """The whole shipment as it is now, put under our reference: repeating changes nothing."""
        order, reference = segment(report.order_id), segment(report.key)
        path = f"orders/{order}/shipments/{reference}"
        return self._pushed("PUT", path, records.shipment_report(report), report.key)

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        wanted = {sku.strip().casefold(): sku for sku in skus}
        found: dict[str, list[str]] = defaultdict(list)
        for rows in self._api.walk("products", {"sku": list(skus)}) if skus else ():
            for row in rows:
                with readable("products"):
                    sku = wanted.get(text(row, "sku").strip().casefold())
                    if sku is not None:
                        found[sku].append(identifier(row, "id"))
        return found

    def set_stock(self, targets: Sequence[StockTarget]) -> Sequence[Refusal]:
        if not targets:
            return []
        answer = self._api.write("POST", "stock", records.stock_items(targets))
        with readable("stock"):
            return [
                Refusal(identifier(item, "product_id"), text(item, "reason") or "no reason given")
                for item in answer["refused"]
            ]
