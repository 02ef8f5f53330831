"""The warehouse's API, and what its people do to shipments."""

import httpx
import pytest

from tests.sandbox_server import Warehouse

LINES = {"A": 2, "B": 3}


def shipped(shipment: dict[str, object]) -> dict[str, int]:
    lines = shipment["lines"]
    assert isinstance(lines, list)
    return {line["sku"]: line["shipped"] for line in lines}


def test_the_same_reference_gives_the_same_shipment(
    warehouse: Warehouse, warehouse_api: httpx.Client
) -> None:
    body = {"reference": "S-1", "lines": [{"sku": "A", "quantity": 2}]}
    first = warehouse_api.post("/shipments", json=body)
    warehouse.ship(first.json()["id"])
    again = warehouse_api.post("/shipments", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == warehouse_api.get(f"/shipments/{first.json()['id']}").json()
    assert len(warehouse.shipments()) == 1


@pytest.mark.parametrize(
    ("how", "quantities", "status"),
    [
        ("full", {"A": 2, "B": 3}, "shipped"),
        ("short", {"A": 2, "B": 2}, "shipped"),
        ("part", {"A": 2, "B": 2}, "partly_shipped"),
        ("zero", {"A": 0, "B": 0}, "shipped"),
        ("over", {"A": 2, "B": 4}, "shipped"),
    ],
)
def test_each_way_of_shipping(
    warehouse: Warehouse, how: str, quantities: dict[str, int], status: str
) -> None:
    shipment = warehouse.ship(warehouse.receive("S-1", LINES)["id"], how)
    assert (shipped(shipment), shipment["status"]) == (quantities, status)
    assert shipment["tracking"]


def test_the_way_from_received_to_shipped(warehouse: Warehouse) -> None:
    number = warehouse.receive("S-1", LINES)["id"]
    assert warehouse.pick(number)["status"] == "picked"
    assert warehouse.ship(number, "part")["status"] == "partly_shipped"
    assert warehouse.ship(number)["status"] == "shipped"
    assert shipped(warehouse.shipments()[0]) == LINES


def test_an_item_that_was_not_ordered_becomes_a_line_of_its_own(warehouse: Warehouse) -> None:
    shipment = warehouse.ship(
        warehouse.receive("S-1", LINES)["id"], quantities={"A": 2, "B": 3, "X": 1}
    )
    assert shipped(shipment) == {"A": 2, "B": 3, "X": 1}
    assert shipment["lines"][-1]["quantity"] == 0


def test_shipping_takes_from_the_shelves_and_a_correction_gives_back(warehouse: Warehouse) -> None:
    for sku in LINES:
        warehouse.set_stock(sku, 10)
    number = warehouse.receive("S-1", LINES)["id"]
    warehouse.ship(number)
    assert warehouse.stock() == {"A": 8, "B": 7}
    warehouse.ship(number, "zero")
    assert warehouse.stock() == {"A": 10, "B": 10}


def test_two_lines_of_one_sku_share_what_was_shipped(
    warehouse: Warehouse, warehouse_api: httpx.Client
) -> None:
    lines = [{"sku": "A", "quantity": 2}, {"sku": "A", "quantity": 3}]
    number = warehouse_api.post("/shipments", json={"reference": "S", "lines": lines}).json()["id"]
    shipment = warehouse.ship(number, quantities={"A": 4})
    assert [line["shipped"] for line in shipment["lines"]] == [2, 2]


def test_a_cancelled_shipment_ships_no_more_and_a_shipped_one_is_not_cancelled(
    warehouse: Warehouse, warehouse_api: httpx.Client
) -> None:
    first, second = (warehouse.receive(name, LINES)["id"] for name in ("S-1", "S-2"))
    assert warehouse.cancel(first)["status"] == "cancelled"
    ship = warehouse_api.base_url.copy_with(path=f"/control/warehouses/hall/shipments/{first}/ship")
    assert warehouse_api.post(ship, json={}).status_code == 409
    warehouse.ship(second)
    assert warehouse_api.post(f"/shipments/{second}/cancel").status_code == 409


def test_a_single_piece_cannot_ship_short(
    warehouse: Warehouse, warehouse_api: httpx.Client
) -> None:
    number = warehouse.receive("S-1", {"A": 1})["id"]
    ship = warehouse_api.base_url.copy_with(
        path=f"/control/warehouses/hall/shipments/{number}/ship"
    )
    assert warehouse_api.post(ship, json={"how": "short"}).status_code == 422
    assert warehouse.shipments()[0]["status"] == "received"
