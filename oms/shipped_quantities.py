"""What a warehouse says it shipped, laid over what a shipment asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from channels.connectors.base import ShippedLine
from oms.models import ShipmentLine, sku_key
from oms.work import Park

DECIDE = "Decide with the warehouse what holds, have it corrected there, then retry or discard."


def totals_of(lines: Iterable[ShippedLine]) -> Counter[str]:
    """Shipped quantities by SKU key; zero is not there. Raises `Park` where one is negative."""
    totals: Counter[str] = Counter()
    for line in lines:
        if line.quantity < 0:
            raise Park(f"The warehouse says {line.quantity} x {line.sku} were shipped. {DECIDE}")
        totals[sku_key(line.sku)] += line.quantity
    return +totals


def shared_out(lines: list[ShipmentLine], totals: Counter[str]) -> dict[int, int]:
    """Shipped quantity by shipment line id; lines with one SKU are filled in their order.

    Raises `Park` where more was shipped than ordered, or something that was not ordered.
    """
    left = Counter(totals)
    shares = {}
    for line in lines:
        key = sku_key(line.order_line.sku)
        shares[line.pk] = min(left[key], line.quantity)
        left[key] -= shares[line.pk]
    for key in +left:
        ordered = sum(line.quantity for line in lines if sku_key(line.order_line.sku) == key)
        name = next((x.order_line.sku for x in lines if sku_key(x.order_line.sku) == key), key)
        what = f"only {ordered} were ordered" if ordered else "the item was not ordered"
        raise Park(f"The warehouse shipped {totals[key]} x {name}, but {what}. {DECIDE}")
    return shares
