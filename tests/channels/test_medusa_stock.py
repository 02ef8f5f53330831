"""Stock at Medusa: what a buyer can have, beside what is reserved for open orders."""

from __future__ import annotations

import pytest

from channels.connectors.base import Misconfigured, StockTarget, Transient
from channels.connectors.medusa import Medusa
from tests.channels.medusas import filled
from tests.medusa_shop import MedusaShop


def target(shop: MedusaShop, sku: str, quantity: int) -> StockTarget:
    return StockTarget(shop.books.item(sku)["id"], sku, quantity)


# Listings


def test_a_listing_is_the_inventory_item_of_a_sku() -> None:
    shop = filled("TEA-1", "MUG-1")
    found = shop.connector().listings(["TEA-1", "NO-SUCH"])
    assert found == {"TEA-1": [shop.books.item("TEA-1")["id"]]}


@pytest.mark.parametrize("asked", ["tea-Mint", "TEA-MINT", "tea-mint", " Tea-Mint "])
def test_skus_are_compared_without_case(asked: str) -> None:
    shop = filled("Tea-Mint")
    assert shop.connector().listings([asked]) == {asked: [shop.books.item("Tea-Mint")["id"]]}


def test_part_of_a_sku_is_no_match() -> None:
    assert filled("TEA-10", "GREEN-TEA-1").connector().listings(["tea-1", ""]) == {}


def test_every_item_of_a_sku_is_a_listing() -> None:
    shop = filled("TEA-1", "tea-1")
    assert len(shop.connector().listings(["TEA-1"])["TEA-1"]) == 2


def test_as_many_as_one_call_may_ask_for_are_found() -> None:
    skus = [f"SKU-{n:03}-{'X' * 100}" for n in range(Medusa.stock_batch)]
    shop = filled(*skus)
    assert list(shop.connector().listings(skus)) == skus
    assert max(len(str(one.url)) for one in shop.seen) < 12_000


# Setting


def test_trap_16_on_hand_is_what_a_buyer_can_have_and_what_is_reserved() -> None:
    shop = filled()
    shop.books.place({"TEA-1": 3})
    assert shop.connector().set_stock([target(shop, "TEA-1", 4)]) == []
    assert shop.books.stock("TEA-1") == (7, 3)


def test_trap_16_none_left_leaves_what_is_reserved_on_hand() -> None:
    shop = filled()
    shop.books.place({"TEA-1": 3})
    shop.connector().set_stock([target(shop, "TEA-1", 0)])
    assert shop.books.stock("TEA-1") == (3, 3)


def test_trap_16_an_order_shipped_meanwhile_is_counted_out_again() -> None:
    shop = filled()
    shop.books.place({"TEA-1": 3})

    def ship_one(number: int) -> None:
        if (
            shop.seen[number - 1].method == "POST"
            and shop.books.level("TEA-1")["reserved_quantity"]
        ):
            shop.books.level("TEA-1")["reserved_quantity"] = 0

    shop.before = ship_one
    shop.connector().set_stock([target(shop, "TEA-1", 4)])
    assert shop.books.stock("TEA-1") == (4, 0)


def test_an_item_that_is_not_kept_at_the_location_yet_is_put_there() -> None:
    shop = filled("TEA-1", "MUG-1")
    other = shop.books.add_location("Second warehouse")
    targets = [target(shop, "TEA-1", 4), target(shop, "MUG-1", 5)]
    assert shop.connector(location=other).set_stock(targets) == []
    assert shop.books.level("TEA-1", other)["stocked_quantity"] == 4
    assert shop.books.level("MUG-1", other)["stocked_quantity"] == 5
    assert shop.books.stock("TEA-1") == (10, 0)


def test_without_a_location_of_the_channel_it_is_the_first_one() -> None:
    shop = filled()
    shop.books.add_location("Second warehouse")
    shop.connector().set_stock([target(shop, "TEA-1", 4)])
    assert shop.books.stock("TEA-1") == (4, 0)


def test_many_are_set_with_one_write() -> None:
    shop = filled("TEA-1", "MUG-1", "CUP-1")
    shop.connector().set_stock([target(shop, sku, 5) for sku in ("TEA-1", "MUG-1", "CUP-1")])
    assert shop.asked("POST") == 1


def test_what_is_set_already_is_not_written() -> None:
    shop = filled()
    assert shop.connector().set_stock([target(shop, "TEA-1", 10)]) == []
    assert shop.asked("POST") == 0


def test_nothing_to_set_is_nothing_to_do() -> None:
    shop = filled()
    assert shop.connector().set_stock([]) == []
    assert shop.seen == []


# Refusals


def test_an_item_that_is_gone_is_refused_and_the_others_are_set() -> None:
    shop = filled()
    refused = shop.connector().set_stock(
        [StockTarget("iitem_gone", "GONE", 5), target(shop, "TEA-1", 4)]
    )
    assert [one.external_id for one in refused] == ["iitem_gone"]
    assert shop.books.stock("TEA-1") == (4, 0)


def test_one_that_is_refused_spoils_no_other_of_its_batch() -> None:
    shop = filled("TEA-1", "MUG-1", "CUP-1")
    gone = target(shop, "MUG-1", 5)

    def delete_before_the_write(number: int) -> None:
        if shop.seen[number - 1].method == "POST":
            shop.books.inventory.pop(gone.external_id, None)

    shop.before = delete_before_the_write
    targets = [target(shop, "TEA-1", 4), gone, target(shop, "CUP-1", 6)]
    [refusal] = shop.connector().set_stock(targets)

    assert refusal.external_id == gone.external_id
    assert "not_found" in refusal.reason
    assert (shop.books.stock("TEA-1"), shop.books.stock("CUP-1")) == ((4, 0), (6, 0))


def test_a_location_that_does_not_exist_gets_no_stock() -> None:
    shop = filled()
    with pytest.raises(Misconfigured, match="sloc_gone"):
        shop.connector(location="sloc_gone").set_stock([target(shop, "TEA-1", 4)])
    assert shop.asked("POST") == 0


def test_a_shop_without_a_location_is_for_the_operator_to_complete() -> None:
    shop = filled()
    shop.books.locations.clear()
    with pytest.raises(Misconfigured, match="no stock location"):
        shop.connector().set_stock([target(shop, "TEA-1", 4)])


def test_success_is_what_medusa_shows_not_its_status() -> None:
    shop = filled()
    wanted, connector = target(shop, "TEA-1", 4), shop.connector()

    def answer_nothing(number: int) -> None:
        if shop.seen[number - 1].method == "POST":
            shop.fail(200, {"created": [], "updated": []})

    shop.before = answer_nothing
    with pytest.raises(Transient, match="did not say"):
        connector.set_stock([wanted])
