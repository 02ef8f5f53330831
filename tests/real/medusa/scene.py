"""Words for the tests against the real Medusa: connecting, reporting, what the shop shows."""

from __future__ import annotations

import secrets
import time
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import httpx

from channels.connectors.base import OrderData, ReportedLine, ShipmentReport
from channels.connectors.medusa import Medusa as Connector
from channels.enums import JobType
from tests.real.medusa.shop import Shop
from tests.webhook_receiver import Received, WebhookReceiver

ORDERS, UPDATES = JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES
PRODUCTS = JobType.IMPORT_PRODUCTS
LONG_AGO, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
SECRET = f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"


class TwoPerPage(Connector):
    page_size = 2


def made(
    shop: Shop, client: httpx.Client, kind: type[Connector] = Connector, **settings: str
) -> Connector:
    known = {"api_key": shop.api_key, "webhook_secret": SECRET}
    return kind({"url": shop.url, **settings}, known, client)


def listed(
    connector: Connector, job_type: JobType, since: datetime = LONG_AGO, until: datetime = LATER
) -> list[Any]:
    return [record for page in connector.pages(job_type, since, until) for record in page]


def ordered(connector: Connector, order_id: str) -> OrderData:
    order = connector.fetch(ORDERS, order_id)
    assert isinstance(order, OrderData)
    return order


def report(
    order: OrderData, key: str, tracking: str = "", external_id: str = "", **quantities: int
) -> ShipmentReport:
    """Quantities by SKU, with an underscore for a hyphen."""
    return ShipmentReport(
        key=key,
        order_id=order.external_id,
        order_number=order.number,
        lines=tuple(
            ReportedLine(
                line.external_id, line.sku, quantities[line.sku.replace("-", "_")], line.quantity
            )
            for line in order.lines
            if line.sku.replace("-", "_") in quantities
        ),
        carrier="UPS",
        tracking=tracking,
        shipped_at=datetime.now(UTC),
        complete=False,
        external_id=external_id,
    )


def shipped(shop: Shop, order_id: str) -> dict[str, tuple[int, int]]:
    """Fulfilled and shipped pieces by SKU, as the shop shows them."""
    return {
        item["variant_sku"]: (
            item["detail"]["fulfilled_quantity"],
            item["detail"]["shipped_quantity"],
        )
        for item in shop.order(order_id)["items"]
    }


def labels(shop: Shop, order_id: str) -> list[list[str]]:
    return [
        [label["tracking_number"] for label in fulfillment["labels"]]
        for fulfillment in shop.order(order_id)["fulfillments"]
    ]


def heard(
    receiver: WebhookReceiver, connector: Connector, topics: set[str]
) -> dict[str, tuple[str, ...]]:
    """What each topic was about, once all of them have come; every signature is checked."""
    until = time.monotonic() + 30
    while True:
        told = dict(understood(connector, one) for one in list(receiver.received))
        if topics <= set(told) or time.monotonic() > until:
            return told
        time.sleep(0.05)


def understood(connector: Connector, one: Received) -> tuple[str, tuple[str, ...]]:
    connector.verify(one.headers, one.body, datetime.now(UTC))
    delivery = connector.parse(one.headers, one.body)
    return delivery.topic, delivery.entities
