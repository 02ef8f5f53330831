"""Looking for what is still open costs no more for all that is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.models import Shipment, ShipmentStatus
from oms.receive_orders import ReceiveOrders
from oms.receive_shipments import ReceiveShipments
from oms.send_shipments import SendShipments
from tests.builders import SYNC_FROM
from tests.oms.conftest import Brand

pytestmark = pytest.mark.postgres


def plan_of(act: Callable[[], object]) -> str:
    """How PostgreSQL finds the rows when reading whole tables, or sorting, is dear."""
    with CaptureQueriesContext(connection) as captured:
        act()
    (query,) = [one["sql"] for one in captured]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {query}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_open_orders_of_a_channel_have_an_index(brand: Brand) -> None:
    plan = plan_of(lambda: list(ReceiveOrders().open_ids(brand.shop, SYNC_FROM)))
    assert "orders_open_at_channel" in plan


def test_shipments_under_way_at_a_warehouse_have_an_index(brand: Brand) -> None:
    plan = plan_of(lambda: list(ReceiveShipments().open_ids(brand.depot, SYNC_FROM)))
    assert "shipments_open_at_channel" in plan


def test_shipments_to_be_sent_have_an_index(brand: Brand) -> None:
    plan = plan_of(lambda: SendShipments().due(brand.depot))
    assert "shipments_open_at_channel" in plan


def test_backordered_shipments_of_a_warehouse_have_an_index(brand: Brand) -> None:
    waiting = Shipment.objects.filter(channel=brand.depot, status=ShipmentStatus.BACKORDERED)
    assert "shipments_backordered" in plan_of(lambda: list(waiting.order_by("pk")))
