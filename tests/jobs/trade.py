"""A shop and a warehouse in memory that do every job type, beside the one of `platform`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from channels.connectors.base import (
    Authorization,
    Capability,
    ConnectorError,
    Gone,
    ProductData,
    ProductPush,
    PushResult,
    Record,
    Refusal,
    Setting,
    ShipmentReport,
    StockData,
    StockTarget,
)
from channels.enums import JobType, Kind
from tests.jobs.platform import TestShop, TestWarehouse


@dataclass
class Trade:
    """What the platform holds beside orders and shipments.

    `listings`: the ids of the listings by SKU; `refused`: reasons by listing; `faults`: raised
    one a call of `set_stock`.
    """

    listings: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    stock: dict[str, int] = field(default_factory=dict)
    calls: list[list[StockTarget]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    faults: list[ConnectorError] = field(default_factory=list)
    counts: dict[str, StockData] = field(default_factory=dict)
    products: dict[str, ProductData] = field(default_factory=dict)
    exported: list[ProductPush] = field(default_factory=list)
    reports: list[ShipmentReport] = field(default_factory=list)
    token: int = 1
    expires_at: datetime | None = None

    def list_skus(self, *skus: str) -> None:
        for sku in skus:
            self.listings[sku].append(f"L-{sku}-{len(self.listings[sku]) + 1}")

    def sent(self) -> list[tuple[str, int]]:
        """(SKU, quantity) of everything that was pushed, in order."""
        return [(one.sku, one.quantity) for call in self.calls for one in call]


TRADE = Trade()
URL = Setting("url", "Address", "url")
TOKEN = Setting("token", "Token", secret=True, required=False)


class Catalogue:
    """Both channels have products."""

    def product_pages(self, since: datetime, until: datetime) -> Iterator[Sequence[Record]]:
        yield [one for one in TRADE.products.values() if since <= one.changed_at < until]

    def export_product(self, product: ProductPush) -> PushResult:
        if TRADE.faults:
            raise TRADE.faults.pop(0)
        TRADE.exported.append(product)
        return PushResult(product.external_id or f"P-{product.sku}")


class TradeShop(Catalogue, TestShop):
    __test__ = False
    id = "trade_shop"
    label = "Trade shop"
    kind = Kind.SALES
    fields = (URL, TOKEN)
    stock_batch = 3
    capabilities: ClassVar[tuple[Capability, ...]] = (
        *TestShop.capabilities,
        Capability(JobType.SEND_ORDER_UPDATES),
        Capability(JobType.SYNC_INVENTORY),
        Capability(JobType.IMPORT_PRODUCTS, topics=("product.updated",)),
        Capability(JobType.EXPORT_PRODUCTS),
        Capability(JobType.REFRESH_AUTHORIZATION),
    )

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        if job_type == JobType.IMPORT_PRODUCTS:
            return self.product_pages(since, until)
        return super().pages(job_type, since, until)

    def fetch_all(self, job_type: JobType, external_id: str) -> Sequence[Record | Gone]:
        if job_type != JobType.IMPORT_PRODUCTS:
            return super().fetch_all(job_type, external_id)
        found = [one for key, one in TRADE.products.items() if key.startswith(external_id)]
        return found or [Gone(external_id)]

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        assert len(skus) <= self.stock_batch
        return {sku: TRADE.listings[sku] for sku in skus if TRADE.listings[sku]}

    def set_stock(self, targets: Sequence[StockTarget]) -> Sequence[Refusal]:
        assert len(targets) <= self.stock_batch
        if TRADE.faults:
            raise TRADE.faults.pop(0)
        TRADE.calls.append(list(targets))
        good = [one for one in targets if one.external_id not in TRADE.refused]
        TRADE.stock.update({one.external_id: one.quantity for one in good})
        return [
            Refusal(one.external_id, TRADE.refused[one.external_id])
            for one in targets
            if one.external_id in TRADE.refused
        ]

    def report_shipment(self, report: ShipmentReport) -> PushResult:
        if TRADE.faults:
            raise TRADE.faults.pop(0)
        TRADE.reports.append(report)
        return PushResult(f"F-{report.order_id}")

    def authorization_expires(self) -> bool:
        return bool(self.secrets.get("token"))

    def refresh_authorization(self, at: datetime) -> Authorization:
        if TRADE.faults:
            raise TRADE.faults.pop(0)
        TRADE.token += 1
        return Authorization({"token": f"token-{TRADE.token}"}, TRADE.expires_at)


class TradeWarehouse(Catalogue, TestWarehouse):
    __test__ = False
    id = "trade_warehouse"
    label = "Trade warehouse"
    kind = Kind.FULFILLMENT
    fields = (URL, TOKEN)
    capabilities: ClassVar[tuple[Capability, ...]] = (
        *TestWarehouse.capabilities,
        Capability(JobType.RECEIVE_INVENTORY),
        Capability(JobType.IMPORT_PRODUCTS),
        Capability(JobType.EXPORT_PRODUCTS),
    )

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        if job_type == JobType.IMPORT_PRODUCTS:
            return self.product_pages(since, until)
        if job_type == JobType.RECEIVE_INVENTORY:
            return iter([list(TRADE.counts.values())])
        return super().pages(job_type, since, until)
