"""A sandbox's warehouse with one shipment, one product and stock of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from channels.connectors.base import Connector, LineData, ShipmentRequest
from channels.connectors.sandbox_warehouse import SandboxWarehouse
from channels.enums import JobType
from tests.claims.sandboxes import SandboxPlatform, running
from tests.sandbox_server import Warehouse

REQUEST = ShipmentRequest("shipment-1", "#1001", (LineData("1", "TEA", 2),), {"name": "Ada"})


@dataclass
class WarehousePlatform(SandboxPlatform):
    place: Warehouse

    def happen(self, topic: str) -> None:
        if topic == "shipment.updated":
            self.place.pick(self.place.shipments()[0]["id"])
        elif topic == "stock.updated":
            self.place.set_stock("TEA", 8)
        else:
            super().happen(topic)

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_SHIPMENTS:
            connector.send_shipment(REQUEST)
        else:
            super().push(job_type, connector)

    def shows(self, job_type: JobType) -> Any:
        if job_type == JobType.SEND_SHIPMENTS:
            return self.place.shipments()
        return super().shows(job_type)


@contextmanager
def platform() -> Iterator[WarehousePlatform]:
    with running() as (server, client):
        hall = server.warehouse("claims")
        product, shipment = hall.add_product("TEA"), hall.receive("reference-1", {"TEA": 2})
        hall.set_stock("TEA", 5)
        numbers = {
            JobType.RECEIVE_SHIPMENTS: [str(shipment["id"])],
            JobType.RECEIVE_INVENTORY: ["TEA"],
            JobType.IMPORT_PRODUCTS: [str(product["id"])],
        }
        yield WarehousePlatform(SandboxWarehouse, hall, client, numbers)
