"""Synchronize Inventory: what is available of each product goes to the listings of a channel.

Quantities are absolute, so that a lost or repeated message does no harm; what makes the modes
differ is which events send them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from channels.connectors.base import (
    DUPLICATE_SKUS,
    INVENTORY_MODE,
    Connector,
    StockTarget,
)
from channels.enums import JobType, Kind
from channels.models import Channel, ChannelQuerySet
from oms import listed_stock, sku_mapping
from oms.models import ListedStock, ParkedRecord, ParkedStatus, Product, sku_key
from oms.work import Applied, BatchPushLogic, Context, Outcome, Park, StockCause

MANUAL, REALTIME, WITH_FULFILLMENT = "none", "realtime", "fulfillment"
CAUSES: Mapping[str, frozenset[StockCause]] = {
    MANUAL: frozenset(),
    REALTIME: frozenset(StockCause),
    WITH_FULFILLMENT: frozenset({StockCause.COUNTED}),
}
"""Which changes of stock each inventory mode sends by itself."""


def mode_of(channel: Channel) -> str:
    return str(channel.settings.get(INVENTORY_MODE.name) or INVENTORY_MODE.default)


def automatic_channels(account_id: int) -> list[Channel]:
    """Sales channels of the account that send stock by themselves."""
    return [channel for channel in _selling(account_id) if CAUSES.get(mode_of(channel))]


def _selling(account_id: int) -> ChannelQuerySet:
    return Channel.objects.present().filter(account=account_id, kind=Kind.SALES, enabled=True)


def wanting(account_id: int, cause: StockCause) -> list[int]:
    """Ids of the sales channels that are to be told of a change for this cause, now."""
    modes = [mode for mode, causes in CAUSES.items() if cause in causes]
    channels = _selling(account_id).filter(**{f"settings__{INVENTORY_MODE.name}__in": modes})
    return [one.pk for one in channels if has_news(one)]


def has_news(channel: Channel) -> bool:
    """A product that the channel was never told of is news as well."""
    listed_stock.ensure_rows(channel)
    return listed_stock.outstanding(channel).exists()


@dataclass
class _Batch:
    """One call: the rows as they were before the quantities were read, and what becomes of each."""

    rows: dict[int, ListedStock]
    quantities: dict[int, int]
    targets: list[StockTarget] = field(default_factory=list)
    owners: dict[str, int] = field(default_factory=dict)
    results: dict[int, Applied | Park] = field(default_factory=dict)

    def aim(self, product_id: int, sku: str, external_ids: Sequence[str]) -> None:
        for external_id in external_ids:
            self.targets.append(StockTarget(external_id, sku, self.quantities[product_id]))
            self.owners[external_id] = product_id

    def reasons(self, product_id: int, refused: Mapping[str, str]) -> list[str]:
        """Why listings of this product were refused."""
        mine = [one for one, owner in self.owners.items() if owner == product_id]
        return [refused[one] for one in mine if one in refused]


class SyncInventory(BatchPushLogic):
    type: ClassVar[JobType] = JobType.SYNC_INVENTORY

    def due(self, channel: Channel) -> list[int]:
        """What changed since it was last acknowledged, without what the platform refused."""
        if mode_of(channel) == MANUAL:
            return []
        listed_stock.ensure_rows(channel)
        refused = ParkedRecord.objects.filter(
            channel=channel, type=self.type, status=ParkedStatus.PARKED
        )
        aside = {int(one) for one in refused.values_list("external_id", flat=True)}
        keys = listed_stock.outstanding(channel).values_list("product_id", flat=True)
        return [key for key in keys if key not in aside]

    def due_by_hand(self, channel: Channel) -> list[int]:
        """Everything, in every mode."""
        listed_stock.ensure_rows(channel)
        rows = ListedStock.objects.filter(channel=channel).order_by("product_id")
        return list(rows.values_list("product_id", flat=True))

    def push_batch(
        self, context: Context, connector: Connector, keys: Sequence[int]
    ) -> dict[int, Applied | Park]:
        batch = _read(context.channel, keys)
        skus = sku_mapping.channel_skus(context.channel, batch.rows)
        listings = _listings(connector, skus)
        for product_id, sku in skus.items():
            self._aim(context, batch, product_id, sku, listings.get(sku_key(sku), ()))
        refused = _send(connector, batch.targets)
        for product_id in set(batch.owners.values()):
            batch.results[product_id] = _result(
                skus[product_id], batch.reasons(product_id, refused)
            )
        _acknowledge(context, batch)
        return batch.results

    def _aim(
        self, context: Context, batch: _Batch, product_id: int, sku: str, found: Sequence[str]
    ) -> None:
        choice = context.channel.settings.get(DUPLICATE_SKUS.name) or DUPLICATE_SKUS.default
        if len(found) > 1 and choice == "park":
            batch.results[product_id] = Park(
                f"{len(found)} listings of {context.channel} have SKU {sku}, and the channel's "
                "settings ask you to decide. Give each its own SKU there, or choose which listings "
                "get the stock in the channel's settings, then retry."
            )
        elif len(found) > 1:
            context.log("warning", f"{len(found)} listings have SKU {sku}.")
        if product_id not in batch.results:
            batch.aim(product_id, sku, found[:1] if choice == "first" else found)

    def describe(self, key: int) -> dict[str, Any]:
        product = Product.objects.get(pk=key)
        return {"sku": product.sku, "quantity": listed_stock.available([key])[key]}


def _read(channel: Channel, keys: Collection[int]) -> _Batch:
    """The rows first: what changes after them has a higher version and is sent again."""
    listed = ListedStock.objects.filter(channel=channel, product_id__in=keys)
    rows = {row.product_id: row for row in listed}
    return _Batch(rows, listed_stock.available(list(rows)))


def _listings(connector: Connector, skus: Mapping[int, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for sku, external_ids in connector.listings(list(skus.values())).items():
        found[sku_key(sku)] += [one for one in external_ids if one not in found[sku_key(sku)]]
    return found


def _send(connector: Connector, targets: Sequence[StockTarget]) -> dict[str, str]:
    """Reasons of what the platform refused, by listing."""
    refused: dict[str, str] = {}
    for start in range(0, len(targets), connector.stock_batch):
        some = targets[start : start + connector.stock_batch]
        refused |= {one.external_id: one.reason for one in connector.set_stock(some)}
    return refused


def _result(sku: str, reasons: Sequence[str]) -> Applied | Park:
    if reasons:
        return Park(f"The stock of SKU {sku} was refused: {reasons[0]} Mend the cause, then retry.")
    return Applied(Outcome.UPDATED)


def _acknowledge(context: Context, batch: _Batch) -> None:
    """Note what the platform has now; a listing it does not have is asked for again in a day."""
    for product_id, row in batch.rows.items():
        result = batch.results.setdefault(product_id, Applied(Outcome.UNCHANGED))
        if isinstance(result, Park):
            continue
        listed = result.outcome == Outcome.UPDATED
        ListedStock.objects.filter(pk=row.pk).update(
            sent_version=row.version,
            quantity=batch.quantities[product_id] if listed else None,
            sent_at=context.at,
            listed=listed,
        )
