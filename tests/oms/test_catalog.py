"""The catalogue, and the stock levels that come with it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from oms.catalog import BadSku, create_product, find_product, find_products
from oms.models import Product, StockLevel
from oms.stock import ensure_levels
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked", ["Mug-1", " mug-1", "MUG-1\t"])
def test_a_sku_is_found_trimmed_and_without_case(asked: str) -> None:
    account = builders.account()
    made = create_product(account, " Mug-1 ", "Mug", NOW)
    assert made.sku == "Mug-1"
    assert find_product(account, asked) == made
    assert find_products(account, [asked]) == {"mug-1": made}


def test_what_is_not_there_is_not_found() -> None:
    account = builders.account()
    create_product(builders.account("Stranger"), "MUG", "Mug", NOW)
    assert find_product(account, "MUG") is None
    assert find_products(account, ["MUG", ""]) == {}


@pytest.mark.parametrize("sku", ["", "  ", "mug", " MUG ", "x" * 121, "ß" * 121])
def test_a_sku_that_cannot_be_is_refused(sku: str) -> None:
    account = builders.account()
    create_product(account, "MUG", "Mug", NOW)
    with pytest.raises(BadSku):
        create_product(account, sku, "", NOW)
    assert Product.objects.count() == 1


@pytest.mark.parametrize("sku", ["x" * 120, "ß" * 120, "\u0390" * 120])
def test_a_sku_may_be_long_though_folding_its_case_makes_it_longer(sku: str) -> None:
    account = builders.account()
    made = create_product(account, f" {sku} ", "", NOW)
    assert find_product(account, sku.upper()) == made


def test_the_database_holds_one_product_per_sku() -> None:
    account = builders.account()
    create_product(account, "MUG", "Mug", NOW)
    with pytest.raises(IntegrityError):
        Product.objects.create(account=account, sku="mug ")


def test_a_new_product_has_a_level_at_every_warehouse_of_its_account() -> None:
    account = builders.account()
    here, there = builders.warehouse(account), builders.warehouse(account, "Other")
    builders.sales_channel(account)
    builders.warehouse(builders.account("Stranger"))
    gone = builders.warehouse(account, "Gone")
    gone.deleted_at = NOW
    gone.save()
    made = create_product(account, "MUG", "", NOW)
    assert {level.channel for level in made.stock_levels.all()} == {here, there}


def test_a_new_warehouse_has_a_level_for_every_product_of_its_account() -> None:
    account = builders.account()
    made = [create_product(account, sku, "", NOW) for sku in ("MUG", "TEE")]
    create_product(builders.account("Stranger"), "HAT", "", NOW)
    depot = builders.warehouse(account)
    assert {level.product for level in depot.stock_levels.all()} == set(made)


def test_levels_that_are_there_keep_their_stock() -> None:
    account = builders.account()
    builders.warehouse(account)
    builders.product(account, "MUG", on_hand=5)
    ensure_levels(account)
    assert StockLevel.objects.get().on_hand == 5
