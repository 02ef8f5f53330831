"""Stock from a file over the API."""

from __future__ import annotations

from tests import builders
from tests.api.conftest import Brand

FILE = "sku,on_hand\nMUG,7\nTEE,3\n"


def test_a_file_sets_the_stock_of_its_skus(brand: Brand) -> None:
    mug, tee = (builders.product(brand.account, sku, on_hand=1) for sku in ("MUG", "TEE"))
    answer = brand.operator.post(f"channels/{brand.depot.pk}/stock-file/", {"csv": FILE})

    assert (answer.status_code, answer.json()) == (200, {"counted": 2})
    assert [brand.level(one).on_hand for one in (mug, tee)] == [7, 3]


def test_a_file_with_an_error_changes_nothing(brand: Brand) -> None:
    mug = builders.product(brand.account, "MUG", on_hand=1)
    answer = brand.operator.post(f"channels/{brand.depot.pk}/stock-file/", {"csv": FILE})

    assert answer.status_code == 400
    assert answer.json() == {"csv": ["Line 3: SKU TEE is not in the catalogue."]}
    assert brand.level(mug).on_hand == 1


def test_a_shop_has_no_stock_of_its_own(brand: Brand) -> None:
    answer = brand.operator.post(f"channels/{brand.shop.pk}/stock-file/", {"csv": FILE})

    assert answer.status_code == 409
    assert answer.json()["detail"] == "Stock lies at fulfillment channels only."
