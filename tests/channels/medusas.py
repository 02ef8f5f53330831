"""What the tests of the Medusa connector share: small pages, windows, reports of shipments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from channels.connectors.base import ReportedLine, ShipmentReport
from channels.connectors.medusa import Medusa
from channels.enums import JobType
from tests.medusa_books import Json
from tests.medusa_shop import MedusaShop

ORDERS, UPDATES = JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES
PRODUCTS = JobType.IMPORT_PRODUCTS
LONG_AGO, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class TwoPerPage(Medusa):
    page_size = 2


def filled(*skus: str) -> MedusaShop:
    """A shop with a product for each SKU (TEA-1 if none is named), ten of each in stock."""
    shop = MedusaShop()
    for sku in skus or ("TEA-1",):
        shop.books.add_product(sku)
    return shop


def ids(pages: Iterator[Any]) -> list[str]:
    return [record.external_id for page in pages for record in page]


def window(
    shop: MedusaShop,
    since: datetime = LONG_AGO,
    until: datetime = LATER,
    job_type: JobType = ORDERS,
    kind: type[Medusa] = Medusa,
) -> list[str]:
    return ids(shop.connector(kind).pages(job_type, since, until))


def report(
    order: Json,
    quantities: Mapping[str, int],
    key: str = "shipment-1",
    tracking: str = "1Z999",
    external_id: str = "",
) -> ShipmentReport:
    """Quantities by SKU."""
    lines = {line["variant_sku"]: line for line in order["items"]}
    return ShipmentReport(
        key=key,
        order_id=order["id"],
        order_number=str(order["display_id"]),
        lines=tuple(
            ReportedLine(lines[sku]["id"], sku, quantity, lines[sku]["quantity"])
            for sku, quantity in quantities.items()
        ),
        carrier="UPS",
        tracking=tracking,
        shipped_at=datetime(2026, 11, 24, tzinfo=UTC),
        complete=False,
        external_id=external_id,
    )
