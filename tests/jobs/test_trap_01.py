"""A platform whose last-changed date does not move when an order changes."""

from __future__ import annotations

import pytest

from channels.models import Channel
from jobs import control
from oms.models import Order
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


def status() -> str:
    return Order.objects.get(external_id="1001").platform_status


@pytest.fixture
def received(stage: Stage, shop: Channel, shopfloor: Platform) -> Channel:
    """Order 1001 is here; at the platform it has moved on, with the date it had before."""
    placed = shopfloor.place(stage.now, "1001")
    control.run_now(stage.job(shop), stage.wait(minutes=5).now)
    stage.work()
    shopfloor.change("1001", placed.changed_at, platform_status="delivered")
    stage.wait(hours=1)
    control.run_now(stage.job(shop), stage.now)
    stage.work()
    assert status() == ""
    return shop


def test_trap_01_an_unmoved_date_hides_a_change_from_windows_not_from_its_event(
    stage: Stage, received: Channel
) -> None:
    stage.save(received, mode="webhook")
    stage.deliver(received, "order.updated", "1001")
    stage.work()

    assert status() == "delivered"


def test_trap_01_an_unmoved_date_does_not_hide_a_change_from_a_by_id_run(
    stage: Stage, received: Channel
) -> None:
    stage.save(received, mode="recurring_by_id")
    control.run_now(stage.job(received, "receive_order_updates"), stage.now)
    stage.work()

    assert status() == "delivered"
