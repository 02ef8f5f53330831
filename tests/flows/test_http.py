"""A shop and a warehouse connected without code: over HTTP, from a webhook to a shipped order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import clock, configure, control
from jobs.change import Change
from jobs.execute import execute
from jobs.mappings import NewMapping
from jobs.models import Event, Job, Run
from oms.models import (
    Order,
    OrderStatus,
    ParkedRecord,
    ParkedStatus,
    Shipment,
    ShipmentStatus,
    StockLevel,
)
from oms.stock import ensure_levels
from tests import builders
from tests.claims.on_http import signed
from tests.http_platform import SECRET, HttpPlatform, order
from tests.http_server import served

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = START + timedelta(minutes=5)
PLACED = {"updated_at": "2026-03-02T12:02:00Z", "placed_at": "2026-03-02T12:02:00Z"}
_numbers = count(1)


@dataclass
class Scene:
    account: Account
    shop: Channel
    warehouse: Channel
    at_shop: HttpPlatform
    at_warehouse: HttpPlatform

    def place(self, external_id: Any) -> None:
        self.at_shop.lists["orders"].append(order(external_id, **PLACED))
        self.at_shop.made[external_id] = PLACED["placed_at"]

    def tell(self, channel: Channel, body: dict[str, Any]) -> tuple[int, str]:
        sent = signed("", "", json.dumps(body), f"msg_{next(_numbers)}")
        answer = Client().post(
            channel.webhook_path, sent.body, "application/json", headers=sent.headers
        )
        return answer.status_code, answer.json()["status"]

    def work(self) -> None:
        clock.tick(NOW)
        for _ in range(3):
            for run in Run.objects.filter(status="queued", not_before__lte=NOW):
                execute(run.pk, lambda: NOW)

    def run(self, channel: Channel, job_type: str) -> None:
        control.run_now(Job.objects.with_channel().get(channel=channel, type=job_type), NOW)
        self.work()


def connect(account: Account, connector: str, address: str, mode: str) -> Channel:
    made = create_channel(
        account,
        connector,
        connector,
        START,
        settings={"url": address},
        secrets={"webhook_secret": SECRET},
    )
    configure.reconcile(account, START)
    configure.apply(account, Change(channels={made.pk: {"mode": mode}}), START)
    made.refresh_from_db()
    return made


@pytest.fixture
def scene() -> Iterator[Scene]:
    at_shop, at_warehouse = HttpPlatform({"orders": []}), HttpPlatform({"shipments": []})
    account = Account.objects.create(name="Brand", automatic_workflow=True)
    with ExitStack() as stack:
        shop = connect(account, "http", stack.enter_context(served(at_shop)), "webhook")
        address = stack.enter_context(served(at_warehouse))
        warehouse = connect(account, "http_warehouse", address, "webhook")
        account.default_fulfillment_channel = warehouse
        account.save()
        builders.product(account, "MUG")
        ensure_levels(account)
        StockLevel.objects.update(on_hand=10)
        stack.enter_context(time_machine.travel(NOW, tick=False))
        yield Scene(account, shop, warehouse, at_shop, at_warehouse)


def test_an_order_goes_from_a_webhook_to_shipped(scene: Scene) -> None:
    scene.place("o/1")
    body = {"type": "order.created", "data": {"id": "o/1"}}
    assert scene.tell(scene.shop, body) == (202, "waiting")
    scene.work()
    made = Order.objects.get()
    assert (made.external_id, made.number) == ("o/1", "No/1")

    scene.run(scene.warehouse, "send_shipments")
    assert Shipment.objects.get().status == ShipmentStatus.SENT
    [sent] = scene.at_warehouse.lists["shipments"]
    sent.update(
        updated_at="2026-03-02T12:04:00Z",
        shipped_at="2026-03-02T12:04:00Z",
        lines=[{"sku": "MUG", "quantity": 2}],
        done=True,
        tracking="T1",
    )
    body = {"type": "shipment.updated", "data": {"id": [sent["id"]]}}
    assert scene.tell(scene.warehouse, body) == (202, "waiting")
    scene.work()
    made.refresh_from_db()
    assert made.status == OrderStatus.SHIPPED
    assert not Event.objects.exclude(status="done").exists()


def test_a_topic_of_the_shops_own_brings_its_orders(scene: Scene) -> None:
    scene.place(7)
    new = NewMapping(scene.shop.pk, "bestellung", "receive_orders", "$.nummern[*]")
    configure.apply(scene.account, Change(new_mappings=[new]), NOW)
    assert scene.tell(scene.shop, {"type": "bestellung", "nummern": [7]}) == (202, "waiting")
    scene.work()
    assert Order.objects.get().external_id == "7"


def test_a_refused_shipment_goes_out_once_it_is_mended(scene: Scene) -> None:
    scene.at_warehouse.refused_skus = {"MUG"}
    scene.place("o-1")
    scene.run(scene.shop, "receive_orders")
    scene.run(scene.warehouse, "send_shipments")
    parked = ParkedRecord.objects.get(status=ParkedStatus.PARKED)
    assert "We do not know MUG. Add it first." in parked.reason
    assert scene.at_warehouse.lists["shipments"] == []

    scene.at_warehouse.refused_skus = set()
    control.retry_parked(parked, NOW)
    scene.work()
    assert len(scene.at_warehouse.lists["shipments"]) == 1
    assert Shipment.objects.get().status == ShipmentStatus.SENT
    parked.refresh_from_db()
    assert parked.status == ParkedStatus.RESOLVED


def test_by_id_goes_on_after_the_last_opaque_id(scene: Scene) -> None:
    change = Change(channels={scene.shop.pk: {"mode": "recurring_by_id"}})
    configure.apply(scene.account, change, NOW)
    for external_id in ("zz", "aa"):
        scene.place(external_id)
    scene.run(scene.shop, "receive_orders")
    scene.place("mm")
    scene.at_shop.requests.clear()
    scene.run(scene.shop, "receive_orders")
    assert set(Order.objects.values_list("external_id", flat=True)) == {"zz", "aa", "mm"}
    asked = [request.url.params.get("after_id") for request in scene.at_shop.requests]
    assert asked[0] == "aa"
    last = Job.objects.get(channel=scene.shop, type="receive_orders").last_identifier
    assert last == "mm"
