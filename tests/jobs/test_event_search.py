"""Finding events by index and by bounded scan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs import event_search
from jobs.event_query import parse
from jobs.event_search import Wanted, search
from tests import builders
from tests.brand import BrandState, connect
from tests.builders import NOW


@pytest.fixture
def brand(db: None) -> BrandState:
    account = builders.account()
    return BrandState(account, connect(account), connect(account, "fulfillment"))


def found(brand: BrandState, text: str = "", **fields: Any) -> list[str]:
    wanted = Wanted([brand.shop.pk, brand.depot.pk], parse(text), **fields)
    return [event.delivery_id for event in search(wanted, 50).rows]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("1001", ["d-2", "d-1"]),
        ("BUYER", ["d-1"]),
        ("id:1001", ["d-1"]),
        ("id:100", []),
        ("id:beside", ["d-3"]),
        ("delivery:d-2", ["d-2"]),
        ("topic:UPDATED", ["d-2"]),
        ("topic:order id:1001", ["d-1"]),
        ("größe", ["d-2"]),
        ('"back\\slash"', ["d-2"]),
        ("100%", []),
        ("nowhere", []),
        ("", ["d-3", "d-2", "d-1"]),
    ],
)
def test_an_event_is_found_by_what_it_says(brand: BrandState, text: str, hits: list[str]) -> None:
    brand.event(1, body=b'{"email": "Buyer@example.com"}')
    body = "for 1001, Größe M, back\\slash".encode() + b" \xff\xfe"
    brand.event(2, topic="order.updated", entities=["7"], body=body)
    brand.event(3, entities=["8", "beside"], body=b"{}")
    assert found(brand, text) == hits


def test_only_the_channels_asked_for_are_searched(brand: BrandState) -> None:
    other = connect(builders.account("Other"))
    brand.event(1, channel=other)
    assert found(brand) == found(brand, "id:1001") == found(brand, "order") == []


def test_time_and_status_narrow_the_search(brand: BrandState) -> None:
    for hours in range(4):
        brand.event(hours, received_at=NOW - timedelta(hours=3 - hours))
    brand.event(9, status="waiting", received_at=NOW)
    two_hours = NOW - timedelta(hours=2)
    assert found(brand, since=two_hours, until=NOW) == ["d-2", "d-1"]
    assert found(brand, until=two_hours) == ["d-0"]
    assert found(brand, status="waiting") == ["d-9"]
    assert found(brand, since=NOW + timedelta(hours=1)) == []


def test_a_scan_ends_and_says_where_it_goes_on(
    brand: BrandState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_search, "BODIES_A_TIME", 3)
    events = [brand.event(number, body=b"needle" if number == 1 else b"") for number in range(8)]
    wanted = Wanted([brand.shop.pk], parse("needle"))
    first = search(wanted, 50)
    assert (first.rows, first.go_on, first.searched) == ([], events[5].pk, 3)
    second = search(Wanted([brand.shop.pk], parse("needle"), upper=events[4].pk), 50)
    assert (second.rows, second.go_on) == ([], events[2].pk)
    last = search(Wanted([brand.shop.pk], parse("needle"), upper=events[1].pk), 50)
    assert ([event.pk for event in last.rows], last.go_on) == ([events[1].pk], None)
    assert event_search.ids(wanted, 10) == []


def test_a_page_that_is_full_leads_on_from_its_last_row(brand: BrandState) -> None:
    events = [brand.event(number) for number in range(5)]
    page = search(Wanted([brand.shop.pk], parse("order.created")), 2)
    assert [event.pk for event in page.rows] == [events[4].pk, events[3].pk]
    assert page.more
