"""Whatever happens in whatever order, the books balance."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms.ledger import held
from oms.models import Order, OrderLine, OrderStatus, Shipment, ShipmentStatus, StockLevel
from oms.send_shipments import SendShipments
from oms.stock import set_on_hand
from oms.work import Park
from tests.builders import NOW, line, order_data, shipment_data
from tests.oms.conftest import Brand

ORDERS = ("1", "2", "3")
SKUS = ("MUG", "TEE")
QUANTITIES = st.integers(0, 6)
ENDS = st.sampled_from([{}, {"done": True}, {"cancelled": True}])

EVENTS = st.one_of(
    st.tuples(
        st.just("order"),
        st.sampled_from(ORDERS),
        st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 5)), min_size=1, max_size=3),
    ),
    st.tuples(st.sampled_from(["cancel", "gone", "lost", "returned"]), st.sampled_from(ORDERS)),
    st.tuples(st.just("ship"), st.sampled_from(ORDERS), ENDS, QUANTITIES, QUANTITIES),
    st.tuples(st.just("count"), st.sampled_from(SKUS), st.integers(0, 12)),
    st.tuples(st.just("send")),
)


def happen(brand: Brand, event: Any, minute: int) -> None:
    kind, *rest = event
    at = NOW + timedelta(minutes=minute)
    if kind == "count":
        set_on_hand(brand.level(rest[0]), rest[1], at)
    elif kind == "send":
        for key in SendShipments().due(brand.depot):
            brand.send(Shipment.objects.get(pk=key), at)
    elif kind == "order":
        lines = [line(sku, n, str(i)) for i, (sku, n) in enumerate(rest[1])]
        brand.receive(order_data(rest[0], *lines, changed_at=at), at)
    elif kind in ("cancel", "gone"):
        if kind == "gone":
            brand.gone(rest[0], at)
        else:
            brand.update(order_data(rest[0], changed_at=at, cancelled=True), at)
    elif Shipment.objects.filter(order__external_id=rest[0]).exists():
        tell(brand, kind, rest, minute)


def tell(brand: Brand, kind: str, rest: list[Any], minute: int) -> None:
    shipment = brand.shipment(rest[0])
    at = NOW + timedelta(minutes=minute)
    name = shipment.external_id or f"W-{100 + shipment.pk}"
    if kind == "lost":
        brand.lost(name, at)
        return
    shipped = zip(SKUS, rest[2:], strict=True) if kind == "ship" else ()
    end = rest[1] if kind == "ship" else {"cancelled": True}
    brand.report(shipment_data(name, shipment.key, *shipped, changed_at=at, **end), at)


def check(brand: Brand) -> None:
    """What shipments hold is what is allocated, and states agree with quantities."""
    promised: Counter[int] = Counter()
    for shipment in Shipment.objects.all():
        promised.update(held(shipment))
    levels = StockLevel.objects.filter(channel=brand.depot)
    assert {level.product_id: level.allocated for level in levels if level.allocated} == dict(
        +promised
    )
    assert not Shipment.objects.filter(status=ShipmentStatus.SHIPPED, done=False).exists()
    for order in Order.objects.all():
        check_order(order)


def check_order(order: Order) -> None:
    lines = list(OrderLine.objects.filter(order=order))
    states = {shipment.status for shipment in Shipment.objects.filter(order=order)}
    assert (order.status == OrderStatus.SHIPPED) == all(x.shipped == x.quantity for x in lines)
    if order.status == OrderStatus.CANCELLED:
        assert states <= {ShipmentStatus.CANCELLED}
    if order.status == OrderStatus.APPROVED:
        assert not states & {ShipmentStatus.READY, ShipmentStatus.SENT}
    if order.status == OrderStatus.FULFILLING:
        assert states & {ShipmentStatus.READY, ShipmentStatus.SENT, ShipmentStatus.SHORT_SHIPPED}
    for one in lines:
        told = Shipment.objects.filter(lines__order_line=one).values_list("lines__shipped")
        assert one.shipped == sum(n for (n,) in told.filter(lines__order_line=one))


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(events=st.lists(EVENTS, max_size=14))
def test_whatever_platforms_say_the_books_balance(brand: Brand, events: list[Any]) -> None:
    Order.objects.all().delete()
    StockLevel.objects.update(on_hand=8, allocated=0)
    for minute, event in enumerate(events):
        with suppress(Park), transaction.atomic():
            happen(brand, event, minute)
        check(brand)
