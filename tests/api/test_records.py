"""Orders, shipments, products, stock and parked records over the API."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership
from oms.models import (
    ParkedStatus,
    Product,
    ProductReference,
    Shipment,
    StockLevel,
)
from tests import builders
from tests.api.conftest import Brand
from tests.builders import NOW


def names(rows: list[Any], key: str) -> list[Any]:
    return [row[key] for row in rows]


def test_an_order_with_its_lines_and_shipment(brand: Brand) -> None:
    mug = builders.product(brand.account, on_hand=5)
    brand.order("1001", quantity=2)
    order = brand.viewer.results("orders/")[0]
    assert order == brand.viewer.get(f"orders/{order['id']}/").json()
    assert (order["channel"], order["external_id"]) == (brand.shop.pk, "1001")
    assert (order["number"], order["status"], order["total"]) == ("#1001", "fulfilling", "10.0000")
    assert order["placed_at"] == "2026-03-02T11:00:00Z"
    line = order["lines"][0]
    assert (line["product"], line["sku"], line["quantity"], line["shipped"]) == (
        mug.pk,
        "MUG",
        2,
        0,
    )
    shipment = brand.viewer.results("shipments/")[0]
    assert shipment == brand.viewer.get(f"shipments/{shipment['id']}/").json()
    assert (shipment["order"], shipment["order_number"]) == (order["id"], "#1001")
    assert (shipment["channel"], shipment["status"]) == (brand.depot.pk, "ready")
    assert shipment["external_id"] is None
    assert [(each["sku"], each["quantity"]) for each in shipment["lines"]] == [("MUG", 2)]


def test_filters_of_orders_and_shipments(brand: Brand) -> None:
    builders.product(brand.account, on_hand=1)
    brand.order("1001")
    brand.order("1002")
    get = brand.viewer.results
    assert names(get("orders/"), "external_id") == ["1002", "1001"]
    assert names(get("orders/", external_id="1001"), "external_id") == ["1001"]
    assert names(get("orders/", status="approved"), "external_id") == ["1002"]
    assert len(get("orders/", sku=" mug ", channel=brand.shop.pk)) == 2
    assert get("orders/", sku="CUP") == []
    assert get("orders/", channel=brand.depot.pk) == []
    assert names(get("shipments/", status="backordered"), "order_number") == ["#1002"]
    assert len(get("shipments/", sku="mug", channel=brand.depot.pk)) == 2
    shipment = Shipment.objects.get(order__external_id="1001")
    Shipment.objects.filter(pk=shipment.pk).update(external_id="W-1")
    assert names(get("shipments/", external_id="W-1"), "id") == [shipment.pk]
    assert names(get("shipments/", order=shipment.order_id), "id") == [shipment.pk]


def test_a_new_product_is_trimmed_and_gets_stock_levels(brand: Brand) -> None:
    answer = brand.operator.post("products/", {"sku": "  Cup-1 ", "name": "Cup"})
    assert answer.status_code == 201
    product = answer.json()
    assert (product["sku"], product["name"], product["account"]) == (
        "Cup-1",
        "Cup",
        brand.account.pk,
    )
    assert StockLevel.objects.filter(product=product["id"], channel=brand.depot).exists()
    assert brand.viewer.get(f"products/{product['id']}/").json() == product


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "sku"),
        ({"sku": ""}, "sku"),
        ({"sku": "   "}, "sku"),
        ({"sku": None}, "sku"),
        ({"sku": "x" * 121}, "sku"),
        ({"sku": "ß" * 121}, "sku"),
        ({"sku": "a\x00b"}, "sku"),
        ({"sku": "mug"}, "sku"),
        ({"sku": "CUP", "name": "x" * 251}, "name"),
        ({"sku": "CUP", "colour": "red"}, "colour"),
        ({"sku": "CUP", "account": 999_999}, "account"),
    ],
)
def test_a_product_is_refused_by_name(brand: Brand, body: dict[str, Any], field: str) -> None:
    builders.product(brand.account, "MUG")
    response = brand.operator.post("products/", body)
    assert response.status_code == 400
    assert response.json()[field][0]
    assert Product.objects.count() == 1


def test_two_accounts_may_have_the_same_sku(brand: Brand) -> None:
    assert brand.operator.post("products/", {"sku": "CUP"}).status_code == 201
    assert brand.stranger.post("products/", {"sku": "cup"}).status_code == 201
    second = builders.account("Second")
    Membership.objects.create(account=second, user=brand.operator.user, role="operator")
    assert "several" in brand.operator.post("products/", {"sku": "CUP"}).json()["account"][0]
    wanted = {"sku": "CUP", "account": second.pk}
    assert brand.operator.post("products/", wanted).json()["account"] == second.pk


def test_a_product_may_be_renamed_but_not_take_another_ones_sku(brand: Brand) -> None:
    mug = builders.product(brand.account, "MUG")
    builders.product(brand.account, "CUP")
    path = f"products/{mug.pk}/"
    answer = brand.operator.patch(path, {"name": "Big mug"})
    assert (answer.json()["name"], answer.json()["sku"]) == ("Big mug", "MUG")
    assert brand.operator.patch(path, {"sku": "mug"}).json()["sku"] == "mug"
    refused = brand.operator.patch(path, {"sku": " cup "})
    assert refused.status_code == 400
    assert "CUP" in refused.json()["sku"][0]
    assert brand.operator.patch(path, {"sku": "MUG-2"}).status_code == 200
    mug.refresh_from_db()
    assert (mug.sku, mug.sku_key) == ("MUG-2", "mug-2")
    assert brand.operator.patch(path, {"id": 5, "colour": "red"}).status_code == 400


def test_filters_of_products(brand: Brand) -> None:
    mug = builders.product(brand.account, "MUG")
    cup = builders.product(brand.account, "cup")
    ProductReference.objects.create(product=mug, channel=brand.shop, external_id="7")
    ProductReference.objects.create(product=cup, channel=brand.depot, external_id="7")
    get = brand.viewer.results
    assert names(get("products/"), "sku") == ["cup", "MUG"]
    assert names(get("products/", sku="Mug"), "sku") == ["MUG"]
    assert len(get("products/", external_id="7")) == 2
    assert names(get("products/", external_id="7", channel=brand.shop.pk), "sku") == ["MUG"]
    assert names(get("products/", channel=brand.depot.pk), "sku") == ["cup"]
    assert get("products/", sku="MUG")[0]["references"] == [
        {"channel": brand.shop.pk, "external_id": "7"}
    ]


def test_stock_on_hand_is_set_and_lets_backorders_go(brand: Brand) -> None:
    mug = builders.product(brand.account)
    brand.order("1001", quantity=3)
    level = brand.level(mug)
    assert brand.viewer.results("shipments/")[0]["status"] == "backordered"
    answer = brand.operator.patch(f"stock-levels/{level.pk}/", {"on_hand": 5})
    assert answer.status_code == 200
    row = answer.json()
    assert (row["sku"], row["product"], row["channel"]) == ("MUG", mug.pk, brand.depot.pk)
    assert (row["on_hand"], row["allocated"], row["available"]) == (5, 3, 2)
    assert brand.viewer.results("shipments/")[0]["status"] == "ready"
    assert brand.viewer.results("orders/")[0]["status"] == "fulfilling"


@pytest.mark.parametrize(
    "body",
    [
        {"on_hand": -1},
        {"on_hand": None},
        {"on_hand": True},
        {"on_hand": 1.5},
        {"on_hand": "many"},
        {"on_hand": 2**31},
        {"allocated": 5, "quantity": 1},
    ],
)
def test_stock_is_refused_by_name(brand: Brand, body: dict[str, Any]) -> None:
    level = brand.level(builders.product(brand.account, on_hand=4))
    response = brand.operator.patch(f"stock-levels/{level.pk}/", body)
    assert response.status_code == 400
    level.refresh_from_db()
    assert (level.on_hand, level.allocated) == (4, 0)


def test_filters_of_stock_levels(brand: Brand) -> None:
    builders.product(brand.account, "MUG")
    builders.product(brand.account, "CUP")
    get = brand.viewer.results
    assert names(get("stock-levels/", sku="cup"), "sku") == ["CUP"]
    assert len(get("stock-levels/", channel=brand.depot.pk)) == 2
    assert get("stock-levels/", channel=brand.shop.pk) == []


def test_stock_of_a_deleted_warehouse_is_not_shown(brand: Brand) -> None:
    builders.product(brand.account)
    brand.operator.delete(f"channels/{brand.depot.pk}/")
    assert brand.viewer.results("stock-levels/") == []


def test_parked_records_with_their_filters(brand: Brand) -> None:
    first = brand.parked(1)
    second = brand.parked(2, type="receive_order_updates")
    brand.parked(3, status=ParkedStatus.RESOLVED, ended_at=NOW)
    get = brand.viewer.results
    assert names(get("parked/"), "external_id") == ["3", "2", "1"]
    assert names(get("parked/", status="parked"), "id") == [second.pk, first.pk]
    assert names(get("parked/", type="receive_orders", status="parked"), "id") == [first.pk]
    assert names(get("parked/", external_id="2", channel=brand.shop.pk), "id") == [second.pk]
    row = brand.viewer.get(f"parked/{first.pk}/").json()
    assert row["reason"].startswith("SKU X")
    assert (row["payload"], row["ended_at"]) == ({"external_id": "1"}, None)


def test_retry_of_a_parked_record_asks_for_it_again(brand: Brand) -> None:
    parked = brand.parked(7)
    answer = brand.operator.post(f"parked/{parked.pk}/retry/")
    assert answer.status_code == 202
    run = answer.json()
    assert (run["trigger"], run["type"], run["entities"]) == ("retry", "receive_orders", ["7"])


def test_retry_of_what_is_parked_no_more_or_cannot_run_is_a_conflict(brand: Brand) -> None:
    resolved = brand.parked(1, status=ParkedStatus.RESOLVED)
    assert brand.operator.post(f"parked/{resolved.pk}/retry/").status_code == 409
    parked = brand.parked(2)
    brand.operator.patch(f"channels/{brand.shop.pk}/", {"enabled": False})
    response = brand.operator.post(f"parked/{parked.pk}/retry/")
    assert response.status_code == 409
    assert "disabled" in response.json()["detail"]


def test_a_parked_record_can_be_given_up_once(brand: Brand) -> None:
    parked = brand.parked(1)
    answer = brand.operator.post(f"parked/{parked.pk}/discard/")
    assert (answer.status_code, answer.json()["status"]) == (200, "discarded")
    assert brand.operator.post(f"parked/{parked.pk}/discard/").status_code == 409
