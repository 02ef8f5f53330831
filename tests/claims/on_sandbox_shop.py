"""A sandbox's shop with one order and one product."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from channels.connectors.base import Connector, ReportedLine, ShipmentReport, StockTarget
from channels.connectors.sandbox_shop import SandboxShop
from channels.enums import JobType
from tests.claims.sandboxes import NOW, SandboxPlatform, running
from tests.sandbox_server import Shop


@dataclass
class ShopPlatform(SandboxPlatform):
    place: Shop

    def happen(self, topic: str) -> None:
        if topic == "order.created":
            self.place.place_order("TEA")
        elif topic == "order.updated":
            self.place.change(self.place.orders()[0]["id"], quantity=7)
        else:
            super().happen(topic)

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_ORDER_UPDATES:
            connector.report_shipment(self._report())
        elif job_type == JobType.SYNC_INVENTORY:
            (numbers,) = connector.listings(["tea"]).values()
            refused = connector.set_stock([StockTarget(one, "TEA", 9) for one in numbers])
            assert not refused
        else:
            super().push(job_type, connector)

    def _report(self) -> ShipmentReport:
        (order,) = self.place.orders()
        (line,) = order["lines"]
        return ShipmentReport(
            key="shipment-1",
            order_id=str(order["id"]),
            order_number=order["number"],
            lines=(ReportedLine(str(line["id"]), "TEA", 1, 2),),
            carrier="Sandbox Post",
            tracking="T1",
            shipped_at=NOW,
            complete=False,
        )

    def shows(self, job_type: JobType) -> Any:
        if job_type == JobType.SEND_ORDER_UPDATES:
            return self.place.orders()
        if job_type == JobType.SYNC_INVENTORY:
            return self.place.stock()
        return super().shows(job_type)


@contextmanager
def platform() -> Iterator[ShopPlatform]:
    with running() as (server, client):
        shop = server.shop("claims")
        product, order = str(shop.add_product("TEA")["id"]), str(shop.place_order("TEA", 2)["id"])
        numbers = {
            JobType.RECEIVE_ORDERS: [order],
            JobType.RECEIVE_ORDER_UPDATES: [order],
            JobType.IMPORT_PRODUCTS: [product],
        }
        yield ShopPlatform(SandboxShop, shop, client, numbers)
