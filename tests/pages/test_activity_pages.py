"""Runs, events and records: lists, single pages, what is done to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.models import RunStatus
from oms.models import Order, ParkedStatus, Product, StockLevel
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.builders import NOW
from tests.pages.conftest import Brand


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"Succeeded", "Failed"}),
        ({"status": "failed"}, {"Failed"}),
        ({"type": "send_shipments"}, {"Failed"}),
        ({"trigger": "manual"}, {"Succeeded"}),
        ({"trigger": "emergency"}, set()),
        ({"status": "nonsense"}, {"Succeeded", "Failed"}),
        ({"channel": "0"}, {"Succeeded", "Failed"}),
        ({"channel": "99999"}, set()),
    ],
)
def test_runs_are_filtered(brand: Brand, query: dict[str, str], found: set[str]) -> None:
    brand.run(causes=["schedule", "manual"])
    brand.run("send_shipments", channel=brand.depot, status=RunStatus.FAILED)
    rows = brand.viewer.part("/runs/", **query).content.decode()
    assert {word for word in ("Succeeded", "Failed") if word in rows} == found


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"slot_at": NOW}, "its slot was"),
        ({"reason": "schedule changed"}, "On schedule, without a slot: schedule changed."),
        ({"causes": ["emergency"], "reason": "sweep"}, "The emergency job asked for it: sweep."),
        ({"causes": ["manual", "schedule"]}, "It also serves: schedule."),
        ({"causes": ["webhook"]}, "A webhook asked for it."),
        ({"causes": ["retry"], "reason": "retry of run 3"}, "It tries again: retry of run 3."),
        ({"causes": ["change"]}, "Our own data changed."),
    ],
)
def test_a_run_says_why_it_ran(brand: Brand, fields: dict[str, Any], sentence: str) -> None:
    run = brand.run(**fields)
    if run.trigger == "webhook":
        brand.event(run=run)
    page = " ".join(brand.viewer.text(f"/runs/{run.pk}/").split())
    assert sentence in page


def test_a_run_shows_log_rescues_and_next_attempt(brand: Brand) -> None:
    again = NOW + timedelta(minutes=3)
    run = brand.run(status=RunStatus.QUEUED, attempt=2, not_before=again, rescued=1)
    run.log.create(at=NOW, level="error", message="the shop answered 500")
    run.rescues.create(job=run.job, external_id="77", changed_at=NOW, rescued_at=NOW)
    page = " ".join(brand.viewer.text(f"/runs/{run.pk}/").split())
    assert "the shop answered 500" in page
    assert "Attempt 2 of 5 failed." in page
    assert "13:03" in page
    assert "never came" in page
    assert 'hx-trigger="every 2s"' in page


def test_a_run_that_is_over_stops_asking(brand: Brand) -> None:
    assert "every 2s" not in brand.viewer.text(f"/runs/{brand.run().pk}/")


def test_a_waiting_run_is_cancelled_and_a_failed_one_retried(brand: Brand) -> None:
    run = brand.run(status=RunStatus.QUEUED)
    brand.operator.post(f"/runs/{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    answer = brand.operator.post(f"/runs/{run.pk}/retry/")
    assert answer["Location"] != f"/runs/{run.pk}/"
    refused = brand.operator.follow(f"/runs/{run.pk}/cancel/")
    assert "is over already" in refused


def test_an_event_shows_body_headers_and_its_run(brand: Brand) -> None:
    run = brand.run()
    event = brand.event(run=run, duplicates=2, body=b'{"a":{"b":1}}')
    page = brand.viewer.text(f"/events/{event.pk}/")
    assert "&quot;b&quot;: 1" in page
    assert "webhook-id" in page
    assert f'href="/runs/{run.pk}/"' in page
    assert "2 more deliveries" in page


@pytest.mark.parametrize("body", [b"\xff\xfe not text", b"a=1&b=2", b"[" * 100_000])
def test_a_body_that_is_no_json_is_shown_as_it_is(brand: Brand, body: bytes) -> None:
    event = brand.event(body=body)
    assert "no JSON" in brand.viewer.text(f"/events/{event.pk}/")


def test_events_are_filtered_by_status(brand: Brand) -> None:
    brand.event(1, status="held", reason="the channel is disabled")
    brand.event(2)
    rows = brand.viewer.part("/events/", status="held").content.decode()
    assert "The channel is disabled" in rows
    assert "d-2" not in rows


def test_replaying_an_event_whose_job_is_not_listening_says_why(brand: Brand) -> None:
    event = brand.event()
    answer = brand.operator.follow(f"/events/{event.pk}/replay/")
    assert "cannot be replayed" in answer


def test_replaying_an_event_puts_it_into_a_batch(brand: Brand) -> None:
    brand.operator.post(brand.page, mode="webhook")
    event = brand.event()
    brand.operator.post(f"/events/{event.pk}/replay/")
    event.refresh_from_db()
    assert event.status == "waiting"
    assert event.run is not None


def test_an_order_shows_its_lines_and_shipments(brand: Brand) -> None:
    builders.product(brand.account, on_hand=5)
    ReceiveOrders().apply(builders.context(brand.shop), builders.order_data())
    order = Order.objects.get()
    assert order.number in brand.viewer.text("/records/")
    page = brand.viewer.text(f"/records/orders/{order.pk}/")
    assert "0 of 1 shipped: MUG" in page


@pytest.mark.parametrize("tab", ["orders", "shipments", "products", "stock", "parked", "nonsense"])
def test_every_tab_of_the_records_takes_every_filter(brand: Brand, tab: str) -> None:
    query = {"tab": tab, "channel": "1", "q": "x\x00'%", "status": "shipped", "from": "5"}
    assert brand.viewer.get("/records/", **query).status_code == 200


def test_parked_records_are_retried_and_discarded(brand: Brand) -> None:
    first, second = brand.parked(1), brand.parked(2)
    page = brand.operator.text("/records/", tab="parked")
    assert "SKU X of line 1 is not in the catalogue." in page
    assert brand.operator.post(f"/records/parked/{first.pk}/retry/")["Location"].startswith("/runs")
    brand.operator.post(f"/records/parked/{second.pk}/discard/")
    second.refresh_from_db()
    assert second.status == ParkedStatus.DISCARDED


def test_a_product_is_added_once(brand: Brand) -> None:
    brand.operator.post("/records/products/", sku=" Mug ", name="A mug")
    answer = brand.operator.follow("/records/products/", sku="MUG")
    assert "in the catalogue already" in answer
    assert Product.objects.get().sku == "Mug"


@pytest.mark.parametrize(("sent", "stored"), [("7", 7), ("-1", 3), ("x", 3), ("9" * 12, 3)])
def test_stock_on_hand_is_a_whole_number(brand: Brand, sent: str, stored: int) -> None:
    builders.product(brand.account, on_hand=3)
    level = StockLevel.objects.get()
    brand.operator.post(f"/records/stock/{level.pk}/", on_hand=sent)
    level.refresh_from_db()
    assert level.on_hand == stored


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("America/New_York", datetime(1, 1, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(9999, 12, 31, 23, 59, tzinfo=UTC)),
    ],
)
def test_a_platforms_way_to_write_no_date_breaks_no_page(
    brand: Brand, zone: str, moment: datetime
) -> None:
    """There is no such time in the account's zone; it is shown in UTC."""
    brand.account.timezone = zone
    brand.account.save()
    builders.product(brand.account)
    ReceiveOrders().apply(builders.context(brand.shop), builders.order_data(placed_at=moment))
    order = Order.objects.get()
    parked = brand.parked(2, payload={"placed_at": moment.isoformat()})
    assert f"{moment.day} {moment:%b} {moment.year}, {moment:%H:%M}" in brand.viewer.text(
        "/records/", tab="orders"
    )
    for path in (f"/records/orders/{order.pk}/", f"/records/parked/{parked.pk}/"):
        brand.viewer.text(path)
    brand.viewer.text("/trace/", order=order.pk)
