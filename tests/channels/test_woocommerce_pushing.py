"""What holds for everything that is written to a WooCommerce shop: keys, errors, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from channels.connectors.base import (
    ConnectorError,
    Limit,
    Misconfigured,
    Permanent,
    ProductPush,
    StockTarget,
    Subscription,
    Transient,
)
from channels.connectors.http import make_client
from channels.connectors.woocommerce import WooCommerce
from tests.channels.woo import connect, stocked
from tests.channels.woo_reports import WHOLE
from tests.woocommerce_shop import WooShop

URL = "https://omsauto.example/webhooks/TOKEN/"
CAP = ProductPush("CAP", "Cap", price=Decimal("9.90"))
MUG = replace(CAP, sku="MUG-BLUE")
HOOD = replace(CAP, sku="HOOD-M")

WAYS: dict[str, Callable[[WooCommerce], object]] = {
    "report_shipment": lambda shop: shop.report_shipment(WHOLE),
    "listings": lambda shop: shop.listings(["MUG-BLUE"]),
    "set_stock": lambda shop: shop.set_stock([StockTarget("26", "MUG-BLUE", 3)]),
    "set_stock of a variation": lambda shop: shop.set_stock([StockTarget("31", "HOOD-M", 3)]),
    "export_product, new": lambda shop: shop.export_product(CAP),
    "export_product, known": lambda shop: shop.export_product(MUG),
    "export_product, variation": lambda shop: shop.export_product(HOOD),
    "subscribe": lambda shop: shop.subscribe("order.created", URL),
    "unsubscribe": lambda shop: shop.unsubscribe(Subscription("15", "order.created", URL, True)),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@every_way
def test_over_plain_http_every_request_is_signed_its_body_apart(
    way: Callable[[WooCommerce], object],
) -> None:
    shop = stocked(base_url="http://shop.example")
    way(connect(shop))
    assert shop.seen
    assert {seen.authorization.partition(" ")[0] for seen in shop.seen} == {"OAuth"}


@every_way
def test_on_this_machine_a_signature_follows_a_refused_basic(
    way: Callable[[WooCommerce], object],
) -> None:
    shop = stocked(base_url="http://127.0.0.1:8101")
    way(connect(shop))
    schemes = [seen.authorization.partition(" ")[0] for seen in shop.seen]
    assert schemes == ["Basic", "OAuth"] * (len(schemes) // 2)


@pytest.mark.parametrize("behind_proxy", [True, False])
def test_over_a_real_socket(behind_proxy: bool) -> None:
    with (
        stocked(behind_proxy=behind_proxy).serve() as shop,
        make_client(allow_private=True) as client,
    ):
        for way in WAYS.values():
            way(WooCommerce(shop.settings, shop.secrets, client))
        assert shop.orders[33]["status"] == "completed"
        assert shop.products[26]["stock_quantity"] == 3


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"{}", Misconfigured),
        (403, b"{}", Misconfigured),
        (301, b"", Misconfigured),
        (400, b"{}", Permanent),
        (400, b'{"code": "rest_invalid_param", "message": "x"}', Permanent),
        (413, b"", Permanent),
        (429, b"", Transient),
        (500, b"{}", Transient),
        (502, b"<html>", Transient),
        (503, b"Briefly unavailable for scheduled maintenance.", Transient),
    ],
)
@every_way
def test_errors_are_sorted_at_every_request_of_every_way(
    way: Callable[[WooCommerce], object], status: int, body: bytes, error: type[ConnectorError]
) -> None:
    undisturbed = stocked()
    way(connect(undisturbed))
    for number in range(1, len(undisturbed.seen) + 1):
        shop = failing_at(number, status, body)
        with pytest.raises(error):
            way(connect(shop))
        assert len(shop.seen) == number


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b'"x"'])
@every_way
def test_garbage_is_worth_another_try_at_every_request_of_every_way(
    way: Callable[[WooCommerce], object], body: bytes
) -> None:
    undisturbed = stocked()
    way(connect(undisturbed))
    for number in range(1, len(undisturbed.seen) + 1):
        if undisturbed.seen[number - 1].method == "DELETE":
            continue  # whatever is answered, it is gone
        with pytest.raises(Transient):
            way(connect(failing_at(number, 200, body)))


def failing_at(number: int, status: int, body: bytes) -> WooShop:
    """A shop whose n-th answer is this one."""
    shop = stocked()
    shop.before = lambda request: shop.fail(status, body=body) if request == number else None
    return shop


@pytest.mark.parametrize("way", [w for n, w in WAYS.items() if n != "listings"])
def test_a_key_that_may_only_read_is_for_an_operator(
    way: Callable[[WooCommerce], object],
) -> None:
    with pytest.raises(Misconfigured, match="write permissions"):
        way(connect(stocked(read_only=True)))


# Limits


def test_a_shop_that_says_nothing_of_a_limit_leaves_it_unknown() -> None:
    connector = connect(stocked())
    connector.test_connection()
    assert connector.limit is None


def test_the_limit_is_that_of_the_last_answer() -> None:
    shop = stocked()
    shop.allowance = 50
    connector = connect(shop)
    connector.test_connection()
    assert connector.limit == Limit(49, 60)
    connector.set_stock([StockTarget("26", "MUG-BLUE", 3)])
    assert connector.limit == Limit(47, 60)


def test_a_limit_that_is_reached_is_heard_with_its_wait() -> None:
    shop = stocked()
    shop.allowance = 1
    connector = connect(shop)
    with pytest.raises(Transient) as refused:
        connector.set_stock([StockTarget("26", "MUG-BLUE", 3)])
    assert refused.value.retry_after == 17
    assert connector.limit == Limit(0, 60, 17)
    assert shop.products[26]["stock_quantity"] == 40
