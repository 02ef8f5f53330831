"""Stock of a WooCommerce shop: listings by SKU, quantities by batch, what the shop refuses."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import Refusal, StockTarget, Transient
from channels.connectors.woocommerce import WooCommerce
from tests.channels.woo import LATER, LONG_AGO, PRODUCTS, TwoPerPage, connect, connect_to, stocked
from tests.woocommerce_shop import WooShop, recorded_products

MUG, TEE, HOOD_M, HOOD_L = "26", "28", "31", "32"


def target(external_id: str, sku: str, quantity: int) -> StockTarget:
    return StockTarget(external_id, sku, quantity)


def stock(shop: WooShop, product_id: int) -> Any:
    records = [*shop.products.values(), *(v for some in shop.variations.values() for v in some)]
    [found] = [record for record in records if record["id"] == product_id]
    return found["stock_quantity"]


# Listings


def test_listings_are_found_by_sku_with_variations_and_without_case() -> None:
    shop = stocked()
    found = connect(shop).listings(["MUG-BLUE", " tee-M", "hood-l", "UNKNOWN"])
    assert found == {"MUG-BLUE": ["26"], " tee-M": ["29"], "hood-l": ["32"]}
    assert len(shop.seen) == 1


def test_listings_have_the_ids_that_the_import_gives() -> None:
    shop = stocked()
    connector = connect(shop)
    imported = {
        record.sku: record.external_id  # type: ignore[union-attr]  # products
        for page in connector.pages(PRODUCTS, LONG_AGO, LATER)
        for record in page
        if record.sku  # type: ignore[union-attr]
    }
    found = connector.listings(list(imported))
    assert {sku: ids for sku, [ids] in found.items()} == imported


def test_a_sku_on_several_listings_has_all_of_them() -> None:
    shop = stocked()
    shop.products[27]["sku"] = "mug-blue"
    assert connect(shop).listings(["MUG-BLUE"]) == {"MUG-BLUE": ["26", "27"]}


def test_a_sku_with_a_comma_is_not_taken_for_two() -> None:
    shop = stocked()
    shop.products[27]["sku"] = "MUG-BLUE,RED"
    found = connect(shop).listings(["MUG-BLUE,RED", "TEE-S"])
    assert found == {"MUG-BLUE,RED": ["27"], "TEE-S": ["28"]}


def test_a_list_that_shrinks_while_it_is_read_names_no_listing_twice() -> None:
    shop = stocked()
    skus = ["MUG-BLUE", "MUG-RED", "TEE-S", "TEE-M", "HOOD-M"]

    def meanwhile(request: int) -> None:
        if request == 2:
            shop.products[26]["status"] = "trash"

    shop.before = meanwhile
    found = TwoPerPage(shop.settings, shop.secrets, shop.client()).listings(skus)
    assert {sku: ids for sku, ids in found.items() if sku != "MUG-BLUE"} == {
        "MUG-RED": ["27"],
        "TEE-S": ["28"],
        "TEE-M": ["29"],
        "HOOD-M": ["31"],
    }


def test_products_in_the_bin_are_not_listed() -> None:
    shop = stocked()
    shop.products[26]["status"] = "trash"
    assert connect(shop).listings(["MUG-BLUE"]) == {}


def test_many_long_skus_do_not_make_an_address_that_servers_refuse() -> None:
    shop = stocked()
    skus = [f"{'LONG' * 20}-{number}" for number in range(WooCommerce.stock_batch)]
    shop.products[26]["sku"] = skus[-1]
    assert connect(shop).listings(skus) == {skus[-1]: ["26"]}
    assert max(len(seen.params["sku"]) for seen in shop.seen) <= 1600


def test_no_skus_are_no_question() -> None:
    shop = stocked()
    assert connect(shop).listings(["", " "]) == {}
    assert shop.seen == []


# Quantities


def test_trap_16_stock_is_set_as_it_comes_with_products_and_variations_in_their_own_batches() -> (
    None
):
    """The shop's number is net of paid orders already, as is what we send."""
    shop = stocked()
    refused = connect(shop).set_stock(
        [target(HOOD_M, "HOOD-M", 4), target(MUG, "MUG-BLUE", 3), target(HOOD_L, "HOOD-L", 0)]
    )
    assert refused == []
    assert [stock(shop, number) for number in (26, 31, 32)] == [3, 4, 0]
    assert shop.written == ["POST products/batch", "POST products/30/variations/batch"]
    assert shop.ignored == []


def test_stock_that_the_shop_did_not_count_is_counted_from_now_on() -> None:
    shop = stocked()
    shop.products[26].update(manage_stock=False, stock_quantity=None)
    assert connect(shop).set_stock([target(MUG, "MUG-BLUE", 3)]) == []
    assert (shop.products[26]["manage_stock"], stock(shop, 26)) == (True, 3)


def test_a_variation_that_is_counted_with_its_parent_gets_a_number_of_its_own() -> None:
    shop = stocked()
    shop.variations[30][0].update(manage_stock="parent", stock_quantity=7)
    assert connect(shop).set_stock([target(HOOD_L, "HOOD-L", 7)]) == []
    assert shop.variations[30][0]["manage_stock"] is True


def test_what_the_shop_shows_already_is_not_sent_again() -> None:
    shop = stocked()
    connector = connect(shop)
    some = [target(HOOD_M, "HOOD-M", 4), target(MUG, "MUG-BLUE", 3)]
    connector.set_stock(some)
    before = len(shop.written)
    assert connector.set_stock(some) == []
    assert len(shop.written) == before


def test_after_a_time_out_in_the_middle_the_rest_is_sent() -> None:
    shop = stocked()
    some = [target(HOOD_M, "HOOD-M", 4), target(MUG, "MUG-BLUE", 3)]

    def stop(request: int) -> None:
        if request == 3:
            shop.fail(504)

    shop.before = stop
    with pytest.raises(Transient):
        connect(shop).set_stock(some)
    assert (stock(shop, 26), stock(shop, 31)) == (3, 6)
    connect(shop).set_stock(some)
    assert (stock(shop, 26), stock(shop, 31)) == (3, 4)
    assert shop.written.count("POST products/batch") == 1


def test_trap_15_a_batch_that_half_fails_answers_200_and_names_what_was_refused() -> None:
    shop = stocked()

    def remove(request: int) -> None:
        if request == 2:
            del shop.products[28]

    shop.before = remove
    refused = connect(shop).set_stock([target(TEE, "TEE-S", 1), target(MUG, "MUG-BLUE", 3)])
    assert stock(shop, 26) == 3
    assert refused == [Refusal("28", "Invalid ID. (woocommerce_rest_product_invalid_id)")]


def test_a_product_that_is_gone_is_refused_while_others_are_set() -> None:
    shop = stocked()
    refused = connect(shop).set_stock([target("999", "GONE", 1), target(MUG, "MUG-BLUE", 3)])
    assert refused == [Refusal("999", "the shop has no such product")]
    assert stock(shop, 26) == 3


def test_a_listing_whose_sku_was_changed_meanwhile_is_still_set() -> None:
    shop = stocked()
    shop.variations[30][1]["sku"] = "RENAMED"
    assert connect(shop).set_stock([target(HOOD_M, "HOOD-M", 4)]) == []
    assert stock(shop, 31) == 4


def test_trap_10_stock_that_does_not_show_is_refused_although_the_answer_was_200() -> None:
    shop = stocked()
    shop.products[26]["type"] = "external"
    [refusal] = connect(shop).set_stock([target(MUG, "MUG-BLUE", 3)])
    assert refusal.external_id == "26"
    assert "shows None instead of 3" in refusal.reason


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"update": {}}', b'{"update": [1]}', b"<html>", b"null"]
)
def test_an_answer_that_is_no_batch_is_worth_another_try(body: bytes) -> None:
    shop = stocked()
    shop.before = lambda request: shop.fail(200, body=body) if request == 2 else None
    with pytest.raises(Transient):
        connect(shop).set_stock([target(MUG, "MUG-BLUE", 3)])


def test_a_product_that_the_batch_does_not_answer_for_is_refused() -> None:
    shop = stocked()
    shop.before = lambda r: shop.fail(200, body=b'{"update": []}') if r == 2 else None
    [refusal] = connect(shop).set_stock([target(MUG, "MUG-BLUE", 3)])
    assert refusal == Refusal("26", "the shop did not answer for this product")


def test_trap_21_more_than_the_api_takes_goes_in_several_batches() -> None:
    template = recorded_products()[0]
    shop = WooShop(
        products=[{**template, "id": number, "sku": f"S-{number}"} for number in range(1, 151)]
    )
    some = [target(str(number), f"S-{number}", 1) for number in range(1, 151)]
    assert connect_to(shop).set_stock(some) == []
    assert {product["stock_quantity"] for product in shop.products.values()} == {1}
    assert shop.written == ["POST products/batch"] * 2
