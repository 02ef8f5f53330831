"""SKU mappings over the API: rows, and tables in and out."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from oms.models import Product, SkuMapping
from oms.sku_mapping_csv import LARGEST
from tests import builders
from tests.api.conftest import BASE, Brand

TABLE = "channel_sku,sku\r\nCUP,MUG\r\n"


@pytest.fixture(autouse=True)
def _products(brand: Brand) -> None:
    builders.product(brand.account, "MUG")
    builders.product(brand.account, "TEE")


@pytest.fixture
def path(brand: Brand) -> str:
    return f"channels/{brand.shop.pk}/sku-mappings/"


def test_a_mapping_is_made_read_changed_and_deleted(brand: Brand, path: str) -> None:
    made = brand.operator.post(path, {"channel_sku": " CUP ", "sku": "mug"})
    assert made.status_code == 201, made.json()
    row = made.json()
    product = Product.objects.get(sku="MUG").pk
    expected = {
        "id": row["id"],
        "channel": brand.shop.pk,
        "channel_sku": "CUP",
        "sku": "MUG",
        "product": product,
    }
    assert row == expected
    assert brand.viewer.results(path) == [expected]
    one = f"{path}{row['id']}/"
    assert brand.operator.patch(one, {"sku": "tee"}).json()["sku"] == "TEE"
    assert brand.operator.patch(one, {"channel_sku": "BEAKER"}).json()["channel_sku"] == "BEAKER"
    assert brand.operator.patch(one, {}).json()["sku"] == "TEE"
    assert brand.operator.delete(one).status_code == 204
    assert brand.viewer.results(path) == []
    assert brand.operator.patch(one, {"sku": "MUG"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"channel_sku": "CUP"}, "sku", "required"),
        ({"sku": "MUG"}, "channel_sku", "required"),
        ({"channel_sku": "", "sku": "MUG"}, "channel_sku", "blank"),
        ({"channel_sku": "CUP", "sku": "HAT"}, "sku", "not in the catalogue"),
        ({"channel_sku": "old", "sku": "MUG"}, "channel_sku", "is mapped to MUG already"),
        ({"channel_sku": "CUP", "sku": "MUG", "prio": 1}, "prio", "no such field"),
    ],
)
def test_a_refusal_names_the_field(
    brand: Brand, path: str, body: dict[str, Any], field: str, said: str
) -> None:
    brand.operator.post(path, {"channel_sku": "OLD", "sku": "MUG"})
    answer = brand.operator.post(path, body)
    assert answer.status_code == 400
    assert said in answer.json()[field][0]
    assert SkuMapping.objects.count() == 1


def test_the_list_is_searched_in_both_skus(brand: Brand, path: str) -> None:
    for channel_sku, sku in (("CUP", "MUG"), ("SHIRT", "TEE"), ("TEEPOT", "MUG")):
        brand.operator.post(path, {"channel_sku": channel_sku, "sku": sku})

    def found(**query: str) -> list[str]:
        return [row["channel_sku"] for row in brand.viewer.results(path, **query)]

    assert found() == ["CUP", "SHIRT", "TEEPOT"]
    assert found(q="tee") == ["SHIRT", "TEEPOT"]
    assert found(sku=" tee") == ["SHIRT"]
    assert found(channel_sku="cup") == ["CUP"]
    assert found(limit="2") == ["CUP", "SHIRT"]


def test_a_table_goes_out_and_in(brand: Brand, path: str) -> None:
    brand.operator.post(path, {"channel_sku": "CUP", "sku": "MUG"})
    out = brand.viewer.client.get(
        f"{BASE}channels/{brand.shop.pk}/sku-mappings.csv", headers={"accept": "text/csv"}
    )
    assert out.content.decode() == TABLE
    assert out["Content-Type"] == "text/csv; charset=utf-8"
    SkuMapping.objects.all().delete()
    into = brand.operator.client.post(f"{BASE}{path}import/", out.content, content_type="text/csv")
    assert into.json() == {
        "dry_run": False, "created": 1, "updated": 0, "unchanged": 0, "errors": [], "runs": [],
    }  # fmt: skip
    assert [row["channel_sku"] for row in brand.viewer.results(path)] == ["CUP"]


def test_a_file_is_taken_from_a_form(brand: Brand, path: str) -> None:
    file = SimpleUploadedFile("t.csv", b"\xef\xbb\xbf" + TABLE.replace(",", ";").encode())
    answer = brand.operator.client.post(
        f"{BASE}{path}import/", {"file": file, "dry_run": "true"}, format="multipart"
    )
    assert (answer.json()["dry_run"], answer.json()["created"]) == (True, 1)
    assert SkuMapping.objects.count() == 0


def test_a_dry_run_answers_with_the_errors_and_an_import_refuses_them(
    brand: Brand, path: str
) -> None:
    bad = TABLE + "BEAKER,HAT\r\n"
    dry = brand.operator.post(f"{path}import/?dry_run=true", {"csv": bad})
    assert dry.status_code == 200
    assert dry.json()["errors"] == [{"line": 3, "error": "SKU HAT is not in the catalogue."}]
    wet = brand.operator.post(f"{path}import/", {"csv": bad})
    assert wet.status_code == 400
    assert wet.json() == {"file": ["Line 3: SKU HAT is not in the catalogue."]}
    assert SkuMapping.objects.count() == 0


def test_an_import_says_which_runs_ask_again(brand: Brand, path: str) -> None:
    brand.parked(7, payload={"lines": [{"sku": "cup"}]})
    answer = brand.operator.post(f"{path}import/", {"csv": TABLE})
    run = brand.viewer.get(f"runs/{answer.json()['runs'][0]}/").json()
    assert (run["trigger"], run["type"]) == ("retry", "receive_orders")


@pytest.mark.parametrize("content", [b"x" * (LARGEST + 1), b"", b"\xff\xfe"])
def test_what_is_no_table_is_refused_in_words(brand: Brand, path: str, content: bytes) -> None:
    answer = brand.operator.client.post(f"{BASE}{path}import/", content, content_type="text/csv")
    assert answer.status_code == 400
    assert len(answer.json()["file"]) == 1


def test_an_import_without_a_table_is_refused(brand: Brand, path: str) -> None:
    for body in ({}, {"dry_run": True}):
        answer = brand.operator.post(f"{path}import/", body)
        assert answer.json() == {"file": ["Send the table, in `csv` or in `file`."]}


def test_a_mapping_of_another_channel_is_not_reached_through_this_one(
    brand: Brand, path: str
) -> None:
    other = brand.operator.post(
        f"channels/{brand.depot.pk}/sku-mappings/", {"channel_sku": "CUP", "sku": "MUG"}
    ).json()["id"]
    assert brand.operator.delete(f"{path}{other}/").status_code == 404
    assert brand.viewer.results(path) == []
