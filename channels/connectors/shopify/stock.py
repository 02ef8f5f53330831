"""Stock: which variants carry a SKU, and what a buyer can have of them at one location."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import uuid4

from channels.connectors.base import Misconfigured, Permanent, Refusal, StockTarget
from channels.connectors.shopify import documents
from channels.connectors.shopify.graph import Graph, Json, UserError
from channels.connectors.shopify.ids import gid, number

SKUS_PER_SEARCH = 50


class Stock:
    """`location`: the id of the location whose stock is kept; "" for the shop's primary one."""

    def __init__(self, graph: Graph, location: str) -> None:
        self._graph, self._wanted = graph, location.strip()

    def listings(self, skus: Sequence[str]) -> dict[str, list[str]]:
        """Several variants may carry one SKU: each is a listing."""
        wanted = {_key(sku): sku for sku in skus if sku.strip()}
        found: dict[str, list[str]] = {}
        for nodes in self._search([*wanted.values()]):
            for node in nodes:
                sku = wanted.get(_key(str(node["sku"] or "")))
                if sku is not None:
                    found.setdefault(sku, []).append(str(node["legacyResourceId"]))
        return found

    def _search(self, skus: Sequence[str]) -> Iterator[list[Json]]:
        """The search takes words and beginnings too; who calls compares the whole SKU."""
        for start in range(0, len(skus), SKUS_PER_SEARCH):
            some = skus[start : start + SKUS_PER_SEARCH]
            query = " OR ".join(f'sku:"{_escaped(sku)}"' for sku in some)
            yield from self._graph.walk(documents.LISTINGS, {"query": query}, ["productVariants"])

    def set(self, targets: Sequence[StockTarget]) -> list[Refusal]:
        """`available` is what a buyer can have: Shopify keeps what open orders hold apart."""
        if not targets:
            return []
        location = self._location()
        items = self._items(targets, location)
        refused: list[Refusal] = []
        settable: list[tuple[StockTarget, str]] = []
        for target in targets:
            item = items.get(target.external_id)
            reason = self._why_not(item, location)
            if item is None or reason:
                refused.append(Refusal(target.external_id, reason))
            else:
                settable.append((target, str(item["id"])))
        return refused + self._set_all(settable, location)

    def _why_not(self, item: Json | None, location: str) -> str:
        """Why an item's quantity cannot be set, "" where it can; stocks it where it is not yet."""
        if item is None:
            return "the variant is no longer in the shop"
        if not item["tracked"]:
            return "the shop does not track its quantity: switch on Track quantity at the variant"
        if item["inventoryLevel"] is None:
            return self._activate(str(item["id"]), location)
        return ""

    def _activate(self, item: str, location: str) -> str:
        """Without a quantity of its own, so that an earlier one at the location stays."""
        variables = {"item": item, "location": location, "key": str(uuid4())}
        _, errors = self._graph.attempt(documents.ACTIVATE, variables, "inventoryActivate")
        return "; ".join(str(error) for error in errors)

    def _set_all(self, settable: list[tuple[StockTarget, str]], location: str) -> list[Refusal]:
        """The platform takes all or nothing, so what it names is left out and the rest repeated."""
        refused: list[Refusal] = []
        while settable:
            errors = self._set_once(settable, location)
            if not errors:
                break
            named = _by_index(errors, len(settable))
            if not named:
                said = "; ".join(str(error) for error in errors)
                raise Permanent(f"Shopify did not take the quantities: {said}")
            refused += [Refusal(settable[at][0].external_id, why) for at, why in named.items()]
            settable = [one for at, one in enumerate(settable) if at not in named]
        return refused

    def _set_once(
        self, settable: Sequence[tuple[StockTarget, str]], location: str
    ) -> list[UserError]:
        """The key is new each time: with one used before, Shopify would repeat its old answer.

        `changeFromQuantity` null: the quantity is set whatever it is now.
        """
        quantities = [
            {
                "inventoryItemId": item,
                "locationId": location,
                "quantity": target.quantity,
                "changeFromQuantity": None,
            }
            for target, item in settable
        ]
        given = {"name": "available", "reason": "correction", "quantities": quantities}
        variables = {"input": given, "key": str(uuid4())}
        return self._graph.attempt(documents.SET_STOCK, variables, "inventorySetQuantities")[1]

    def _items(self, targets: Sequence[StockTarget], location: str) -> Mapping[str, Json]:
        ids = [gid("ProductVariant", target.external_id) for target in targets]
        variables = {"ids": ids, "location": location}
        nodes = self._graph.ask(documents.STOCK_ITEMS, variables)["nodes"]
        return {str(node["legacyResourceId"]): node["inventoryItem"] for node in nodes if node}

    def _location(self) -> str:
        wanted = self._wanted
        try:
            asked = gid("Location", number(wanted)) if wanted else None
        except ValueError as error:
            raise Misconfigured(
                f"the location {wanted!r} is not an id: enter the number at the end of the "
                "location's address in Shopify, under Settings, Locations"
            ) from error
        location = self._graph.ask(documents.LOCATION, {"id": asked})["location"]
        if location is None:
            raise Misconfigured(f"the shop has no location {wanted or '(primary)'}")
        if not location["isActive"]:
            raise Misconfigured(f"the shop's location {location['name']} is not active")
        return str(location["id"])


def _by_index(errors: Sequence[UserError], count: int) -> dict[int, str]:
    """Reasons by the index of the quantity in the path: input, quantities, 3, quantity."""
    reasons: dict[int, str] = {}
    for error in errors:
        index = next((int(part) for part in error.path if part.isdigit()), count)
        if index < count:
            reasons.setdefault(index, error.message)
    return reasons


def _key(sku: str) -> str:
    return sku.strip().casefold()


def _escaped(sku: str) -> str:
    return sku.strip().replace("\\", "\\\\").replace('"', '\\"')
