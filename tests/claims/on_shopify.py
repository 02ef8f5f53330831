"""The pretended Shopify shop for the claims of its connector."""

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
from channels.connectors.shopify import Shopify
from channels.enums import JobType
from tests.claims.platform import Sent
from tests.shopify_shop import ShopifyShop

AT = "2026-11-23T10:00:00Z"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ORDER, PRODUCT, VARIANT = 5001, 7001, 7101


class Platform:
    """One order, one product with one variant."""

    def __init__(self) -> None:
        self.shop = ShopifyShop()
        self.shop.place(ORDER, AT)
        self.shop.stock_up(PRODUCT, AT, [(VARIANT, "LAMP", "Default Title")])

    def connector(self) -> Connector:
        app = {**self.shop.client, "refresh_token": self.shop.refresh_token}
        return Shopify(self.shop.settings, {**self.shop.secrets, **app}, self.shop.http())

    def ids(self, job_type: JobType) -> Collection[str]:
        return [str(VARIANT if job_type == JobType.IMPORT_PRODUCTS else ORDER)]

    def delivery(self, topic: str) -> Sent:
        """A deleted product is named by its own id, any other by those of its variants."""
        content = {"id": ORDER}
        external_id = str(ORDER)
        if topic.startswith("products/"):
            content = {"id": PRODUCT}
            external_id = str(PRODUCT)
            if topic != "products/delete":
                content["variants"] = [{"id": VARIANT, "product_id": PRODUCT}]  # type: ignore[assignment]
                external_id = str(VARIANT)
        headers, body = self.shop.delivery(topic, content)
        return Sent(headers, body, external_id)

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_ORDER_UPDATES:
            line = ReportedLine(f"{ORDER}01", "LAMP", 2, 2)
            connector.report_shipment(
                ShipmentReport("s-1", str(ORDER), "#5001", (line,), "UPS", "1Z1", NOW, True)
            )
        elif job_type == JobType.SYNC_INVENTORY:
            [listing] = connector.listings(["LAMP"])["LAMP"]
            assert not connector.set_stock([StockTarget(listing, "LAMP", 8)])
        elif job_type == JobType.EXPORT_PRODUCTS:
            connector.export_product(ProductPush("NEW-1", "New lamp", "", Decimal("5.50"), "EUR"))
        else:
            renewed = connector.refresh_authorization(NOW)
            assert renewed.secrets["access_token"] == self.shop.token

    def shows(self, job_type: JobType) -> object:
        if job_type == JobType.SEND_ORDER_UPDATES:
            return [
                (one["id"], one["trackingInfo"], one["fulfillmentLineItems"][0]["quantity"])
                for one in self.shop.fulfillments()
            ]
        if job_type == JobType.SYNC_INVENTORY:
            return [dict(one["levels"]) for one in self.shop.variants()]
        if job_type == JobType.EXPORT_PRODUCTS:
            return [(one["sku"], one["price"]) for one in self.shop.variants()]
        return self.shop.token


@contextmanager
def platform() -> Iterator[Platform]:
    yield Platform()
