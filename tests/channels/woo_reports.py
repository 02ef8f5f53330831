"""Shipments of the recorded order 33: two mugs and a T-shirt, whole or in two parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from channels.connectors.base import ReportedLine, ShipmentReport
from tests.woocommerce_shop import WooShop

SHIPPED_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MUGS = ReportedLine("15", "MUG-BLUE", 2, 2)
TEE = ReportedLine("16", "TEE-S", 1, 1)
WHOLE = ShipmentReport(
    key="s-1",
    order_id="33",
    order_number="33",
    lines=(MUGS, TEE),
    carrier="UPS",
    tracking="1Z999",
    shipped_at=SHIPPED_AT,
    complete=True,
)
PART = replace(WHOLE, lines=(replace(MUGS, quantity=1),), complete=False)
SECOND = replace(WHOLE, key="s-2", lines=(TEE,), tracking="1Z888", complete=True)


def meta(shop: WooShop, order_id: int = 33) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in shop.orders[order_id]["meta_data"]}
