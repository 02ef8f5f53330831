"""Products of the shop by SKU: their stock is set, and they are made or changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from html import unescape
from itertools import groupby
from typing import Any

from channels.connectors.base import Log, Permanent, ProductPush, Refusal, StockTarget
from channels.connectors.woocommerce import records
from channels.connectors.woocommerce.reading import read
from channels.connectors.woocommerce.rest import Json, Refused, Rest

PER_BATCH = 100
"""What a batch takes at most; the API answers 413 to more."""
_LONGEST_QUESTION = 1500
"""Characters of SKUs asked for at a time: web servers refuse addresses of more than a few
thousand, and a character may take nine of them."""
_PRICED_BY_PARTS = frozenset({"variable", "grouped"})


class Products:
    """One shop's products. Every write is read back from the shop's own answer."""

    def __init__(self, rest: Rest, log: Log, new_status: str = "publish") -> None:
        self._rest, self._log, self._new_status = rest, log, new_status
        self._currency: str | None = None

    # By SKU

    def listings(self, skus: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for record in self._with_skus(skus):
            found.setdefault(_key(records.sku(record)), []).append(_id(record))
        return {sku: found[_key(sku)] for sku in skus if _key(sku) in found}

    def _with_skus(self, skus: Iterable[str]) -> Iterator[Json]:
        """With `sku` the API lists variations beside products; those in the bin are left out.

        What it finds is compared again: shops differ in how they compare.
        """
        for question in _questions(skus):
            wanted = {_key(sku) for sku in question}
            for found in self._rest.walk("products", {"sku": ",".join(question)}):
                yield from (r for r in found if _key(records.sku(r)) in wanted)

    # Stock

    def set_stock(self, targets: Sequence[StockTarget]) -> list[Refusal]:
        """What shows the quantity already is not sent again, so that a repetition after a
        time-out in the middle goes on where the first try ended."""
        known = {_id(record): record for record in self._with_skus(t.sku for t in targets)}
        refusals, places = [], []
        for target in targets:
            record = known.get(target.external_id) or self._by_id(target.external_id)
            if record is None:
                refusals.append(Refusal(target.external_id, "the shop has no such product"))
            elif not _shows(record, target.quantity):
                places.append((_batch_path(record), target))
        for path, placed in groupby(sorted(places, key=lambda p: p[0]), key=lambda p: p[0]):
            refusals += self._set(path, [target for _, target in placed])
        return refusals

    def _set(self, path: str, targets: Sequence[StockTarget]) -> Iterator[Refusal]:
        for start in range(0, len(targets), PER_BATCH):
            some = targets[start : start + PER_BATCH]
            done = self._rest.batch(path, [_stock(target) for target in some])
            answers = {str(record.get("id")): record for record in done}
            for target in some:
                if reason := _refused(answers.get(target.external_id), target.quantity):
                    yield Refusal(target.external_id, reason)

    # Making and changing

    def export(self, product: ProductPush) -> str:
        """The shop's id of the product, which then shows what it was given."""
        if not product.sku.strip():
            raise Permanent("a product without SKU cannot be found again in the shop: give it one")
        wanted = _wanted(product, self._in_shop_currency(product))
        record = self._find(product)
        if record is None:
            record = self._make(product, wanted)
        return _id(self._bring_to(record, wanted))

    def _find(self, product: ProductPush) -> Json | None:
        record = self._by_id(product.external_id) if product.external_id else None
        if record is not None:
            return record
        found = list(self._with_skus([product.sku]))
        if len(found) > 1:
            raise Permanent(
                f"the shop has SKU {product.sku} on several products "
                f"({', '.join(_id(record) for record in found)}): leave it on one of them"
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
            changed = self._rest.change(_path(record), differing)
            if changed is None:
                raise Permanent(f"product {_id(record)} was removed from the shop: run it again")
            record = {**changed, **_place(record)}
        if "global_unique_id" in wanted and "global_unique_id" not in record:
            self._log("warning", f"Product {_id(record)}: this shop keeps no barcodes (GTIN).")
        self._read_back(record, _differing(record, _settable(record, wanted)))
        return record

    def _read_back(self, record: Json, differing: Json) -> None:
        """WordPress cleans names; a SKU or a price that is not the one sent must not pass."""
        for name, value in differing.items():
            said = f"Product {_id(record)}: the shop shows {name} {record.get(name)!r}"
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

    def _by_id(self, external_id: str) -> Json | None:
        record = self._rest.one(f"products/{external_id}") if external_id.isdigit() else None
        return None if record is None or records.is_in_bin(record) else record


def _questions(skus: Iterable[str]) -> Iterator[list[str]]:
    """A comma separates SKUs; one that has commas itself is asked for alone."""
    question: list[str] = []
    for sku in dict.fromkeys(cleaned for sku in skus if (cleaned := sku.strip())):
        if "," in sku:
            yield [sku]
            continue
        if question and len(",".join(question)) + len(sku) > _LONGEST_QUESTION:
            yield question
            question = []
        question.append(sku)
    if question:
        yield question


def _key(sku: str) -> str:
    return sku.strip().casefold()


def _id(record: Json) -> str:
    return read(record, lambda found: str(int(found["id"])))


def _parent(record: Json) -> int:
    """The variable product that a variation belongs to, 0 for all other products."""
    if record.get("type") != "variation":
        return 0
    return read(record, lambda found: int(found["parent_id"]))


def _place(record: Json) -> Json:
    """What the answers of a variation's own route leave out."""
    return {name: record[name] for name in ("type", "parent_id") if name in record}


def _batch_path(record: Json) -> str:
    parent = _parent(record)
    return f"products/{parent}/variations" if parent else "products"


def _path(record: Json) -> str:
    return f"{_batch_path(record)}/{_id(record)}"


def _stock(target: StockTarget) -> Json:
    return {
        "id": int(target.external_id),
        "manage_stock": True,
        "stock_quantity": target.quantity,
    }


def _shows(record: Json, quantity: int) -> bool:
    """`manage_stock` is "parent" for a variation whose parent's stock counts."""
    return record.get("manage_stock") is True and _quantity(record) == quantity


def _quantity(record: Json) -> Decimal | None:
    return records.money(record.get("stock_quantity"))


def _refused(answer: Json | None, quantity: int) -> str:
    """Why the shop did not take it, "" where it did."""
    if answer is None:
        return "the shop did not answer for this product"
    if error := answer.get("error"):
        said = error if isinstance(error, Mapping) else {}
        return f"{said.get('message') or 'refused'} ({said.get('code') or 'no reason given'})"
    if _shows(answer, quantity):
        return ""
    return (
        f"the shop shows {answer.get('stock_quantity')} instead of {quantity}: "
        "a product of this kind has no stock of its own, or a plug-in is changing it"
    )


def _wanted(product: ProductPush, with_price: bool) -> dict[str, Any]:
    wanted: dict[str, Any] = {"sku": product.sku.strip(), "name": product.name}
    if product.price is not None and with_price:
        wanted["regular_price"] = format(product.price, "f")
    if product.barcode:
        wanted["global_unique_id"] = product.barcode
    return wanted


def _settable(record: Json, wanted: Json) -> Json:
    """A variation is named by its parent, a product made of others is priced by them, and shops
    before WooCommerce 9.2 know no barcode."""
    left_out: Collection[str] = {
        *(("name",) if _parent(record) else ()),
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
        return _key(text) == _key(value)
    return text == unescape(value).strip()
