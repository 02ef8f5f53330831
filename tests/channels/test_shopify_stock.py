"""Stock at Shopify: by SKU, at one location, as what a buyer can have."""

from __future__ import annotations

import pytest

from channels.connectors.base import Misconfigured, Permanent, StockTarget, Transient
from tests.channels.shopify import connect, stamp
from tests.shopify_shop import ShopifyShop
from tests.shopify_shop.records import gid

PRIMARY, OTHER = gid("Location", 61), gid("Location", 62)


@pytest.fixture
def shop() -> ShopifyShop:
    made = ShopifyShop()
    made.stock_up(
        7001, stamp(1), [(7101, "LAMP", "Red"), (7102, "LAMP-B", "Blue"), (7103, "SHADE", "Green")]
    )
    return made


def target(number: int, quantity: int) -> StockTarget:
    return StockTarget(str(number), "any", quantity)


def levels(shop: ShopifyShop, location: str = PRIMARY) -> list[int | None]:
    return [one["levels"].get(location) for one in shop.variants()]


# Listings


def test_listings_are_found_by_the_whole_sku_without_case(shop: ShopifyShop) -> None:
    shop.stock_up(7002, stamp(1), [(7104, "lamp ", "Default Title")])

    found = connect(shop).listings(["Lamp", "shade", "UNKNOWN", ""])

    assert found == {"Lamp": ["7101", "7104"], "shade": ["7103"]}


@pytest.mark.parametrize("sku", ['2" PIPE', "A\\B", "O'NEIL", "A:B"])
def test_a_sku_with_signs_of_the_search_is_found(shop: ShopifyShop, sku: str) -> None:
    shop.stock_up(7002, stamp(1), [(7104, sku, "Default Title")])

    connector = connect(shop)

    assert connector.listings([sku]) == {sku: ["7104"]}
    assert connector.lines == []  # else the search did not take the query


def test_a_full_batch_of_skus_is_found(shop: ShopifyShop) -> None:
    many = [(8000 + index, f"SKU-{index:03}", f"No. {index}") for index in range(100)]
    shop.stock_up(7002, stamp(1), many)
    connector = connect(shop)

    found = connector.listings([sku for _, sku, _ in many])

    assert len(found) == connector.stock_batch == 100
    assert shop.seen == ["Listings", "Listings"]


def test_more_hits_than_a_page_holds_are_all_read(shop: ShopifyShop) -> None:
    many = [(8000 + index, "SAME", f"No. {index}") for index in range(260)]
    shop.stock_up(7002, stamp(1), many)

    assert len(connect(shop).listings(["SAME"])["SAME"]) == 260


# Quantities


def test_quantities_are_set_as_they_are_given(shop: ShopifyShop) -> None:
    refused = connect(shop).set_stock([target(7101, 8), target(7103, 0)])

    assert refused == []
    assert levels(shop) == [8, 3, 0]


def test_a_full_batch_fits_one_request(shop: ShopifyShop) -> None:
    many = [(8000 + index, f"SKU-{index:03}", f"No. {index}") for index in range(100)]
    shop.stock_up(7002, stamp(1), many)

    assert connect(shop).set_stock([target(number, 7) for number, _, _ in many]) == []
    assert levels(shop)[3:] == [7] * 100
    assert shop.seen == ["Location", "StockItems", "SetStock"]


def test_the_location_may_be_another_than_the_primary_one(shop: ShopifyShop) -> None:
    connect(shop, {"location": "62"}).set_stock([target(7101, 8)])

    assert (levels(shop)[0], levels(shop, OTHER)[0]) == (3, 8)


def test_a_variant_not_stocked_at_the_location_is_stocked_there_first(shop: ShopifyShop) -> None:
    connector = connect(shop, {"location": "gid://shopify/Location/62"})

    assert connector.set_stock([target(7101, 8), target(7102, 9)]) == []
    assert levels(shop, OTHER) == [8, 9, None]
    assert shop.seen.count("ActivateStock") == 2


def test_trap_12_a_fixed_request_carries_a_new_key(shop: ShopifyShop) -> None:
    connector = connect(shop)
    connector.set_stock([target(7101, 8)])
    shop.variants()[0]["levels"][PRIMARY] = 1  # sold meanwhile

    connector.set_stock([target(7101, 8)])

    assert levels(shop)[0] == 8
    assert len(shop.keys) == 2


def test_trap_15_one_bad_item_is_refused_and_the_others_are_set(shop: ShopifyShop) -> None:
    shop.bundles.add(shop.variants()[1]["id"])

    refused = connect(shop).set_stock([target(7101, 8), target(7102, 9), target(7103, 1)])

    assert [(one.external_id, one.reason) for one in refused] == [
        ("7102", "The inventory item is a bundle.")
    ]
    assert levels(shop) == [8, 3, 1]


def test_a_batch_of_only_bad_items_refuses_each(shop: ShopifyShop) -> None:
    shop.bundles |= {one["id"] for one in shop.variants()}

    refused = connect(shop).set_stock([target(7101, 8), target(7102, 9)])

    assert [one.external_id for one in refused] == ["7101", "7102"]


def test_what_is_gone_or_not_counted_is_refused_with_its_reason(shop: ShopifyShop) -> None:
    shop.variants()[1]["tracked"] = False

    refused = connect(shop).set_stock([target(9999, 1), target(7102, 9), target(7103, 1)])

    assert [one.external_id for one in refused] == ["9999", "7102"]
    assert "no longer in the shop" in refused[0].reason
    assert "Track quantity" in refused[1].reason
    assert levels(shop) == [3, 3, 1]


def test_nothing_to_set_asks_nothing(shop: ShopifyShop) -> None:
    assert connect(shop).set_stock([]) == []
    assert shop.seen == []


def test_a_location_that_is_closed_needs_an_operator(shop: ShopifyShop) -> None:
    shop.locations[PRIMARY]["isActive"] = False

    with pytest.raises(Misconfigured, match="Warehouse 61 is not active"):
        connect(shop).set_stock([target(7101, 8)])


def test_a_location_that_is_not_there_needs_an_operator(shop: ShopifyShop) -> None:
    with pytest.raises(Misconfigured, match="no location 99"):
        connect(shop, {"location": "99"}).set_stock([target(7101, 8)])
    with pytest.raises(Misconfigured, match="is not an id"):
        connect(shop, {"location": "Berlin"}).set_stock([target(7101, 8)])


def test_a_missing_right_needs_an_operator(shop: ShopifyShop) -> None:
    shop.scopes.remove("write_inventory")

    with pytest.raises(Misconfigured, match="`write_inventory`"):
        connect(shop).set_stock([target(7101, 8)])


@pytest.mark.parametrize(
    ("code", "error"), [("INVALID_REASON", Permanent), ("SERVICE_UNAVAILABLE", Transient)]
)
def test_trap_10_an_error_of_no_single_item_fails_the_batch(
    shop: ShopifyShop, code: str, error: type[Exception]
) -> None:
    shop.says["inventorySetQuantities"] = {
        "userErrors": [{"code": code, "field": None, "message": "Not now"}]
    }

    with pytest.raises(error, match="Not now"):
        connect(shop).set_stock([target(7101, 8)])
