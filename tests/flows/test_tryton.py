"""An order's way through a warehouse that runs Tryton, from its shipment to our books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from accounts.models import Account
from channels.models import Channel
from oms.models import Order, OrderStatus, Shipment, ShipmentStatus, StockLevel
from oms.receive_orders import ReceiveOrders
from oms.receive_shipments import ReceiveShipments
from oms.send_shipments import SendShipments
from oms.work import Outcome
from tests import builders
from tests.builders import line, order_data
from tests.channels.tryton_scene import shipments, stock
from tests.fake_tryton.server import TrytonServer

pytestmark = pytest.mark.django_db


@dataclass
class Brand:
    account: Account
    depot: Channel
    tryton: TrytonServer

    def send(self) -> tuple[str, int]:
        """Our shipment's external id, and Tryton's first shipment of it."""
        context = builders.context(self.depot)
        SendShipments().push(context, self.tryton.connector(), Shipment.objects.get().pk)
        external_id = Shipment.objects.get().external_id
        assert external_id
        return external_id, self.tryton.business.shipments(int(external_id))[0]

    def receive(self) -> list[Outcome]:
        context = builders.context(self.depot)
        found = shipments(self.tryton.connector())
        return [ReceiveShipments().apply(context, record).outcome for record in found]

    def states(self) -> tuple[str, str]:
        return Order.objects.get().status, Shipment.objects.get().status

    def books(self) -> dict[str, tuple[int, int]]:
        """On hand and allocated, by SKU."""
        levels = StockLevel.objects.select_related("product")
        return {one.product.sku: (one.on_hand, one.allocated) for one in levels}

    def on_hand(self) -> dict[str, int]:
        return {sku: on_hand for sku, (on_hand, _) in self.books().items()}


@pytest.fixture
def brand() -> Iterator[Brand]:
    """An approved order for three of tea and two cups."""
    account = builders.account()
    shop = builders.sales_channel(account)
    depot = builders.warehouse(account, connector="tryton")
    for sku, on_hand in (("TEA-1", 50), ("CUP-1", 5)):
        builders.product(account, sku, on_hand=on_hand)
    lines = (line("TEA-1", 3), line("CUP-1", 2, "2"))
    ReceiveOrders().apply(builders.context(shop), order_data("1001", *lines))
    with TrytonServer() as tryton:
        yield Brand(account, depot, tryton)


def test_short_shipped_and_then_completed(brand: Brand) -> None:
    _, out = brand.send()
    brand.tryton.business.ship(out, "TRACK-1", p1=1)
    assert brand.receive() == [Outcome.UPDATED]
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SHORT_SHIPPED)
    assert not Shipment.objects.get().done

    sale, rest = int(Shipment.objects.get().external_id or 0), out + 1
    assert brand.tryton.business.shipments(sale) == [out, rest]
    brand.tryton.business.ship(rest, "TRACK-2")
    assert brand.receive() == [Outcome.UPDATED]
    assert brand.states() == (OrderStatus.SHIPPED, ShipmentStatus.SHIPPED)
    assert Shipment.objects.get().tracking == "TRACK-1, TRACK-2"
    assert brand.receive() == [Outcome.UNCHANGED]


def test_stock_read_there_agrees_with_our_books_at_every_step(brand: Brand) -> None:
    """Goods are neither subtracted twice while they are picked, nor forgotten once they left."""
    _, out = brand.send()
    for step in ("assign", "pick", "pack", "done"):
        brand.tryton.business.step(out, step)
        brand.receive()
        assert stock(brand.tryton.connector()) == brand.on_hand()

    assert brand.books() == {"TEA-1": (47, 0), "CUP-1": (3, 0)}


def test_cancelled_there_is_cancelled_here_and_the_stock_is_free(brand: Brand) -> None:
    _, out = brand.send()
    assert brand.books() == {"TEA-1": (50, 3), "CUP-1": (5, 2)}
    brand.tryton.business.step(out, "cancel")
    assert brand.receive() == [Outcome.UPDATED]
    assert Shipment.objects.get().status == ShipmentStatus.CANCELLED
    assert brand.books() == {"TEA-1": (50, 0), "CUP-1": (5, 0)}


def test_a_crash_before_we_noted_the_id_sends_nothing_twice(brand: Brand) -> None:
    first, _ = brand.send()
    Shipment.objects.update(external_id=None, status=ShipmentStatus.READY)
    assert brand.send()[0] == first
    assert len(brand.tryton.business.tables.rows["sale.sale"]) == 1
