"""A pretended ShipEngine account with one shipment that a label was bought for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from channels.connectors.base import Connector, LineData, ShipmentRequest
from channels.enums import JobType
from tests.claims.platform import Sent
from tests.shipengine_account import Account

ADA = {
    "name": "Ada Brook", "street": "12 Mill Lane", "city": "Leeds", "postcode": "LS1 4QA",
    "country": "GB",
}  # fmt: skip


def request(key: str) -> ShipmentRequest:
    return ShipmentRequest(key, "#1001", (LineData("1", "TEA", 2),), ADA)


class ShipEnginePlatform:
    def __init__(self) -> None:
        self.account = Account()
        self.number = self.connector().send_shipment(request("first")).external_id
        self.account.buy_label(self.number)

    def connector(self) -> Connector:
        return self.account.connector()

    def ids(self, job_type: JobType) -> Collection[str]:
        return [self.number]

    def delivery(self, topic: str) -> Sent:
        raise AssertionError("ShipEngine sends no webhooks")

    def push(self, job_type: JobType, connector: Connector) -> None:
        connector.send_shipment(request("second"))

    def shows(self, job_type: JobType) -> Any:
        return deepcopy(self.account.shipments)


@contextmanager
def platform() -> Iterator[ShipEnginePlatform]:
    yield ShipEnginePlatform()
