"""The spread of starts on the pages: set, foretold, and shown beside each slot."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from channels.enums import Track
from jobs.models import RunStatus
from jobs.spread import spread_of
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand

SLOT = datetime.fromisoformat("2026-03-02T15:00:00Z")
"""16:00 in Berlin, the next slot of a job of 8 hours."""


@pytest.fixture
def starts(brand: Brand) -> str:
    """When orders, each 8 hours, start: what pages show beside 16:00."""
    put_off = builders.put_off(brand.job(), 30, 480)
    brand.operator.post(brand.page, **{"receive_orders-main_period_minutes": "480"})
    brand.admin.post("/account/", spread_minutes="30")
    return f"starts {SLOT + put_off + timedelta(hours=1):%H:%M:%S} (spread)"


def plain(page: str) -> str:
    """Its words, one blank between any two."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_an_admin_sets_it_after_a_look_at_what_it_does(brand: Brand) -> None:
    builders.put_off(brand.job(), 5, 480)
    brand.operator.post(brand.page, **{"receive_orders-main_period_minutes": "480"})
    preview = plain(brand.admin.post("/account/preview/", spread_minutes="5").content.decode())
    assert re.search(r"1 job starts after its slots, by at most [1-4] minute", preview)
    assert "Receive Orders: its runs will start up to 5 minutes after their slots." in preview
    assert "Receive Orders Shop Mon 2 Mar, 16:00 CET 16:0" in preview
    brand.admin.post("/account/", spread_minutes="5")
    brand.account.refresh_from_db()
    assert brand.account.spread_minutes == 5
    assert "Spread of starts: 5 minutes (was None)" in plain(brand.viewer.text("/account/history/"))

    gone = plain(brand.admin.post("/account/preview/", spread_minutes="").content.decode())
    assert "its runs will start at their slots again" in gone
    assert "after its slots" not in gone


def test_those_put_off_furthest_come_first_and_the_rest_is_counted(brand: Brand) -> None:
    for number in range(9):
        connect(brand.account, name=f"Stable {number}", track=Track.STABLE)
    rows = {"receive_orders-enabled": "on", "receive_orders-period_minutes": "480"}
    brand.admin.post("/account/recurring-jobs/", **rows)
    preview = plain(brand.admin.post("/account/preview/", spread_minutes="30").content.decode())
    shown = re.findall(r"Stable \d Mon 2 Mar, 16:00 CET (16:\d\d:\d\d)", preview)
    assert len(shown) == 8
    assert shown == sorted(shown, reverse=True)
    assert "And 1 more, by less." in preview
    assert re.search(r"\d jobs start after their slots, by at most \d+ minutes", preview)


def test_a_value_that_is_not_offered_is_refused(brand: Brand) -> None:
    answer = brand.admin.post("/account/", spread_minutes="7")
    assert answer.status_code == 400
    assert "Choose one of: None, 1 minute, 2 minutes" in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/channels/sales/", "{shop}?tab=runs"])
def test_slot_and_start_stand_side_by_side(brand: Brand, starts: str, path: str) -> None:
    page = plain(brand.viewer.text(path.replace("{shop}", brand.page)))
    assert re.search(rf"16:00[^:]*{re.escape(starts)}", page), page


@pytest.mark.parametrize("path", ["/", "/channels/sales/", "{shop}?tab=runs", "{shop}"])
def test_without_a_spread_no_page_speaks_of_it(brand: Brand, path: str) -> None:
    brand.operator.post(brand.page, **{"receive_orders-main_period_minutes": "480"})
    page = plain(brand.viewer.text(path.replace("{shop}", brand.page)))
    assert "16:00" in page
    assert "(spread)" not in page


def test_the_row_of_a_job_and_its_schedule_say_by_how_much(brand: Brand, starts: str) -> None:
    page = plain(brand.viewer.text(brand.page))
    assert re.search(r"each starts \d+ minutes( \d+ seconds?)? later \(spread\)", page)
    schedule = plain(brand.viewer.text(brand.page, tab="schedule"))
    at = starts.split()[1]
    assert f"after its slot (spread): the next slot, 16:00, at {at}." in schedule
    assert re.search(r"each starts \d+ minutes( \d+ seconds?)? later \(spread\)", schedule)


def test_the_list_of_runs_says_it_of_the_job_it_is_filtered_by(brand: Brand, starts: str) -> None:
    page = plain(brand.viewer.text("/runs/", channel=brand.shop.pk, type="receive_orders"))
    assert re.search(r"Its next slot is 16:00, and starts \d+ minutes", page)


def test_rows_of_many_channels_say_the_bound(brand: Brand) -> None:
    connect(brand.account, name="Stable", track=Track.STABLE)
    rows = {"receive_orders-enabled": "on", "receive_orders-period_minutes": "5"}
    brand.admin.post("/account/recurring-jobs/", **rows)
    brand.admin.post("/account/", spread_minutes="30")
    assert "start up to 5 minutes later (spread)" in plain(
        brand.viewer.text("/account/recurring-jobs/")
    )


def test_a_run_shows_when_its_slot_was_to_start(brand: Brand) -> None:
    slot = NOW - timedelta(hours=1)
    run = brand.run(slot_at=slot, spread_seconds=200, started_at=NOW)
    page = plain(brand.viewer.text(f"/runs/{run.pk}/"))
    assert "Slot 12:00 to start 12:03:20 (spread)" in page
    waits = brand.run(
        slot_at=NOW, spread_seconds=200, not_before=NOW + timedelta(seconds=200),
        status=RunStatus.QUEUED,
    )  # fmt: skip
    assert "It waits, and may start from 13:03 on." in plain(
        brand.viewer.text(f"/runs/{waits.pk}/")
    )


def test_the_next_start_of_a_channel_is_the_first_of_its_next_slots(brand: Brand) -> None:
    """Two jobs with one slot: the one that starts first."""
    types = ("receive_orders", "receive_order_updates")
    for kind in types:
        builders.put_off(brand.job(kind), 30, 480)
    periods = {f"{kind}-main_period_minutes": "480" for kind in types}
    brand.operator.post(brand.page, **periods)
    brand.admin.post("/account/", spread_minutes="30")
    found = brand.shop.jobs.filter(type__in=types)
    first = min(SLOT + spread_of(job.pk, 30, 480) for job in found)
    page = plain(brand.viewer.text("/channels/sales/"))
    assert f"starts {first + timedelta(hours=1):%H:%M:%S} (spread)" in page
