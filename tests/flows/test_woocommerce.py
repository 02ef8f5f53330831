"""The recorded session of a real WooCommerce shop, from its deliveries to our records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import clock, configure
from jobs.change import Change
from jobs.execute import execute
from jobs.models import Event, Run
from oms.models import Order, ParkedRecord
from tests import builders
from tests.woocommerce_shop import Json, WooShop, recorded, recorded_deliveries, recorded_orders

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 23, 5, 21, 0, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 23, 5, 21, 40, tzinfo=UTC)
SKUS = ("MUG-BLUE", "MUG-RED", "TEE-S", "TEE-M", "HOOD-M", "HOOD-L")
BINNED = 36


def final_orders() -> list[Json]:
    """The shop's orders as its API showed them at the end, and the one in its bin."""
    shown: list[Json] = recorded("41_")["response"]["body"]
    [binned] = [order for order in recorded_orders() if order["id"] == BINNED]
    return [*shown, {**binned, "status": "trash"}]


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with WooShop(final_orders(), behind_proxy=True).serve() as served:
        yield served


@pytest.fixture
def account() -> Account:
    made = Account.objects.create(name="Brand", automatic_workflow=False)
    for sku in SKUS:
        builders.product(made, sku)
    return made


@pytest.fixture
def channel(account: Account, shop: WooShop) -> Channel:
    with time_machine.travel(START, tick=False):
        made = create_channel(
            account, "woocommerce", "Woo", START, settings=shop.settings, secrets=shop.secrets
        )
        configure.reconcile(account, START)
        configure.apply(account, Change(channels={made.pk: {"mode": "webhook"}}), START)
    made.refresh_from_db()
    return made


def post(channel: Channel, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    sent = {name: value for name, value in headers.items() if name != "content-length"}
    answer = Client().post(
        channel.webhook_path, body, content_type=sent.pop("content-type"), headers=sent
    )
    return answer.status_code, answer.json()["status"]


def work(at: datetime) -> None:
    clock.tick(at)
    for _ in range(3):
        for run in Run.objects.filter(status="queued", not_before__lte=at):
            execute(run.pk, lambda: at)


def test_recorded_deliveries_become_the_orders_that_the_shop_has(
    channel: Channel, shop: WooShop
) -> None:
    with time_machine.travel(RECEIVED, tick=False):
        answers = {
            name: post(channel, headers, body) for name, headers, body in recorded_deliveries()
        }
        pings = {name for name in answers if "ping" in name}
        assert {answers[name] for name in pings} == {(200, "ping")}
        orders = {name for name in answers if "_order_" in name}
        assert {answers[name] for name in orders} == {(202, "waiting")}
        assert all(answer[0] == 202 for name, answer in answers.items() if name not in pings)
        assert Event.objects.count() == len(answers) - len(pings)
        work(RECEIVED)

    assert not Event.objects.filter(status="waiting").exists()
    assert_records_equal(shop.orders.values())


def assert_records_equal(shown: Iterable[Json]) -> None:
    """Every order that the shop shows is in the records with its numbers, lines and address."""
    found = {order.external_id: order for order in Order.objects.prefetch_related("lines")}
    visible = [one for one in shown if one["status"] != "trash"]
    for one in visible:
        order = found.pop(str(one["id"]))
        assert order.number == one["number"]
        assert order.total == Decimal(one["total"])
        assert order.currency == one["currency"]
        assert order.platform_status == one["status"]
        assert order.revision_at.isoformat() == f"{one['date_modified_gmt']}+00:00"
        assert order.ship_to["street"] == one["shipping"]["address_1"]
        assert {(line.external_id, line.sku, line.quantity) for line in order.lines.all()} == {
            (str(line["id"]), line["sku"], line["quantity"]) for line in one["line_items"]
        }
    assert not [order for order in found.values() if order.status != "cancelled"]


def test_the_same_deliveries_again_are_duplicates(channel: Channel) -> None:
    with time_machine.travel(RECEIVED, tick=False):
        for _, headers, body in recorded_deliveries():
            post(channel, headers, body)
        stored = Event.objects.count()
        again = {
            post(channel, headers, body)
            for _, headers, body in recorded_deliveries()
            if "x-wc-webhook-topic" in headers
        }
    assert again == {(200, "duplicate")}
    assert Event.objects.count() == stored


@pytest.mark.parametrize("tampered", ["body", "signature", "unsigned", "other secret"])
def test_a_tampered_delivery_is_refused(channel: Channel, tampered: str) -> None:
    [(_, headers, body)] = [one for one in recorded_deliveries() if one[0].startswith("10_")]
    if tampered == "body":
        body = body.replace(b'"total":"49.90"', b'"total":"09.90"')
    elif tampered == "signature":
        headers["x-wc-webhook-signature"] = "A" + headers["x-wc-webhook-signature"][1:]
    elif tampered == "unsigned":
        del headers["x-wc-webhook-signature"]
    else:
        channel.secrets = {**channel.secrets, "webhook_secret": "another-secret"}
        channel.save()
    assert post(channel, headers, body) == (401, "rejected")
    assert not Event.objects.exists()


def test_lost_deliveries_are_rescued_over_the_window(channel: Channel, shop: WooShop) -> None:
    """The shop sent nothing at all: the emergency job, an hour later, finds every order."""
    late = RECEIVED + timedelta(hours=1, minutes=2)
    with time_machine.travel(late, tick=False):
        work(late)
    run = Run.objects.get(type="receive_orders", trigger="emergency")
    assert (run.status, run.rescued) == ("succeeded", Order.objects.count())
    assert_records_equal(shop.orders.values())


def test_by_id_finds_the_same_orders(channel: Channel, account: Account, shop: WooShop) -> None:
    change = Change(
        channels={channel.pk: {"mode": "recurring_by_id"}},
        jobs={(channel.pk, "receive_orders"): {"main_period_minutes": 5}},
    )
    configure.apply(account, change, START)
    later = START + timedelta(minutes=5)
    with time_machine.travel(later, tick=False):
        work(later)
    run = Run.objects.get(type="receive_orders")
    assert (run.status, run.trigger) == ("succeeded", "schedule")
    assert_records_equal(shop.orders.values())


def test_an_order_for_an_unknown_sku_is_parked_with_what_to_do(
    channel: Channel, account: Account, shop: WooShop
) -> None:
    account.products.filter(sku="TEE-S").delete()
    with time_machine.travel(RECEIVED, tick=False):
        for _, headers, body in recorded_deliveries():
            post(channel, headers, body)
        work(RECEIVED)
    parked = ParkedRecord.objects.filter(type="receive_orders", status="parked")
    assert {one.external_id for one in parked} == {"33", "37"}
    assert all("TEE-S" in one.reason for one in parked)
