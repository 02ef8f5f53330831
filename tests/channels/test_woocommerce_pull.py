"""Windows, pages, ids and errors of the WooCommerce connector, against a shop of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from channels.connectors.base import (
    ConnectorError,
    Gone,
    Misconfigured,
    OrderData,
    Permanent,
    ProductData,
    Transient,
)
from channels.connectors.http import make_client
from channels.connectors.woocommerce import WooCommerce
from tests.channels.woo import (
    LATER,
    LONG_AGO,
    ORDERS,
    PRODUCTS,
    UPDATES,
    TwoPerPage,
    at,
    connect,
    ids,
    stamp,
    window,
)
from tests.woocommerce_shop import Answer, WooShop, recorded, recorded_orders

# Windows


@pytest.mark.parametrize("since", [18.0, 18.001, 18.999])
def test_trap_03_an_order_changed_in_the_first_second_of_a_window_is_in_it(since: float) -> None:
    assert 33 in window(WooShop(recorded_orders()), at(since), LATER)


@pytest.mark.parametrize("until", [24.001, 24.5, 25.0])
def test_trap_03_an_order_changed_in_the_last_second_of_a_window_is_in_it(until: float) -> None:
    assert 37 in window(WooShop(recorded_orders()), LONG_AGO, at(until))


def test_neighbouring_windows_leave_nothing_out() -> None:
    shop = WooShop(recorded_orders())
    edges = [17 + step * 0.7 for step in range(13)]
    found = [order for start in edges for order in window(shop, at(start), at(start + 0.7))]
    assert set(found) == {33, 34, 35, 36, 37}


def test_what_changed_outside_a_window_is_not_read_again_and_again() -> None:
    assert window(WooShop(recorded_orders()), at(21), at(21.5)) == [35]


def test_a_window_in_another_zone_asks_for_the_same_instants() -> None:
    east = at(21).astimezone(datetime.fromisoformat("2026-01-01T00:00+05:30").tzinfo)
    shop = WooShop(recorded_orders())
    assert window(shop, east, LATER) == window(shop, at(21), LATER)


def test_an_empty_window_is_one_question_and_no_page() -> None:
    shop = WooShop(recorded_orders())
    assert list(connect(shop).pages(ORDERS, LATER, LATER)) == []
    assert len(shop.seen) == 1


def test_carts_are_not_listed() -> None:
    shop = WooShop(recorded_orders())
    shop.place(38, stamp(30), status="checkout-draft")
    assert window(shop, LONG_AGO, LATER) == [33, 34, 35, 36, 37]
    assert ids(connect(shop).pages_after(ORDERS, "33")) == [34, 35, 36, 37]


def test_an_order_paid_later_is_in_the_window_in_which_it_was_paid() -> None:
    shop = WooShop(recorded_orders())
    shop.change(35, stamp(50), status="processing")
    assert window(shop, at(45), at(55)) == [35]


def test_order_updates_bring_orders_in_the_bin_as_cancelled() -> None:
    shop = WooShop(recorded_orders())
    shop.trash(36, stamp(33))
    pages = connect(shop).pages(UPDATES, at(25), at(40))
    [order] = [order for page in pages for order in page]
    assert isinstance(order, OrderData)
    assert (order.external_id, order.platform_status, order.cancelled) == ("36", "trash", True)
    assert window(shop, at(25), at(40), ORDERS) == []


# Pages


def test_all_pages_are_read() -> None:
    shop = WooShop(recorded_orders())
    pages = list(connect(shop, TwoPerPage).pages(ORDERS, LONG_AGO, LATER))
    assert [[order.external_id for order in page] for page in pages] == [
        ["33", "34"], ["35", "36"], ["37"],
    ]  # fmt: skip


def test_trap_21_a_full_page_is_the_api_s_limit() -> None:
    shop = WooShop()
    for number in range(1, 251):
        shop.place(number, stamp(18))
    assert window(shop, LONG_AGO, LATER) == list(range(1, 251))
    assert [seen.params["per_page"] for seen in shop.seen] == ["100"] * 3


def leaves(shop: WooShop, *order_ids: int) -> None:
    for order_id in order_ids:
        shop.delete(order_id)


def is_binned(shop: WooShop, *order_ids: int) -> None:
    for order_id in order_ids:
        shop.trash(order_id, stamp(59))


def changes(shop: WooShop, *order_ids: int) -> None:
    """Out of the window, which ends at second 40."""
    for order_id in order_ids:
        shop.change(order_id, stamp(59))


@pytest.mark.parametrize("event", [leaves, is_binned, changes])
@pytest.mark.parametrize("moved", [(1,), (1, 2), (2, 3), (1, 2, 3, 4), (4,), (5,)])
@pytest.mark.parametrize("before_request", [2, 3, 4])
def test_orders_that_leave_the_window_between_two_pages_hide_no_other(
    event: Callable[..., None], moved: tuple[int, ...], before_request: int
) -> None:
    shop = WooShop()
    for number in range(1, 10):
        shop.place(number, stamp(18))

    def meanwhile(request: int) -> None:
        if request == before_request:
            event(shop, *moved)

    shop.before = meanwhile
    read = ids(connect(shop, TwoPerPage).pages(ORDERS, at(0), at(40)))
    assert set(read) >= set(range(1, 10)) - set(moved)


def test_orders_that_leave_one_after_the_other_hide_none() -> None:
    shop = WooShop()
    for number in range(1, 14):
        shop.place(number, stamp(18))
    shop.before = lambda request: changes(shop, request) if request <= 6 else None
    read = ids(connect(shop, TwoPerPage).pages(ORDERS, at(0), at(40)))
    assert set(read) >= set(range(7, 14))
    assert len(shop.seen) < 30


def test_an_order_changed_while_its_pages_are_read_is_in_this_window_or_the_next() -> None:
    shop = WooShop(recorded_orders())
    shop.before = lambda request: changes(shop, 33, 37) if request == 2 else None
    this = ids(connect(shop, TwoPerPage).pages(ORDERS, at(0), at(40)))
    following = ids(connect(shop, TwoPerPage).pages(ORDERS, at(40), at(70)))
    assert set(this) | set(following) == {33, 34, 35, 36, 37}


def test_an_order_changed_within_the_window_while_it_is_read_hides_no_other() -> None:
    """The shop's clock may be behind ours, so that a change made now is dated in the window."""
    shop = WooShop(recorded_orders())
    shop.before = lambda request: shop.change(33, stamp(30)) if request == 2 else None
    read = ids(connect(shop, TwoPerPage).pages(ORDERS, at(0), at(40)))
    assert set(read) == {33, 34, 35, 36, 37}


class Uncounted(WooShop):
    """Behind a proxy that drops the headers which count the list."""

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return replace(super().handle(method, url, headers, body), headers={})


def test_a_shop_that_does_not_count_its_lists_is_read_to_the_end() -> None:
    shop = Uncounted(recorded_orders())
    assert ids(connect(shop, TwoPerPage).pages(ORDERS, at(0), at(40))) == [33, 34, 35, 36, 37]


# Products


def test_a_variable_product_comes_with_its_variations() -> None:
    products = recorded("37_")["response"]["body"]
    variations = recorded("38_")["response"]["body"]
    shop = WooShop(products=products, variations={30: variations})
    pages = connect(shop).pages(PRODUCTS, LONG_AGO, LATER)
    found = {record.external_id: record for page in pages for record in page}
    assert all(isinstance(record, ProductData) for record in found.values())
    assert {(int(key), record.sku, record.name) for key, record in found.items()} == {  # type: ignore[union-attr]  # products
        (26, "MUG-BLUE", "Mug, blue"),
        (28, "TEE-S", "T-shirt S"),
        (30, "", "Hoodie"),
        (31, "HOOD-M", "Hoodie - M"),
        (32, "HOOD-L", "Hoodie - L"),
    }


def test_a_deleted_product_that_was_an_order_is_gone() -> None:
    assert connect(WooShop(recorded_orders())).fetch(PRODUCTS, "36") == Gone("36")


# What may go wrong


def ways_to_read(shop: WooShop) -> list[Callable[[], Any]]:
    connector = connect(shop)
    return [
        lambda: list(connector.pages(ORDERS, LONG_AGO, LATER)),
        lambda: list(connector.pages(UPDATES, LONG_AGO, LATER)),
        lambda: list(connector.pages(PRODUCTS, LONG_AGO, LATER)),
        lambda: list(connector.pages_after(ORDERS, "33")),
        lambda: connector.first_id_since(ORDERS, LONG_AGO),
        lambda: connector.fetch(ORDERS, "33"),
        lambda: connector.fetch(PRODUCTS, "33"),
        connector.test_connection,
        connector.subscriptions,
    ]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"{}", Misconfigured),
        (403, b"{}", Misconfigured),
        (301, b"", Misconfigured),
        (404, b'{"code": "rest_no_route"}', Misconfigured),
        (404, b"<html>Not Found</html>", Misconfigured),
        (404, b"[]", Misconfigured),
        (400, b"{}", Permanent),
        (429, b"", Transient),
        (500, b"{}", Transient),
        (502, b"<html>", Transient),
        (503, b"Briefly unavailable for scheduled maintenance.", Transient),
        (200, b"<html>", Transient),
        (200, b"", Transient),
        (200, b"null", Transient),
        (200, b'"x"', Transient),
        (200, b"[1]", Transient),
        (200, b"{}", Transient),
        (200, b'<br /><b>Notice</b>: x[{"id": 33}]', Transient),
    ],
)
def test_errors_are_sorted_for_every_way_to_read(
    status: int, body: bytes, error: type[ConnectorError]
) -> None:
    shop = WooShop(recorded_orders())
    for read in ways_to_read(shop):
        shop.fail(status, body=body)
        with pytest.raises(error):
            read()


def test_a_missing_api_is_never_mistaken_for_a_missing_order() -> None:
    """WooCommerce switched off answers 404 to every order; "gone" would cancel them all."""
    shop = WooShop(recorded_orders())
    shop.fail(404, body=b'{"code":"rest_no_route","message":"No route was found."}')
    with pytest.raises(Misconfigured, match="WooCommerce is active"):
        connect(shop).fetch(ORDERS, "33")


def test_the_wait_the_shop_asks_for_is_passed_on() -> None:
    shop = WooShop()
    shop.fail(429, {"Retry-After": "17"})
    with pytest.raises(Transient) as refused:
        connect(shop).test_connection()
    assert refused.value.retry_after == 17


def test_wrong_keys_are_for_an_operator_to_mend() -> None:
    shop = WooShop()
    wrong = {**shop.secrets, "consumer_secret": "cs_wrong"}
    with pytest.raises(Misconfigured, match="credentials"):
        WooCommerce(shop.settings, wrong, shop.client()).test_connection()


@pytest.mark.parametrize(
    "url", ["", "shop.example", "ftp://shop.example", "https://", "http://[::"]
)
def test_an_address_that_is_none_is_for_an_operator_to_mend(url: str) -> None:
    shop = WooShop()
    with pytest.raises(Misconfigured, match="address"):
        WooCommerce({"url": url}, shop.secrets, shop.client()).test_connection()


def test_missing_keys_are_for_an_operator_to_mend() -> None:
    shop = WooShop()
    with pytest.raises(Misconfigured, match="consumer key"):
        WooCommerce(shop.settings, {}, shop.client()).test_connection()


# Administration


def test_the_connection_test_answers_with_a_sentence() -> None:
    connector = connect(WooShop(recorded_orders()))
    assert connector.test_connection() == "Connected: the shop answers and has 5 orders."


@pytest.mark.parametrize("url", ["https://shop.example", "https://shop.example/"])
def test_a_slash_at_the_end_of_the_address_does_no_harm(url: str) -> None:
    shop = WooShop(recorded_orders())
    WooCommerce({"url": url}, shop.secrets, shop.client()).test_connection()
    assert shop.seen[0].path == "/wp-json/wc/v3/orders"


def test_trap_09_subscriptions_are_listed_with_what_became_of_them() -> None:
    webhooks = recorded("08_")["response"]["body"]
    shop = WooShop(webhooks=webhooks)
    shop.webhooks[16]["status"] = "disabled"
    shop.webhooks[17]["status"] = "paused"
    found = list(connect(shop, TwoPerPage).subscriptions())
    assert [(s.topic, s.active) for s in found] == [
        ("order.created", True),
        ("order.updated", False),
        ("order.deleted", False),
        ("order.restored", True),
        ("product.created", True),
        ("product.updated", True),
        ("product.deleted", True),
    ]
    assert {s.url for s in found} == {"http://127.0.0.1:9101/webhooks/TOKEN/"}


@pytest.mark.parametrize("behind_proxy", [True, False])
def test_over_a_real_socket(behind_proxy: bool) -> None:
    with (
        WooShop(recorded_orders(), behind_proxy=behind_proxy).serve() as shop,
        make_client(allow_private=True) as client,
    ):
        connector = TwoPerPage(shop.settings, shop.secrets, client)
        assert ids(connector.pages(ORDERS, at(0), at(40))) == [33, 34, 35, 36, 37]
        assert connector.fetch(ORDERS, "1") == Gone("1")


def test_trap_19_a_private_address_is_not_called() -> None:
    with (
        WooShop().serve() as shop,
        make_client(allow_private=False) as client,
        pytest.raises(Misconfigured, match="private address"),
    ):
        WooCommerce(shop.settings, shop.secrets, client).test_connection()
    assert shop.seen == []
