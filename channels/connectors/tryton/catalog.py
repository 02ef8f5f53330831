"""Products by SKU, as every part of the connector looks them up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from math import floor

from channels.connectors.tryton.rpc import Domain, Row, Rpc

PRODUCT = "product.product"
BATCH = 100
PRICE_UNIT = Decimal("0.0001")
"""Tryton's prices have four decimals unless it is configured otherwise."""
LISTED: Domain = [["code", "!=", None], ["code", "!=", ""], ["type", "in", ["goods", "assets"]]]
"""What has no code has no SKU; services are neither counted nor shipped."""


def by_sku(rpc: Rpc, skus: Collection[str], fields: Sequence[str]) -> Mapping[str, Row]:
    """Products by `key(sku)`, deactivated ones too; one that is active goes before one that is not.

    SKUs are compared without case, as everywhere in omsauto.
    """
    wanted = sorted({sku.strip() for sku in skus if sku.strip()})
    found: dict[str, Row] = {}
    for start in range(0, len(wanted), BATCH):
        either: Domain = [["code", "ilike", _literal(sku)] for sku in wanted[start : start + BATCH]]
        rows = rpc.rows(PRODUCT, ["OR", *either], ["code", "active", *fields], active_test=False)
        for row in sorted(rows, key=lambda row: not row["active"]):
            found.setdefault(key(row["code"]), row)
    return found


def pieces(quantity: float) -> int:
    """Tryton counts in floats; of what is measured rather than counted, whole units only."""
    return floor(round(quantity, 6))


def key(sku: str) -> str:
    return sku.strip().casefold()


def _literal(text: str) -> str:
    """A pattern that means itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
