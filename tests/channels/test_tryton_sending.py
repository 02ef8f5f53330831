"""Send Shipments at Tryton: one sale for each key, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from channels.connectors.base import Misconfigured, Permanent, Transient
from tests.channels.tryton_scene import SHIP_TO, request, sent
from tests.fake_tryton.server import TrytonServer


@pytest.fixture
def tryton() -> Iterator[TrytonServer]:
    with TrytonServer() as server:
        yield server


def rows(tryton: TrytonServer, model: str) -> list[dict[str, Any]]:
    return list(tryton.business.tables.rows[model].values())


def test_a_shipment_becomes_a_sale_with_its_customer_shipment(tryton: TrytonServer) -> None:
    external_id, shipment = sent(tryton)

    (sale,) = rows(tryton, "sale.sale")
    assert external_id == str(sale["id"])
    assert (sale["web_id"], sale["reference"]) == ("key-1", "WEB-1")
    assert (sale["state"], sale["invoice_method"]) == ("processing", "manual")
    assert sale["comment"] == "Phone: +1 555 0100"
    lines = [
        (row["product"], row["quantity"], row["unit_price"]) for row in rows(tryton, "sale.line")
    ]
    assert lines == [(1, 3.0, Decimal("9.5000")), (2, 2.0, Decimal("9.5000"))]
    assert tryton.business.tables.rows["stock.shipment.out"][shipment]["state"] == "waiting"


def test_sent_twice_there_is_one_sale(tryton: TrytonServer) -> None:
    first, again = (tryton.connector().send_shipment(request()) for _ in range(2))

    assert first == again
    assert len(rows(tryton, "sale.sale")) == len(rows(tryton, "stock.shipment.out")) == 1


def test_whatever_answer_is_lost_the_next_attempt_goes_on_from_there(
    tryton: TrytonServer,
) -> None:
    """Each call in turn is carried out and never answered, as in a crash right after it."""
    tryton.connector().test_connection()
    lost = 0
    while True:
        lost += 1
        key = f"key-{lost}"
        ship_to = {**SHIP_TO, "name": f"Customer {lost}"}
        tryton.calls.clear()
        tryton.lose_answer_of = lost
        try:
            tryton.connector().send_shipment(request(key, ship_to))
            break
        except Transient:
            tryton.lose_answer_of = None
        external_id = tryton.connector().send_shipment(request(key, ship_to)).external_id
        sales = [row for row in rows(tryton, "sale.sale") if row["web_id"] == key]
        assert [str(sale["id"]) for sale in sales] == [external_id]
        assert sales[0]["state"] == "processing"
        assert len(tryton.business.shipments(int(external_id))) == 1

    assert lost > 10
    customers = [row["name"] for row in rows(tryton, "party.party")]
    assert len(customers) == len(set(customers)) == lost + 1


def test_a_sale_another_attempt_made_meanwhile_is_taken(tryton: TrytonServer) -> None:
    """The first one's create was carried out after the second had looked and found nothing."""
    other, looked = tryton.connector(), False
    original = tryton.business.create

    def create(model: str, values: Any) -> int:
        nonlocal looked
        if model == "sale.sale" and not looked:
            looked = True
            original(model, values)
        return original(model, values)

    tryton.business.create = create  # type: ignore[method-assign]
    external_id = other.send_shipment(request()).external_id

    assert looked
    assert [str(sale["id"]) for sale in rows(tryton, "sale.sale")] == [external_id]


def test_a_sale_that_was_cancelled_there_stays_the_shipment_of_its_key(
    tryton: TrytonServer,
) -> None:
    external_id, _ = sent(tryton)
    tryton.business.tables.write("sale.sale", [int(external_id)], {"state": "cancelled"})
    assert tryton.connector().send_shipment(request()).external_id == external_id


# What Tryton does not know


def test_an_unknown_sku_is_named_and_nothing_is_made(tryton: TrytonServer) -> None:
    with pytest.raises(Permanent, match="NOPE-1"):
        tryton.connector().send_shipment(request(TEA=1, NOPE=1))
    assert rows(tryton, "sale.sale") == []
    assert len(rows(tryton, "party.party")) == 1


def test_skus_are_compared_without_case_and_signs_mean_themselves(tryton: TrytonServer) -> None:
    tryton.business.add_product("AxB-1")
    wanted = tryton.business.add_product("a_b-1")
    tryton.connector().send_shipment(request(A_B=1))
    assert [row["product"] for row in rows(tryton, "sale.line")] == [wanted]


@pytest.mark.parametrize(
    ("template", "says"),
    [({"type": "service"}, "is no goods"), ({"salable": False}, "is not salable")],
)
def test_what_cannot_ship_is_refused(
    tryton: TrytonServer, template: dict[str, Any], says: str
) -> None:
    tryton.business.add_product("ODD-1", **template)
    with pytest.raises(Permanent, match=f"ODD-1 {says}"):
        tryton.connector().send_shipment(request(ODD=1))


def test_a_deactivated_product_is_refused_and_its_successor_taken(tryton: TrytonServer) -> None:
    old = tryton.business.add_product("POT-1")
    tryton.business.write("product.product", [old], {"active": False})
    with pytest.raises(Permanent, match="POT-1 is deactivated"):
        tryton.connector().send_shipment(request(POT=1))

    new = tryton.business.add_product("POT-1")
    tryton.connector().send_shipment(request(POT=1))
    assert [row["product"] for row in rows(tryton, "sale.line")] == [new]


def test_the_cost_of_shipping_is_left_to_where_the_order_comes_from(tryton: TrytonServer) -> None:
    module = {"name": "sale_shipment_cost", "state": "activated"}
    tryton.business.tables.create("ir.module", module)
    tryton.connector().send_shipment(request())

    assert [row["state"] for row in rows(tryton, "sale.sale")] == ["processing"]


def test_a_sale_left_confirmed_is_taken_back_and_confirmed_again(tryton: TrytonServer) -> None:
    """As where the server died in between; to process a sale is for administrators."""
    refusal = ["UserError", ['Calling button "process" on "sale.sale" is not allowed.', ""]]
    tryton.broken["model.sale.sale.process"] = refusal
    tryton.business.dies_confirming = True
    external_id = tryton.connector().send_shipment(request()).external_id

    assert [row["state"] for row in rows(tryton, "sale.sale")] == ["processing"]
    assert len(tryton.business.shipments(int(external_id))) == 1


def test_a_sale_without_shipment_is_for_an_operator(tryton: TrytonServer) -> None:
    tryton.business._process = lambda sale: tryton.business.tables.write(  # type: ignore[method-assign]
        "sale.sale", [sale], {"state": "processing"}
    )
    with pytest.raises(Permanent, match="made no shipment"):
        tryton.connector().send_shipment(request())


# Customers and addresses


def test_the_address_has_its_parts_in_their_places(tryton: TrytonServer) -> None:
    sent(tryton)
    (address,) = rows(tryton, "party.address")
    (sale,) = rows(tryton, "sale.sale")
    assert address["street"] == "1 Main St\nFloor 2"
    assert (address["postal_code"], address["city"]) == ("78701", "Austin")
    assert (address["country"], address["subdivision"]) == (1, 1)
    assert sale["shipment_address"] == sale["invoice_address"] == address["id"]


def test_the_same_customer_is_found_again_and_another_address_is_another_party(
    tryton: TrytonServer,
) -> None:
    connector = tryton.connector()
    for place, street in enumerate(("1 Main St", "1 Main St", "9 Elm St")):
        connector.send_shipment(request(f"key-{place}", {**SHIP_TO, "street": street}))

    parties = [sale["party"] for sale in rows(tryton, "sale.sale")]
    assert parties[0] == parties[1] != parties[2]


def test_a_company_is_the_party_and_its_person_stands_in_the_address(tryton: TrytonServer) -> None:
    tryton.connector().send_shipment(request("k", {**SHIP_TO, "company": "Bee Ltd"}))
    (address,) = rows(tryton, "party.address")
    party = tryton.business.tables.rows["party.party"][address["party"]]
    assert (party["name"], address["party_name"]) == ("Bee Ltd", "Ann Bee")


def test_all_orders_may_be_booked_on_one_party(tryton: TrytonServer) -> None:
    shop = tryton.business.create("party.party", {"name": "Web shop"})
    connector = tryton.connector(party="Web shop")
    for place, name in enumerate(("Ann Bee", "Cy Dee", "Ann Bee")):
        connector.send_shipment(request(f"key-{place}", {**SHIP_TO, "name": name}))

    assert {sale["party"] for sale in rows(tryton, "sale.sale")} == {shop}
    assert [row["party_name"] for row in rows(tryton, "party.address")] == ["Ann Bee", "Cy Dee"]


def test_a_party_that_is_not_there_is_for_an_operator(tryton: TrytonServer) -> None:
    with pytest.raises(Misconfigured, match="Web shop"):
        tryton.connector(party="Web shop").send_shipment(request())


def test_an_unknown_country_is_named(tryton: TrytonServer) -> None:
    with pytest.raises(Permanent, match="no country XX"):
        tryton.connector().send_shipment(request("k", {**SHIP_TO, "country": "xx".upper()}))


@pytest.mark.parametrize("state", ["tx", "US-TX", "Texas"])
def test_a_state_is_known_by_code_or_name(tryton: TrytonServer, state: str) -> None:
    tryton.connector().send_shipment(request("k", {**SHIP_TO, "state": state}))
    assert rows(tryton, "party.address")[0]["subdivision"] == 1


def test_a_state_that_tryton_has_not_stands_by_the_city(tryton: TrytonServer) -> None:
    tryton.connector().send_shipment(request("k", {**SHIP_TO, "state": "Bliss"}))
    (address,) = rows(tryton, "party.address")
    assert (address["city"], address["subdivision"]) == ("Austin, Bliss", None)


def test_an_order_without_any_address_still_has_a_customer(tryton: TrytonServer) -> None:
    tryton.connector().send_shipment(request("k", {}))
    assert rows(tryton, "party.party")[-1]["name"] == "Customer of order WEB-1"


def test_prices_may_be_in_another_currency(tryton: TrytonServer) -> None:
    tryton.connector(currency="eur").send_shipment(request())
    assert rows(tryton, "sale.sale")[0]["currency"] == 2
    with pytest.raises(Misconfigured, match="GBP"):
        tryton.connector(currency="GBP").send_shipment(request("other"))
