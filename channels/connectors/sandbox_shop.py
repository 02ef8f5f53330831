"""The sandbox's pretend shop."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from channels.connectors.base import Capability, LineData, OrderData, ProductData
from channels.connectors.sandbox_api import OVERLAP, SAFETY, SandboxConnector, instant
from channels.enums import JobType, Kind

FINAL = ("fulfilled", "cancelled")


def order(row: Mapping[str, Any]) -> OrderData:
    return OrderData(
        external_id=str(row["id"]),
        number=row["number"],
        changed_at=instant(row["updated_at"]),
        placed_at=instant(row["placed_at"]),
        lines=tuple(_line(each) for each in row["lines"]),
        currency=row["currency"],
        total=Decimal(row["total"]),
        email=row["email"],
        ship_to=dict(row["ship_to"]),
        platform_status=row["status"],
        cancelled=row["status"] == "cancelled",
        final=row["status"] in FINAL,
    )


def _line(row: Mapping[str, Any]) -> LineData:
    return LineData(
        external_id=str(row["id"]),
        sku=row["sku"],
        quantity=int(row["quantity"]),
        name=row["name"],
        price=Decimal(row["price"]),
    )


def product(row: Mapping[str, Any]) -> ProductData:
    return ProductData(str(row["id"]), row["sku"], row["name"], instant(row["updated_at"]))


class SandboxShop(SandboxConnector):
    id = "sandbox_shop"
    label = "Sandbox shop"
    kind = Kind.SALES
    place = "shop"
    capabilities = (
        Capability(
            JobType.RECEIVE_ORDERS,
            topics=("order.created",),
            by_id=True,
            overlap=OVERLAP,
            safety=SAFETY,
        ),
        Capability(
            JobType.RECEIVE_ORDER_UPDATES,
            topics=("order.updated",),
            by_id=True,
            overlap=OVERLAP,
            safety=SAFETY,
        ),
        Capability(
            JobType.IMPORT_PRODUCTS,
            topics=("product.created", "product.updated"),
            by_id=True,
            overlap=OVERLAP,
            safety=SAFETY,
        ),
    )
    lists = {
        JobType.RECEIVE_ORDERS: "orders",
        JobType.RECEIVE_ORDER_UPDATES: "orders",
        JobType.IMPORT_PRODUCTS: "products",
    }
    readers = {"orders": order, "products": product}
