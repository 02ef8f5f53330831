"""Send Shipments: what is due, what goes out, and what happens around the call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from channels.connectors.base import (
    Misconfigured,
    Permanent,
    PushResult,
    ShipmentRequest,
    Transient,
)
from oms.models import OrderStatus, ParkedRecord, ParkedStatus, Shipment, ShipmentStatus
from oms.send_shipments import SendShipments
from oms.work import Outcome, Park
from tests import builders
from tests.builders import NOW, line, order_data
from tests.oms.conftest import Brand, Warehouse

LATER = order_data().changed_at + timedelta(minutes=5)


@dataclass
class Meanwhile(Warehouse):
    """A warehouse that does something else before it answers."""

    act: Callable[[], object]

    def __post_init__(self) -> None:
        super().__init__()

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        self.act()
        return super().send_shipment(request)


def due(brand: Brand) -> list[int]:
    return SendShipments().due(brand.depot)


def park(brand: Brand, shipment: Shipment) -> ParkedRecord:
    return ParkedRecord.objects.create(
        account=brand.account,
        channel=brand.depot,
        type=SendShipments.type,
        external_id=str(shipment.pk),
        reason="refused",
        parked_at=NOW,
    )


def test_due_is_what_is_ready_here_the_oldest_first(brand: Brand) -> None:
    for external_id in ("1", "2", "3"):
        brand.receive(order_data(external_id))
    brand.receive(order_data("4", line(quantity=99)))
    brand.send(brand.shipment("2"))
    elsewhere = builders.warehouse(brand.account, "Elsewhere", default=False)
    Shipment.objects.filter(pk=brand.shipment("3").pk).update(channel=elsewhere)
    brand.receive(order_data("5"))
    assert due(brand) == [brand.shipment("1").pk, brand.shipment("5").pk]


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.CANCEL_REQUESTED])
def test_shipments_of_a_cancelled_order_are_not_due(brand: Brand, status: OrderStatus) -> None:
    brand.receive(order_data())
    order = brand.order()
    order.status = status
    order.save()
    assert due(brand) == []
    assert brand.send().outcome == Outcome.UNCHANGED
    assert brand.platform.requests == []


def test_a_sent_shipment_carries_what_the_warehouse_needs(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2, name="Mug"), line("TEE", 1, "2")))
    assert brand.send().outcome == Outcome.UPDATED
    (request,) = brand.platform.requests
    assert request.key == str(brand.shipment().key)
    assert request.order_number == "#1001"
    assert request.ship_to == {"name": "A. Buyer", "city": "Bonn"}
    assert [(one.sku, one.quantity, one.name) for one in request.lines] == [
        ("MUG", 2, "Mug"),
        ("TEE", 1, ""),
    ]


def test_a_sent_shipment_is_sent_with_its_identifier_and_no_longer_due(brand: Brand) -> None:
    brand.receive(order_data())
    brand.send()
    shipment = brand.shipment()
    assert (shipment.status, shipment.external_id, shipment.sent_at) == ("sent", "W-1", NOW)
    assert brand.stock() == (10, 1)
    assert due(brand) == []
    assert brand.send().outcome == Outcome.UNCHANGED
    assert len(brand.platform.requests) == 1


def test_a_refused_shipment_is_parked_with_the_reason_and_stays_ready(brand: Brand) -> None:
    brand.receive(order_data())
    brand.platform.error = Permanent("the postcode is not valid")
    with pytest.raises(Park, match=r"Warehouse refused .*#1001: the postcode is not valid"):
        brand.send()
    assert brand.shipment().status == ShipmentStatus.READY


def test_a_parked_shipment_is_not_due_until_it_is_no_longer_parked(brand: Brand) -> None:
    brand.receive(order_data("1"))
    brand.receive(order_data("2"))
    parked = park(brand, brand.shipment("1"))
    assert due(brand) == [brand.shipment("2").pk]
    ParkedRecord.objects.filter(pk=parked.pk).update(status=ParkedStatus.RESOLVED)
    assert due(brand) == [brand.shipment("1").pk, brand.shipment("2").pk]


def test_a_parked_shipment_can_be_pushed_again(brand: Brand) -> None:
    brand.receive(order_data())
    park(brand, brand.shipment())
    assert brand.send().outcome == Outcome.UPDATED


@pytest.mark.parametrize("error", [Transient("time-out"), Misconfigured("wrong token")])
def test_other_errors_are_the_runs_and_leave_the_shipment_ready(
    brand: Brand, error: Exception
) -> None:
    brand.receive(order_data())
    brand.platform.error = error
    with pytest.raises(type(error)):
        brand.send()
    brand.platform.error = None
    assert brand.send().outcome == Outcome.UPDATED
    keys = {request.key for request in brand.platform.requests}
    assert (len(keys), brand.shipment().external_id) == (1, "W-1")


def test_an_order_cancelled_during_the_call_becomes_a_cancel_request(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    cancelled = order_data(changed_at=LATER, cancelled=True)
    brand.platform = Meanwhile(lambda: brand.update(cancelled))
    assert brand.send().outcome == Outcome.UPDATED
    assert brand.states() == (OrderStatus.CANCEL_REQUESTED, ShipmentStatus.SENT)
    assert brand.shipment().external_id == "W-1"
    assert brand.stock() == (10, 2)
    said = " ".join(brand.log.of("warning"))
    assert "cancelled while being sent" in said
    assert "Ask the warehouse to cancel it" in said


@pytest.mark.parametrize(
    "changed",
    [
        order_data("1001", line("MUG", 3), changed_at=LATER),
        order_data("1001", line("MUG", 2), changed_at=LATER, ship_to={"city": "Köln"}),
        order_data("1001", line("MUG", 99), changed_at=LATER),
    ],
    ids=["lines", "address", "lines out of stock"],
)
def test_an_order_changed_during_the_call_is_pointed_out(brand: Brand, changed: object) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    brand.platform = Meanwhile(lambda: brand.update(changed))  # type: ignore[arg-type]  # an order
    brand.send()
    assert brand.states() == (OrderStatus.FULFILLING, ShipmentStatus.SENT)
    assert "has it as it was before" in brand.log.of("warning")[0]


def test_a_change_the_warehouse_is_not_told_of_is_not_pointed_out(brand: Brand) -> None:
    brand.receive(order_data())
    changed = order_data(changed_at=LATER, platform_status="on-hold")
    brand.platform = Meanwhile(lambda: brand.update(changed))
    brand.send()
    assert not brand.log.of("warning")


def test_an_identifier_that_another_shipment_has_is_parked(brand: Brand) -> None:
    brand.receive(order_data("1"))
    brand.send(brand.shipment("1"))
    brand.receive(order_data("2"))
    brand.platform = Warehouse()
    with pytest.raises(Park, match="W-1, as it calls shipment"):
        brand.send(brand.shipment("2"))
    assert brand.shipment("2").status == ShipmentStatus.READY


def test_shipments_without_an_identifier_of_their_own_do_not_collide(brand: Brand) -> None:
    class Silent(Warehouse):
        def send_shipment(self, request: ShipmentRequest) -> PushResult:
            return PushResult("")

    brand.platform = Silent()
    for external_id in ("1", "2"):
        brand.receive(order_data(external_id))
        brand.send(brand.shipment(external_id))
    assert {one.external_id for one in Shipment.objects.all()} == {None}
    assert {one.status for one in Shipment.objects.all()} == {"sent"}


def test_a_shipment_is_described_for_the_operator(brand: Brand) -> None:
    brand.receive(order_data("1001", line("MUG", 2)))
    assert SendShipments().describe(brand.shipment().pk) == {
        "key": str(brand.shipment().key),
        "order_number": "#1001",
        "lines": [{"sku": "MUG", "quantity": 2}],
        "ship_to": {"name": "A. Buyer", "city": "Bonn"},
    }
