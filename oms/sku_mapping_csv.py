"""SKU mappings as a table: a header `channel_sku,sku`, then a row for each SKU of the channel."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from channels.models import Channel
from oms.catalog import SKU_LENGTH
from oms.models import SkuMapping, sku_key

COLUMNS = ("channel_sku", "sku")
LARGEST = 1024 * 1024
"""Bytes of a table; some 30,000 rows."""
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was written, trimmed; `line` counts from 1, the header's."""

    line: int
    channel_sku: str
    sku: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line; line 0 is the table as a whole."""

    line: int
    error: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.error}" if self.line else self.error


def write(channel: Channel) -> str:
    """All mappings of the channel, by its SKUs; what `read` takes back."""
    table = StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    rows = SkuMapping.objects.filter(channel=channel).values_list("external_sku", "product__sku")
    writer.writerows(rows.iterator())
    return table.getvalue()


def read(content: bytes | str) -> tuple[list[Row], list[Fault]]:
    """The rows that can be understood, and what is wrong with the others.

    UTF-8 with or without byte order mark; separated by comma, semicolon or tab; columns in any
    order, others beside them are left out.
    """
    text, fault = _text(content)
    if fault:
        return [], [Fault(0, fault)]
    delimiter = _delimiter(text.partition("\n")[0])
    lines = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    faults: list[Fault] = []
    try:
        places = _places(next(lines, []))
        if places is None:
            return [], [Fault(1, f"the header must name the columns {' and '.join(COLUMNS)}.")]
        for line, cells in _numbered(lines):
            row = Row(line, *(_cell(cells, place) for place in places))
            found = _fault_of(row)
            (faults if found else rows).append(found or row)  # type: ignore[arg-type]
    except csv.Error as error:
        faults.append(Fault(lines.line_num, f"this is no CSV: {error}."))
    return _once(rows, faults)


def _text(content: bytes | str) -> tuple[str, str]:
    """(the text, what is wrong with it)"""
    size = len(content.encode("utf-8", "replace") if isinstance(content, str) else content)
    if size > LARGEST:
        return "", f"The table is larger than {LARGEST // 1024} KB: import it in several parts."
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
    except UnicodeDecodeError:
        return "", "The file is not in UTF-8: save it as CSV UTF-8, then try again."
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        return "", "The file is no text: save it as CSV UTF-8, then try again."
    return (text, "") if text.strip() else ("", "The file is empty.")


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _places(header: Sequence[str]) -> list[int] | None:
    """Where the two columns stand."""
    names = [name.strip().casefold() for name in header]
    if any(names.count(column) != 1 for column in COLUMNS):
        return None
    return [names.index(column) for column in COLUMNS]


def _numbered(lines: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, cells), without empty lines."""
    before = lines.line_num  # type: ignore[attr-defined]  # of the csv reader
    for cells in lines:
        if any(cell.strip() for cell in cells):
            yield before + 1, cells
        before = lines.line_num  # type: ignore[attr-defined]


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def _fault_of(row: Row) -> Fault | None:
    for name, value in (("channel's SKU", row.channel_sku), ("SKU", row.sku)):
        if not value:
            return Fault(row.line, f"the {name} is missing.")
        if len(value) > SKU_LENGTH:
            return Fault(row.line, f"the {name} has more than {SKU_LENGTH} characters.")
    return None


def _once(rows: list[Row], faults: list[Fault]) -> tuple[list[Row], list[Fault]]:
    """Each SKU of the channel once; a later row with the same one is a fault."""
    first: dict[str, Row] = {}
    for row in rows:
        key = sku_key(row.channel_sku)
        if key in first:
            said = f"the channel's SKU {row.channel_sku} stands in line {first[key].line} already."
            faults.append(Fault(row.line, said))
        else:
            first[key] = row
    return list(first.values()), sorted(faults, key=lambda fault: fault.line)
