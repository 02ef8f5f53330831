"""The fake shop answers what the real one answered: else the other tests prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.channels.woo import stocked
from tests.woocommerce_shop import WooShop, recorded, recorded_orders, recorded_products

AFTER_ALL_CHANGES = "41_"


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


def test_a_product_is_found_by_its_sku_as_recorded() -> None:
    answer, real = ask(stocked(), "36_")
    [given], [product] = answer.json(), real["body"]
    for part in ("id", "type", "parent_id", "sku", "name", "stock_quantity", "manage_stock"):
        assert given[part] == product[part]


def test_a_variation_is_listed_by_its_sku_with_its_parent() -> None:
    shop = stocked()
    with shop.client() as client:
        answer = client.get(
            f"{shop.base_url}/wp-json/wc/v3/products",
            params={"sku": "hood-m,MUG-RED"},
            auth=(shop.key, shop.secret),
        )
    assert {(r["id"], r["type"], r["parent_id"]) for r in answer.json()} == {
        (27, "simple", 0),
        (31, "variation", 30),
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("31_", ["status", "date_completed_gmt"]),
        ("32_", ["shipping", "date_modified_gmt"]),
        ("33_", ["status", "meta_data"]),
        ("34_", ["id", "note", "customer_note"]),
        ("35_", ["id", "status"]),
        ("39_", ["id", "sku", "stock_quantity", "manage_stock"]),
    ],
)
def test_what_is_written_shows_as_recorded(name: str, shown: list[str]) -> None:
    answer, real = ask(stocked(), name)
    assert answer.status_code == real["status"]
    given = answer.json()
    assert {part: given[part] for part in shown} == {part: real["body"][part] for part in shown}


def test_a_webhook_is_made_as_recorded_and_its_secret_is_not_shown() -> None:
    answer, real = ask(WooShop(), "01_")
    assert answer.status_code == real["status"]
    for part in ("id", "name", "status", "topic", "delivery_url"):
        assert answer.json()[part] == real["body"][part]
    assert "secret" not in answer.json()


def test_the_sku_of_a_new_product_is_trimmed_as_recorded() -> None:
    answer, real = ask(WooShop(), "12_")
    assert answer.status_code == real["status"]
    assert answer.json()["sku"] == real["body"]["sku"] == "tee-m"


@pytest.mark.parametrize(
    ("method", "path", "content", "code"),
    [
        ("PUT", "orders/33", {"status": "shipped"}, "rest_invalid_param"),
        ("PUT", "orders/99", {"status": "completed"}, "woocommerce_rest_shop_order_invalid_id"),
        ("PUT", "products/26", {"stock_quantity": "7"}, "rest_invalid_param"),
        ("PUT", "products/26", {"manage_stock": "yes"}, "rest_invalid_param"),
        ("PUT", "products/26", {"regular_price": 12.5}, "rest_invalid_param"),
        ("PUT", "products/31", {"stock_quantity": 7}, "woocommerce_rest_invalid_product_id"),
        ("POST", "products", {"sku": "mug-blue"}, "product_invalid_sku"),
        ("POST", "orders/33/notes", {}, "rest_missing_callback_param"),
        ("POST", "webhooks", {"topic": "order.created"}, "rest_missing_callback_param"),
        ("DELETE", "webhooks/15", {}, "woocommerce_rest_trash_not_supported"),
        ("GET", "orders/33/fulfillments", {}, "rest_no_route"),
    ],
)
def test_what_a_shop_refuses(method: str, path: str, content: dict[str, Any], code: str) -> None:
    shop = stocked()
    with shop.client() as client:
        answer = client.request(
            method,
            f"{shop.base_url}/wp-json/wc/v3/{path}",
            auth=(shop.key, shop.secret),
            json=content,
        )
    assert answer.status_code >= 400
    assert answer.json()["code"] == code
