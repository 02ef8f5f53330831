"""The reckoning after a fault finds what it is there to find: each kind of loss and doubling."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.models import Channel, create_channel
from jobs import configure
from jobs.models import Event, Job, Run
from oms.models import Order, Shipment, StockLevel
from tests import builders
from tests.faults import audit
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


class Aftermath:
    """One event taken in by webhook and one slot run, as the audit is told of them."""

    def __init__(self, stage: Stage, shop: Channel, platform: Platform) -> None:
        self.stage = stage
        platform.place(stage.now, "1000")
        event = stage.deliver(shop, "order.created", "1000")
        polled = create_channel(
            stage.account, "test_shop", "Polled", stage.now, settings={"url": "http://platform"}
        )
        configure.reconcile(stage.account, stage.now)
        stage.save(polled, receive_orders={"main_period_minutes": 5})
        self.polled = stage.job(polled)
        self.deliveries = [
            {
                "channel": shop.pk,
                "delivery_id": event.delivery_id,
                "event": event.pk,
                "order": "1000",
            }
        ]
        self.firsts = {self.polled.pk: stage.now + timedelta(minutes=5)}
        stage.work()
        stage.at("12:05:10").go()

    def complaints(self, at: datetime | None = None) -> list[str]:
        found = audit.look(self.deliveries, self.firsts, at or self.stage.now)
        return list(found["complaints"])


@pytest.fixture
def aftermath(stage: Stage, listening_shop: Channel, shopfloor: Platform) -> Aftermath:
    stage.account.automatic_workflow = True
    stage.account.save(update_fields=["automatic_workflow"])
    builders.warehouse(stage.account, connector="test_warehouse")
    StockLevel.objects.update(on_hand=100)
    return Aftermath(stage, listening_shop, shopfloor)


def test_nothing_is_said_where_all_is_well(aftermath: Aftermath) -> None:
    assert aftermath.complaints() == []


def _forget_slot(aftermath: Aftermath) -> None:
    Run.objects.filter(job=aftermath.polled).update(slot_at=None)


def _fail_run(aftermath: Aftermath) -> None:
    Run.objects.filter(job=aftermath.polled).update(status="failed")


def _lose_proof(aftermath: Aftermath) -> None:
    Job.objects.filter(pk=aftermath.polled.pk).update(proven_until=builders.SYNC_FROM)


def _lose_polled_order(aftermath: Aftermath) -> None:
    Order.objects.filter(channel=aftermath.polled.channel_id).delete()


def _ship_again(aftermath: Aftermath) -> None:
    shipment = Shipment.objects.order_by("pk")[0]
    Shipment.objects.create(
        account=shipment.account, order=shipment.order, channel=shipment.channel
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda _: Event.objects.all().delete(), "not stored"),
        (lambda _: Event.objects.update(status="waiting"), "events are not done"),
        (lambda _: Order.objects.update(external_id="9"), "orders of accepted deliveries"),
        (_ship_again, "not one shipment"),
        (lambda _: StockLevel.objects.update(allocated=7), "7 are allocated"),
        (_forget_slot, "accounted for as nothing"),
        (_fail_run, "did not succeed"),
        (_lose_proof, "is proven until"),
        (_lose_polled_order, "do not have the shop's"),
        (lambda _: Job.objects.update(heard_at=None), "last heard at None"),
    ],
)
def test_damage_is_found(
    aftermath: Aftermath, damage: Callable[[Aftermath], Any], said: str
) -> None:
    damage(aftermath)

    assert any(said in complaint for complaint in aftermath.complaints())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "queued", "attempt": 0}, "due and were not sent"),
        ({"status": "running", "lease_until": builders.SYNC_FROM}, "past their lease"),
    ],
)
def test_runs_left_lying_are_found(aftermath: Aftermath, fields: dict[str, Any], said: str) -> None:
    Run.objects.filter(job=aftermath.polled).update(**fields)

    later = aftermath.stage.now + timedelta(minutes=2)
    assert any(said in complaint for complaint in aftermath.complaints(later))
