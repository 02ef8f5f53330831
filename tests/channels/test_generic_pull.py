"""Reading from a platform of the generic contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from channels.connectors.base import (
    Connector,
    Gone,
    Limit,
    LineData,
    Misconfigured,
    OrderData,
    Permanent,
    Transient,
)
from channels.connectors.generic import GenericShop, GenericWarehouse
from channels.enums import JobType
from tests.http_platform import ADDRESS, HttpPlatform, order, problem, shop, warehouse

ORDERS = JobType.RECEIVE_ORDERS
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ids(pages: Any) -> list[str]:
    return [record.external_id for page in pages for record in page]


def answering(handle: Callable[[httpx.Request], httpx.Response]) -> Connector:
    """A shop's connector to a platform that answers as it likes."""
    client = httpx.Client(transport=httpx.MockTransport(handle))
    return GenericShop({"url": ADDRESS}, {}, client)


def saying(row: dict[str, Any]) -> Connector:
    return answering(lambda request: httpx.Response(200, json=row))


def test_an_order_is_read_field_by_field() -> None:
    found = shop().connector(GenericShop).fetch(ORDERS, "12")
    assert found == OrderData(
        external_id="12",
        number="N12",
        changed_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
        placed_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        lines=(LineData("7", "MUG", 2, "Mug", Decimal("9.90")),),
        currency="EUR",
        total=Decimal("19.80"),
        email="",
        ship_to={"name": "A. Buyer", "city": "Bonn", "company": ""},
        platform_status="paid",
    )


def test_a_window_takes_its_start_and_leaves_its_end() -> None:
    platform = shop()
    platform.lists["orders"] = [
        order("before", "2026-03-02T11:59:59.999999Z"),
        order("start", "2026-03-02T13:00:00+01:00"),
        order("last", "2026-03-02T12:59:59Z"),
        order("end", "2026-03-02T13:00:00Z"),
    ]
    pages = platform.connector(GenericShop).pages(ORDERS, NOON, NOON.replace(hour=13))
    assert ids(pages) == ["start", "last"]


def test_every_page_of_a_list_is_read_by_its_cursor() -> None:
    platform = shop()
    platform.lists["orders"] = [order(f"o-{number}") for number in range(5)]
    pages = list(platform.connector(GenericShop).pages(ORDERS, NOON.replace(day=1), NOON))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {request.url.params["limit"] for request in platform.requests} == {"100"}


def test_by_id_follows_the_platforms_order_of_opaque_ids() -> None:
    connector = shop().connector(GenericShop)
    assert ids(connector.pages_after(ORDERS, "")) == ["b-9", "a-7", "12"]
    assert ids(connector.pages_after(ORDERS, "b-9")) == ["a-7", "12"]
    assert connector.recent_ids_start("b-9") == "b-9"


def test_the_first_id_is_the_one_before_what_was_made_since() -> None:
    connector = shop().connector(GenericShop)
    assert connector.first_id_since(ORDERS, datetime(2026, 2, 2, tzinfo=UTC)) == "b-9"
    assert connector.first_id_since(ORDERS, datetime(2026, 1, 1, tzinfo=UTC)) == ""
    assert connector.first_id_since(ORDERS, datetime(2026, 2, 9, tzinfo=UTC)) is None


def test_after_an_id_that_is_gone_all_are_listed_anew_and_it_is_said() -> None:
    said: list[str] = []
    connector = shop().connector(GenericShop)
    connector.log = lambda level, message: said.append(f"{level}: {message}")
    assert ids(connector.pages_after(ORDERS, "deleted")) == ["b-9", "a-7", "12"]
    assert said == ["warning: The platform has no deleted in orders: all are listed anew."]


def test_a_sku_with_a_slash_is_read_at_its_own_address() -> None:
    found = warehouse().connector(GenericWarehouse).fetch(JobType.RECEIVE_INVENTORY, "A/B")
    assert not isinstance(found, Gone)
    assert found.external_id == "A/B"


@pytest.mark.parametrize("external_id", [".", "..", ""])
def test_an_id_that_would_lead_somewhere_else_is_not_asked_for(external_id: str) -> None:
    platform = shop()
    with pytest.raises(Permanent, match="cannot stand in an address"):
        platform.connector(GenericShop).fetch(ORDERS, external_id)
    assert not platform.requests


def test_a_problem_that_says_404_and_a_410_mean_gone() -> None:
    assert shop().connector(GenericShop).fetch(ORDERS, "nobody") == Gone("nobody")
    gone = answering(lambda request: httpx.Response(410))
    assert gone.fetch(ORDERS, "1") == Gone("1")


def test_any_other_404_is_a_wrong_address_and_cancels_nothing() -> None:
    lost = answering(lambda request: httpx.Response(404, html="<h1>nginx</h1>"))
    with pytest.raises(Misconfigured, match="Check the channel's Address"):
        lost.fetch(ORDERS, "1")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"updated_at": "2026-03-02T10:00:00"}, "updated_at is an instant without a zone"),
        ({"updated_at": "yesterday"}, "updated_at is not an instant"),
        ({"updated_at": 1772445600}, "updated_at is not an instant"),
        ({"total": 19.8}, "total is not a decimal string"),
        ({"total": "NaN"}, "total is not a finite number"),
        ({"total": "much"}, "total is not a decimal string"),
        ({"id": True}, "id is not an id"),
        ({"id": ""}, "id is not an id"),
        ({"id": "x" * 121}, "id is not an id"),
        ({"lines": None}, "breaks the contract"),
        ({"lines": [{"id": 1, "sku": "A"}]}, "lacks 'quantity'"),
        ({"lines": [{"id": 1, "sku": "A", "quantity": -1}]}, "quantity is not a whole number"),
        ({"lines": [{"id": 1, "sku": "A", "quantity": 1.5}]}, "quantity is not a whole number"),
        ({"lines": [{"id": 1, "sku": 5, "quantity": 1}]}, "sku is not a text"),
        ({"cancelled": "no"}, "cancelled is neither true nor false"),
    ],
)
def test_what_breaks_the_contract_is_named_and_tried_again(
    fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Transient, match=sentence):
        saying({**order("1"), **fields}).fetch(ORDERS, "1")


@pytest.mark.parametrize("answer", [[], "text", None, 5, {"data": 1, "next": None}, {"data": []}])
def test_a_list_that_is_none_is_tried_again(answer: Any) -> None:
    with pytest.raises(Transient):
        ids(answering(lambda r: httpx.Response(200, json=answer)).pages(ORDERS, NOON, NOON))


def test_a_cursor_that_does_not_move_on_ends_the_run() -> None:
    stuck = saying({"data": [order("1")], "next": "again"})
    with pytest.raises(Transient, match="does not move on"):
        ids(stuck.pages(ORDERS, NOON, NOON))


def test_the_detail_of_a_problem_is_shown_to_operators() -> None:
    platform = shop()
    detail = "The window may be at most a year."
    platform.failures = [problem(422, detail)]
    with pytest.raises(Permanent, match=r"answered 422 The window may be at most a year\.$"):
        ids(platform.connector(GenericShop).pages(ORDERS, NOON, NOON))


def test_a_busy_platform_says_when_to_come_again() -> None:
    platform = shop()
    platform.failures = [problem(429, "Slow down.", **{"retry-after": "17"})]
    with pytest.raises(Transient, match="Slow down") as caught:
        platform.connector(GenericShop).fetch(ORDERS, "12")
    assert caught.value.retry_after == 17


def test_what_the_platform_says_of_its_limit_is_kept() -> None:
    platform = shop()
    connector = platform.connector(GenericShop)
    platform.extra_headers = {
        "RateLimit-Limit": "100, 100;w=60",
        "RateLimit-Remaining": "3",
        "RateLimit-Reset": "20",
    }
    connector.fetch(ORDERS, "12")
    assert connector.limit == Limit(3, 100, 20)
    platform.extra_headers = {"RateLimit-Remaining": "few"}
    connector.fetch(ORDERS, "12")
    assert connector.limit == Limit(3, 100, 20)


def test_a_platform_that_says_nothing_of_a_limit_has_none() -> None:
    connector = shop().connector(GenericShop)
    connector.fetch(ORDERS, "12")
    assert connector.limit is None


def test_the_connection_test_needs_the_list_of_its_kind() -> None:
    with pytest.raises(Misconfigured, match="orders answered 404"):
        answering(lambda request: httpx.Response(404)).test_connection()
    empty = HttpPlatform({"orders": []})
    assert empty.connector(GenericShop).test_connection().endswith("its list of orders is empty.")


def test_without_an_address_nothing_is_called() -> None:
    with pytest.raises(Misconfigured, match="no Address"):
        GenericShop({}, {}, shop().client()).fetch(ORDERS, "1")
    with pytest.raises(Misconfigured, match="Address has a"):
        shop().connector(GenericShop, url=f"{ADDRESS}?key=1").fetch(ORDERS, "1")
