"""Products exported to Shopify: found by SKU, changed where they differ, made once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from channels.connectors.base import Permanent, ProductPush, Transient
from channels.connectors.shopify.export import handle
from tests.channels.shopify import connect, stamp
from tests.shopify_shop import ShopifyShop

PUSH = ProductPush("NEW-1", "New lamp", "4006381333931", Decimal("5.50"), "EUR")


@pytest.fixture
def shop() -> ShopifyShop:
    made = ShopifyShop()
    made.stock_up(7001, stamp(1), [(7101, "LAMP-R", "Red"), (7102, "LAMP-B", "Blue")])
    made.stock_up(7002, stamp(1), [(7103, "SHADE", "Default Title")], title="Shade")
    return made


def changes(shop: ShopifyShop) -> list[str]:
    return [name for name in shop.seen if name in ("UpdateVariant", "RenameProduct", "MakeProduct")]


def test_a_new_product_is_made_as_a_draft_with_its_sku_price_and_barcode(
    shop: ShopifyShop,
) -> None:
    result = connect(shop).export_product(PUSH)

    made = [*shop.products.values()][-1]
    assert (made["title"], made["status"]) == ("New lamp", "DRAFT")
    [variant] = made["variants"]
    assert (variant["sku"], variant["price"], variant["barcode"]) == (
        "NEW-1",
        "5.50",
        "4006381333931",
    )
    assert result.external_id == variant["legacyResourceId"]


def test_a_repetition_makes_no_second_product(shop: ShopifyShop) -> None:
    first = connect(shop).export_product(PUSH)
    again = connect(shop).export_product(PUSH)
    known = connect(shop).export_product(replace(PUSH, external_id=first.external_id))

    assert first == again == known
    assert changes(shop) == ["MakeProduct"]


def test_a_product_that_the_search_does_not_know_yet_is_found_by_its_handle(
    shop: ShopifyShop,
) -> None:
    first = connect(shop).export_product(PUSH)
    shop.unsearchable.add("NEW-1")

    assert connect(shop).export_product(PUSH) == first
    assert changes(shop) == ["MakeProduct"]


def test_a_handle_whose_product_got_another_sku_needs_an_operator(shop: ShopifyShop) -> None:
    connect(shop).export_product(PUSH)
    [*shop.products.values()][-1]["variants"][0]["sku"] = "OTHER"

    with pytest.raises(Permanent, match="no longer NEW-1"):
        connect(shop).export_product(PUSH)


def test_only_what_differs_is_changed(shop: ShopifyShop) -> None:
    same = ProductPush("shade", "Shade", "4006381333931", Decimal("19.9"), "EUR")
    assert connect(shop).export_product(same).external_id == "7103"
    assert changes(shop) == []

    other = replace(same, name="Big shade", price=Decimal("21"), barcode="123")
    connect(shop).export_product(other)
    variant = shop.products[7002]["variants"][0]
    assert (variant["price"], variant["barcode"], variant["sku"]) == ("21", "123", "SHADE")
    assert shop.products[7002]["title"] == "Big shade"
    assert changes(shop) == ["UpdateVariant", "RenameProduct"]


def test_of_a_product_with_variants_the_title_is_left_alone(shop: ShopifyShop) -> None:
    push = ProductPush("LAMP-B", "Lamp - Blue", "", Decimal("25.00"), "EUR")

    assert connect(shop).export_product(push).external_id == "7102"
    assert shop.products[7001]["title"] == "Lamp"
    assert [one["price"] for one in shop.products[7001]["variants"]] == ["19.90", "25.00"]


def test_by_its_id_a_product_is_given_its_new_sku(shop: ShopifyShop) -> None:
    connect(shop).export_product(ProductPush("SHADE-2", "Shade", external_id="7103"))

    assert shop.products[7002]["variants"][0]["sku"] == "SHADE-2"


def test_an_id_that_is_gone_falls_back_on_the_sku(shop: ShopifyShop) -> None:
    push = ProductPush("SHADE", "Shade", external_id="9999")

    assert connect(shop).export_product(push).external_id == "7103"


def test_a_price_in_another_currency_is_not_written(shop: ShopifyShop) -> None:
    connector = connect(shop)
    connector.export_product(ProductPush("SHADE", "Shade", "", Decimal("21"), "USD"))

    assert shop.products[7002]["variants"][0]["price"] == "19.90"
    [(level, line)] = connector.lines
    assert (level, "USD" in line, "EUR" in line) == ("warning", True, True)


def test_a_product_without_price_and_name_is_made_all_the_same(shop: ShopifyShop) -> None:
    connect(shop).export_product(ProductPush("BARE", ""))

    assert [*shop.products.values()][-1]["title"] == "BARE"


def test_trap_10_what_shopify_does_not_take_comes_with_200(shop: ShopifyShop) -> None:
    errors = [{"field": ["input", "title"], "message": "Too long", "code": "INVALID_INPUT"}]
    shop.says["productSet"] = {"product": None, "userErrors": errors}
    with pytest.raises(Permanent, match=r"NEW-1: Too long \(input\.title\)"):
        connect(shop).export_product(PUSH)

    shop.says["productSet"] = {"product": None, "userErrors": []}
    with pytest.raises(Transient):
        connect(shop).export_product(PUSH)


@pytest.mark.parametrize(
    ("one", "other"), [("A/B", "A-B"), ("\u00c4", "\u00d6"), ("x" * 90, "x" * 91)]
)
def test_different_skus_have_different_handles(one: str, other: str) -> None:
    assert handle(one) != handle(other)
    assert handle(one) == handle(f" {one.upper()} ")
    assert len(handle(one)) < 100
