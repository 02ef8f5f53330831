"""Stock of the shop's products, set by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from channels.connectors.base import Refusal, StockTarget
from channels.connectors.woocommerce import records
from channels.connectors.woocommerce.answers import Json
from channels.connectors.woocommerce.catalogue import Catalogue, batch_path, item_id
from channels.connectors.woocommerce.rest import Rest

PER_BATCH = 100
"""What a batch takes at most; the API answers 413 to more."""


class Stock:
    def __init__(self, rest: Rest, catalogue: Catalogue) -> None:
        self._rest, self._catalogue = rest, catalogue

    def set(self, targets: Sequence[StockTarget]) -> list[Refusal]:
        """What shows the quantity already is not sent again, so that a repetition after a
        time-out in the middle goes on where the first try ended."""
        found = self._catalogue.with_skus(target.sku for target in targets)
        known = {item_id(record): record for record in found}
        refusals: list[Refusal] = []
        places: list[tuple[str, StockTarget]] = []
        for target in targets:
            record = known.get(target.external_id) or self._catalogue.by_id(target.external_id)
            if record is None:
                refusals.append(Refusal(target.external_id, "the shop has no such product"))
            elif not _shows(record, target.quantity):
                places.append((batch_path(record), target))
        places.sort(key=_path)
        for path, placed in groupby(places, key=_path):
            refusals += self._set_some(path, [target for _, target in placed])
        return refusals

    def _set_some(self, path: str, targets: Sequence[StockTarget]) -> Iterator[Refusal]:
        for start in range(0, len(targets), PER_BATCH):
            some = targets[start : start + PER_BATCH]
            done = self._rest.batch(path, [_stock(target) for target in some])
            answers = {str(record.get("id")): record for record in done}
            for target in some:
                if reason := _refused(answers.get(target.external_id), target.quantity):
                    yield Refusal(target.external_id, reason)


def _path(place: tuple[str, StockTarget]) -> str:
    return place[0]


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
