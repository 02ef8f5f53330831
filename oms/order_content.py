"""What a platform says of an order, checked and brought into the shape of our columns."""

from __future__ import annotations

from collections import Counter
from typing import Any

from channels.connectors.base import LineData, OrderData
from channels.models import Channel
from oms.columns import LARGEST_QUANTITY, amount, mapping, text, texts
from oms.models import Order, OrderLine, Product, sku_key
from oms.sku_mapping import find_products
from oms.work import Park


def fields_of(record: OrderData) -> dict[str, Any]:
    """The order's columns, its address apart. Raises `Park` where a required one is missing."""
    _demand_fields(record)
    columns = texts(
        Order,
        number=record.number.strip(),
        platform_status=record.platform_status,
        currency=record.currency,
        email=record.email,
    )
    return {
        **columns,
        "placed_at": record.placed_at,
        "awaits_payment": record.awaits_payment,
        "total": amount(record.total, "order's total"),
    }


def address_of(record: OrderData) -> dict[str, str]:
    return mapping(record.ship_to)


def lines_of(record: OrderData, channel: Channel) -> dict[str, dict[str, Any]]:
    """The columns of the lines, by the platform's line id.

    Raises `Park` where a line has no SKU, an unknown one, or a quantity that cannot be.
    """
    _demand_lines(record.lines)
    products = _products(record.lines, channel)
    return {
        _line_id(line, position): _line_columns(line, products)
        for position, line in enumerate(record.lines, 1)
    }


def asks_for(record: OrderData, order: Order, channel: Channel) -> bool:
    """Does the record, whose lines need not be right, still ask for what the order has?

    A line is the same under its old SKU, whatever that is mapped to now, and under another one
    of the same product.
    """
    had = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    asked = {_line_id(line, position): line for position, line in enumerate(record.lines, 1)}
    if had.keys() != asked.keys():
        return False
    products = find_products(channel, (text(line.sku) for line in record.lines))
    for line_id, line in asked.items():
        key, old = sku_key(text(line.sku)), had[line_id]
        product = products.get(key)
        same = key == sku_key(old.sku) or (product is not None and product.pk == old.product_id)
        if not same or line.quantity != old.quantity:
            return False
    return True


def _demand_fields(record: OrderData) -> None:
    required: dict[str, object] = {
        "number": record.number.strip(),
        "date of placing": record.placed_at,
        # What has come back and is refunded whole, a platform may no longer list.
        "line": record.lines or record.final,
    }
    missing = [f"no {what}" for what, value in required.items() if not value]
    if missing:
        raise Park(
            f"The order has {' and '.join(missing)}: complete it at the platform, then retry."
        )


def _demand_lines(lines: tuple[LineData, ...]) -> None:
    for position, line in enumerate(lines, 1):
        if not line.sku.strip():
            raise Park(
                f"Line {position} ({line.name or 'without a name'}) has no SKU: give the item a "
                "SKU at the platform, then retry."
            )
        if not 0 < line.quantity <= LARGEST_QUANTITY:
            raise Park(
                f"The quantity of line {position} is {line.quantity}: correct it at the platform, "
                "then retry."
            )
    ids = Counter(_line_id(line, position) for position, line in enumerate(lines, 1))
    twice = [line_id for line_id, count in ids.items() if count > 1]
    if twice:
        raise Park(
            f"Several lines have the identifier {twice[0]}, so they cannot be told apart: "
            "correct the order at the platform, then retry."
        )


def _products(lines: tuple[LineData, ...], channel: Channel) -> dict[str, Product]:
    products = find_products(channel, (text(line.sku) for line in lines))
    unknown = [
        f"SKU {line.sku.strip()} of line {position}"
        for position, line in enumerate(lines, 1)
        if sku_key(text(line.sku)) not in products
    ]
    if len(unknown) == 1:
        raise Park(
            f"{unknown[0]} is not in the catalogue: add the product, map the SKU on the channel's "
            "page or correct it at the platform, then retry."
        )
    if unknown:
        raise Park(
            f"{', '.join(unknown)} are not in the catalogue: add the products, map the SKUs on "
            "the channel's page or correct them at the platform, then retry."
        )
    return products


def _line_id(line: LineData, position: int) -> str:
    """A platform without line identifiers keeps its lines in their order."""
    return texts(OrderLine, external_id=line.external_id)["external_id"] or str(position)


def _line_columns(line: LineData, products: dict[str, Product]) -> dict[str, Any]:
    return {
        **texts(OrderLine, sku=line.sku.strip(), name=line.name),
        "product_id": products[sku_key(text(line.sku))].pk,
        "quantity": line.quantity,
        "price": amount(line.price, "price"),
    }
