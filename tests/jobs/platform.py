"""A platform in memory: a shop whose orders, faults and answers the test decides."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from channels.connectors.base import (
    BadDelivery,
    BadSignature,
    Capability,
    Connector,
    ConnectorError,
    Delivery,
    Gone,
    LineData,
    OrderData,
    PushResult,
    Record,
    Setting,
    ShipmentData,
    ShipmentRequest,
    ShippedLine,
)
from channels.enums import JobType, Kind

SECRET = "platform-secret"
PAGE = 10


@dataclass
class Platform:
    """What the shop has, what it was asked, and how it misbehaves."""

    orders: dict[str, OrderData] = field(default_factory=dict)
    shipments: dict[str, ShipmentData] = field(default_factory=dict)
    faults: list[ConnectorError] = field(default_factory=list)
    bad_entities: dict[str, ConnectorError] = field(default_factory=dict)
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    deliveries: int = 0
    before_page: Callable[[], None] | None = None
    on_page: Callable[[int], None] | None = None

    def place(self, at: datetime, external_id: str = "", sku: str = "MUG") -> OrderData:
        external_id = external_id or str(1000 + len(self.orders))
        order = OrderData(
            external_id=external_id,
            number=f"#{external_id}",
            changed_at=at,
            placed_at=at,
            lines=(LineData("1", sku, 1),),
        )
        self.orders[external_id] = order
        return order

    def change(self, external_id: str, at: datetime, **fields: object) -> OrderData:
        order = replace(self.orders[external_id], changed_at=at, **fields)  # type: ignore[arg-type]
        self.orders[external_id] = order
        return order

    def fail(self, error: ConnectorError, times: int = 1) -> None:
        self.faults += [error] * times

    def open_window(self, since: datetime, until: datetime) -> None:
        self.windows.append((since, until))
        if self.before_page:
            self.before_page()
        self.check()

    def check(self) -> None:
        """Called for each answer: the next fault, if one is due."""
        if self.faults:
            raise self.faults.pop(0)


PLATFORM = Platform()


def deliver(topic: str, *entities: str, number: int = 0) -> tuple[dict[str, str], bytes]:
    """(headers, body) of a signed delivery; each gets an id of its own unless `number` says."""
    PLATFORM.deliveries += 1
    number = number or PLATFORM.deliveries
    body = json.dumps({"topic": topic, "entities": entities, "id": f"d{number}"}).encode()
    return {"x-signature": _sign(body)}, body


def _sign(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


class PlatformConnector(Connector):
    """What both channels of the platform share: its webhooks."""

    fields: ClassVar[tuple[Setting, ...]] = (Setting("url", "Address", "url"),)

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        if not hmac.compare_digest(headers.get("x-signature", ""), _sign(body)):
            raise BadSignature("wrong signature")

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        try:
            said = json.loads(body)
            entities = tuple(said["entities"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadDelivery(str(error)) from error
        return Delivery(said["id"], said["topic"], said["id"], entities)


def _able(job_type: JobType, *topics: str, by_id: bool = True) -> Capability:
    second = timedelta(seconds=1)
    return Capability(job_type, topics, by_id=by_id, overlap=second, safety=second)


class TestShop(PlatformConnector):
    __test__ = False
    id = "test_shop"
    label = "Test shop"
    kind = Kind.SALES
    capabilities: ClassVar[tuple[Capability, ...]] = (
        _able(JobType.RECEIVE_ORDERS, "order.created"),
        _able(JobType.RECEIVE_ORDER_UPDATES, "order.updated"),
    )

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        PLATFORM.open_window(since, until)
        found = sorted(
            (one for one in PLATFORM.orders.values() if since <= one.changed_at < until),
            key=lambda one: one.changed_at,
        )
        for first in range(0, len(found), PAGE):
            if PLATFORM.on_page:
                PLATFORM.on_page(first // PAGE)
            yield found[first : first + PAGE]

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        if PLATFORM.before_page:
            PLATFORM.before_page()
        PLATFORM.check()
        start = int(last_id or 0)
        found = [one for key, one in sorted(PLATFORM.orders.items()) if int(key) > start]
        for first in range(0, len(found), PAGE):
            yield found[first : first + PAGE]

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        ids = [int(k) for k, one in PLATFORM.orders.items() if one.placed_at >= since]
        return str(min(ids) - 1) if ids else None

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        PLATFORM.fetched.append(external_id)
        if external_id in PLATFORM.bad_entities:
            raise PLATFORM.bad_entities[external_id]
        PLATFORM.check()
        return PLATFORM.orders.get(external_id) or Gone(external_id)


class TestWarehouse(PlatformConnector):
    __test__ = False
    id = "test_warehouse"
    label = "Test warehouse"
    kind = Kind.FULFILLMENT
    capabilities: ClassVar[tuple[Capability, ...]] = (
        _able(JobType.SEND_SHIPMENTS, by_id=False),
        _able(JobType.RECEIVE_SHIPMENTS, "shipment.updated"),
    )

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        PLATFORM.check()
        external_id = f"W-{request.key}"
        return PushResult(external_id)

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        PLATFORM.open_window(since, until)
        yield [one for one in PLATFORM.shipments.values() if since <= one.changed_at < until]

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        PLATFORM.fetched.append(external_id)
        PLATFORM.check()
        return PLATFORM.shipments.get(external_id) or Gone(external_id)


def shipped(external_id: str, reference: object, at: datetime, quantity: int) -> ShipmentData:
    return ShipmentData(
        external_id, str(reference), at, (ShippedLine("MUG", quantity),), "shipped", done=True
    )
