"""Products of a Shopify shop: each variant is one, and is known by its own number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from channels.connectors.base import Gone, ProductData
from tests.channels.shopify import (
    LATER,
    LONG_AGO,
    PRODUCTS,
    at,
    connect,
    ids,
    stamp,
    the_product,
)
from tests.shopify_shop import ShopifyShop


@pytest.fixture
def shop() -> ShopifyShop:
    made = ShopifyShop()
    made.stock_up(7001, stamp(1), [(7101, "LAMP-R", "Red"), (7102, "LAMP-B", "Blue")])
    made.stock_up(7002, stamp(2), [(7103, "SHADE", "Default Title")], title="Shade")
    return made


def test_a_variant_has_its_own_number_sku_and_name(shop: ShopifyShop) -> None:
    assert the_product(shop, 7101) == ProductData(
        external_id="7101",
        sku="LAMP-R",
        name="Lamp - Red",
        changed_at=at(1),
        barcode="4006381333931",
        price=Decimal("19.90"),
        currency="EUR",
    )


def test_the_only_variant_of_a_product_is_named_like_the_product(shop: ShopifyShop) -> None:
    assert the_product(shop, 7103).name == "Shade"


def test_a_variant_without_sku_and_barcode_is_a_product(shop: ShopifyShop) -> None:
    shop.products[7002]["variants"][0].update(sku=None, barcode=None)
    found = the_product(shop, 7103)

    assert (found.sku, found.barcode) == ("", "")


def test_a_renamed_product_changes_its_variants(shop: ShopifyShop) -> None:
    shop.products[7001].update(title="Lantern", updatedAt=stamp(9))
    found = the_product(shop, 7102)

    assert (found.name, found.changed_at) == ("Lantern - Blue", at(9))


def test_a_variants_own_change_counts_as_well(shop: ShopifyShop) -> None:
    shop.products[7001]["variants"][0]["updatedAt"] = stamp(9)

    assert the_product(shop, 7101).changed_at == at(9)
    assert the_product(shop, 7102).changed_at == at(1)


def test_a_window_finds_all_variants_of_the_changed_products(shop: ShopifyShop) -> None:
    connector = connect(shop)

    assert ids(connector.pages(PRODUCTS, at(1), at(2))) == [7101, 7102]
    assert ids(connector.pages(PRODUCTS, LONG_AGO, LATER)) == [7101, 7102, 7103]
    assert ids(connector.pages(PRODUCTS, at(3), LATER)) == []


def test_a_product_with_many_variants_comes_whole(shop: ShopifyShop) -> None:
    many = [(8000 + index, f"SKU-{index}", f"No. {index}") for index in range(240)]
    shop.stock_up(7003, stamp(3), many)

    assert ids(connect(shop).pages(PRODUCTS, at(3), LATER)) == list(range(8000, 8240))


def test_by_id_new_variants_are_found_of_old_products_as_well(shop: ShopifyShop) -> None:
    shop.stock_up(7003, stamp(3), [(7104, "NEW", "Default Title")])
    shop.products[7001]["variants"].append(
        {**shop.products[7001]["variants"][0], "id": "gid://shopify/ProductVariant/7105",
         "legacyResourceId": "7105", "createdAt": stamp(4), "updatedAt": stamp(4)}
    )  # fmt: skip
    connector = connect(shop, per_page=1)

    assert ids(connector.pages_after(PRODUCTS, "7103")) == [7104, 7105]
    assert connector.first_id_since(PRODUCTS, at(4)) == "7104"
    assert connector.first_id_since(PRODUCTS, LONG_AGO) == "7100"
    assert connector.first_id_since(PRODUCTS, at(5)) is None


def test_each_by_id_run_begins_a_hundred_variants_back(shop: ShopifyShop) -> None:
    many = [(8000 + 1000 * index, f"SKU-{index}", f"No. {index}") for index in range(120)]
    shop.stock_up(7003, stamp(3), many)
    connector = connect(shop)

    found = ids(connector.pages_after(PRODUCTS, connector.recent_ids_start(str(many[-1][0]))))

    assert found == [number for number, _, _ in many[20:]]


def test_an_old_variant_that_changed_is_not_taken_for_a_new_one(shop: ShopifyShop) -> None:
    shop.products[7001]["variants"][0]["updatedAt"] = stamp(9)
    shop.stock_up(7003, stamp(8), [(7104, "NEW", "Default Title")])

    assert connect(shop).first_id_since(PRODUCTS, at(7)) == "7103"


def test_by_a_products_own_number_its_first_variant_is_read(shop: ShopifyShop) -> None:
    found = connect(shop).fetch(PRODUCTS, "7001")

    assert isinstance(found, ProductData)
    assert found.external_id == "7101"


def test_deleted_variants_and_products_read_as_gone(shop: ShopifyShop) -> None:
    connector = connect(shop)

    assert connector.fetch(PRODUCTS, "9999") == Gone("9999")
    assert connector.fetch(PRODUCTS, "not-a-number") == Gone("not-a-number")
