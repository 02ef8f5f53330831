"""What the tests of the sandbox's connectors share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from channels.connectors.base import (
    Connector,
    LineData,
    Record,
    ShipmentRequest,
)
from channels.enums import JobType
from tests.sandbox_server import Place, SandboxServer

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LONG_AGO, FAR_AHEAD = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
ORDERS, UPDATES = JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES
SHIPMENTS, STOCK = JobType.RECEIVE_SHIPMENTS, JobType.RECEIVE_INVENTORY


def fresh(sandbox: SandboxServer, kind: str) -> None:
    """Take the last test's place away."""
    sandbox.client.post(f"/control/{kind}/demo/remove", json={})


def connected(kind: type[Connector], place: Place, client: httpx.Client) -> Connector:
    return kind(place.settings, place.secrets, client)


def ids(pages: Iterator[Any]) -> list[str]:
    return [record.external_id for page in pages for record in page]


def all_records(connector: Connector, job_type: JobType) -> list[Record]:
    return [each for page in connector.pages(job_type, LONG_AGO, FAR_AHEAD) for each in page]


def request(key: str = "ship-1", **lines: int) -> ShipmentRequest:
    wanted = lines or {"A": 2, "B": 1}
    return ShipmentRequest(
        key=key,
        order_number="#1001",
        lines=tuple(LineData(sku, sku, quantity) for sku, quantity in wanted.items()),
        ship_to={"name": "Ada", "city": "Bristol"},
    )
