"""The shop's own API, over HTTP."""

from typing import Any

import httpx
import pytest
import time_machine

from tests.sandbox_server import Shop

LINES = [{"sku": "A", "quantity": 2, "price": "3.50"}, {"sku": "B", "quantity": 1, "price": "1"}]
NOON = "2026-03-02T12:00:00Z"


def place(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = api.post("/orders", json={"lines": LINES, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def listed(api: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, params={**params, **cursor}).json()
        rows += page["data"]
        if page["next"] is None:
            return rows
        cursor = {"cursor": page["next"]}


def test_a_placed_order_reads_back_with_its_total_and_rising_ids(shop_api: httpx.Client) -> None:
    first, second = place(shop_api), place(shop_api)
    assert shop_api.get(f"/orders/{first['id']}").json() == first
    assert (first["total"], first["number"], first["status"]) == ("8.00", "#1001", "open")
    assert second["id"] == first["id"] + 1


@pytest.mark.parametrize(
    "lines",
    [
        None,
        [],
        ["A"],
        [{"sku": "A", "quantity": 0}],
        [{"sku": "", "quantity": 1}],
        [{"sku": "A\x00", "quantity": 1}],
        [{"sku": "A", "quantity": True}],
        [{"sku": "A", "quantity": 1, "price": "NaN"}],
    ],
)
def test_an_order_that_makes_no_sense_is_refused(shop_api: httpx.Client, lines: Any) -> None:
    answer = shop_api.post("/orders", json={"lines": lines})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")
    assert listed(shop_api, "/orders") == []


def test_pages_by_id_have_no_holes_and_no_repeats(shop: Shop, shop_api: httpx.Client) -> None:
    shop.place_orders(23)
    ids = [order["id"] for order in listed(shop_api, "/orders", limit=5)]
    assert ids == list(range(1001, 1024))
    after = listed(shop_api, "/orders", limit=5, after_id=1020)
    assert [order["id"] for order in after] == [1021, 1022, 1023]


def test_a_change_between_two_pages_hides_no_order(shop: Shop, shop_api: httpx.Client) -> None:
    shop.place_orders(6)
    since: dict[str, str | int] = {"updated_since": "2000-01-01T00:00:00Z", "limit": 3}
    first = shop_api.get("/orders", params=since).json()
    shop.change(1001, quantity=9)
    second = shop_api.get("/orders", params={**since, "cursor": first["next"]}).json()
    third = shop_api.get("/orders", params={**since, "cursor": second["next"]}).json()
    ids = [order["id"] for page in (first, second, third) for order in page["data"]]
    assert ids == [1001, 1002, 1003, 1004, 1005, 1006, 1001]


def test_updated_since_is_inclusive_and_before_exclusive_to_the_millisecond(
    shop: Shop, shop_api: httpx.Client
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.place_order("A")
        clock.shift(0.001)
        shop.place_order("B")
    at = "2026-03-02T12:00:00.001Z"
    assert [o["id"] for o in listed(shop_api, "/orders", updated_since=at)] == [1002]
    assert [o["id"] for o in listed(shop_api, "/orders", updated_before=at)] == [1001]


def test_each_change_has_an_instant_of_its_own(shop: Shop) -> None:
    with time_machine.travel(NOON, tick=False):
        order = shop.place_order("A")
        changed = [shop.change(order["id"], quantity=n)["updated_at"] for n in (2, 3)]
    assert [order["updated_at"][-6:], *(each[-6:] for each in changed)] == [
        "0.000Z",
        "0.001Z",
        "0.002Z",
    ]


def test_created_since_finds_the_first_new_order(shop: Shop, shop_api: httpx.Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        shop.place_order("A")
        clock.shift(60)
        shop.place_order("B")
        shop.change(1001, quantity=5)
    found = listed(shop_api, "/orders", created_since="2026-03-02T12:00:01Z")
    assert [order["id"] for order in found] == [1002]


@pytest.mark.parametrize(
    "params",
    [
        {"updated_since": "yesterday"},
        {"updated_since": "2026-03-02T12:00:00"},
        {"limit": "0"},
        {"limit": "251"},
        {"cursor": "x"},
        {"after_id": "-1"},
        {"sort": "name"},
    ],
)
def test_a_list_refuses_what_it_does_not_understand(
    shop_api: httpx.Client, params: dict[str, str]
) -> None:
    assert shop_api.get("/orders", params=params).status_code == 422


def test_lines_can_be_changed_and_keep_their_ids(shop_api: httpx.Client) -> None:
    order = place(shop_api)
    lines = [{"sku": "B", "quantity": 4}, {"sku": "C", "quantity": 1}]
    changed = shop_api.patch(f"/orders/{order['id']}", json={"lines": lines}).json()
    assert [(line["id"], line["sku"], line["quantity"]) for line in changed["lines"]] == [
        (2, "B", 4),
        (3, "C", 1),
    ]


def test_a_cancelled_order_takes_no_change_and_stays_as_it_is(shop_api: httpx.Client) -> None:
    order = place(shop_api)
    cancelled = shop_api.post(f"/orders/{order['id']}/cancel").json()
    assert cancelled["status"] == "cancelled"
    assert shop_api.post(f"/orders/{order['id']}/cancel").json() == cancelled
    assert shop_api.patch(f"/orders/{order['id']}", json={"quantity": 3}).status_code == 409


def test_fulfilments_are_counted_once_per_key(shop_api: httpx.Client) -> None:
    path = f"/orders/{place(shop_api)['id']}"
    part = {"key": "f-1", "lines": [{"sku": "A", "quantity": 1}], "tracking": "T1"}
    answers = [shop_api.post(f"{path}/fulfilments", json=part) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    order = shop_api.get(path).json()
    assert order["status"] == "partly_fulfilled"
    assert [line["fulfilled"] for line in order["lines"]] == [1, 0]


def test_an_order_is_fulfilled_with_its_last_piece_and_never_beyond(
    shop_api: httpx.Client,
) -> None:
    path = f"/orders/{place(shop_api)['id']}"
    too_much = {"key": "f-0", "lines": [{"sku": "A", "quantity": 3}]}
    assert shop_api.post(f"{path}/fulfilments", json=too_much).status_code == 422
    rest = {"key": "f-1", "lines": LINES}
    assert shop_api.post(f"{path}/fulfilments", json=rest).status_code == 201
    assert shop_api.get(path).json()["status"] == "fulfilled"


def test_a_deleted_order_is_not_found(shop: Shop, shop_api: httpx.Client) -> None:
    order = place(shop_api)
    shop.delete(order["id"])
    answer = shop_api.get(f"/orders/{order['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_products_and_stock_can_be_written(shop_api: httpx.Client) -> None:
    product = shop_api.post("/products", json={"sku": "A", "name": "Apple"}).json()
    shop_api.patch(f"/products/{product['id']}", json={"name": "Green apple"})
    assert [(p["sku"], p["name"]) for p in listed(shop_api, "/products")] == [("A", "Green apple")]
    shop_api.put("/stock/A%2F1", json={"available": 4})
    shop_api.post(
        "/stock", json={"levels": [{"sku": "A/1", "available": 2}, {"sku": "B", "available": 0}]}
    )
    assert {row["sku"]: row["available"] for row in listed(shop_api, "/stock")} == {
        "A/1": 2,
        "B": 0,
    }
    assert shop_api.get("/stock/A%2F1").json()["available"] == 2


def test_one_bad_stock_level_of_a_batch_changes_nothing(shop_api: httpx.Client) -> None:
    levels = [{"sku": "A", "available": 1}, {"sku": "B", "available": -1}]
    assert shop_api.post("/stock", json={"levels": levels}).status_code == 422
    assert listed(shop_api, "/stock") == []


def test_unknown_addresses_methods_places_and_bodies_have_answers_of_their_own(
    shop_api: httpx.Client,
) -> None:
    def code(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["error"]["code"]

    assert code(shop_api.get("/nothing")) == (404, "unknown_address")
    assert code(shop_api.get("/orders/x")) == (404, "not_found")
    assert code(shop_api.delete("/orders")) == (405, "method")
    assert code(shop_api.post("/orders", content=b"{")) == (400, "bad_body")
    assert code(shop_api.post("/orders", content=b"[]")) == (400, "bad_body")
    elsewhere = str(shop_api.base_url).replace("north", "south")
    assert code(shop_api.get(f"{elsewhere}orders")) == (404, "unknown_place")


def test_a_partial_batch_sets_what_it_can_and_tells_the_rest(shop_api: httpx.Client) -> None:
    levels = [{"sku": "A", "available": 1}, {"sku": "B", "available": -1}, {"product": 9}]
    answer = shop_api.post("/stock", json={"levels": levels, "partial": True}).json()
    assert [level["sku"] for level in answer["data"]] == ["A"]
    assert [(error["index"], error["code"]) for error in answer["errors"]] == [
        (1, "invalid"),
        (2, "not_found"),
    ]


def test_stock_by_sku_is_that_of_the_first_product(shop: Shop, shop_api: httpx.Client) -> None:
    first, twin = (shop.add_product("A")["id"] for _ in range(2))
    shop_api.put("/stock/a", json={"available": 3})
    shop_api.post("/stock", json={"levels": [{"product": twin, "available": 8}]})
    assert shop_api.get("/stock/A").json()["product"] == first
    assert {row["product"]: row["available"] for row in listed(shop_api, "/stock")} == {
        first: 3,
        twin: 8,
    }


def test_a_corrected_fulfilment_gives_back_what_it_had(shop_api: httpx.Client) -> None:
    path = f"/orders/{place(shop_api)['id']}"
    made = {"key": "f-1", "lines": LINES, "carrier": "Post"}
    fulfilment = (
        f"{path}/fulfilments/{shop_api.post(f'{path}/fulfilments', json=made).json()['id']}"
    )
    less = {"lines": [{"line": 1, "quantity": 1}], "tracking": "T9"}
    changed = shop_api.patch(fulfilment, json=less).json()
    assert (changed["key"], changed["carrier"], changed["tracking"]) == ("f-1", "Post", "T9")
    order = shop_api.get(path).json()
    assert [line["fulfilled"] for line in order["lines"]] == [1, 0]
    assert order["status"] == "partly_fulfilled"
    before = shop_api.get(path).json()
    too_much = {"lines": [{"line": 1, "quantity": 3}]}
    assert shop_api.patch(fulfilment, json=too_much).status_code == 422
    assert shop_api.get(path).json() == before
    assert shop_api.patch(f"{path}/fulfilments/7", json=less).status_code == 404


def test_products_are_searched_by_sku_without_case(shop_api: httpx.Client) -> None:
    for sku in ("Ä-1", "B", "ä-1"):
        shop_api.post("/products", json={"sku": sku})
    found = shop_api.post("/products/search", json={"skus": ["ä-1", "C"]}).json()["data"]
    assert [(row["id"], row["sku"]) for row in found] == [(101, "Ä-1"), (103, "ä-1")]
    assert shop_api.post("/products/search", json={"skus": []}).status_code == 422
    assert shop_api.post("/products/search", json={"skus": [1]}).status_code == 422


def test_a_second_product_of_a_sku_can_be_forbidden(shop: Shop, shop_api: httpx.Client) -> None:
    assert [shop_api.post("/products", json={"sku": "A"}).status_code for _ in "12"] == [201, 201]
    shop.configure(duplicate_skus=False)
    answer = shop_api.post("/products", json={"sku": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "sku_taken")
    other = shop_api.post("/products", json={"sku": "B"}).json()["id"]
    assert shop_api.patch(f"/products/{other}", json={"sku": "A"}).status_code == 409
    assert shop_api.patch(f"/products/{other}", json={"sku": "b"}).status_code == 200
