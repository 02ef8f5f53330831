"""What a warehouse says it shipped, laid over what a shipment asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from channels.connectors.base import ShippedLine
from channels.models import Channel
from oms.models import ShipmentLine, sku_key
from oms.sku_mapping import find_products
from oms.work import Park

DECIDE = "Decide with the warehouse what holds, have it corrected there, then retry or discard."


def totals_of(lines: Iterable[ShippedLine]) -> Counter[str]:
    """Shipped quantities by SKU as the warehouse writes it first; zero is not there.

    Raises `Park` where one is negative.
    """
    totals: Counter[str] = Counter()
    names: dict[str, str] = {}
    for line in lines:
        if line.quantity < 0:
            raise Park(f"The warehouse says {line.quantity} x {line.sku} were shipped. {DECIDE}")
        totals[names.setdefault(sku_key(line.sku), line.sku.strip())] += line.quantity
    return +totals


def shared_out(channel: Channel, lines: list[ShipmentLine], totals: Counter[str]) -> dict[int, int]:
    """Shipped quantity by shipment line id; lines with one product are filled in their order.

    `lines` have their order lines loaded. Raises `Park` where more was shipped than ordered, or
    something that was not ordered.
    """
    ids = _product_ids(channel, lines, totals)
    left: Counter[int | None] = Counter()
    names: dict[int | None, str] = {}
    for sku, quantity in totals.items():
        left[ids[sku]] += quantity
        names[ids[sku]] = sku
    shipped = Counter(left)
    shares = {}
    for line in lines:
        key = line.order_line.product_id
        shares[line.pk] = min(left[key], line.quantity)
        left[key] -= shares[line.pk]
    for wrong in +left:
        own = [line for line in lines if line.order_line.product_id == wrong]
        ordered = sum(line.quantity for line in own)
        what = f"only {ordered} were ordered" if ordered else "the item was not ordered"
        name = _both_names(names[wrong], own)
        raise Park(f"The warehouse shipped {shipped[wrong]} x {name}, but {what}. {DECIDE}")
    return shares


def _product_ids(
    channel: Channel, lines: list[ShipmentLine], skus: Iterable[str]
) -> dict[str, int | None]:
    """The product that each SKU means, None where nobody knows it.

    One that the catalogue does not know (any more) may be what the order calls its line.
    """
    products = find_products(channel, skus)
    ordered = {sku_key(line.order_line.sku): line.order_line.product_id for line in lines}
    return {
        sku: product.pk if (product := products.get(sku_key(sku))) else ordered.get(sku_key(sku))
        for sku in skus
    }


def _both_names(sku: str, lines: list[ShipmentLine]) -> str:
    """The warehouse's SKU, with the order's where that is another."""
    other = next((line.order_line.sku for line in lines), sku)
    return sku if sku_key(other) == sku_key(sku) else f"{sku} ({other})"
