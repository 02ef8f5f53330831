"""A pretended warehouse of the generic connector's contract."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from channels.connectors.base import Connector, LineData, ShipmentRequest
from channels.connectors.generic import GenericWarehouse
from channels.enums import JobType
from tests.claims.on_http import export, signed
from tests.claims.platform import Platform, Sent
from tests.http_platform import HttpPlatform, warehouse

REQUEST = ShipmentRequest("41", "#1001", (LineData("7", "MUG", 2, "Mug"),), {"city": "Bonn"})
ABOUT = {"shipment": "s-1", "stock": "A/B", "product": "p-x"}


@dataclass
class OnHttpWarehouse:
    state: HttpPlatform

    def connector(self) -> Connector:
        return self.state.connector(GenericWarehouse)

    def ids(self, job_type: JobType) -> Collection[str]:
        kind = GenericWarehouse.lists[job_type]
        return [str(row["sku" if kind == "stock" else "id"]) for row in self.state.lists[kind]]

    def delivery(self, topic: str) -> Sent:
        return signed(topic, ABOUT[topic.partition(".")[0]])

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_SHIPMENTS:
            connector.send_shipment(REQUEST)
        else:
            export(connector)

    def shows(self, job_type: JobType) -> object:
        kind = "shipments" if job_type == JobType.SEND_SHIPMENTS else "products"
        return [dict(row) for row in self.state.lists[kind]]


@contextmanager
def platform() -> Iterator[Platform]:
    yield OnHttpWarehouse(warehouse())
