"""The SKU mappings of a channel in a browser."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from oms.models import Product, SkuMapping
from tests import builders
from tests.pages.conftest import Brand


@pytest.fixture(autouse=True)
def _products(brand: Brand) -> None:
    builders.product(brand.account, "MUG", "White mug")
    builders.product(brand.account, "TEE")


@pytest.fixture
def path(brand: Brand) -> str:
    return f"{brand.page}sku-mappings/"


def rows() -> dict[str, str]:
    return dict(SkuMapping.objects.values_list("external_sku", "product__sku"))


def table(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("t.csv", text.encode())


def test_a_mapping_is_added_changed_and_deleted(brand: Brand, path: str) -> None:
    page = brand.operator.follow(path, channel_sku="CUP", sku="mug")
    assert "CUP is MUG now." in page
    assert "White mug" in page
    one = f"{path}{SkuMapping.objects.get().pk}/"
    assert "CUP is TEE now." in brand.operator.follow(one, sku="tee")
    assert "CUP was not changed. SKU HAT is not" in brand.operator.follow(one, sku="HAT")
    assert "CUP is no longer mapped." in brand.operator.follow(f"{one}delete/")
    assert rows() == {}


def test_what_was_refused_is_still_in_the_form(brand: Brand, path: str) -> None:
    page = brand.operator.follow(path, channel_sku="CUP&1", sku="HAT")
    assert "SKU HAT is not in the catalogue." in page
    assert 'value="CUP&amp;1"' in page
    assert 'value="HAT"' in page


def test_adding_says_what_is_asked_for_again(brand: Brand, path: str) -> None:
    brand.parked(1, payload={"lines": [{"sku": "CUP"}]})
    page = brand.operator.follow(path, channel_sku="CUP", sku="MUG")
    assert "CUP is MUG now. 1 parked record is asked for again." in page


def test_the_list_is_searched_and_paged(brand: Brand) -> None:
    for number in range(51):
        product = builders.product(brand.account, f"P-{number:02}")
        brand.shop.sku_mappings.create(product=product, external_sku=f"X-{number:02}")
    first = brand.viewer.text(brand.page, tab="skus")
    assert "X-49" in first
    assert "X-50" not in first
    assert "tab=skus&amp;from=50" in first
    found = brand.viewer.text(brand.page, tab="skus", q="p-50")
    assert "X-50" in found
    assert "X-49" not in found


def test_viewers_see_the_list_and_the_export_and_no_form(brand: Brand) -> None:
    brand.shop.sku_mappings.create(product=Product.objects.get(sku="MUG"), external_sku="CUP")
    page = brand.viewer.text(brand.page, tab="skus")
    assert "CUP" in page
    assert "Add mapping" not in page
    assert ">Delete<" not in page
    answer = brand.viewer.get(f"{brand.page}sku-mappings.csv")
    assert answer.content.decode() == "channel_sku,sku\r\nCUP,MUG\r\n"
    assert "attachment" in answer["Content-Disposition"]


def test_a_file_is_shown_first_and_imported_when_confirmed(brand: Brand, path: str) -> None:
    text = "channel_sku;sku\nCUP;MUG\nSHIRT;TEE\n"
    preview = brand.operator.client.post(f"{path}import/", {"file": table(text)})
    shown = preview.content.decode()
    assert "2 new, 0 changed, 0 as they are. Nothing is saved yet." in shown
    assert "Import 2 mappings" in shown
    assert rows() == {}
    held = shown.partition('name="csv"')[2].partition(">")[2].partition("</textarea>")[0]
    assert "2 mappings imported." in brand.operator.follow(f"{path}import/", csv=held)
    assert rows() == {"CUP": "MUG", "SHIRT": "TEE"}
    again = brand.operator.client.post(f"{path}import/", {"file": table(text)})
    assert "there is nothing to import" in again.content.decode()


def test_a_bad_file_is_answered_with_its_lines(brand: Brand, path: str) -> None:
    text = "channel_sku,sku\nCUP,MUG\nSHIRT,HAT\n"
    answers = [
        brand.operator.client.post(f"{path}import/", {"file": table(text)}),
        brand.operator.client.post(f"{path}import/", {"csv": text}),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert "Line 3: SKU HAT is not in the catalogue." in answer.content.decode()
    assert rows() == {}


def test_without_a_file_there_is_nothing_to_import(brand: Brand, path: str) -> None:
    assert "Choose a file first." in brand.operator.follow(f"{path}import/")
