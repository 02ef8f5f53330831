"""Promises of the engine that the database keeps: each is tried to be broken by a raw insert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from channels.models import Channel, WebhookMapping
from jobs.models import Event, Job, Rescue, Run, SlotStretch, StableJob
from oms.models import Order, ParkedRecord, Product, StockLevel
from tests.jobs.stage import START, Stage

LATER = START + timedelta(minutes=5)


def run(stage: Stage, shop: Channel, **values: Any) -> Run:
    basics: dict[str, Any] = {
        "job": stage.job(shop),
        "channel": shop,
        "account": stage.account,
        "type": "receive_orders",
        "sort": "full",
        "trigger": "manual",
        "not_before": START,
        "wake_at": START,
        "status": "succeeded",
    }
    return Run.objects.create(**basics | values)


def event(stage: Stage, shop: Channel, key: str) -> Event:
    return Event.objects.create(
        channel=shop, topic="t", delivery_id="1", delivery_key=key, received_at=START,
        status="ignored", body=b"",
    )  # fmt: skip


def stretch(stage: Stage, shop: Channel, **values: Any) -> SlotStretch:
    basics: dict[str, Any] = {
        "job": stage.job(shop), "first_slot_at": START, "last_slot_at": LATER, "count": 2,
        "outcome": "coalesced",
    }  # fmt: skip
    return SlotStretch.objects.create(**basics | values)


def job(stage: Stage, shop: Channel, **values: Any) -> int:
    return Job.objects.filter(pk=stage.job(shop).pk).update(**values)


def stable(stage: Stage, **values: Any) -> StableJob:
    return StableJob.objects.create(account=stage.account, type="receive_orders", **values)


def rescue(stage: Stage, of: Run) -> Rescue:
    return Rescue.objects.create(
        run=of, job=of.job, external_id="1000", changed_at=START, rescued_at=START
    )


def order(stage: Stage, shop: Channel) -> Order:
    return Order.objects.create(
        account=stage.account, channel=shop, external_id="1", number="1",
        revision_at=START, placed_at=START,
    )  # fmt: skip


def parked(stage: Stage, shop: Channel) -> ParkedRecord:
    return ParkedRecord.objects.create(
        account=stage.account, channel=shop, type="receive_orders", external_id="1",
        reason="r", parked_at=START,
    )  # fmt: skip


def twice(make: Callable[[], object]) -> Callable[[], object]:
    def both() -> None:
        make()
        make()

    return both


Breach = Callable[[Stage, Channel], Callable[[], object]]

BREACHES: dict[str, Breach] = {
    "one_run_per_slot": lambda s, c: twice(lambda: run(s, c, slot_at=START)),
    "one_active_run_per_job": lambda s, c: (
        lambda: (
            run(s, c, status="running", attempt=1),
            run(s, c, status="queued", attempt=1, sort="entity"),
        )
    ),
    "one_waiting_full_run_per_job": lambda s, c: twice(lambda: run(s, c, status="queued")),
    "one_waiting_entity_run_per_job": lambda s, c: twice(
        lambda: run(s, c, status="queued", sort="entity")
    ),
    "one_event_per_delivery": lambda s, c: twice(lambda: event(s, c, "same")),
    "one_rescue_per_record": lambda s, c: lambda: [rescue(s, of) for of in [run(s, c)] * 2],
    "one_job_per_type": lambda s, c: (
        lambda: Job.objects.create(channel=c, type="receive_orders", proven_until=START)
    ),
    "job_period_is_positive": lambda s, c: lambda: job(s, c, main_period_minutes=0),
    "job_delay_is_shorter_than_its_period": lambda s, c: (
        lambda: job(s, c, main_period_minutes=60, delay_minutes=60)
    ),
    "one_stable_row_per_type": lambda s, c: twice(lambda: stable(s)),
    "stable_period_is_positive": lambda s, c: lambda: stable(s, period_minutes=0),
    "stable_delay_is_shorter_than_its_period": lambda s, c: (
        lambda: stable(s, period_minutes=5, delay_minutes=5)
    ),
    "stretch_is_not_empty": lambda s, c: lambda: stretch(s, c, count=0),
    "stretch_runs_forward": lambda s, c: (
        lambda: stretch(s, c, last_slot_at=START - (LATER - START))
    ),
    "one_job_type_per_topic": lambda s, c: (
        lambda: WebhookMapping.objects.create(
            channel=c, topic="order.created", type="receive_order_updates"
        )
    ),
    "one_order_per_channel_id": lambda s, c: twice(lambda: order(s, c)),
    "parked_once": lambda s, c: twice(lambda: parked(s, c)),
    "one_product_per_sku": lambda s, c: (
        lambda: Product.objects.create(account=s.account, sku=" mug ")
    ),
    "one_level_per_channel": lambda s, c: twice(
        lambda: StockLevel.objects.create(product=Product.objects.get(), channel=c)
    ),
}


@pytest.mark.parametrize("promise", BREACHES)
def test_the_database_keeps_the_promise(stage: Stage, shop: Channel, promise: str) -> None:
    breach = BREACHES[promise](stage, shop)
    with pytest.raises(IntegrityError), transaction.atomic():
        breach()


def test_every_named_promise_of_the_engine_is_tried() -> None:
    named = {
        constraint.name
        for model in (Run, Event, Rescue, Job, StableJob, SlotStretch)
        for constraint in model._meta.constraints
    }
    assert named <= set(BREACHES)


def test_what_the_promises_allow(stage: Stage, shop: Channel) -> None:
    run(stage, shop, status="running", attempt=1)
    run(stage, shop, status="queued")
    run(stage, shop, status="queued", sort="entity")
    run(stage, shop, slot_at=START)
    run(stage, shop, slot_at=LATER)
    run(stage, shop, slot_at=None)
    assert Run.objects.count() == 6
    assert all(isinstance(one, models.Model) for one in Run.objects.all())
