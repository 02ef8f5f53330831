"""The books of stock at one warehouse: what lies there, and what of it is promised.

A shipment that is ready, sent or short shipped holds what it has not shipped yet, until the
warehouse is done with it. The sum of what
shipments hold of a product at a channel is its level's `allocated`; every change goes through
`book`, on levels locked in the order of their products, so that two transactions cannot promise
the same unit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import F

from oms import listed_stock
from oms.models import Shipment, ShipmentStatus, StockLevel

Levels = dict[int, StockLevel]
"""Stock levels of one channel by product id."""

HOLDING = frozenset({ShipmentStatus.READY, ShipmentStatus.SENT, ShipmentStatus.SHORT_SHIPPED})


def needed(shipment: Shipment) -> Counter[int]:
    """What is still to be shipped, by product id."""
    total: Counter[int] = Counter()
    for line in shipment.lines.select_related("order_line"):
        total[line.order_line.product_id] += line.quantity - line.shipped
    return total


def held(shipment: Shipment) -> Counter[int]:
    """The part of `allocated` that stands for this shipment, by product id."""
    if shipment.status not in HOLDING or shipment.done:
        return Counter()
    return needed(shipment)


def lock_levels(channel_id: int, products: Iterable[int]) -> Levels:
    """The levels of these products, made where missing; needs a transaction."""
    wanted = sorted(set(products))
    found = _locked(channel_id, wanted)
    if len(found) < len(wanted):
        StockLevel.objects.bulk_create(
            (StockLevel(product_id=p, channel_id=channel_id) for p in wanted if p not in found),
            ignore_conflicts=True,
        )
        found = _locked(channel_id, wanted)
    return found


def _locked(channel_id: int, products: list[int]) -> Levels:
    levels = StockLevel.objects.filter(channel_id=channel_id, product_id__in=products)
    return {level.product_id: level for level in levels.order_by("product_id").select_for_update()}


def book(
    levels: Levels,
    at: datetime,
    *,
    allocated: Mapping[int, int] | None = None,
    on_hand: Mapping[int, int] | None = None,
) -> None:
    """Add these differences, by product id, to locked levels.

    Sales channels have to be told where that changes what is available.
    """
    changed = []
    for product_id, level in levels.items():
        promised = (allocated or {}).get(product_id, 0)
        moved = (on_hand or {}).get(product_id, 0)
        if promised or moved:
            StockLevel.objects.filter(pk=level.pk).update(
                allocated=F("allocated") + promised, on_hand=F("on_hand") + moved, updated_at=at
            )
            level.allocated += promised
            level.on_hand += moved
        if promised != moved:
            changed.append(product_id)
    if changed:
        listed_stock.note_change(changed)
