"""The pretended WooCommerce shop, filled with what was recorded."""

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
from channels.connectors.woocommerce import WooCommerce
from channels.enums import JobType
from tests.claims.platform import Sent
from tests.woocommerce_shop import (
    WooShop,
    recorded_orders,
    recorded_products,
    recorded_variations,
    signed_delivery,
)

ORDER, PRODUCT, VARIATION = "33", "26", "31"
REPORT = ShipmentReport(
    key="shipment-1",
    order_id=ORDER,
    order_number=ORDER,
    lines=(ReportedLine("15", "MUG-BLUE", 2, 2), ReportedLine("16", "TEE-S", 1, 1)),
    carrier="UPS",
    tracking="1Z999",
    shipped_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    complete=True,
)
STOCK = {"MUG-BLUE": 3, "hood-m": 4}
PRODUCTS = (
    ProductPush("CAP", "Cap", barcode="4006381333931", price=Decimal("9.90"), currency="USD"),
    ProductPush("MUG-BLUE", "Mug, very blue", price=Decimal(13)),
)


class Shop:
    def __init__(self, shop: WooShop) -> None:
        self.shop = shop

    def connector(self) -> WooCommerce:
        return WooCommerce(self.shop.settings, self.shop.secrets, self.shop.client())

    def ids(self, job_type: JobType) -> Collection[str]:
        if job_type != JobType.IMPORT_PRODUCTS:
            return [str(number) for number in self.shop.orders]
        variations = [v["id"] for some in self.shop.variations.values() for v in some]
        return [str(number) for number in (*self.shop.products, *variations)]

    def delivery(self, topic: str) -> Sent:
        external_id = ORDER if topic.startswith("order.") else PRODUCT
        return Sent(*signed_delivery(topic, {"id": int(external_id)}), external_id)

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_ORDER_UPDATES:
            connector.report_shipment(REPORT)
        elif job_type == JobType.SYNC_INVENTORY:
            found = connector.listings(list(STOCK))
            targets = [StockTarget(i, sku, STOCK[sku]) for sku in STOCK for i in found[sku]]
            assert not connector.set_stock(targets)
        else:
            for product in PRODUCTS:
                connector.export_product(product)

    def shows(self, job_type: JobType) -> object:
        shop = self.shop
        if job_type == JobType.SEND_ORDER_UPDATES:
            order = shop.orders[int(ORDER)]
            return order["status"], str(order["meta_data"]), str(shop.notes)
        records = [*shop.products.values(), *shop.variations[30]]
        parts: tuple[str, ...] = ("stock_quantity",)
        if job_type == JobType.EXPORT_PRODUCTS:
            parts = ("sku", "name", "regular_price", "global_unique_id")
        return [[record["id"], *(record.get(part) for part in parts)] for record in records]


@contextmanager
def platform() -> Iterator[Shop]:
    yield Shop(
        WooShop(
            recorded_orders(),
            products=recorded_products(),
            variations=recorded_variations(),
            barcodes=True,
        )
    )
