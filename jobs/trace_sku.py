"""The story of a SKU: what lies where, what channels were told, which orders wait for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F

from jobs.replays import skus_in
from oms import listed_stock
from oms.models import (
    OPEN_ORDER_STATUSES,
    ListedStock,
    OrderLine,
    ParkedRecord,
    ParkedStatus,
    Product,
    SkuMapping,
    StockLevel,
)

LISTED = 20
PARKED_LOOKED_AT = 500
"""So many of the newest parked records are searched for the SKU."""


@dataclass(frozen=True)
class SkuStory:
    """`waiting` are lines of open orders that have not shipped whole, newest first."""

    product: Product
    available: int
    levels: list[StockLevel]
    told: list[ListedStock]
    waiting: list[OrderLine]
    parked: list[ParkedRecord]
    mappings: list[SkuMapping]

    @property
    def summary(self) -> str:
        behind = sum(one.listed and one.version > one.sent_version for one in self.told)
        said = [
            f"{self.available} available",
            _count(len(self.waiting), "order line waits for it", "order lines wait for it"),
            _count(behind, "channel is still to be told", "channels are still to be told"),
            _count(len(self.parked), "parked record names it", "parked records name it"),
        ]
        return f"{self.product}: {', '.join(one for one in said if one)}."


def _count(number: int, one: str, several: str) -> str:
    """In words, "" for none; a list that is full may stand for more."""
    if not number:
        return ""
    more = " or more" if number == LISTED else ""
    return f"{number}{more} {one if number == 1 else several}"


def tell_sku(product: Product) -> SkuStory:
    """A fixed number of queries."""
    levels = StockLevel.objects.filter(product=product, channel__deleted_at=None)
    told = ListedStock.objects.filter(product=product, channel__deleted_at=None)
    lines = OrderLine.objects.filter(
        product=product, order__status__in=OPEN_ORDER_STATUSES, shipped__lt=F("quantity")
    )
    mappings = SkuMapping.objects.filter(product=product, channel__deleted_at=None)
    return SkuStory(
        product=product,
        available=listed_stock.available([product.pk])[product.pk],
        levels=list(levels.select_related("channel").order_by("channel__name")),
        told=list(told.select_related("channel").order_by("channel__name")),
        waiting=list(lines.select_related("order__channel").order_by("-pk")[:LISTED]),
        parked=_parked(product, {one.external_sku_key for one in mappings}),
        mappings=list(mappings.select_related("channel")),
    )


def _parked(product: Product, other_names: set[str]) -> list[ParkedRecord]:
    """Those parked now whose payload names the SKU, ours or a channel's."""
    wanted = {product.sku_key, *other_names}
    parked = ParkedRecord.objects.filter(account=product.account_id, status=ParkedStatus.PARKED)
    newest = parked.select_related("channel").order_by("-pk")[:PARKED_LOOKED_AT]
    return [one for one in newest if wanted & set(skus_in(one.payload))][:LISTED]
