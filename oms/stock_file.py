"""Stock from a file: one line a SKU, read whole before anything is changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from channels.models import Channel
from oms import sku_mapping
from oms.columns import LARGEST_QUANTITY
from oms.columns import quantity as read_quantity
from oms.models import sku_key

COLUMNS = ("sku", "on_hand")
LARGEST_FILE = 5 * 1024 * 1024
MOST_ERRORS = 20


class BadFile(ValueError):
    """The file cannot be taken; `errors` are sentences, most of them with a line number."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(" ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Count:
    """What lies of a product at a warehouse."""

    product_id: int
    on_hand: int


def read(channel: Channel, content: bytes) -> list[Count]:
    """The counts of a CSV file with the columns sku and on_hand, in its order.

    UTF-8, with or without a byte order mark; commas or semicolons. The SKUs are the warehouse's.
    Raises `BadFile` with everything that is wrong in it, at most 20 sentences.
    """
    rows = list(_rows(content))
    products = sku_mapping.find_products(channel, (sku for _, sku, _ in rows))
    errors: list[str] = []
    counts: dict[int, Count] = {}
    for line, sku, quantity in rows:
        product, on_hand = products.get(sku_key(sku)), read_quantity(quantity)
        if not sku:
            errors.append(f"Line {line}: there is no SKU.")
        elif product is None:
            errors.append(f"Line {line}: SKU {sku} is not in the catalogue.")
        elif product.pk in counts:
            errors.append(f"Line {line}: SKU {sku} stands in the file twice.")
        elif on_hand is None:
            errors.append(
                f"Line {line}: on_hand is {_shown(quantity)}; it must be a whole number, zero or "
                f"more, at most {LARGEST_QUANTITY}."
            )
        else:
            counts[product.pk] = Count(product.pk, on_hand)
    if errors:
        raise BadFile([*errors[:MOST_ERRORS], *_more(len(errors) - MOST_ERRORS)])
    return list(counts.values())


def _more(count: int) -> list[str]:
    return [f"And {count} more."] if count > 0 else []


def _shown(quantity: str) -> str:
    return f"{quantity[:20]}..." if len(quantity) > 20 else quantity or "empty"


def _rows(content: bytes) -> Iterator[tuple[int, str, str]]:
    """(line number, SKU, quantity)"""
    if len(content) > LARGEST_FILE:
        raise BadFile([f"The file is larger than {LARGEST_FILE // 1024 // 1024} MiB: split it."])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(["The file is not UTF-8 text: save it as CSV in UTF-8."]) from error
    head = next(iter(text.splitlines()), "")
    delimiter = ";" if ";" in head else ","
    # Lines may end as on any system: the reader itself tells their ends.
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        if missing := [name for name in COLUMNS if name not in names]:
            wanted = " and ".join(COLUMNS)
            raise BadFile(
                [f"The first line must name the columns {wanted}: {missing[0]} is missing."]
            )
        for row in reader:
            values = [str(row.get(names[name]) or "").strip() for name in COLUMNS]
            if any(values):
                yield reader.line_num, values[0], values[1]
    except csv.Error as error:
        said = f"Line {reader.line_num}: this is no CSV ({error}): is a quote not closed?"
        raise BadFile([said]) from error
