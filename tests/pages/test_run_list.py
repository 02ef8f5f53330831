"""Runs and slots that did not run in one list: filters, order, pages, why a job does not run."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs import configure
from jobs.change import Change
from jobs.models import Run, RunStatus, SlotStretch
from tests.builders import NOW
from tests.pages.conftest import Brand

HOUR = timedelta(hours=1)
JOB = {"type": "receive_orders"}


def stretch(brand: Brand, last: datetime, count: int = 1, **fields: Any) -> SlotStretch:
    """Slots of the shop's Receive Orders, an hour apart, the last one at `last`."""
    values: dict[str, Any] = {
        "first_slot_at": last - (count - 1) * HOUR,
        "last_slot_at": last,
        "count": count,
        "outcome": "skipped",
        "reason": "the channel is disabled",
    }
    return SlotStretch.objects.create(job=brand.job(), **{**values, **fields})


def run_at(brand: Brand, moment: datetime, **fields: Any) -> Run:
    return brand.run(created_at=moment, **fields)


def told(page: str) -> str:
    return " ".join(page.split())


def rows_of(page: str) -> list[str]:
    """ "run 7" or "3 slots" for each row, as the list has them."""
    found = re.findall(r'<tr.*?>\s*<th scope="row">.*?<small[^>]*>(.*?)</small>', page, re.DOTALL)
    return [words.lower().removesuffix(" without a run") for words in found]


def save(brand: Brand, **values: Any) -> None:
    configure.apply(brand.account, Change(jobs={(brand.shop.pk, "receive_orders"): values}), NOW)


def test_slots_stand_among_runs_in_the_order_of_time(brand: Brand) -> None:
    old = run_at(brand, NOW - 3 * HOUR)
    stretch(brand, NOW - 2 * HOUR, 3)
    new = run_at(brand, NOW - HOUR)
    stretch(brand, NOW)
    page = brand.viewer.text("/runs/")
    assert rows_of(page) == ["1 slot", f"run {new.pk}", "3 slots", f"run {old.pk}"]
    assert "The channel is disabled" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"show": "runs"}, ["run"]),
        ({"show": "slots"}, ["2 slots", "1 slot"]),
        ({"show": "suspended"}, ["2 slots"]),
        ({"status": "succeeded"}, ["run"]),
        ({"trigger": "manual"}, []),
        ({"trigger": "schedule"}, ["run", "2 slots", "1 slot"]),
        ({"show": "slots", "status": "failed"}, []),
        ({"type": "send_order_updates"}, []),
        ({"within": "hour"}, ["run"]),
        ({"within": "today"}, ["run", "2 slots"]),
        ({"from": "2026-03-02T12:30"}, ["run"]),
        ({"until": "2026-03-02T12:30"}, ["2 slots", "1 slot"]),
        ({"until": "2026-03-02T10:30"}, ["2 slots", "1 slot"]),
        ({"from": "2026-03-02T11:30", "until": "2026-03-02T12:30"}, []),
    ],
)
def test_runs_and_slots_are_filtered(brand: Brand, query: dict[str, str], found: list[str]) -> None:
    """It is 13:00 in Berlin, and the times of the query are Berlin's."""
    run_at(brand, NOW - timedelta(minutes=10))
    stretch(brand, NOW - 2 * HOUR, 2, outcome="suspended")
    stretch(brand, NOW - 30 * HOUR)
    page = brand.viewer.part("/runs/", **query).content.decode()
    assert [re.sub(r"run \d+", "run", row) for row in rows_of(page)] == found


def test_pages_of_both_sorts_show_every_row_once(brand: Brand) -> None:
    """Among them many that share an instant, which the page's end goes through."""
    moments = [NOW - HOUR * (number // 20) for number in range(70)]
    expected = {f"run {run_at(brand, moment).pk}" for moment in moments}
    for number, moment in enumerate(moments, 100):
        stretch(brand, moment, number)
        expected.add(f"{number} slots")
    path, seen = "/runs/", list[str]()
    for _page in range(3):
        page = brand.viewer.text(path)
        seen += rows_of(page)
        following = re.search(r'href="([^"]*)"\s+rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert path == ""
    assert len(seen) == 140
    assert set(seen) == expected


def test_a_page_goes_on_where_it_ended_though_rows_came_above(brand: Brand) -> None:
    runs = [run_at(brand, NOW - HOUR * number) for number in range(51)]
    page = brand.viewer.text("/runs/", show="runs")
    following = re.search(r'href="([^"]*)"\s+rel="next"', page)
    assert following
    run_at(brand, NOW + HOUR)
    second = brand.viewer.text(following[1].replace("&amp;", "&"))
    assert rows_of(second) == [f"run {runs[50].pk}"]
    assert "hx-trigger" not in second[second.index('id="run-list"') :][:200]


@pytest.mark.parametrize("place", ["x", "1.2", f"{'9' * 18}.1.1", "1.1.1"])
def test_a_place_that_is_none_does_no_harm(brand: Brand, place: str) -> None:
    run_at(brand, NOW)
    assert brand.viewer.get("/runs/", before=place).status_code == 200


@pytest.mark.parametrize("words", ["{}", "#{}", " Run {} "])
def test_a_number_leads_to_its_run(brand: Brand, words: str) -> None:
    run = brand.run()
    answer = brand.viewer.get("/runs/", run=words.format(run.pk))
    assert answer["Location"] == f"/runs/{run.pk}/"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"run": "987654"}, "This account has no run 987654."),
        ({"run": "seven"}, "A run&#x27;s number is made of digits"),
        ({"from": "yesterday"}, "From is no date and time"),
        ({"until": "0001-01-01T00:00"}, "Until is no date and time"),
    ],
)
def test_what_is_not_understood_is_said(brand: Brand, query: dict[str, str], sentence: str) -> None:
    answer = brand.viewer.get("/runs/", **query)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


def test_another_accounts_run_is_not_found_by_its_number(brand: Brand) -> None:
    run = brand.run()
    assert brand.stranger.get("/runs/", run=run.pk).status_code == 400


def why(brand: Brand, **query: Any) -> str:
    return told(brand.operator.text("/runs/", channel=brand.shop.pk, show="slots", **JOB, **query))


def test_a_job_without_a_period_says_so_and_leads_to_it(brand: Brand) -> None:
    page = why(brand)
    assert "It has no period, so it has no slots: its Main Job Period is None." in page
    assert f'href="{brand.page}">Open the channel' in page
    assert "Its emergency job is off" in page


def test_a_slot_that_is_not_there_yet_is_told(brand: Brand) -> None:
    save(brand, main_period_minutes=480)
    assert "Its next slot is 16:00; its period is 8 hours." in why(brand)


def test_a_disabled_channel_says_since_when(brand: Brand) -> None:
    save(brand, main_period_minutes=480)
    configure.apply(brand.account, Change(channels={brand.shop.pk: {"enabled": False}}), NOW)
    page = why(brand)
    assert "The channel is disabled since 13:00: no run starts" in page
    assert f'href="{brand.page}enable/">Enable the channel' in page


def test_a_webhook_row_has_no_slots(brand: Brand) -> None:
    configure.apply(brand.account, Change(channels={brand.shop.pk: {"mode": "webhook"}}), NOW)
    page = why(brand)
    assert "It has no slots: a webhook starts it." in page
    assert "Its emergency job is due now (deadline: no proof of completeness" in page


def test_a_run_that_waits_or_works_is_named(brand: Brand) -> None:
    running = brand.run(status=RunStatus.RUNNING, attempt=1)
    assert f"Run {running.pk} is under way: a slot that comes meanwhile is coalesced" in why(brand)


def test_a_running_run_shows_how_far_it_is_and_the_list_asks_oftener(brand: Brand) -> None:
    brand.run(
        status=RunStatus.RUNNING,
        attempt=1,
        attempt_started_at=NOW - timedelta(seconds=100),
        progress_done=200,
        progress_total=1000,
        progress_unit="records",
    )
    page = told(brand.viewer.text("/runs/"))
    assert 'max="1000" value="200"' in page
    assert "200 of 1,000 records, 2 a second, about 7 minutes left" in page
    assert 'hx-trigger="every 2s"' in page


def test_a_run_of_unknown_length_has_a_bar_without_a_value(brand: Brand) -> None:
    brand.run(status=RunStatus.RUNNING, attempt=1, progress_done=30, progress_unit="records")
    page = told(brand.viewer.text("/runs/"))
    assert "30 records so far" in page
    assert "<progress" in page
    assert "max=" not in page[page.index("<progress") :][:80]


def test_a_long_window_counts_its_parts(brand: Brand) -> None:
    brand.run(
        status=RunStatus.RUNNING,
        attempt=1,
        attempt_started_at=NOW - HOUR,
        progress_done=2,
        progress_total=5,
        progress_unit="parts",
        read=1234,
    )
    page = told(brand.viewer.text("/runs/"))
    assert "Part 3 of 5, 1,234 records so far, 21 a minute, about 2 hours left" in page
