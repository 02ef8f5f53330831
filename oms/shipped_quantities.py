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
    products = find_products(channel, totals)
    left: Counter[int] = Counter()
    names: dict[int, str] = {}
    for sku, quantity in totals.items():
        product = products.get(sku_key(sku))
        if product is None:
            raise Park(f"The warehouse shipped {quantity} x {sku}, but {_ordered(0)}. {DECIDE}")
        left[product.pk] += quantity
        names[product.pk] = product.sku if sku_key(sku) == product.sku_key else f"{sku} ({product})"
    shipped = Counter(left)
    shares = {}
    for line in lines:
        key = line.order_line.product_id
        shares[line.pk] = min(left[key], line.quantity)
        left[key] -= shares[line.pk]
    for key in +left:
        ordered = sum(line.quantity for line in lines if line.order_line.product_id == key)
        what = f"{shipped[key]} x {names[key]}"
        raise Park(f"The warehouse shipped {what}, but {_ordered(ordered)}. {DECIDE}")
    return shares


def _ordered(quantity: int) -> str:
    return f"only {quantity} were ordered" if quantity else "the item was not ordered"
