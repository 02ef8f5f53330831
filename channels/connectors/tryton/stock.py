"""The warehouse, and Receive Inventory: what lies there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from channels.connectors.base import Misconfigured, StockData
from channels.connectors.tryton.catalog import LISTED, PRODUCT, pieces
from channels.connectors.tryton.rpc import Domain, Row, Rpc, understood

LOCATION = "stock.location"
WAREHOUSE_FIELDS = ("code", "name", "storage_location", "output_location")


def warehouse(rpc: Rpc, code: str) -> Row:
    """The warehouse that ships; without a code the only one there is."""
    domain: Domain = [["type", "=", "warehouse"]]
    found = rpc.rows(LOCATION, [*domain, ["code", "=", code]] if code else domain, WAREHOUSE_FIELDS)
    if len(found) != 1:
        how_many = "no warehouse" if not found else f"{len(found)} warehouses"
        raise Misconfigured(
            f"Tryton has {how_many} {f'with the code {code}' if code else ''}".strip()
            + ": enter the code of the one that ships"
        )
    return found[0]


def on_hand(rpc: Rpc, place: Row, counted_at: datetime) -> Iterator[Sequence[StockData]]:
    """What lies in the warehouse, of every product, as it is now.

    `counted_at`: an instant that has passed. Tryton names none; without it what left the house
    before would be subtracted from a count that lacks it already.

    On hand is what Tryton counts in the storage zone and in the output zone. Picked and packed
    goods stand in the output zone; omsauto still holds them as allocated until they have left, so
    without them they would be subtracted twice. Goods in the input zone are not put away yet and
    cannot be picked; they are left out.
    """
    context: dict[str, Any] = {"locations": _zones(rpc, place), "with_childs": True}
    for page in rpc.pages(PRODUCT, LISTED, ["code", "quantity"], **context):
        with understood("quantities"):
            yield [_record(row, counted_at) for row in page]


def _record(row: Row, counted_at: datetime) -> StockData:
    """Whole pieces; a count below zero says only that more was moved than was ever counted in."""
    there = max(pieces(row["quantity"]), 0)
    return StockData(sku=str(row["code"]), on_hand=there, changed_at=counted_at)


def _zones(rpc: Rpc, place: Row) -> list[int]:
    """Storage and output; the latter once only where it is, or lies in, the former."""
    storage, output = place["storage_location"], place["output_location"]
    inside: Domain = [["id", "=", output], ["parent", "child_of", [storage], "parent"]]
    return [storage] if rpc.row(LOCATION, inside, ["id"]) else [storage, output]
