"""The fake shop answers what the real one answered: else the other tests prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.woocommerce_shop import WooShop, recorded, recorded_orders

AFTER_ALL_CHANGES = "41_"


def recorded_products() -> list[dict[str, Any]]:
    return [recorded(name)["response"]["body"] for name in ("09_", "10_", "11_", "12_", "13_")]


def ask(shop: WooShop, name: str, authorized: bool = True) -> tuple[Any, dict[str, Any]]:
    """The fake's answer to a recorded request, and the recorded answer."""
    exchange = recorded(name)
    request = exchange["request"]
    auth = (shop.key, shop.secret) if authorized else None
    with shop.client() as client:
        answer = client.request(
            request["method"],
            shop.base_url + request["path"],
            auth=auth,
            json=request["body"],
        )
    return answer, exchange["response"]


@pytest.mark.parametrize("name", ["21_", "22_", "23_", "24_", "25_", "26_"])
def test_lists_and_orders_are_answered_as_recorded(name: str) -> None:
    answer, real = ask(WooShop(recorded_orders()), name)
    assert answer.status_code == real["status"]
    assert answer.json() == real["body"]
    headers = dict(real["headers"])
    for header in ("X-WP-Total", "X-WP-TotalPages"):
        assert answer.headers.get(header) == headers.get(header)


def test_the_list_after_all_changes_is_in_the_recorded_order_and_without_the_binned_one() -> None:
    shop = WooShop(recorded_orders())
    shop.change(35, "2026-11-23T05:21:28", status="cancelled")
    shop.change(34, "2026-11-23T05:21:32", status="completed")
    shop.trash(36, "2026-11-23T05:21:33")
    answer, real = ask(shop, AFTER_ALL_CHANGES)
    assert [order["id"] for order in answer.json()] == [order["id"] for order in real["body"]]


@pytest.mark.parametrize("name", ["27_", "28_"])
def test_refusals_are_worded_as_recorded(name: str) -> None:
    answer, real = ask(WooShop(recorded_orders()), name)
    assert (answer.status_code, answer.json()) == (real["status"], real["body"])


@pytest.mark.parametrize("name", ["29_", "30_"])
def test_strangers_are_turned_away_as_recorded(name: str) -> None:
    answer, real = ask(WooShop(recorded_orders()), name, authorized=False)
    assert (answer.status_code, answer.json()) == (real["status"], real["body"])


def test_half_a_batch_fails_as_recorded() -> None:
    answer, real = ask(WooShop(products=recorded_products()), "40_")
    done, refused = answer.json()["update"]
    assert answer.status_code == real["status"] == 200
    assert done["stock_quantity"] == real["body"]["update"][0]["stock_quantity"]
    assert refused["error"]["code"] == real["body"]["update"][1]["error"]["code"]
