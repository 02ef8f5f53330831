"""A pretended Tryton with one shipment sent, for the claims of its connector."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal

from channels.connectors.base import Connector, LineData, ProductPush, ShipmentRequest
from channels.enums import JobType
from tests.claims.platform import Sent
from tests.fake_tryton.server import TrytonServer

SHIP_TO = {"name": "Ann Bee", "street": "1 Main St", "city": "Austin", "country": "US"}
LINES = (LineData("1", "TEA-1", 2, "Mint tea", Decimal("9.50")),)
MODELS = {
    JobType.SEND_SHIPMENTS: ("sale.sale", "sale.line", "party.party", "stock.shipment.out"),
    JobType.EXPORT_PRODUCTS: ("product.template", "product.product"),
}


class TrytonPlatform:
    def __init__(self, server: TrytonServer) -> None:
        self._server = server
        sent = self.connector().send_shipment(ShipmentRequest("first", "W-1", LINES, SHIP_TO))
        self._sale = sent.external_id

    def connector(self) -> Connector:
        return self._server.connector()

    def ids(self, job_type: JobType) -> Collection[str]:
        known = {
            JobType.RECEIVE_SHIPMENTS: (self._sale,),
            JobType.RECEIVE_INVENTORY: ("TEA-1", "CUP-1"),
            JobType.IMPORT_PRODUCTS: ("1", "2"),
        }
        return known[job_type]

    def delivery(self, topic: str) -> Sent:
        raise AssertionError("Tryton sends no webhooks")

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_SHIPMENTS:
            connector.send_shipment(ShipmentRequest("second", "W-2", LINES, SHIP_TO))
        else:
            connector.export_product(ProductPush("POT-1", "Pot", "", Decimal(20), "USD"))

    def shows(self, job_type: JobType) -> object:
        return {model: str(self._server.business.tables.rows[model]) for model in MODELS[job_type]}


@contextmanager
def platform() -> Iterator[TrytonPlatform]:
    with TrytonServer() as server:
        yield TrytonPlatform(server)
