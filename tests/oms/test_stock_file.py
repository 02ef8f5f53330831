"""Stock from a file: what is taken, and what is said of a file that is not."""

from __future__ import annotations

import re

import pytest

from oms import stock_file
from oms.stock_file import BadFile
from tests.oms.conftest import Brand


def counts(brand: Brand, content: bytes) -> dict[str, int]:
    """On hand by SKU."""
    by_id = {brand.level(sku).product_id: sku for sku in ("MUG", "TEE")}
    return {by_id[one.product_id]: one.on_hand for one in stock_file.read(brand.depot, content)}


@pytest.mark.parametrize(
    "content",
    [
        b"sku,on_hand\nMUG,7\nTEE,0\n",
        b"\xef\xbb\xbfSKU;On_Hand;note\r\n mug ;7;x\r\n\r\nTEE;0;\r\n",
        b'on_hand,sku\n7,"MUG"\n0,tee',
        b"sku,on_hand\rMUG,0007\rTEE,0\r",
    ],
)
def test_a_file_is_read_with_commas_or_semicolons(brand: Brand, content: bytes) -> None:
    assert counts(brand, content) == {"MUG": 7, "TEE": 0}


def test_a_file_without_lines_counts_nothing(brand: Brand) -> None:
    assert counts(brand, b"sku,on_hand\n") == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "must name the columns sku and on_hand: sku is missing"),
        (b"sku\nMUG\n", "on_hand is missing"),
        (b"sku,on_hand\nHAT,1\n", "Line 2: SKU HAT is not in the catalogue."),
        (b"sku,on_hand\nMUG,-1\n", "Line 2: on_hand is -1; it must be a whole number"),
        (b"sku,on_hand\nMUG\n", "Line 2: on_hand is empty"),
        (b"sku,on_hand\nMUG,1.5\n", "on_hand is 1.5"),
        (b"sku,on_hand\nMUG,99999999999\n", "must be a whole number"),
        (b"sku,on_hand\nMUG," + b"9" * 5000, "Line 2: on_hand is 99999999999999999999...;"),
        (b'sku,on_hand\n"MUG,5\n' + b"x" * 200_000, "this is no CSV (field larger"),
        (b"sku,on_hand\n,5\n", "Line 2: there is no SKU."),
        (b"sku,on_hand\nMUG,1\nmug,2\n", "Line 3: SKU mug stands in the file twice."),
        (b"sku,on_hand\n\xff,5\n", "not UTF-8"),
        (b"x" * (stock_file.LARGEST_FILE + 1), "larger than 5 MiB"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(brand: Brand, content: bytes, said: str) -> None:
    with pytest.raises(BadFile, match=re.escape(said)):
        stock_file.read(brand.depot, content)


def test_of_many_errors_twenty_are_told(brand: Brand) -> None:
    lines = b"".join(b"HAT-%d,1\n" % number for number in range(30))
    with pytest.raises(BadFile, match="And 10 more") as refusal:
        stock_file.read(brand.depot, b"sku,on_hand\n" + lines)
    assert len(refusal.value.errors) == 21
