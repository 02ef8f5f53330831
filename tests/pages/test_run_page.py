"""The page of one run: attempts, log, what it parked, its neighbours, what to do next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.models import Run, RunStatus
from jobs.pages.run_log import LINES
from tests.builders import NOW
from tests.pages.conftest import Brand

MINUTE = timedelta(minutes=1)


def shown(brand: Brand, run: Run, **query: str) -> str:
    return " ".join(brand.operator.text(f"/runs/{run.pk}/", **query).split())


def test_each_attempt_shows_its_times_its_error_and_the_next(brand: Brand) -> None:
    run = brand.run(status=RunStatus.QUEUED, attempt=2)
    run.attempts.create(
        number=1,
        started_at=NOW - 9 * MINUTE,
        ended_at=NOW - 8 * MINUTE,
        outcome="failed",
        error="the shop answered 500",
        next_at=NOW - 5 * MINUTE,
    )
    run.attempts.create(number=2, ended_at=NOW - 2 * MINUTE, outcome="lost")
    page = shown(brand, run)
    part = page[page.index('id="attempts-title"') :]
    for words in ("12:51", "12:52", "the shop answered 500", "12:55", "Worker lost", "12:58"):
        assert words in part, words


def test_an_emergency_run_says_up_to_when_the_data_was_complete(brand: Brand) -> None:
    run = brand.run(causes=["emergency"], reason="sweep", unproven_since=NOW - 60 * MINUTE)
    page = shown(brand, run)
    assert "The emergency job asked for it: sweep." in page
    assert page.index("Nothing had shown the data to be complete since") < page.index(">12:00<")


def test_a_run_lists_the_records_it_parked(brand: Brand) -> None:
    run = brand.run(parked=1)
    mine, other = brand.parked(71, run_id=run.pk), brand.parked(72)
    page = shown(brand, run)
    assert f'href="/records/parked/{mine.pk}/"' in page
    assert f'href="/records/parked/{other.pk}/"' not in page
    assert "is not in the catalogue" in page


def test_a_run_leads_to_those_before_and_after_it(brand: Brand) -> None:
    first = brand.run()
    brand.run("send_order_updates")
    second, third = brand.run(), brand.run()
    page = shown(brand, second)
    assert f'href="/runs/{first.pk}/" rel="prev"' in page
    assert f'href="/runs/{third.pk}/" rel="next"' in page
    assert 'rel="prev"' not in shown(brand, first)


@pytest.fixture
def talkative(brand: Brand) -> Run:
    run = brand.run()
    for level in ("info", "warning", "error", "fatal"):
        run.log.create(at=NOW, level=level, message=f"A {level} of 100% weight")
    return run


@pytest.mark.parametrize(
    ("query", "levels"),
    [
        ({}, {"info", "warning", "error", "fatal"}),
        ({"level": "warning"}, {"warning", "error", "fatal"}),
        ({"level": "fatal"}, {"fatal"}),
        ({"level": "nonsense"}, {"info", "warning", "error", "fatal"}),
        ({"q": "ERROR of 100%"}, {"error"}),
        ({"q": "100x"}, set()),
        ({"level": "error", "q": "warning"}, set()),
    ],
)
def test_the_log_is_filtered(
    brand: Brand, talkative: Run, query: dict[str, str], levels: set[str]
) -> None:
    page = shown(brand, talkative, **query)
    found = {level for level in ("info", "warning", "error", "fatal") if f"A {level} of" in page}
    assert found == levels
    assert ("No line fits" in page) == (not levels)


def test_a_long_log_comes_in_pages(brand: Brand) -> None:
    run = brand.run()
    lines = [
        run.log.create(at=NOW, level="info", message=f"line {number} of it")
        for number in range(LINES + 2)
    ]
    first = shown(brand, run, level="")
    assert f"after={lines[LINES - 1].pk}" in first
    assert f"line {LINES} of it" not in first
    second = shown(brand, run, after=str(lines[LINES - 1].pk))
    assert second.count(" of it</span>") == 2
    assert "Back to the first lines" in second


def test_a_failed_run_says_what_to_do(brand: Brand) -> None:
    brand.shop.needs_attention = "the token is not valid"
    brand.shop.save(update_fields=["needs_attention"])
    run = brand.run(status=RunStatus.FAILED, error="401", unfinished=True)
    page = shown(brand, run)
    assert "The channel needs attention: the token is not valid" in page
    assert f'href="{brand.page}?tab=connection"' in page
    assert "asked for again by the job&#x27;s next full run" in page
    assert 'id="retry-run"' in page


def test_a_run_of_a_deleted_channel_leads_to_no_page_that_is_gone(brand: Brand) -> None:
    brand.shop.needs_attention = "the token is not valid"
    brand.shop.deleted_at = NOW
    brand.shop.save()
    run = brand.run(status=RunStatus.FAILED, error="401")
    page = shown(brand, run)
    assert "on Shop (deleted)" in page
    assert brand.page not in page
    runs = brand.viewer.text("/runs/", channel=brand.shop.pk)
    assert f'<option value="{brand.shop.pk}" selected>Shop (deleted)</option>' in " ".join(
        runs.split()
    ).replace('" selected', '" selected')
    assert "Shop (deleted)" not in brand.viewer.text("/runs/")


def test_a_failure_that_was_made_good_says_by_which_run(brand: Brand) -> None:
    run = brand.run(status=RunStatus.FAILED, error="500")
    brand.run("send_order_updates")
    good = brand.run()
    assert f"Run {good.pk} of this job has succeeded since." in shown(brand, run)


def test_a_live_part_brings_the_log_and_what_is_said_aloud_beside_it(brand: Brand) -> None:
    run = brand.run(status=RunStatus.RUNNING, attempt=1, progress_total=4, progress_unit="items")
    run.log.create(at=NOW, level="warning", message="slow today")
    page = " ".join(brand.viewer.part(f"/runs/{run.pk}/", level="warning").content.decode().split())
    assert '<div id="run-log" hx-swap-oob="true">' in page
    assert "slow today" in page
    assert 'role="status" hx-swap-oob="innerHTML"' in page
    assert f'hx-get="/runs/{run.pk}/?level=warning"' in page
    assert "0 of 4 items" in page
