"""A pretended Shopify shop over loopback, from its deliveries to our records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import clock, configure
from jobs.change import Change
from jobs.execute import execute
from jobs.models import Event, Run
from oms.models import Order
from tests import builders
from tests.shopify_shop import ShopifyShop

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
RECEIVED = START + timedelta(minutes=10)


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with ShopifyShop().serve() as served:
        served.place(5001, "2026-11-23T10:01:00Z", [("LAMP", 2)])
        served.place(5002, "2026-11-23T10:02:00Z", [("LAMP", 1), ("SHADE", 1)])
        yield served


@pytest.fixture
def account() -> Account:
    made = Account.objects.create(name="Brand", automatic_workflow=False)
    for sku in ("LAMP", "SHADE"):
        builders.product(made, sku)
    return made


@pytest.fixture
def channel(account: Account, shop: ShopifyShop) -> Channel:
    with time_machine.travel(START, tick=False):
        made = create_channel(
            account, "shopify", "Lamps", START, settings=shop.settings, secrets=shop.secrets
        )
        configure.reconcile(account, START)
        configure.apply(account, Change(channels={made.pk: {"mode": "webhook"}}), START)
    made.refresh_from_db()
    return made


def deliver(
    shop: ShopifyShop, channel: Channel, topic: str, content: dict[str, Any], webhook_id: str
) -> tuple[int, str]:
    headers, body = shop.delivery(topic, content, webhook_id)
    answer = Client().post(
        channel.webhook_path, body, content_type=headers.pop("content-type"), headers=headers
    )
    return answer.status_code, answer.json()["status"]


def work(at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        clock.tick(at)
        for _ in range(3):
            for run in Run.objects.filter(status="queued", not_before__lte=at):
                execute(run.pk, lambda: at)


def lines_of(number: int) -> list[tuple[str, str, int]]:
    order = Order.objects.get(external_id=str(number))
    return [(line.external_id, line.sku, line.quantity) for line in order.lines.all()]


def test_deliveries_become_orders_and_a_repetition_is_a_duplicate(
    channel: Channel, shop: ShopifyShop
) -> None:
    with time_machine.travel(RECEIVED, tick=False):
        created = ("orders/create", {"id": 5001}, "wh-1")
        assert deliver(shop, channel, *created) == (202, "waiting")
        assert deliver(shop, channel, *created) == (200, "duplicate")
    work(RECEIVED)

    order = Order.objects.get()
    assert (order.external_id, order.number, order.currency) == ("5001", "#5001", "EUR")
    assert order.total == Decimal(28)
    assert lines_of(5001) == [("500101", "LAMP", 2)]
    assert not Event.objects.filter(status="waiting").exists()


def test_a_cancellation_arrives_once_under_two_topics(channel: Channel, shop: ShopifyShop) -> None:
    with time_machine.travel(RECEIVED, tick=False):
        deliver(shop, channel, "orders/create", {"id": 5001}, "wh-1")
    work(RECEIVED)
    later = RECEIVED + timedelta(minutes=1)
    shop.orders[5001].update(cancelledAt="2026-11-23T10:10:30Z", updatedAt="2026-11-23T10:10:30Z")

    with time_machine.travel(later, tick=False):
        for number, topic in enumerate(("orders/updated", "orders/cancelled")):
            assert deliver(shop, channel, topic, {"id": 5001}, f"wh-c{number}")[0] == 202
    work(later)

    assert Order.objects.get().status == "cancelled"
    assert Event.objects.filter(status="done").count() == 3


def test_an_unsigned_delivery_is_refused(channel: Channel) -> None:
    headers = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "wh-1"}
    answer = Client().post(
        channel.webhook_path, b'{"id":5001}', content_type="application/json", headers=headers
    )

    assert (answer.status_code, Event.objects.count()) == (401, 0)


def test_lost_deliveries_are_rescued_over_the_window(channel: Channel, shop: ShopifyShop) -> None:
    work(START + timedelta(hours=1, minutes=2))

    run = Run.objects.get(type="receive_orders", trigger="emergency")
    assert (run.status, run.rescued) == ("succeeded", 2)
    assert lines_of(5002) == [("500201", "LAMP", 1), ("500202", "SHADE", 1)]


def test_by_id_finds_the_same_orders_and_later_ones(
    channel: Channel, account: Account, shop: ShopifyShop
) -> None:
    change = Change(
        channels={channel.pk: {"mode": "recurring_by_id"}},
        jobs={(channel.pk, "receive_orders"): {"main_period_minutes": 5}},
    )
    configure.apply(account, change, START)
    work(START + timedelta(minutes=5))
    assert {order.external_id for order in Order.objects.all()} == {"5001", "5002"}

    shop.place(37773, "2026-11-23T10:06:00Z")
    work(START + timedelta(minutes=10))

    assert {run.status for run in Run.objects.all()} == {"succeeded"}
    assert {order.external_id for order in Order.objects.all()} == {"5001", "5002", "37773"}
