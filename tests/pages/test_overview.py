"""The overview: what needs attention, and lines that say no more than what is true."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.models import Channel
from jobs.models import Heartbeat, Job, RunStatus
from jobs.pages import overview
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand, Person

PERIOD = "receive_orders-main_period_minutes"


def tick(seconds_ago: int = 1) -> None:
    Heartbeat.objects.update_or_create(
        name="clock", defaults={"at": NOW - timedelta(seconds=seconds_ago)}
    )


def test_an_empty_account_is_shown_its_first_steps(db: None) -> None:
    person = Person(builders.user(of=builders.account()))
    page = person.text("/")
    assert "Connect a sales channel" in page
    assert 'href="/channels/new/?kind=sales"' in page


def test_a_channel_is_complete_up_to_its_oldest_running_pull_job(brand: Brand) -> None:
    brand.operator.post(brand.page, **{PERIOD: "60"})
    Job.objects.filter(pk=brand.job().pk).update(proven_until=NOW - timedelta(minutes=28))
    assert "12:32" in brand.viewer.text("/")


def test_jobs_that_are_off_say_nothing_of_completeness(brand: Brand) -> None:
    page = brand.viewer.text("/channels/sales/")
    assert "nothing is pulled" in page
    assert ">No job is on</span>" in page


def test_a_silent_clock_is_said_first(brand: Brand) -> None:
    tick(seconds_ago=31)
    assert "The clock is silent" in brand.viewer.text("/")
    tick(seconds_ago=2)
    assert "Clock ticks" in brand.viewer.text("/")


def test_a_failure_needs_attention_until_the_job_succeeds(brand: Brand) -> None:
    tick()
    error = "The shop answered 500. No other attempt follows."
    brand.run(status=RunStatus.FAILED, error=error, finished_at=NOW - timedelta(minutes=5))
    assert error in brand.viewer.text("/")
    Job.objects.filter(pk=brand.job().pk).update(last_success_at=NOW)
    page = brand.viewer.text("/")
    assert error not in page
    assert "Nothing needs attention." in page


def test_what_an_operator_must_mend_leads_to_where_it_is_mended(brand: Brand) -> None:
    Channel.objects.filter(pk=brand.shop.pk).update(needs_attention="The token was refused.")
    brand.parked()
    page = brand.viewer.text("/")
    assert "<strong>Shop:</strong> The token was refused." in page
    assert f'href="{brand.page}?tab=connection"' in page
    assert "1 record is parked" in page
    assert f"tab=parked&amp;channel={brand.shop.pk}" in page


def test_the_overview_refreshes_as_a_part_of_its_page(brand: Brand) -> None:
    part = brand.viewer.part("/").content.decode()
    assert part.lstrip().startswith("<div")
    assert "<html" not in part


def test_suspended_jobs_have_no_next_slot(brand: Brand) -> None:
    brand.operator.post(brand.page, **{PERIOD: "60"})
    brand.operator.post(f"{brand.page}disable/")
    assert "No job waits for a slot" in brand.viewer.text("/")


def test_a_line_tells_the_last_failure_and_the_rescues_of_a_day_and_a_week(brand: Brand) -> None:
    failed = brand.run(status=RunStatus.FAILED, error="x", finished_at=NOW - timedelta(minutes=5))
    for days in (0, 1, 6, 8):
        at = NOW - timedelta(days=days, minutes=1)
        failed.rescues.create(job=brand.job(), external_id=str(days), changed_at=at, rescued_at=at)
    row = line_of(brand.viewer.text("/"), "Shop")
    assert f'href="/runs/{failed.pk}/"' in row
    assert "12:55" in row
    assert ">1<small>3 in 7 days</small>" in row


def line_of(page: str, channel: str) -> str:
    """The row of a channel in the overview's table."""
    return next(row for row in page.split("<tr")[1:] if f">{channel}</a>" in row)


def test_the_worst_channels_come_first_and_the_lists_have_the_others(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "SHOWN", 2)
    connect(brand.account, name="Quiet shop")
    broken = connect(brand.account, name="Zebra shop")
    brand.run(channel=broken, status=RunStatus.FAILED, error="x", finished_at=NOW)
    brand.parked(channel=brand.depot)
    page = brand.viewer.text("/")
    assert re.findall(r'class="row-link"[^>]*>([^<]*)<', page) == ["Zebra shop", "Warehouse"]
    assert "The 2 worst, of 4" in page
    assert re.search(r'href="/channels/sales/">All 3 sales channels<', page)
    assert re.search(r'href="/channels/fulfillment/">All 1 fulfillment channel<', page)


def test_the_pulse_tells_lateness_in_words_and_what_it_is_of(brand: Brand) -> None:
    slot = NOW - timedelta(minutes=10)
    created = slot + timedelta(milliseconds=400)
    brand.run(slot_at=slot, created_at=created, started_at=slot + timedelta(seconds=75))
    page = brand.viewer.text("/")
    assert "0.4 seconds" in page
    assert "1 minute 15 seconds" in page
    assert "Of this account's newest run with a slot in the last hour" in page


def test_without_a_slot_the_pulse_says_so(brand: Brand) -> None:
    assert "No run of this account had a slot in the last hour." in brand.viewer.text("/")


def test_the_events_are_counted_for_the_page_and_their_own_part_and_not_for_each_poll(
    brand: Brand,
) -> None:
    brand.event()
    assert "jobs_event" in asked(brand, {})
    assert "jobs_event" not in asked(brand, {"HX-Request": "true", "HX-Target": "overview"})
    assert "jobs_event" in asked(brand, {"HX-Request": "true", "HX-Target": "event-hours"})


def asked(brand: Brand, headers: dict[str, str]) -> str:
    """The tables that the overview asks for."""
    with CaptureQueriesContext(connection) as captured:
        assert brand.viewer.client.get("/", headers=headers).status_code == 200
    return " ".join(re.search(r'FROM "?(\w+)', one["sql"])[1] for one in captured)  # type: ignore[index]


def test_every_page_shows_the_accounts_zone_and_its_time(brand: Brand) -> None:
    zone = brand.viewer.text("/runs/").split('class="zone"')[1].split("</p>")[0]
    assert "<span>Europe/Berlin</span>" in zone
    assert ">13:00</time>" in zone
