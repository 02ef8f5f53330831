"""Products of the shop by SKU and by id, variations among them, and where each is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from channels.connectors.woocommerce import records
from channels.connectors.woocommerce.answers import Json
from channels.connectors.woocommerce.reading import read
from channels.connectors.woocommerce.rest import Rest

_LONGEST_QUESTION = 1500
"""Characters of SKUs asked for at a time: web servers refuse addresses of more than a few
thousand, and a character may take nine of them."""


class Catalogue:
    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def listings(self, skus: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for record in self.with_skus(skus):
            found.setdefault(key(records.sku(record)), []).append(item_id(record))
        return {sku: found[key(sku)] for sku in skus if key(sku) in found}

    def with_skus(self, skus: Iterable[str]) -> Iterator[Json]:
        """With `sku` the API lists variations beside products; those in the bin are left out.

        What it finds is compared again: shops differ in how they compare. A list that shrinks
        while it is read gives some of its records twice.
        """
        for question in _questions(skus):
            wanted = {key(sku) for sku in question}
            seen: set[str] = set()
            for found in self._rest.walk("products", {"sku": ",".join(question)}):
                fitting = {item_id(r): r for r in found if key(records.sku(r)) in wanted}
                yield from (r for external_id, r in fitting.items() if external_id not in seen)
                seen.update(fitting)

    def by_id(self, external_id: str) -> Json | None:
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


def key(sku: str) -> str:
    return sku.strip().casefold()


def item_id(record: Json) -> str:
    return read(record, lambda found: str(int(found["id"])))


def parent(record: Json) -> int:
    """The variable product that a variation belongs to, 0 for all other products."""
    if record.get("type") != "variation":
        return 0
    return read(record, lambda found: int(found["parent_id"]))


def place(record: Json) -> Json:
    """What the answers of a variation's own route leave out."""
    return {name: record[name] for name in ("type", "parent_id") if name in record}


def batch_path(record: Json) -> str:
    number = parent(record)
    return f"products/{number}/variations" if number else "products"


def path(record: Json) -> str:
    return f"{batch_path(record)}/{item_id(record)}"
