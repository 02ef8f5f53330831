"""Products made and changed in the shop."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from html import unescape
from typing import Any

from channels.connectors.base import Log, Permanent, ProductPush
from channels.connectors.woocommerce import records
from channels.connectors.woocommerce.answers import Json, Refused
from channels.connectors.woocommerce.catalogue import Catalogue, item_id, key, parent, path, place
from channels.connectors.woocommerce.rest import Rest

_CENT = Decimal("0.01")
_PRICED_BY_PARTS = frozenset({"variable", "grouped"})


class Export:
    """`new_status`: what a new product becomes, "publish" or "draft"."""

    def __init__(self, rest: Rest, catalogue: Catalogue, log: Log, new_status: str) -> None:
        self._rest, self._catalogue, self._log = rest, catalogue, log
        self._new_status = new_status
        self._currency: str | None = None

    def product(self, product: ProductPush) -> str:
        """The shop's id of the product, which then shows what it was given."""
        if not product.sku.strip():
            raise Permanent("a product without SKU cannot be found again in the shop: give it one")
        wanted = _wanted(product, self._in_shop_currency(product))
        record = self._find(product)
        if record is None:
            record = self._make(product, wanted)
        return item_id(self._bring_to(record, wanted))

    def _find(self, product: ProductPush) -> Json | None:
        record = self._catalogue.by_id(product.external_id) if product.external_id else None
        if record is not None:
            return record
        found = list(self._catalogue.with_skus([product.sku]))
        if len(found) > 1:
            raise Permanent(
                f"the shop has SKU {product.sku} on several products "
                f"({', '.join(item_id(record) for record in found)}): leave it on one of them"
            )
        return found[0] if found else None

    def _make(self, product: ProductPush, wanted: Json) -> Json:
        """A SKU that was taken since it was looked up is looked up once more."""
        made = {"type": "simple", "status": self._new_status}
        try:
            return self._rest.create("products", {**wanted, **made})
        except Refused as refused:
            record = self._find(product) if refused.code == "product_invalid_sku" else None
            if record is None:
                raise
            return record

    def _bring_to(self, record: Json, wanted: Json) -> Json:
        if differing := _differing(record, _settable(record, wanted)):
            changed = self._rest.change(path(record), differing)
            if changed is None:
                raise Permanent(
                    f"product {item_id(record)} was removed from the shop: run it again"
                )
            record = {**changed, **place(record)}
        if "global_unique_id" in wanted and "global_unique_id" not in record:
            self._log("warning", f"Product {item_id(record)}: this shop keeps no barcodes (GTIN).")
        self._read_back(record, _differing(record, _settable(record, wanted)))
        return record

    def _read_back(self, record: Json, differing: Json) -> None:
        """WordPress cleans names; a SKU or a price that is not the one sent must not pass."""
        for name, value in differing.items():
            said = f"Product {item_id(record)}: the shop shows {name} {record.get(name)!r}"
            if name in ("sku", "regular_price"):
                raise Permanent(f"{said} instead of {value!r}; a plug-in may be changing it")
            self._log("warning", f"{said} for {value!r}.")

    def _in_shop_currency(self, product: ProductPush) -> bool:
        if product.price is None or not product.currency:
            return True
        if self._currency is None:
            self._currency = self._rest.fact("data/currencies/current", "code")
        same = self._currency in ("", product.currency)
        if not same:
            self._log(
                "warning",
                f"Product {product.sku}: its price is in {product.currency} and the shop's are in "
                f"{self._currency}; sent without a price.",
            )
        return same


def _wanted(product: ProductPush, with_price: bool) -> dict[str, Any]:
    wanted: dict[str, Any] = {"sku": product.sku.strip(), "name": product.name}
    if product.price is not None and with_price:
        wanted["regular_price"] = _written_out(product.price)
    if product.barcode:
        wanted["global_unique_id"] = product.barcode
    return wanted


def _written_out(price: Decimal) -> str:
    """With two decimals, or as many as it takes: never as 1E+3, nor with four zeros."""
    cents = price.quantize(_CENT)
    return format(cents if cents == price else price.normalize(), "f")


def _settable(record: Json, wanted: Json) -> Json:
    """A variation is named by its parent, a product made of others is priced by them, and shops
    before WooCommerce 9.2 know no barcode."""
    left_out: Collection[str] = {
        *(("name",) if parent(record) else ()),
        *(("regular_price",) if record.get("type") in _PRICED_BY_PARTS else ()),
        *(("global_unique_id",) if "global_unique_id" not in record else ()),
    }
    return {name: value for name, value in wanted.items() if name not in left_out}


def _differing(record: Json, wanted: Json) -> Json:
    return {
        name: value for name, value in wanted.items() if not _is_same(name, record.get(name), value)
    }


def _is_same(name: str, shown: Any, value: str) -> bool:
    if name == "regular_price":
        return records.money(shown) == records.money(value)
    text = unescape(str(shown or "")).strip()
    if name == "sku":
        return key(text) == key(value)
    return text == unescape(value).strip()
