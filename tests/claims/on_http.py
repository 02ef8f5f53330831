"""A pretended shop of the generic connector's contract."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from standardwebhooks import Webhook

from channels.connectors.base import (
    Connector,
    ProductPush,
    ReportedLine,
    ShipmentReport,
    StockTarget,
)
from channels.connectors.generic import GenericShop
from channels.enums import JobType
from tests.claims.platform import Platform, Sent
from tests.http_platform import SECRET, HttpPlatform, shop

REPORT = ShipmentReport(
    key="41",
    order_id="a-7",
    order_number="Na-7",
    lines=(ReportedLine("7", "MUG", 1, 2),),
    carrier="DHL",
    tracking="T1",
    shipped_at=datetime(2026, 3, 2, 11, tzinfo=UTC),
    complete=False,
)
PRODUCT = ProductPush("NEW/1", "New", barcode="401", price=Decimal("1.50"), currency="EUR")


def signed(topic: str, external_id: str, body: str = "", number: str = "msg_1") -> Sent:
    """A delivery as the Standard Webhooks library signs it; of another body, if one is given."""
    body = body or json.dumps({"type": topic, "data": {"id": external_id}})
    now = datetime.now(UTC)
    headers = {
        "webhook-id": number,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(number, now, body),
    }
    return Sent(headers, body.encode(), external_id)


def export(connector: Connector) -> None:
    connector.export_product(PRODUCT)


@dataclass
class OnHttp:
    state: HttpPlatform

    def connector(self) -> Connector:
        return self.state.connector(GenericShop)

    def ids(self, job_type: JobType) -> Collection[str]:
        kind = GenericShop.lists[job_type]
        return [str(row["id"]) for row in self.state.lists[kind]]

    def delivery(self, topic: str) -> Sent:
        return signed(topic, "p-x" if topic.startswith("product.") else "a-7")

    def push(self, job_type: JobType, connector: Connector) -> None:
        if job_type == JobType.SEND_ORDER_UPDATES:
            connector.report_shipment(REPORT)
        elif job_type == JobType.SYNC_INVENTORY:
            ids = connector.listings(["mug"])["mug"]
            connector.set_stock([StockTarget(each, "MUG", 3) for each in ids])
        else:
            export(connector)

    def shows(self, job_type: JobType) -> object:
        if job_type == JobType.SEND_ORDER_UPDATES:
            return dict(self.state.reports)
        if job_type == JobType.SYNC_INVENTORY:
            return dict(self.state.listed_stock)
        return [dict(row) for row in self.state.lists["products"]]


@contextmanager
def platform() -> Iterator[Platform]:
    yield OnHttp(shop())
