"""Products made and changed in a WooCommerce shop."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from channels.connectors.base import Gone, Permanent, ProductData, ProductPush
from channels.connectors.woocommerce import WooCommerce
from tests.channels.woo import PRODUCTS, connect, connect_to, stocked
from tests.woocommerce_shop import WooShop

MUG = ProductPush("MUG-BLUE", "Mug, blue", price=Decimal("12.50"))
CAP = ProductPush("CAP", "Cap", price=Decimal("9.90"), barcode="4006381333931")


def test_a_new_product_is_made_with_what_we_know_of_it() -> None:
    shop = stocked(barcodes=True)
    made = connect(shop).export_product(CAP)
    product = shop.products[int(made.external_id)]
    assert {
        name: product[name]
        for name in ("sku", "name", "type", "status", "regular_price", "global_unique_id")
    } == {
        "sku": "CAP",
        "name": "Cap",
        "type": "simple",
        "status": "publish",
        "regular_price": "9.90",
        "global_unique_id": "4006381333931",
    }
    assert shop.ignored == []


def test_what_is_not_known_is_not_sent() -> None:
    shop = stocked(barcodes=True)
    made = connect(shop).export_product(ProductPush("CAP", "Cap"))
    product = shop.products[int(made.external_id)]
    assert (product["regular_price"], "global_unique_id" in product) == ("", False)


def test_a_new_product_may_start_as_a_draft() -> None:
    shop = stocked()
    made = connect_to(shop, new_product_status="draft").export_product(CAP)
    assert shop.products[int(made.external_id)]["status"] == "draft"


@pytest.mark.parametrize("external_id", ["", "26", "999"])
def test_a_product_of_this_sku_is_changed_and_not_made_again(external_id: str) -> None:
    shop = stocked()
    pushed = ProductPush("mug-blue", "Mug", price=Decimal(13), external_id=external_id)
    assert connect(shop).export_product(pushed).external_id == "26"
    assert shop.written == ["PUT products/26"]
    mug = shop.products[26]
    assert (mug["name"], mug["regular_price"], mug["sku"]) == ("Mug", "13.00", "MUG-BLUE")


def test_a_product_known_by_its_id_gets_the_new_sku() -> None:
    shop = stocked()
    connect(shop).export_product(replace(MUG, sku="MUG-B", external_id="26"))
    assert shop.products[26]["sku"] == "MUG-B"


@pytest.mark.parametrize("pushed", [MUG, CAP, replace(MUG, name="Mug & saucer")])
def test_a_repetition_changes_nothing(pushed: ProductPush) -> None:
    shop = stocked()
    first = connect(shop).export_product(pushed)
    before = len(shop.written)
    assert connect(shop).export_product(pushed) == first
    assert len(shop.written) == before


def test_what_the_shop_shows_already_is_not_sent() -> None:
    shop = stocked()
    connect(shop).export_product(replace(MUG, price=Decimal("12.5")))
    assert shop.written == []


def test_a_variation_is_changed_at_its_own_address_and_keeps_its_name() -> None:
    shop = stocked()
    made = connect(shop).export_product(ProductPush("HOOD-M", "Hoodie M", price=Decimal(46)))
    assert made.external_id == "31"
    assert shop.written == ["PUT products/30/variations/31"]
    assert shop.variations[30][1]["regular_price"] == "46.00"
    assert shop.ignored == []


def test_a_product_with_variations_gets_no_price_of_its_own() -> None:
    shop = stocked()
    shop.products[30]["sku"] = "HOOD"
    connect(shop).export_product(ProductPush("HOOD", "Hoodie 2", price=Decimal(46)))
    assert (shop.products[30]["name"], shop.products[30]["regular_price"]) == ("Hoodie 2", "")


def test_a_shop_without_barcodes_is_told_of_in_the_log() -> None:
    told: list[str] = []
    shop = stocked()
    connect_to(shop, lambda level, text: told.append(f"{level}: {text}")).export_product(CAP)
    assert told == ["warning: Product 33: this shop keeps no barcodes (GTIN)."]


def test_a_sku_taken_since_it_was_looked_up_is_looked_up_again() -> None:
    shop = stocked()
    shop.products[27]["sku"] = ""

    def take(request: int) -> None:
        if request == 2:
            shop.products[27]["sku"] = "cap"

    shop.before = take
    assert connect(shop).export_product(CAP).external_id == "27"
    assert shop.written == ["POST products", "PUT products/27"]
    assert len(shop.products) == 5


def test_a_refusal_that_no_look_up_explains_is_for_an_operator() -> None:
    shop = stocked()
    body = b'{"code": "product_invalid_sku", "message": "Invalid or duplicated SKU."}'
    shop.before = lambda request: shop.fail(400, body=body) if request == 2 else None
    with pytest.raises(Permanent, match="duplicated SKU"):
        connect(shop).export_product(CAP)


def test_a_sku_on_several_products_is_for_an_operator() -> None:
    shop = stocked()
    shop.products[27]["sku"] = "Mug-Blue"
    with pytest.raises(Permanent, match=r"several products \(26, 27\)"):
        connect(shop).export_product(MUG)


@pytest.mark.parametrize("sku", ["", " "])
def test_a_product_without_sku_is_not_made(sku: str) -> None:
    shop = stocked()
    with pytest.raises(Permanent, match="without SKU"):
        connect(shop).export_product(replace(CAP, sku=sku))
    assert shop.seen == []


def test_a_sku_with_spaces_around_it_is_the_trimmed_one() -> None:
    """The recorded shop was given "tee-m " and shows "tee-m"."""
    shop = stocked()
    assert connect(shop).export_product(ProductPush(" TEE-M ", "T-shirt M")).external_id == "29"
    assert connect(shop).export_product(replace(CAP, sku="CAP ")).external_id == "33"
    assert shop.products[33]["sku"] == "CAP"


class Meddled(WooShop):
    """A plug-in changes what is saved."""

    meddles: dict[str, Any]

    def _change_product(self, product_id: int, content: dict[str, Any]) -> Any:
        return super()._change_product(product_id, {**content, **self.meddles})


def meddled(**meddles: Any) -> Meddled:
    shop = Meddled(products=stocked().products.values())
    shop.meddles = meddles
    return shop


@pytest.mark.parametrize("meddles", [{"sku": "OTHER"}, {"regular_price": "99"}])
def test_trap_10_a_product_that_shows_something_else_is_no_success(
    meddles: dict[str, str],
) -> None:
    with pytest.raises(Permanent, match="plug-in may be changing it"):
        connect(meddled(**meddles)).export_product(replace(MUG, price=Decimal(14)))


def test_a_name_that_the_shop_cleaned_is_told_of_and_kept() -> None:
    told: list[str] = []
    shop = meddled(name="Mug")
    connect_to(shop, lambda level, text: told.append(text)).export_product(
        replace(MUG, name="<b>Mug</b>")
    )
    assert told == ["Product 26: the shop shows name 'Mug' for '<b>Mug</b>'."]


@pytest.mark.parametrize(
    ("currency", "price", "warnings"), [("USD", "9.90", 0), ("", "9.90", 0), ("EUR", "", 1)]
)
def test_trap_17_a_price_in_another_currency_is_not_sent(
    currency: str, price: str, warnings: int
) -> None:
    told: list[str] = []
    shop = stocked(barcodes=True)
    connector = connect_to(shop, lambda level, text: told.append(text))
    made = connector.export_product(replace(CAP, currency=currency))
    assert shop.products[int(made.external_id)]["regular_price"] == price
    assert len(told) == warnings


def test_the_shop_s_currency_is_asked_for_once_a_run() -> None:
    shop = stocked(barcodes=True)
    connector = connect(shop)
    for sku in ("A", "B", "C"):
        connector.export_product(replace(CAP, sku=sku, barcode="", currency="USD"))
    asked = [seen for seen in shop.seen if seen.path.endswith("/currencies/current")]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("price", "written"),
    [
        ("1E+3", "1000.00"),
        ("9.9", "9.90"),
        ("12.3400", "12.34"),
        ("0.12500", "0.125"),
        ("0", "0.00"),
    ],
)
def test_trap_17_a_price_is_written_out(price: str, written: str) -> None:
    shop = stocked()
    connect(shop).export_product(replace(MUG, price=Decimal(price)))
    assert shop.products[26]["regular_price"] == written


def test_what_was_exported_is_imported_as_the_same() -> None:
    shop = stocked(barcodes=True)
    made = connect(shop).export_product(CAP)
    product = connect(shop).fetch(PRODUCTS, made.external_id)
    assert isinstance(product, ProductData)
    assert (product.sku, product.name) == (CAP.sku, CAP.name)
    assert (product.barcode, product.price) == (CAP.barcode, CAP.price)


def test_exporting_a_product_in_the_bin_makes_a_new_one() -> None:
    shop = stocked()
    shop.products[26]["status"] = "trash"
    made = connect(shop).export_product(replace(MUG, external_id="26"))
    assert made.external_id != "26"
    assert connect(shop).fetch(PRODUCTS, "26") == Gone("26")


def test_products_stay_without_by_id() -> None:
    assert not [c for c in WooCommerce.capabilities if c.type == PRODUCTS and c.by_id]
