"""Windows, pages, ids and errors of the Medusa connector, against a Medusa of our own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from channels.connectors.base import (
    Connector,
    ConnectorError,
    Gone,
    Misconfigured,
    Permanent,
    Transient,
)
from channels.connectors.http import make_client
from channels.connectors.medusa import Medusa
from channels.connectors.medusa.rest import Rest
from channels.enums import JobType
from tests.channels.medusas import (
    LATER,
    LONG_AGO,
    ORDERS,
    PRODUCTS,
    UPDATES,
    TwoPerPage,
    filled,
    ids,
    window,
)
from tests.medusa_shop import URL, MedusaShop

MILLISECOND = timedelta(milliseconds=1)


def placed(shop: MedusaShop, count: int) -> list[str]:
    return [shop.books.place({"TEA-1": 1})["id"] for _ in range(count)]


def changed(shop: MedusaShop, order_id: str) -> datetime:
    return datetime.fromisoformat(shop.books.orders[order_id]["updated_at"])


# Windows


def test_trap_3_an_order_changed_at_the_first_instant_of_a_window_is_in_it() -> None:
    shop = filled()
    [order] = placed(shop, 1)
    at = changed(shop, order)

    assert window(shop, at, LATER) == [order]
    assert window(shop, at + timedelta(microseconds=999), LATER) == [order]
    assert window(shop, at + MILLISECOND, LATER) == []


def test_trap_3_an_order_changed_just_before_the_end_of_a_window_is_in_it() -> None:
    shop = filled()
    [order] = placed(shop, 1)
    assert window(shop, LONG_AGO, changed(shop, order) + timedelta(microseconds=400)) == [order]


def test_trap_3_neighbouring_windows_leave_nothing_out() -> None:
    shop = filled()
    orders = placed(shop, 4)
    begin = changed(shop, orders[0])
    edges = [begin + step * timedelta(microseconds=700_100) for step in range(11)]
    assert {o for since, until in pairwise(edges) for o in window(shop, since, until)} == set(
        orders
    )


def test_what_changed_after_a_window_is_left_to_the_next_one() -> None:
    shop = filled()
    first, second = placed(shop, 2)
    assert window(shop, LONG_AGO, changed(shop, second) - MILLISECOND) == [first]


def test_a_window_in_another_zone_asks_for_the_same_instants() -> None:
    shop = filled()
    _, second = placed(shop, 2)
    east = changed(shop, second).astimezone(datetime.fromisoformat("2026-01-01T00:00+05:30").tzinfo)
    assert window(shop, east, LATER) == [second]


def test_drafts_of_the_staff_are_no_orders_yet() -> None:
    shop = filled()
    draft = shop.books.place({"TEA-1": 1}, status="draft")["id"]
    assert window(shop) == []
    assert shop.connector().fetch(ORDERS, draft) == Gone(draft)


# Pages


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_every_page_is_read(count: int) -> None:
    shop = filled()
    orders = placed(shop, count)
    assert window(shop, kind=TwoPerPage) == orders


def test_trap_21_no_page_is_larger_than_a_hundred() -> None:
    shop = filled()
    orders = placed(shop, 130)
    assert window(shop) == orders
    assert {one.url.params["limit"] for one in shop.seen} == {"100"}


def test_an_order_that_leaves_the_window_meanwhile_hides_no_other() -> None:
    shop = filled()
    orders = placed(shop, 5)
    until = changed(shop, orders[-1]) + MILLISECOND

    def change_the_first(number: int) -> None:
        if number == 2:
            shop.books.change(orders[0], email="new@buyer.example")

    shop.before = change_the_first
    assert window(shop, LONG_AGO, until, kind=TwoPerPage) == orders


@pytest.mark.parametrize("ahead_of", [2, 3, 4, 5])
@pytest.mark.parametrize("leaving", [1, 2, 3, 8])
def test_products_that_leave_the_list_meanwhile_hide_no_other(leaving: int, ahead_of: int) -> None:
    shop = filled(*(f"SKU-{n}" for n in range(8)))
    products = list(shop.books.products)

    def delete_some(number: int) -> None:
        if number == ahead_of:
            for product in products[:leaving]:
                del shop.books.products[product]

    shop.before = delete_some
    pages = Rest(shop.client(), URL, shop.api_key, page_size=3).walk(
        "products", "products", {"fields": "id"}
    )
    found = [record["id"] for page in pages for record in page]
    assert set(products[leaving:]) <= set(found)
    assert found == sorted(set(found))


# Payments


def test_trap_1_an_order_paid_in_the_window_is_in_that_of_updates() -> None:
    shop = filled()
    first, _ = placed(shop, 2)
    since = shop.books.now + MILLISECOND
    shop.books.capture(first)

    assert window(shop, since, LATER, UPDATES) == [first]
    assert window(shop, since, LATER, ORDERS) == []


def test_many_payments_are_read_by_pages() -> None:
    shop = filled()
    orders = placed(shop, 5)
    since = shop.books.now + MILLISECOND
    for order in orders:
        shop.books.capture(order)
    assert sorted(window(shop, since, LATER, UPDATES, TwoPerPage)) == orders


# By id


def test_new_orders_are_those_after_the_last_id() -> None:
    shop = filled()
    orders = placed(shop, 5)
    connector = shop.connector(TwoPerPage)

    assert ids(connector.pages_after(ORDERS, orders[1])) == orders[2:]
    assert ids(connector.pages_after(UPDATES, "")) == orders
    assert ids(connector.pages_after(ORDERS, orders[-1])) == []


def test_the_first_id_since_an_instant_is_just_before_the_orders_made_since() -> None:
    shop = filled()
    orders = placed(shop, 3)
    connector = shop.connector()
    before = connector.first_id_since(ORDERS, changed(shop, orders[1]))

    assert before is not None
    assert orders[0] < before < orders[1]
    assert ids(connector.pages_after(ORDERS, before)) == orders[1:]
    assert connector.first_id_since(ORDERS, LATER) is None


def test_each_run_by_id_asks_again_for_the_last_hundred() -> None:
    shop = filled()
    orders = placed(shop, 103)
    connector = shop.connector()
    start = connector.recent_ids_start(orders[-1])

    assert ids(connector.pages_after(ORDERS, start)) == orders[3:]
    assert connector.recent_ids_start(orders[50]) == ""
    assert connector.recent_ids_start("") == ""


# One by one


def test_an_order_is_read_by_its_id_and_one_that_is_not_there_is_gone() -> None:
    shop = filled()
    [order] = placed(shop, 1)
    record = shop.connector().fetch(UPDATES, order)

    assert record.external_id == order
    assert shop.connector().fetch(ORDERS, "order_none") == Gone("order_none")


def test_an_odd_id_stays_one_part_of_the_address() -> None:
    shop = filled()
    assert shop.connector().fetch(ORDERS, "../users") == Gone("../users")
    assert shop.seen[0].url.raw_path.startswith(b"/admin/orders/..%2Fusers?")


# Errors

Asked = Callable[[Connector], Any]
ASKED: list[Asked] = [
    lambda connector: list(connector.pages(ORDERS, LONG_AGO, LATER)),
    lambda connector: list(connector.pages(PRODUCTS, LONG_AGO, LATER)),
    lambda connector: list(connector.pages_after(ORDERS, "")),
    lambda connector: connector.first_id_since(ORDERS, LONG_AGO),
    lambda connector: connector.fetch(ORDERS, "order_1"),
    lambda connector: connector.listings(["TEA-1"]),
    lambda connector: connector.test_connection(),
]


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(500, text="oops"), Transient),
        (httpx.Response(200, text="<html>"), Transient),
        (httpx.Response(200, text="[]"), Transient),
        (httpx.Response(200, json={}), Transient),
        (httpx.Response(404, text="<pre>Cannot GET /admin</pre>"), Misconfigured),
        (httpx.Response(404, json={"error": "other"}), Misconfigured),
        (httpx.Response(400, json={"type": "invalid_data", "message": "no"}), Permanent),
    ],
)
def test_each_answer_is_one_of_three_errors(
    ask: Asked, answer: httpx.Response, kind: type[ConnectorError]
) -> None:
    transport = httpx.MockTransport(lambda request: answer)
    settings, secrets = {"url": "https://api.shop.example"}, {"api_key": "sk_test"}
    with httpx.Client(transport=transport) as client, pytest.raises(kind):
        ask(Medusa(settings, secrets, client))


@pytest.mark.parametrize("broken", ["status", "updated_at", "items", "total", "payment_status"])
def test_an_order_without_what_every_order_has_is_read_another_time(broken: str) -> None:
    shop = filled()
    [order] = placed(shop, 1)
    shop.books.orders[order][broken] = None
    with pytest.raises(Transient, match="makes no sense"):
        window(shop)


def test_a_wait_that_medusa_asks_for_is_kept() -> None:
    shop = filled()
    shop.fail(429, {"message": "slow down"}, retry_after="17")
    with pytest.raises(Transient) as caught:
        window(shop)
    assert caught.value.retry_after == 17


def test_a_wrong_key_is_for_the_operator_to_correct_and_stays_secret() -> None:
    shop = MedusaShop(api_key="sk_old")
    connector = shop.connector()
    shop.api_key = "sk_new"
    with pytest.raises(Misconfigured, match="credentials") as caught:
        connector.test_connection()
    assert "sk_" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "secrets"),
    [
        ({"url": ""}, {"api_key": "sk_test"}),
        ({"url": "ftp://api.shop.example"}, {"api_key": "sk_test"}),
        ({"url": "https://api.shop.example"}, {}),
        ({"url": "https://api.shop.example"}, {"api_key": "sk_tëst"}),
    ],
)
def test_what_is_missing_is_asked_for(settings: dict[str, str], secrets: dict[str, str]) -> None:
    with make_client(allow_private=True) as client, pytest.raises(Misconfigured):
        Medusa(settings, secrets, client).test_connection()


def test_what_it_does_not_claim_is_refused() -> None:
    connector = filled().connector()
    for job_type in (JobType.RECEIVE_SHIPMENTS, PRODUCTS):
        with pytest.raises(Permanent):
            list(connector.pages_after(job_type, ""))
        with pytest.raises(Permanent):
            connector.first_id_since(job_type, LONG_AGO)
    with pytest.raises(Permanent):
        list(connector.pages(JobType.RECEIVE_SHIPMENTS, LONG_AGO, LATER))
    with pytest.raises(Permanent):
        connector.fetch(JobType.RECEIVE_SHIPMENTS, "1")


def test_the_connection_test_counts_the_orders_and_names_the_location() -> None:
    shop = filled()
    placed(shop, 2)
    said = shop.connector().test_connection()
    assert said == (
        f"Connected: the shop answers and has 2 orders; stock is set at {shop.books.location}."
    )
