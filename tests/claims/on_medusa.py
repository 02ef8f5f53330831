"""A pretended Medusa for the claims of its connector."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

from channels.connectors.base import (
    Connector,
    ProductPush,
    ReportedLine,
    ShipmentReport,
    StockTarget,
)
from channels.connectors.medusa import webhooks
from channels.enums import JobType
from tests.claims.platform import Sent
from tests.medusa_shop import MedusaShop, signed


class OnMedusa:
    def __init__(self) -> None:
        self.shop = MedusaShop()
        self.shop.books.add_product("TEA-1", stock=20)
        self.order = self.shop.books.place({"TEA-1": 3})

    def connector(self) -> Connector:
        return self.shop.connector()

    def ids(self, job_type: JobType) -> Collection[str]:
        books = self.shop.books
        return list(books.variants if job_type == JobType.IMPORT_PRODUCTS else books.orders)

    def delivery(self, topic: str) -> Sent:
        [variant] = self.shop.books.variants
        [product] = self.shop.books.products
        if topic in webhooks.PRODUCT:
            about, data = variant, {"id": product, "variant_ids": [variant]}
        elif topic in webhooks.VARIANT:
            about, data = variant, {"id": variant}
        elif topic in webhooks.ABOUT_AN_ORDER:
            about = self.order["id"]
            data = {"id": "ful_01", "order_id": about}
        else:
            about = self.order["id"]
            data = {"id": about}
        headers, body = signed(topic, data)
        return Sent(headers, body, about)

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_ORDER_UPDATES:
            connector.report_shipment(self._report())
        elif job_type == JobType.SYNC_INVENTORY:
            [listing] = connector.listings(["tea-1"])["tea-1"]
            assert connector.set_stock([StockTarget(listing, "TEA-1", 5)]) == []
        else:
            price = Decimal("9.99")
            connector.export_product(ProductPush("NEW-1", "New", "123", price, "EUR"))

    def shows(self, job_type: JobType) -> object:
        books = self.shop.books
        if job_type == JobType.SEND_ORDER_UPDATES:
            order = books.orders[self.order["id"]]
            return repr((order["fulfillments"], order["updated_at"]))
        if job_type == JobType.SYNC_INVENTORY:
            return books.stock("TEA-1")
        return repr((books.products, books.variants))

    def _report(self) -> ShipmentReport:
        [line] = self.order["items"]
        return ShipmentReport(
            key="shipment-1",
            order_id=self.order["id"],
            order_number="1",
            lines=(ReportedLine(line["id"], "TEA-1", 2, 3),),
            carrier="UPS",
            tracking="1Z999",
            shipped_at=datetime.now(UTC),
            complete=False,
        )


@contextmanager
def platform() -> Iterator[OnMedusa]:
    yield OnMedusa()
