"""Stock from a file on the Stock tab."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from oms.models import StockLevel
from tests import builders
from tests.pages.conftest import Brand


def send(brand: Brand, content: bytes, channel: object) -> str:
    """The page that follows."""
    file = SimpleUploadedFile("stock.csv", content)
    values = {"file": file, "channel": channel}
    answer = brand.operator.client.post("/records/stock/import/", values, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def warehouse(brand: Brand) -> int:
    return StockLevel.objects.values_list("channel", flat=True)[0]


def test_a_file_is_taken_and_its_size_said(brand: Brand) -> None:
    builders.product(brand.account, "MUG")
    page = send(brand, b"sku,on_hand\nMUG,7\n", warehouse(brand))

    assert "The stock of 1 SKUs" in page
    assert StockLevel.objects.get().on_hand == 7


def test_a_bad_file_changes_nothing_and_says_why(brand: Brand) -> None:
    builders.product(brand.account, "MUG")
    page = send(brand, b"sku,on_hand\nMUG,7\nHAT,7\n", warehouse(brand))

    assert "Nothing was changed. Line 3: SKU HAT is not in the catalogue." in page
    assert StockLevel.objects.get().on_hand == 0


def test_without_a_warehouse_or_a_file_nothing_happens(brand: Brand) -> None:
    assert "Choose a warehouse and a file." in send(brand, b"sku,on_hand\n", brand.shop.pk)
    assert "Choose a warehouse and a file." in send(brand, b"sku,on_hand\n", "9" * 40)
