"""Import Products, and what it shares with the export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from channels.connectors.base import Gone, ProductData
from channels.connectors.tryton.catalog import LISTED, PRODUCT
from channels.connectors.tryton.rpc import (
    Domain,
    Row,
    Rpc,
    changed_at,
    changed_since,
    number,
    related,
    understood,
)

PRODUCT_FIELDS = (
    "active",
    "code",
    "create_date",
    "write_date",
    "list_price",
    "identifiers.code",
    "template.name",
    "template.create_date",
    "template.write_date",
)


def changed(rpc: Rpc, since: datetime) -> Iterator[Sequence[ProductData]]:
    """A change of name or price is one of the template, not of the product."""
    either = ["OR", changed_since(since), changed_since(since, "template.")]
    return _read(rpc, [*LISTED, either])


def later_than(rpc: Rpc, product: int) -> Iterator[Sequence[ProductData]]:
    return _read(rpc, LISTED, product)


def first_id_since(rpc: Rpc, since: datetime) -> str | None:
    row = rpc.row(PRODUCT, [*LISTED, ["create_date", ">=", since]], ["id"])
    return str(row["id"] - 1) if row else None


def one(rpc: Rpc, external_id: str) -> ProductData | Gone:
    product = number(external_id)
    row = rpc.row(PRODUCT, [*LISTED, ["id", "=", product]], PRODUCT_FIELDS) if product else None
    if row is None:
        return Gone(external_id)
    with understood("products"):
        return _record(row, currency(rpc))


def _read(rpc: Rpc, domain: Domain, after: int = 0) -> Iterator[Sequence[ProductData]]:
    code = currency(rpc)
    for page in rpc.pages(PRODUCT, domain, PRODUCT_FIELDS, after):
        with understood("products"):
            yield [_record(row, code) for row in page]


def _record(row: Row, code: str) -> ProductData:
    identifiers = row["identifiers."] or []
    price = row["list_price"]
    return ProductData(
        external_id=str(row["id"]),
        sku=str(row["code"]),
        name=str(related(row, "template", "name") or ""),
        changed_at=changed_at(row, row["template."]),
        barcode=str(identifiers[0]["code"]) if identifiers else "",
        price=Decimal(price) if price is not None else None,
        currency=code,
    )


def currency(rpc: Rpc) -> str:
    """Prices are in the company's currency."""
    row = rpc.row("company.company", [["id", "=", rpc.company]], ["currency.code"])
    with understood("the company"):
        return str(related(row or {}, "currency", "code") or "")
