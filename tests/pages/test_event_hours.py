"""Webhooks per hour: all of a day's hours, each with its own events only."""

from __future__ import annotations

from datetime import timedelta
from itertools import count, islice

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Event
from jobs.pages.event_hours import HEIGHT, event_hours
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.pages.conftest import Brand

HALF = timedelta(minutes=30)


NUMBERS = count(1)


def receive(brand: Brand, ago: timedelta, events: int = 1) -> None:
    for number in islice(NUMBERS, events):
        brand.event(number, received_at=NOW + HALF - ago)


def test_every_hour_has_its_bar_and_only_its_events(brand: Brand) -> None:
    receive(brand, timedelta(0), 2)
    receive(brand, timedelta(hours=1))
    receive(brand, timedelta(hours=23))
    receive(brand, timedelta(hours=24))
    found = event_hours(brand.account, NOW + HALF)
    assert [hour.count for hour in found.hours] == [1, *[0] * 21, 1, 2]
    assert (found.total, found.busiest.since) == (4, NOW)


def test_the_busiest_hour_fills_the_drawing_and_a_single_event_is_seen(brand: Brand) -> None:
    receive(brand, timedelta(0), 50)
    receive(brand, timedelta(hours=1))
    bars = event_hours(brand.account, NOW + HALF).hours
    assert (bars[-1].height, bars[-1].y) == (HEIGHT, 0)
    assert bars[-2].height == 2
    assert bars[-3].height == 1


def test_of_another_account_nothing_is_counted(brand: Brand) -> None:
    other = builders.account("Third")
    brand.event(channel=connect(other), job=None)
    assert event_hours(brand.account, NOW).total == 0


def test_the_page_says_the_figures_in_words_of_the_accounts_zone(brand: Brand) -> None:
    brand.event(received_at=NOW)
    page = brand.viewer.text("/")
    assert "1 accepted in the last 24 hours; most between 13:00 and 14:00: 1." in page


def test_a_day_without_events_is_said_in_words(brand: Brand) -> None:
    page = brand.viewer.text("/")
    assert "No webhook was accepted in the last 24 hours." in page
    assert 'class="bar' not in page.replace("bars", "")


@pytest.mark.postgres
def test_the_index_answers_without_reading_events(brand: Brand) -> None:
    """A month of events of two channels, of which a day is few.

    Bitmap scans are out: the planner takes them for rows that no vacuum has seen yet.
    """
    Event.objects.bulk_create(
        Event(
            channel=channel,
            topic="order.created",
            delivery_key=f"d-{number}",
            received_at=NOW - number * timedelta(minutes=10),
            body=b"." * 900,
        )
        for channel in (brand.shop, brand.depot)
        for number in range(4_000)
    )
    with CaptureQueriesContext(connection) as captured:
        event_hours(brand.account, NOW)
    (query,) = [one["sql"] for one in captured]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_event, channels_channel")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {query}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Only Scan using events_by_age_and_channel" in plan
