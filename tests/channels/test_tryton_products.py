"""Import Products from Tryton and Export Products to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from channels.connectors.base import Gone, Misconfigured, Permanent, ProductData, ProductPush
from tests.channels.tryton_scene import LONG_AGO, PRODUCTS, products
from tests.fake_tryton.server import TrytonServer

POT = ProductPush("POT-1", "Pot", "4006381333931", Decimal("20.00"), "USD")


@pytest.fixture
def tryton() -> Iterator[TrytonServer]:
    with TrytonServer() as server:
        yield server


def later(tryton: TrytonServer) -> datetime:
    return tryton.business.tables.now() + timedelta(microseconds=1)


def changed(tryton: TrytonServer, since: datetime) -> list[str]:
    return [one.sku for one in products(tryton.connector(), since)]


# Import


def test_a_product_comes_with_name_price_and_barcode(tryton: TrytonServer) -> None:
    tryton.connector().export_product(POT)
    found = {one.sku: one for one in products(tryton.connector())}
    assert set(found) == {"TEA-1", "CUP-1", "POT-1"}
    pot = found["POT-1"]
    assert (pot.name, pot.barcode) == ("Pot", "4006381333931")
    assert (pot.price, pot.currency) == (Decimal("20.00"), "USD")


def test_a_new_product_is_in_its_window(tryton: TrytonServer) -> None:
    """Trap 2, for a product and its template, neither of them ever written again."""
    since = later(tryton)
    tryton.business.add_product("POT-1")
    assert changed(tryton, since) == ["POT-1"]
    assert changed(tryton, later(tryton)) == []


def test_a_change_of_the_template_is_one_of_the_product(tryton: TrytonServer) -> None:
    since = later(tryton)
    tryton.business.write("product.template", [1], {"list_price": Decimal(11)})
    (tea,) = products(tryton.connector(), since)
    assert (tea.sku, tea.price) == ("TEA-1", Decimal(11))
    assert tea.changed_at >= since


def test_a_change_of_the_product_alone_is_seen(tryton: TrytonServer) -> None:
    since = later(tryton)
    tryton.business.write("product.product", [2], {"suffix_code": "CUP-2"})
    assert changed(tryton, since) == ["CUP-2"]


def test_deactivated_products_and_services_are_left_out_and_gone(tryton: TrytonServer) -> None:
    service = tryton.business.add_product("CARRIAGE", type="service")
    tryton.business.write("product.product", [1], {"active": False})
    connector = tryton.connector()
    assert [one.sku for one in products(connector)] == ["CUP-1"]
    for gone in ("1", str(service)):
        assert connector.fetch(PRODUCTS, gone) == Gone(gone)


def test_by_id_begins_after_the_last_one_seen(tryton: TrytonServer) -> None:
    connector = tryton.connector()
    found = [one.external_id for page in connector.pages_after(PRODUCTS, "1") for one in page]
    assert found == ["2"]
    assert connector.first_id_since(PRODUCTS, LONG_AGO) == "0"
    assert connector.first_id_since(PRODUCTS, later(tryton)) is None


# Export


def test_a_new_product_is_goods_in_pieces_that_can_be_sold(tryton: TrytonServer) -> None:
    external_id = tryton.connector().export_product(POT).external_id

    product = tryton.business.tables.rows["product.product"][int(external_id)]
    template = tryton.business.tables.rows["product.template"][product["template"]]
    assert product["code"] == "POT-1"
    assert (template["type"], template["salable"], template["account_category"]) == (
        "goods",
        True,
        1,
    )
    assert template["default_uom"] == template["sale_uom"] == tryton.business.unit


def test_exported_twice_nothing_is_written(tryton: TrytonServer) -> None:
    first = tryton.connector().export_product(POT)
    since = later(tryton)
    assert tryton.connector().export_product(POT) == first
    assert changed(tryton, since) == []


def test_a_known_product_is_brought_up_to_date(tryton: TrytonServer) -> None:
    connector = tryton.connector()
    push = ProductPush("tea-1", "Green tea", "4006381333931", Decimal("9.75"), "USD")
    assert connector.export_product(push).external_id == "1"

    found = connector.fetch(PRODUCTS, "1")
    assert isinstance(found, ProductData)
    assert (found.name, found.price, found.barcode) == (
        "Green tea",
        Decimal("9.75"),
        "4006381333931",
    )
    assert len(products(connector)) == 2


def test_by_its_id_a_product_gets_another_code(tryton: TrytonServer) -> None:
    push = ProductPush("TEA-2", "Mint tea", external_id="1")
    assert tryton.connector().export_product(push).external_id == "1"
    assert [one.sku for one in products(tryton.connector())] == ["TEA-2", "CUP-1"]


@pytest.mark.parametrize("sku", ["A\\B", "50%", "A_B"])
def test_signs_in_a_sku_mean_themselves(tryton: TrytonServer, sku: str) -> None:
    known = tryton.business.add_product(sku)
    push = ProductPush(sku.lower(), "Odd")
    assert tryton.connector().export_product(push).external_id == str(known)


def test_an_id_that_tryton_no_longer_has_is_looked_up_by_sku(tryton: TrytonServer) -> None:
    push = ProductPush("TEA-1", "Mint tea", external_id="99")
    assert tryton.connector().export_product(push).external_id == "1"


def test_a_deactivated_product_is_not_made_again(tryton: TrytonServer) -> None:
    tryton.business.write("product.product", [1], {"active": False})
    with pytest.raises(Permanent, match="TEA-1 is deactivated"):
        tryton.connector().export_product(ProductPush("TEA-1", "Mint tea"))


def test_variants_keep_the_name_and_price_they_share(tryton: TrytonServer) -> None:
    said: list[str] = []
    tryton.business.create("product.product", {"template": 1, "suffix_code": "TEA-1-BIG"})
    connector = tryton.connector(log=lambda level, message: said.append(message))
    connector.export_product(ProductPush("TEA-1", "Other name", price=Decimal(1)))

    assert tryton.business.tables.rows["product.template"][1]["name"] == "Mint tea"
    assert any("variants" in line for line in said)


def test_a_price_is_written_as_fine_as_tryton_keeps_it(tryton: TrytonServer) -> None:
    """More decimals it refuses; and what it rounds would differ, and be written, each time."""
    connector = tryton.connector()
    push = ProductPush("TEA-1", "Mint tea", price=Decimal("9.123456"))
    connector.export_product(push)
    since = later(tryton)
    connector.export_product(push)
    assert changed(tryton, since) == []


def test_a_price_in_another_currency_is_left_out(tryton: TrytonServer) -> None:
    said: list[str] = []
    connector = tryton.connector(log=lambda level, message: said.append(message))
    connector.export_product(ProductPush("TEA-1", "Mint tea", price=Decimal(1), currency="EUR"))
    assert tryton.business.tables.rows["product.template"][1]["list_price"] == Decimal("9.50")
    assert any("EUR" in line for line in said)


@pytest.mark.parametrize(
    ("entered", "chosen"), [("", None), ("Goods", 1), ("Books", 2)], ids=["none", "one", "other"]
)
def test_of_several_accounting_categories_one_is_to_be_entered(
    tryton: TrytonServer, entered: str, chosen: int | None
) -> None:
    values: dict[str, Any] = {"name": "Books", "accounting": True}
    tryton.business.create("product.category", values)
    tryton.connector(account_category=entered).export_product(POT)
    newest = max(tryton.business.tables.rows["product.template"])
    assert tryton.business.tables.rows["product.template"][newest]["account_category"] == chosen


def test_an_unknown_accounting_category_is_for_an_operator(tryton: TrytonServer) -> None:
    with pytest.raises(Misconfigured, match="Nothing"):
        tryton.connector(account_category="Nothing").export_product(POT)


def test_what_tryton_takes_and_does_not_show_is_an_error(tryton: TrytonServer) -> None:
    """Trap 10: an answer that looks well proves nothing."""
    tryton.ignored.add("product.template.create")
    with pytest.raises(Permanent, match="does not show it"):
        tryton.connector().export_product(POT)
