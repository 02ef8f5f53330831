"""Products of Medusa: each variant is one, read and made under the variant's id."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from channels.connectors.base import Gone, Misconfigured, Permanent, ProductData, ProductPush
from tests.channels.medusas import LATER, PRODUCTS, filled, window
from tests.medusa_books import Json
from tests.medusa_shop import MedusaShop

NEW = ProductPush("NEW-1", "New thing", "5901234", Decimal("10.10"), "USD")


def variant(shop: MedusaShop, sku: str) -> Json:
    [found] = [one for one in shop.books.variants.values() if one["sku"] == sku]
    return found


def read(shop: MedusaShop, sku: str = "TEA-1", currency: str = "") -> ProductData:
    record = shop.connector(currency=currency).fetch(PRODUCTS, variant(shop, sku)["id"])
    assert isinstance(record, ProductData)
    return record


def prices(shop: MedusaShop, sku: str) -> dict[str, Any]:
    return {price["currency_code"]: price["amount"] for price in variant(shop, sku)["prices"]}


# Import


def test_a_product_that_an_event_names_is_read_with_all_its_variants() -> None:
    shop = MedusaShop()
    shop.books.add_product("SHIRT-S", "SHIRT-M", title="Shirt")
    product = variant(shop, "SHIRT-S")["product_id"]
    found = shop.connector().fetch_all(PRODUCTS, product)

    assert {getattr(one, "sku", "") for one in found} == {"SHIRT-S", "SHIRT-M"}
    assert shop.connector().fetch_all(PRODUCTS, "prod_gone") == [Gone("prod_gone")]
    [one] = shop.connector().fetch_all(PRODUCTS, variant(shop, "SHIRT-S")["id"])
    assert one == read(shop, "SHIRT-S")


def test_each_variant_is_a_product_with_the_same_id_wherever_it_is_read() -> None:
    shop = MedusaShop()
    shop.books.add_product("SHIRT-S", "SHIRT-M", title="Shirt")
    small, medium = variant(shop, "SHIRT-S")["id"], variant(shop, "SHIRT-M")["id"]

    assert set(window(shop, job_type=PRODUCTS)) == {small, medium}
    assert read(shop, "SHIRT-S").external_id == small
    assert read(shop, "SHIRT-S").name == "Shirt - SHIRT-S"


def test_a_product_is_read_alike_from_a_list_and_by_its_id() -> None:
    shop = filled()
    listed = [r for page in shop.connector().pages(PRODUCTS, shop.books.now, LATER) for r in page]
    everything = shop.connector().pages(PRODUCTS, shop.books.now.replace(year=2020), LATER)
    assert listed == []
    assert {record for page in everything for record in page} == {read(shop)}


@pytest.mark.parametrize("moved", ["product", "variant"])
def test_trap_1_a_change_of_either_brings_the_variants_into_the_window(moved: str) -> None:
    shop = filled("TEA-1", "MUG-1")
    tea = variant(shop, "TEA-1")
    since = shop.books.now.replace(microsecond=1000)
    if moved == "product":
        shop.books.change_product(tea["product_id"], {"title": "Green tea"})
    else:
        shop.books.change_variant(tea["product_id"], tea["id"], {"barcode": "4006381"})

    assert window(shop, since, LATER, PRODUCTS) == [tea["id"]]
    assert read(shop).changed_at > since


def test_a_variant_that_is_not_there_is_gone() -> None:
    assert filled().connector().fetch(PRODUCTS, "variant_gone") == Gone("variant_gone")


@pytest.mark.parametrize("code", ["barcode", "ean", "upc"])
def test_a_barcode_is_any_of_three(code: str) -> None:
    shop = filled()
    variant(shop, "TEA-1")[code] = "4006381"
    assert read(shop).barcode == "4006381"


def priced(*amounts: tuple[str, float], **fields: Any) -> MedusaShop:
    shop = filled()
    tea = variant(shop, "TEA-1")
    body = [{"currency_code": code, "amount": amount, **fields} for code, amount in amounts]
    shop.books.change_variant(tea["product_id"], tea["id"], {"prices": body})
    return shop


def test_a_price_is_that_of_the_shops_currency() -> None:
    record = read(priced(("usd", 11.0), ("eur", 9.99)))
    assert (record.price, record.currency) == (Decimal("9.99"), "EUR")


def test_a_price_is_that_of_the_channels_currency() -> None:
    shop = priced(("usd", 11.5), ("eur", 9.99))
    assert read(shop, currency="USD").price == Decimal("11.5")
    assert read(shop, currency="GBP").price is None


def test_the_only_price_is_taken_whatever_its_currency() -> None:
    record = read(priced(("usd", 11.5)))
    assert (record.price, record.currency) == (Decimal("11.5"), "USD")


@pytest.mark.parametrize("special", [{"min_quantity": 10}, {"rules": {"region_id": "reg_1"}}])
def test_a_price_for_some_only_is_none_for_everybody(special: Json) -> None:
    assert read(priced(("eur", 5), **special)).price is None


# Export


def test_a_new_product_is_made_so_that_it_can_be_sold() -> None:
    shop = filled()
    done = shop.connector().export_product(NEW)
    made = variant(shop, "NEW-1")
    product = made["product"]

    assert done.external_id == made["id"]
    assert (product["title"], product["status"]) == ("New thing", "published")
    assert product["sales_channels"] == [{"id": "sc_1"}]
    assert product["shipping_profile_id"] == shop.books.profile
    assert (made["barcode"], prices(shop, "NEW-1")) == ("5901234", {"usd": 10.1})
    assert shop.books.item("NEW-1")
    assert read(shop, "NEW-1").name == "New thing"


def test_a_repetition_writes_nothing() -> None:
    shop = filled()
    first = shop.connector().export_product(NEW)
    writes = shop.asked("POST")
    again = shop.connector().export_product(replace(NEW, external_id=first.external_id))

    assert shop.connector().export_product(NEW) == first == again
    assert shop.asked("POST") == writes


def test_names_may_be_alike() -> None:
    shop = filled()
    for sku in ("ONE", "TWO"):
        shop.connector().export_product(replace(NEW, sku=sku))
    assert variant(shop, "ONE")["product"]["title"] == variant(shop, "TWO")["product"]["title"]


def test_a_name_in_other_letters_is_kept() -> None:
    shop = filled()
    shop.connector().export_product(replace(NEW, name="緑茶", sku="緑"))
    assert variant(shop, "緑")["product"]["title"] == "緑茶"


@pytest.mark.parametrize("fields", [{"price": None}, {"currency": ""}])
def test_without_amount_or_currency_no_price_is_set(fields: dict[str, Any]) -> None:
    shop = filled()
    shop.connector().export_product(replace(NEW, **fields))
    assert prices(shop, "NEW-1") == {}
    shop.connector().export_product(replace(NEW, sku="TEA-1", **fields))
    assert prices(shop, "TEA-1") == {"eur": 9.5}


def test_a_product_is_found_by_its_sku_without_case_and_changed() -> None:
    shop = filled("Tea-Mint")
    tea = variant(shop, "Tea-Mint")
    done = shop.connector().export_product(replace(NEW, sku="TEA-MINT"))

    assert done.external_id == tea["id"]
    assert (tea["product"]["title"], tea["barcode"]) == ("New thing", "5901234")
    assert len(shop.books.products) == 1


def test_of_two_skus_that_differ_in_case_the_one_spelled_alike_is_changed() -> None:
    shop = filled("tea-1", "TEA-1")
    done = shop.connector().export_product(replace(NEW, sku="TEA-1"))
    assert done.external_id == variant(shop, "TEA-1")["id"]
    assert variant(shop, "tea-1")["barcode"] is None


def test_other_prices_are_left_alone() -> None:
    shop = priced(("eur", 9.99), ("gbp", 8.0))
    tea = variant(shop, "TEA-1")
    special = {"currency_code": "usd", "amount": 5, "rules": {"region_id": "reg_1"}}
    tea["prices"].append({"id": "price_special", "min_quantity": 3, "max_quantity": None} | special)
    shop.connector().export_product(replace(NEW, sku="TEA-1", price=Decimal(12), currency="EUR"))

    assert prices(shop, "TEA-1") == {"eur": 12, "gbp": 8.0, "usd": 5}
    [kept] = [price for price in tea["prices"] if price["id"] == "price_special"]
    assert (kept["rules"], kept["min_quantity"]) == ({"region_id": "reg_1"}, 3)


def test_a_variant_among_others_leaves_their_common_title_alone() -> None:
    shop = MedusaShop()
    shop.books.add_product("SHIRT-S", "SHIRT-M", title="Shirt")
    shop.connector().export_product(replace(NEW, sku="SHIRT-S"))
    assert variant(shop, "SHIRT-S")["product"]["title"] == "Shirt"
    assert variant(shop, "SHIRT-S")["barcode"] == "5901234"
    assert variant(shop, "SHIRT-M")["barcode"] is None


def test_a_known_product_takes_its_new_sku() -> None:
    shop = filled()
    tea = variant(shop, "TEA-1")
    shop.connector().export_product(replace(NEW, sku="TEA-2", external_id=tea["id"]))
    assert tea["sku"] == "TEA-2"
    assert len(shop.books.variants) == 1


def test_a_product_that_was_deleted_is_made_again() -> None:
    shop = filled()
    done = shop.connector().export_product(replace(NEW, external_id="variant_gone"))
    assert done.external_id == variant(shop, "NEW-1")["id"]


def test_a_product_that_medusa_refuses_is_said_so() -> None:
    shop = filled()
    shop.books.products[next(iter(shop.books.products))]["handle"] = "new-thing-new-1"
    with pytest.raises(Permanent, match="already exists"):
        shop.connector().export_product(NEW)


def test_a_shop_without_what_a_product_needs_is_for_the_operator_to_complete() -> None:
    shop = filled()
    shop.books.profiles.clear()
    with pytest.raises(Misconfigured, match="shipping profile"):
        shop.connector().export_product(NEW)
    shop.books.store["default_sales_channel_id"] = None
    with pytest.raises(Misconfigured, match="sales channel"):
        shop.connector().export_product(NEW)
