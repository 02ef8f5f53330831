"""The overview: what needs attention, and lines that say no more than what is true."""

from __future__ import annotations

from datetime import timedelta

from channels.models import Channel
from jobs.models import Heartbeat, Job, RunStatus
from tests import builders
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
    assert "Shop: The token was refused." in page
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
