"""The webhook Delay beside the emergency job: neither overtakes the other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.models import Channel
from jobs.models import EventStatus, Rescue, Run
from oms.models import Order
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


@pytest.fixture
def slow_shop(stage: Stage, orders_shop: Channel) -> Channel:
    """Delay 4 hours, Emergency Job Period 5 minutes."""
    values = {"webhook_delay_minutes": 240, "emergency_period_minutes": 5}
    stage.save(orders_shop, receive_orders=values)
    return orders_shop


def test_a_delay_longer_than_the_emergency_period_puts_the_deadline_off(
    stage: Stage, slow_shop: Channel
) -> None:
    due = stage.job(slow_shop).emergency_due_at
    assert due == stage.now + timedelta(hours=4, minutes=5)
    assert stage.at("16:04").go() == []
    assert len(stage.at("16:05").go()) == 1


def test_a_batch_that_waits_longer_than_the_emergency_period_is_no_rescue(
    stage: Stage, slow_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(slow_shop, "order.created", "1000")

    done = stage.run_until(stage.now + timedelta(hours=5), timedelta(minutes=5))

    assert done[0] == event.run_id, "the batch at 16:00 comes before the emergency at 16:05"
    event.refresh_from_db()
    assert (event.status, event.reason) == (EventStatus.DONE, "")
    assert not Rescue.objects.exists()
    assert stage.job(slow_shop).emergency_state == "armed"


def test_an_emergency_run_never_takes_what_a_waiting_batch_is_to_handle(
    stage: Stage, slow_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("13:00")
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(slow_shop, "order.created", "1000")

    done = stage.at("16:05").go()

    emergency = Run.objects.get(pk=done[0])
    assert emergency.trigger == "emergency"
    assert emergency.window_until == stage.now - timedelta(hours=4, minutes=1)
    assert not Order.objects.exists()
    assert event.status == EventStatus.WAITING
    assert stage.run_of(event).attempt == 0
    assert stage.run_of(event).not_before == stage.now.replace(hour=17, minute=0)
    stage.run_until(stage.now.replace(hour=17, minute=0), timedelta(minutes=5))
    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    assert stage.run_of(event).created == 1


def test_after_the_delay_the_window_reaches_the_change_and_finds_nothing_new(
    stage: Stage, slow_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    stage.deliver(slow_shop, "order.created", "1000")
    stage.run_until(stage.now + timedelta(hours=4, minutes=10), timedelta(minutes=5))
    first = Run.objects.caused_by("emergency").earliest("pk")
    assert (first.read, first.unchanged, first.rescued) == (1, 1, 0)


def test_the_emergency_run_waits_for_an_active_batch_and_the_batch_for_a_due_emergency_run(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 60})
    stage.at("13:00")
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    job = stage.job(orders_shop)
    assert job.emergency_due_at == stage.now.replace(hour=14)
    assert stage.run_of(event).not_before == stage.now.replace(hour=14)

    done = stage.at("14:00").go()

    assert [Run.objects.get(pk=one).sort for one in done] == ["full", "entity"]


def test_a_delay_made_longer_moves_only_later_batches(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 10})
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 240})
    assert stage.at("12:10").go() == [event.run_id]
    later = stage.deliver(orders_shop, "order.created", "1000")
    assert stage.run_of(later).not_before == stage.now + timedelta(hours=4)


def test_a_delay_taken_away_brings_the_waiting_batch_forward_with_the_next_event(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 240})
    shopfloor.place(stage.now, "1000")
    first = stage.deliver(orders_shop, "order.created", "1000")
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": None})
    second = stage.deliver(orders_shop, "order.created", "1000")
    assert second.run_id == first.run_id
    assert stage.work() == [first.run_id]
