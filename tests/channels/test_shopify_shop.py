"""The pretended shop refuses what Shopify refuses: else the other tests prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.channels.shopify import stamp
from tests.shopify_shop import ShopifyShop
from tests.shopify_shop.records import gid

URL = "https://lamps.myshopify.com/admin/api/2026-10/graphql.json"
SET = """mutation Set($input: InventorySetQuantitiesInput!) {
  inventorySetQuantities(input: $input) @idempotent(key: "k") { userErrors { message } }
}"""

PLACE = {"inventoryItemId": gid("InventoryItem", 1), "locationId": gid("Location", 61)}


@pytest.fixture
def shop() -> ShopifyShop:
    made = ShopifyShop()
    made.place(5001, stamp(0))
    made.place(5002, stamp(1))
    made.stock_up(7001, stamp(0), [(7101, "LAMP", "Default Title")])
    return made


def ask(shop: ShopifyShop, query: str, **variables: Any) -> Any:
    sent = {"query": query, "variables": variables}
    return shop.http().post(URL, json=sent, headers={"X-Shopify-Access-Token": shop.token}).json()


def said(shop: ShopifyShop, query: str, **variables: Any) -> str:
    answer = ask(shop, query, **variables)
    assert "data" not in answer
    return str(answer["errors"][0]["message"])


def test_good_requests_are_answered(shop: ShopifyShop) -> None:
    answer = ask(shop, 'query A { order(id: "gid://shopify/Order/5001") { name other: closed } }')

    assert answer["data"] == {"order": {"name": "#5001", "other": False}}
    cost = answer["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 1
    assert cost["throttleStatus"]["currentlyAvailable"] == 2000 - 2


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("query A { shop { nme } }", "doesn't exist on type 'Shop'"),
        ("query A { shop }", "wrong kind of selection"),
        ("query A { shop { name { x } } }", "wrong kind of selection"),
        ("query A { order { name } }", "missing required arguments: id"),
        ('query A { order(id: "x", no: 1) { name } }', "doesn't accept argument 'no'"),
        ("query A { orders { nodes { name } } }", "must provide one of first or last"),
        ("query A { orders(first: 251) { nodes { name } } }", "between 1 and 250"),
        ('query A { orders(first: "5") { nodes { name } } }', "is not Int"),
        ("query A { orders(first: 5, sortKey: PRICE) { nodes { name } } }", "OrderSortKeys"),
        ("query A { order(id: $id) { name } }", "not declared"),
        ("query A($id: String!) { order(id: $id) { name } }", "type mismatch"),
        ("query A($id: ID) { order(id: $id) { name } }", "type mismatch"),
        ("query A($id: ID!) { shop { name } }", "not used"),
        ("query A { shop { name }", "syntax error"),
    ],
)
def test_wrong_queries_are_refused_whole(shop: ShopifyShop, query: str, reason: str) -> None:
    variables = {"id": gid("Order", 5001)} if "$id" in query else {}

    assert reason in said(shop, query, **variables)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"quantity": 1}, "inventoryItemId"),
        ({"inventoryItemId": "123", "locationId": "61", "quantity": 1}, "Invalid global id '123'"),
        ({**PLACE, "quantity": "1"}, "is not Int"),
        ({**PLACE, "quantity": 1, "compareQuantity": 1},
         "Field is not defined on InventoryQuantityInput"),
    ],
)  # fmt: skip
def test_wrong_inputs_are_refused_whole(
    shop: ShopifyShop, entry: dict[str, Any], reason: str
) -> None:
    given = {"name": "available", "reason": "correction", "quantities": [entry]}

    assert reason in said(shop, SET, input=given)


def test_quantities_must_say_what_they_compare_with(shop: ShopifyShop) -> None:
    entry = {
        "inventoryItemId": shop.variants()[0]["item"],
        "locationId": gid("Location", 61),
        "quantity": 1,
    }
    given = {"name": "available", "reason": "correction", "quantities": [entry]}

    answer = ask(shop, SET, input=given)

    [error] = answer["data"]["inventorySetQuantities"]["userErrors"]
    assert error["message"] == "changeFromQuantity is required"


def test_stock_without_a_key_or_with_a_used_one_is_refused(shop: ShopifyShop) -> None:
    given = {"name": "available", "reason": "correction", "quantities": []}
    assert "@idempotent" in said(shop, SET.replace('@idempotent(key: "k")', ""), input=given)

    assert "data" in ask(shop, SET, input=given)
    assert "mismatch" in said(shop, SET, input={**given, "name": "on_hand"})


def test_more_than_250_of_anything_is_refused(shop: ShopifyShop) -> None:
    query = "query A($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    assert "longer than 250" in said(shop, query, ids=["x"] * 251)


def test_dear_requests_and_those_above_the_budget_are_refused(shop: ShopifyShop) -> None:
    dear = "query A { orders(first: 250) { nodes { lineItems(first: 5) { nodes { sku } } } } }"
    assert "limit is 1000" in said(shop, dear)

    shop.available = 10.0
    assert said(shop, "query A { orders(first: 20) { nodes { name } } }") == "Throttled"


def test_a_search_term_it_does_not_know_is_ignored_with_a_warning(shop: ShopifyShop) -> None:
    answer = ask(shop, 'query A { orders(first: 9, query: "colour:red") { nodes { name } } }')

    assert len(answer["data"]["orders"]["nodes"]) == 2
    assert answer["extensions"]["search"][0]["warnings"]


def test_pages_follow_each_other_by_cursor(shop: ShopifyShop) -> None:
    query = """query A($after: String) { orders(first: 1, after: $after) {
      nodes { name } pageInfo { hasNextPage endCursor } } }"""
    first = ask(shop, query)["data"]["orders"]
    second = ask(shop, query, after=first["pageInfo"]["endCursor"])["data"]["orders"]

    assert [first["nodes"], second["nodes"]] == [[{"name": "#5001"}], [{"name": "#5002"}]]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
