"""From a delivery to records: delays, batches, bursts, losses. Each story told with the clock."""

from __future__ import annotations

from channels.connectors.base import Transient
from channels.models import Channel
from jobs.models import EventStatus, Rescue
from oms.models import Order
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


def test_an_event_without_delay_runs_at_once(
    stage: Stage, listening_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(listening_shop, "order.created", "1000")
    assert event.status == EventStatus.WAITING

    stage.work()

    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    assert Order.objects.get().external_id == "1000"
    job = stage.job(listening_shop)
    assert job.heard_at == stage.now
    assert job.proof_at == stage.now


def test_the_delay_opens_a_batch_that_later_events_join_without_moving_it(
    stage: Stage, listening_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(listening_shop, receive_orders={"webhook_delay_minutes": 10})
    shopfloor.place(stage.now, "1000")
    first = stage.deliver(listening_shop, "order.created", "1000")
    stage.at("12:09")
    shopfloor.place(stage.now, "1001")
    second = stage.deliver(listening_shop, "order.created", "1001", "1000")
    assert second.run_id == first.run_id
    assert stage.go() == []

    assert stage.at("12:10").go() == [first.run_id]

    assert shopfloor.fetched == ["1000", "1001"]
    run = stage.runs(listening_shop)[0]
    assert (run.status, run.trigger, run.read, run.created) == ("succeeded", "webhook", 2, 2)


def test_a_burst_while_a_run_is_active_then_a_429(
    stage: Stage, listening_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    first = stage.deliver(listening_shop, "order.created", "1000")
    shopfloor.fail(Transient("too many requests", retry_after=120))
    assert stage.work() == [first.run_id]
    run = stage.runs(listening_shop)[0]
    assert (run.status, run.attempt) == ("queued", 1)
    assert (run.not_before - stage.now).total_seconds() == 120

    events = []
    for number in range(1001, 1006):
        shopfloor.place(stage.now, str(number))
        events.append(stage.deliver(listening_shop, "order.created", str(number)))
    assert len({event.run_id for event in events}) == 1
    assert events[0].run_id != first.run_id
    assert stage.at("12:01").go() == [], "nothing of the job starts while its run is active"

    assert stage.at("12:02").go() == [first.run_id, events[0].run_id]
    assert Order.objects.count() == 6


def test_a_lost_event_is_rescued_by_the_emergency_job_and_degrades(
    stage: Stage, listening_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(listening_shop, receive_orders={"emergency_period_minutes": 5})
    job = stage.job(listening_shop)
    assert job.emergency_state == "armed"
    assert job.emergency_due_at == stage.now.replace(minute=5)
    stage.at("12:01")
    shopfloor.place(stage.now, "1000")

    assert len(stage.at("12:05").go()) == 1

    run = stage.runs(listening_shop)[0]
    assert run.trigger == "emergency"
    assert "deadline" in run.reason
    assert (run.rescued, run.created) == (1, 1)
    assert Rescue.objects.get().external_id == "1000"
    job = stage.job(listening_shop)
    assert job.emergency_state == "degraded"
    assert job.proven_until == stage.now.replace(minute=4)
    assert job.emergency_due_at == stage.now.replace(minute=10)
