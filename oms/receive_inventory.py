"""Receive Inventory: what lies at a warehouse, as the warehouse counted it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from channels.connectors.base import StockData
from channels.enums import JobType
from channels.models import Channel
from oms import sku_mapping
from oms.allocation import release_backorders
from oms.columns import LARGEST_QUANTITY, text
from oms.ledger import book, lock_levels
from oms.models import StockLevel, sku_key
from oms.work import Applied, Context, Outcome, Park, PullLogic, StockCause

UNCHANGED = Applied(Outcome.UNCHANGED)


class ReceiveInventory(PullLogic):
    type: ClassVar[JobType] = JobType.RECEIVE_INVENTORY
    moves_stock: ClassVar[StockCause | None] = StockCause.COUNTED

    def apply(self, context: Context, record: StockData) -> Applied:
        """Quantities are absolute; an older count never overwrites a newer one."""
        if abs(record.on_hand) > LARGEST_QUANTITY:
            raise Park(
                f"The warehouse says {record.on_hand} of {record.sku} lie there: have the figure "
                "corrected, then retry."
            )
        sku = text(record.sku)
        product = sku_mapping.find_products(context.channel, [sku]).get(sku_key(sku))
        if product is None:
            context.log("info", f"SKU {record.sku} is not in the catalogue; left out.")
            return UNCHANGED
        level = lock_levels(context.channel.pk, [product.pk])[product.pk]
        counted_at = record.changed_at
        if counted_at and level.counted_at and counted_at < level.counted_at:
            context.log("info", f"SKU {record.sku}: this count is older than ours; left out.")
            return UNCHANGED
        if counted_at != level.counted_at:
            StockLevel.objects.filter(pk=level.pk).update(counted_at=counted_at)
        more = record.on_hand - level.on_hand
        if not more:
            return UNCHANGED
        book({product.pk: level}, context.at, on_hand={product.pk: more})
        if more > 0:
            release_backorders(context.channel.pk, [product.pk], context.at, context.log)
        return Applied(Outcome.UPDATED)

    def gone(self, context: Context, external_id: str) -> Applied:
        """A warehouse that no longer knows an item has none of it: that is for an operator."""
        context.log(
            "warning",
            f"The warehouse no longer knows SKU {external_id}; its stock was left as it is. "
            "Correct it on the Stock tab if none is there.",
        )
        return UNCHANGED

    def open_ids(self, channel: Channel, since: datetime) -> Iterator[tuple[int, str]]:
        """Every product may be counted anew at any time: each is asked for by its SKU there."""
        levels = StockLevel.objects.filter(channel=channel).order_by("pk")
        keys = levels.values_list("pk", "product_id", "product__sku")
        rows = list(keys)
        skus = sku_mapping.channel_skus(channel, {product for _, product, _ in rows})
        return ((key, skus[product]) for key, product, _ in rows if product in skus)
