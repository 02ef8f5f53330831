"""A brand with a shop and a default warehouse, and short ways to let a platform speak."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from accounts.models import Account
from channels.connectors.base import Connector, OrderData, PushResult, ShipmentData, ShipmentRequest
from channels.enums import Kind
from channels.models import Channel
from oms.models import Order, Shipment, StockLevel
from oms.receive_order_updates import ReceiveOrderUpdates
from oms.receive_orders import ReceiveOrders
from oms.receive_shipments import ReceiveShipments
from oms.send_shipments import SendShipments
from oms.work import Applied, PullLogic
from tests import builders
from tests.builders import NOW, SYNC_FROM, LogBook


class Warehouse(Connector):
    """A platform in memory that answers each shipment with the next identifier."""

    id = "memory"
    label = "Memory"
    kind = Kind.FULFILLMENT

    def __init__(self) -> None:
        super().__init__({}, {})
        self.requests: list[ShipmentRequest] = []
        self.error: Exception | None = None

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        self.requests.append(request)
        if self.error:
            raise self.error
        keys = list(dict.fromkeys(one.key for one in self.requests))
        return PushResult(f"W-{keys.index(request.key) + 1}")


@dataclass
class Brand:
    """One account and what its platforms say."""

    account: Account
    shop: Channel
    depot: Channel
    log: LogBook = field(default_factory=LogBook)
    platform: Warehouse = field(default_factory=Warehouse)

    def receive(self, record: OrderData, at: datetime = NOW) -> Applied:
        return ReceiveOrders().apply(builders.context(self.shop, at, self.log), record)

    def update(self, record: OrderData, at: datetime = NOW) -> Applied:
        return ReceiveOrderUpdates().apply(builders.context(self.shop, at, self.log), record)

    def gone(self, external_id: str, at: datetime = NOW) -> Applied:
        return ReceiveOrderUpdates().gone(builders.context(self.shop, at, self.log), external_id)

    def send(self, shipment: Shipment | None = None, at: datetime = NOW) -> Applied:
        key = (shipment or self.shipment()).pk
        return SendShipments().push(builders.context(self.depot, at, self.log), self.platform, key)

    def report(self, record: ShipmentData, at: datetime = NOW) -> Applied:
        return ReceiveShipments().apply(builders.context(self.depot, at, self.log), record)

    def lost(self, external_id: str, at: datetime = NOW) -> Applied:
        return ReceiveShipments().gone(builders.context(self.depot, at, self.log), external_id)

    def order(self, external_id: str = "1001") -> Order:
        return Order.objects.get(channel=self.shop, external_id=external_id)

    def shipment(self, external_id: str = "1001") -> Shipment:
        """The newest shipment of the order."""
        return Shipment.objects.filter(order=self.order(external_id)).order_by("-pk")[0]

    def level(self, sku: str = "MUG") -> StockLevel:
        return StockLevel.objects.get(channel=self.depot, product__sku=sku)

    def stock(self, sku: str = "MUG") -> tuple[int, int]:
        """(on hand, allocated)"""
        level = self.level(sku)
        return level.on_hand, level.allocated

    def states(self, external_id: str = "1001") -> tuple[str, str]:
        """(of the order, of its newest shipment)"""
        return self.order(external_id).status, self.shipment(external_id).status


def open_ids(logic: PullLogic, channel: Channel, since: datetime = SYNC_FROM) -> list[str]:
    """External ids of what a by-ID run would ask for."""
    return [external_id for _, external_id in logic.open_ids(channel, since)]


@pytest.fixture
def brand(db: None) -> Brand:
    account = builders.account()
    made = Brand(account, builders.sales_channel(account), builders.warehouse(account))
    builders.product(account, "MUG", on_hand=10)
    builders.product(account, "TEE", on_hand=10)
    return made
