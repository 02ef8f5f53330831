"""SKU mappings as a table: what can be read, and what is said of what cannot."""

from __future__ import annotations

import pytest

from oms import sku_mapping_csv
from oms.models import SkuMapping
from oms.sku_mapping_csv import LARGEST, Row, read
from tests import builders
from tests.oms.conftest import Brand

PLAIN = "channel_sku,sku\r\nCUP,MUG\r\n"


def said(content: bytes | str) -> list[str]:
    return [str(fault) for fault in read(content)[1]]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        "channel_sku;sku\nCUP;MUG",
        "channel_sku\tsku\rCUP\tMUG\r",
        '"Channel_SKU",SKU \n\n"CUP", MUG \n , \n',
        "sku;name;channel_sku\nMUG;A mug, white;CUP\n",
    ],
)
def test_what_programs_write_is_read(content: bytes | str) -> None:
    rows, faults = read(content)
    assert faults == []
    assert [(row.channel_sku, row.sku) for row in rows] == [("CUP", "MUG")]


def test_lines_are_counted_as_an_editor_does() -> None:
    rows, _ = read('channel_sku,sku\n\n"CU\nP",MUG\nBEAKER,MUG\n')
    assert rows == [Row(3, "CU\nP", "MUG"), Row(5, "BEAKER", "MUG")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "The file is empty."),
        (b"channel_sku,sku\nCUP,M\xfcG", "The file is not in UTF-8: save it as CSV UTF-8"),
        (b"channel_sku,sku\nC\x00P,MUG", "The file is no text"),
        (b"theirs,ours\nCUP,MUG", "Line 1: the header must name the columns channel_sku and sku."),
        (b"sku,channel_sku,sku\n", "Line 1: the header must name"),
        ("channel_sku,sku\n" + "x" * LARGEST, "The table is larger than 1024 KB"),
        (b'channel_sku,sku\n"CUP"x,MUG', "Line 2: this is no CSV"),
        (b"channel_sku,sku\n,MUG\n", "Line 2: the channel's SKU is missing."),
        (b"channel_sku,sku\nCUP\n", "Line 2: the SKU is missing."),
        ("channel_sku,sku\n" + "C" * 121 + ",MUG", "Line 2: the channel's SKU has more than 120"),
        (b"channel_sku,sku\nCUP,MUG\ncup,TEE", "Line 3: the channel's SKU cup stands in line 2"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(content: bytes | str, expected: str) -> None:
    assert said(content)[0].startswith(expected)


def test_every_wrong_line_is_said() -> None:
    assert [f.line for f in read("channel_sku,sku\n,A\nB,\nC,C\nc,C\n")[1]] == [2, 3, 5]


def test_an_export_reads_back_as_it_was(brand: Brand) -> None:
    strange = ["CUP", 'a "quoted", one', "semi;colon", "Über", "two\nlines", "=SUM(A1)"]
    for number, external_sku in enumerate(strange):
        product = builders.product(brand.account, f"P-{number}, {number}")
        SkuMapping.objects.create(channel=brand.shop, product=product, external_sku=external_sku)
    rows, faults = read(sku_mapping_csv.write(brand.shop).encode())
    assert faults == []
    assert {(row.channel_sku, row.sku) for row in rows} == {
        (one.external_sku, one.product.sku) for one in SkuMapping.objects.all()
    }
    assert len(rows) == len(strange)
