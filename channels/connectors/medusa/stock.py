"""Stock at Medusa: inventory items, and their level at one location.

Medusa keeps `stocked_quantity` (on hand) and `reserved_quantity` (for open orders) apart; what a
buyer can have is the difference. An inventory item, not a variant, is what is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property

from channels.connectors.base import (
    Misconfigured,
    Permanent,
    Refusal,
    StockTarget,
    Transient,
)
from channels.connectors.medusa.rest import Json, Rest

ITEMS = "inventory-items"
ITEM_LIST = "inventory_items"
LEVELS = (
    "id,location_levels.location_id,location_levels.stocked_quantity,"
    "location_levels.reserved_quantity"
)
_SKUS_PER_QUESTION = 20
"""Three spellings each, in one address: Node.js takes at most 16 KiB of it."""
_ROUNDS = 3


def same_sku(one: object, other: object) -> bool:
    return str(one or "").strip().casefold() == str(other or "").strip().casefold()


def by_sku(
    rest: Rest, path: str, name: str, fields: str, skus: Sequence[str]
) -> dict[str, list[Json]]:
    """Records of a list by each of these SKUs, without regard to case.

    Medusa compares SKUs letter by letter, so the usual spellings are asked for at once; what is
    not found so is looked for with its text search, one at a time.
    """
    found: dict[str, list[Json]] = {sku: [] for sku in skus}
    for start in range(0, len(skus), _SKUS_PER_QUESTION):
        some = skus[start : start + _SKUS_PER_QUESTION]
        spelled = {form for sku in some for form in (sku, sku.upper(), sku.lower())}
        records = _all(rest.walk(path, name, {"fields": fields, "sku[]": sorted(spelled)}))
        for sku in some:
            found[sku] = [record for record in records if same_sku(record.get("sku"), sku)]
    for sku in (sku for sku, records in found.items() if not records and sku.strip()):
        records = _all(rest.walk(path, name, {"fields": fields, "q": sku.strip()}))
        found[sku] = [record for record in records if same_sku(record.get("sku"), sku)]
    return found


def _all(pages: Iterable[list[Json]]) -> list[Json]:
    return [record for page in pages for record in page]


class Stock:
    """`location`: the id of the stock location, "" for the first one that the shop made."""

    def __init__(self, rest: Rest, location: str) -> None:
        self._rest, self._chosen = rest, location

    @cached_property
    def location(self) -> str:
        """Looked up, since Medusa makes levels at locations that do not exist."""
        if self._chosen:
            if self._rest.one(f"stock-locations/{self._chosen}", "stock_location", "id") is None:
                raise Misconfigured(
                    f"Medusa has no stock location {self._chosen}: correct it in the channel's "
                    "settings, or leave it empty for the first one"
                )
            return self._chosen
        first = {"fields": "id", "order": "created_at", "limit": 1}
        found, _ = self._rest.page("stock-locations", "stock_locations", first)
        if not found:
            raise Misconfigured("Medusa has no stock location: make one in its settings")
        return str(found[0]["id"])

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        found = by_sku(self._rest, ITEMS, ITEM_LIST, "id,sku", skus)
        return {sku: [str(item["id"]) for item in items] for sku, items in found.items() if items}

    def set(self, targets: Sequence[StockTarget]) -> list[Refusal]:
        """Written again where a reservation came or went between reading and writing."""
        refusals: list[Refusal] = []
        for _round in range(_ROUNDS):
            if not targets:
                break
            levels = self._levels([target.external_id for target in targets])
            refusals += [_unknown(target) for target in targets if target.external_id not in levels]
            known = [target for target in targets if target.external_id in levels]
            refused, reserved = self._write(known, levels)
            refusals += refused
            targets = [
                target
                for target in known
                if reserved.get(target.external_id, _reserved(levels, target))
                != _reserved(levels, target)
            ]
        return refusals

    def _levels(self, items: list[str]) -> dict[str, Json | None]:
        """The level at our location by item; None where the item is not kept there yet."""
        pages = self._rest.walk(ITEMS, ITEM_LIST, {"id[]": items, "fields": LEVELS})
        return {str(item["id"]): self._ours(item) for page in pages for item in page}

    def _ours(self, item: Json) -> Json | None:
        levels = item.get("location_levels") or ()
        return next((one for one in levels if one["location_id"] == self.location), None)

    def _write(
        self, targets: Sequence[StockTarget], levels: Mapping[str, Json | None]
    ) -> tuple[list[Refusal], dict[str, int]]:
        """What was not taken, and what Medusa then had reserved, by item.

        The batch is all or nothing: where it is refused, each is tried by itself.
        """
        due = [target for target in targets if not _is_set(levels, target)]
        if not due:
            return [], {}
        try:
            return [], self._send(due, levels)
        except Permanent as error:
            if len(due) == 1:
                return [Refusal(due[0].external_id, str(error))], {}
        refusals: list[Refusal] = []
        reserved: dict[str, int] = {}
        for target in due:
            refused, then = self._write([target], levels)
            refusals += refused
            reserved |= then
        return refusals, reserved

    def _send(
        self, targets: Sequence[StockTarget], levels: Mapping[str, Json | None]
    ) -> dict[str, int]:
        body: Json = {"create": [], "update": []}
        for target in targets:
            level = levels[target.external_id]
            body["create" if level is None else "update"].append(
                {
                    "inventory_item_id": target.external_id,
                    "location_id": self.location,
                    "stocked_quantity": target.quantity + _reserved(levels, target),
                }
            )
        answer = self._rest.send(f"{ITEMS}/location-levels/batch", body)
        written = list(_written(answer))
        if {str(level["inventory_item_id"]) for level in written} != {
            target.external_id for target in targets
        }:
            raise Transient("Medusa did not say of every inventory item what stock it has now")
        return {str(level["inventory_item_id"]): _whole(level) for level in written}


def _written(answer: Json) -> Iterator[Json]:
    for part in ("created", "updated"):
        yield from answer.get(part) or ()


def _whole(level: Json) -> int:
    """A fraction of a piece that is reserved cannot be sold either way."""
    return int(Decimal(level["reserved_quantity"]).to_integral_value(rounding="ROUND_CEILING"))


def _reserved(levels: Mapping[str, Json | None], target: StockTarget) -> int:
    level = levels[target.external_id]
    return 0 if level is None else _whole(level)


def _is_set(levels: Mapping[str, Json | None], target: StockTarget) -> bool:
    level = levels[target.external_id]
    wanted = target.quantity + _reserved(levels, target)
    return level is not None and Decimal(level["stocked_quantity"]) == wanted


def _unknown(target: StockTarget) -> Refusal:
    return Refusal(target.external_id, "Medusa no longer has this inventory item")
