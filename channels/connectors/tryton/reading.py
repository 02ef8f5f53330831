"""What became of the sales omsauto sent: their shipments, as one record for each sale.

A shipment of ours is a sale in Tryton, and the sale's id is its external id. Tryton makes one or
more shipments of a sale: whenever one leaves with less than was sold, it makes another one for the
rest. What has shipped is therefore the sum over all shipments of the sale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from channels.connectors.base import Gone, ShipmentData, ShippedLine
from channels.connectors.tryton.catalog import pieces
from channels.connectors.tryton.rpc import (
    PAGE,
    Domain,
    Row,
    Rpc,
    changed_at,
    changed_since,
    number,
    related,
    understood,
)

SALE, SHIPMENT, PACKAGE, MOVE = "sale.sale", "stock.shipment.out", "stock.package", "stock.move"
DATES = ("create_date", "write_date")
SALE_FIELDS = (*DATES, "state", "shipment_state", "web_id", "shipments")
SHIPMENT_FIELDS = (*DATES, "state", "carrier.party.name", "shipping_reference")
PACKAGE_FIELDS = (*DATES, "shipment", "shipping_reference")
MOVE_FIELDS = (*DATES, "shipment", "product.code", "internal_quantity", "sale")

OURS: Domain = ["web_id", "!=", None]
"""The key a sale was sent under is its Web ID; sales made by hand have none."""
LEFT = frozenset({"done", "shipped"})
"""Tryton 7.0 knows only done; 7.2 and later have shipped before it."""


def changed(rpc: Rpc, since: datetime) -> Iterator[Sequence[ShipmentData]]:
    """The sales of which anything changed: they themselves, a shipment, a tracking number.

    One domain could say that, but Tryton would look through all its moves for it, each time.
    """
    sales = _ids(rpc, SALE, [OURS, changed_since(since)])
    shipments = _ids(rpc, SHIPMENT, changed_since(since)) | _relabelled(rpc, since)
    for page in rpc.by_id(SALE, sales | _sales_of(rpc, shipments), SALE_FIELDS, OURS):
        yield _records(rpc, page)


def _ids(rpc: Rpc, model: str, domain: Domain) -> set[int]:
    return {int(row["id"]) for page in rpc.pages(model, domain, ["id"]) for row in page}


def _relabelled(rpc: Rpc, since: datetime) -> set[int]:
    """Shipments a package of which changed; packages may be those of a return, too."""
    pages, prefix = rpc.pages(PACKAGE, changed_since(since), ["shipment"]), f"{SHIPMENT},"
    with understood("packages"):
        names = (str(row["shipment"]) for page in pages for row in page)
        return {int(name.removeprefix(prefix)) for name in names if name.startswith(prefix)}


def _sales_of(rpc: Rpc, shipments: set[int]) -> set[int]:
    """The sales that these shipments carry goods of."""
    sales: set[int] = set()
    ordered = sorted(shipments)
    for start in range(0, len(ordered), PAGE):
        names = [f"{SHIPMENT},{shipment}" for shipment in ordered[start : start + PAGE]]
        for page in rpc.pages(MOVE, [["shipment", "in", names]], ["sale"]):
            sales.update(row["sale"] for row in page if row["sale"])
    return sales


def later_than(rpc: Rpc, sale: int) -> Iterator[Sequence[ShipmentData]]:
    return _read(rpc, [OURS], sale)


def first_id_since(rpc: Rpc, since: datetime) -> str | None:
    row = rpc.row(SALE, [OURS, ["create_date", ">=", since]], ["id"])
    return str(row["id"] - 1) if row else None


def one(rpc: Rpc, external_id: str) -> ShipmentData | Gone:
    sale = number(external_id)
    found = rpc.rows(SALE, [["id", "=", sale]], SALE_FIELDS) if sale else []
    return next(iter(_records(rpc, found)), Gone(external_id))


def _read(rpc: Rpc, domain: Domain, after: int = 0) -> Iterator[Sequence[ShipmentData]]:
    for page in rpc.pages(SALE, domain, SALE_FIELDS, after):
        yield _records(rpc, page)


def _records(rpc: Rpc, sales: Sequence[Row]) -> list[ShipmentData]:
    with understood("sales and their shipments"):
        ids = sorted({shipment for sale in sales for shipment in sale["shipments"] or ()})
        shipments = {row["id"]: row for row in _all(rpc, SHIPMENT, ["id", "in", ids], ids)}
        names = [f"{SHIPMENT},{shipment}" for shipment in ids]
        packages = _by_shipment(_all(rpc, PACKAGE, ["shipment", "in", names], ids))
        outgoing = [["shipment", "in", names], ["to_location.type", "=", "customer"]]
        moves = _by_shipment(_all(rpc, MOVE, [*outgoing, ["state", "=", "done"]], ids))
        return [
            _record(sale, [shipments[key] for key in sale["shipments"] or ()], packages, moves)
            for sale in sales
        ]


def _all(rpc: Rpc, model: str, domain: Domain, ids: Sequence[int]) -> list[Row]:
    fields = {SHIPMENT: SHIPMENT_FIELDS, PACKAGE: PACKAGE_FIELDS, MOVE: MOVE_FIELDS}[model]
    return [row for page in rpc.pages(model, domain, fields) for row in page] if ids else []


def _by_shipment(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Reference fields read as `model,id`."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[int(str(row["shipment"]).rpartition(",")[2])].append(row)
    return found


def _record(
    sale: Row,
    shipments: list[Row],
    packages: dict[int, list[Row]],
    moves: dict[int, list[Row]],
) -> ShipmentData:
    left = [row for row in shipments if row["state"] in LEFT]
    gone = [move for row in left for move in moves[row["id"]] if move["sale"] in (sale["id"], None)]
    boxes = [box for row in shipments for box in packages[row["id"]]]
    alive = [row for row in shipments if row["state"] != "cancelled"]
    return ShipmentData(
        external_id=str(sale["id"]),
        reference=str(sale["web_id"] or ""),
        changed_at=changed_at(sale, *shipments, *boxes, *gone),
        lines=_lines(gone),
        platform_status=_status(sale, shipments),
        carrier=_joined(related(row, "carrier", "party", "name") for row in left),
        tracking=_joined(_tracking(alive, packages)),
        shipped_at=changed_at(*gone) if gone else None,
        done=_is_done(sale, shipments),
        cancelled=_is_cancelled(sale, shipments),
    )


def _lines(moves: list[Row]) -> tuple[ShippedLine, ...]:
    """By SKU; a move's internal quantity is in the product's own unit of measure."""
    shipped: dict[str, float] = defaultdict(float)
    for move in moves:
        sku = str(related(move, "product", "code") or "")
        shipped[sku] += move["internal_quantity"]
    return tuple(ShippedLine(sku, pieces(quantity)) for sku, quantity in shipped.items())


def _status(sale: Row, shipments: list[Row]) -> str:
    return _joined(row["state"] for row in shipments) or str(sale["state"])


def _tracking(shipments: list[Row], packages: dict[int, list[Row]]) -> Iterator[Any]:
    for shipment in shipments:
        for box in packages[shipment["id"]]:
            yield box["shipping_reference"]
        yield shipment["shipping_reference"]


def _is_cancelled(sale: Row, shipments: list[Row]) -> bool:
    if sale["state"] == "cancelled":
        return True
    return bool(shipments) and all(row["state"] == "cancelled" for row in shipments)


def _is_done(sale: Row, shipments: list[Row]) -> bool:
    """Nothing more will come: Tryton counts the sale as sent, or all of it was cancelled.

    When the last shipment is done the sale is looked at a moment later, and a shipment for the
    rest appears then: the shipments' own states do not suffice.
    """
    return sale["shipment_state"] == "sent" or _is_cancelled(sale, shipments)


def _joined(texts: Iterator[Any]) -> str:
    return ", ".join(dict.fromkeys(str(text) for text in texts if text))
