"""The sandbox's pretend shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from channels.connectors.base import (
    Capability,
    LineData,
    OrderData,
    Permanent,
    PushResult,
    Refusal,
    ShipmentReport,
    StockTarget,
    Transient,
)
from channels.connectors.sandbox_api import OVERLAP, REFRESH, SAFETY, instant, understood
from channels.connectors.sandbox_products import PRODUCT_JOBS, SandboxProducts, product
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


class SandboxShop(SandboxProducts):
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
        Capability(JobType.SEND_ORDER_UPDATES),
        Capability(JobType.SYNC_INVENTORY),
        *PRODUCT_JOBS,
        REFRESH,
    )
    lists = {
        JobType.RECEIVE_ORDERS: "orders",
        JobType.RECEIVE_ORDER_UPDATES: "orders",
        JobType.IMPORT_PRODUCTS: "products",
    }
    readers = {"orders": order, "products": product}

    # Shipped quantities

    def report_shipment(self, report: ShipmentReport) -> PushResult:
        """One fulfilment per key at the shop, made once and corrected afterwards."""
        path = f"orders/{quote(report.order_id, safe='')}"
        order = self._read(path, {})
        if order is None:
            raise Permanent(f"the shop no longer has the order {report.order_number}")
        wanted = _fulfilment(report)
        with understood("fulfilments"):
            shown = next((f for f in order["fulfilments"] if f["key"] == report.key), None)
            if shown is None:
                shown = self._exchange("POST", f"{path}/fulfilments", json=wanted)
            if not _shows(shown, wanted):
                address = f"{path}/fulfilments/{shown['id']}"
                shown = self._exchange("PATCH", address, json=wanted)
            if not _shows(shown, wanted):
                raise Transient("the shop does not show the fulfilment as it was sent")
            return PushResult(str(shown["id"]))

    # Stock

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        asked = {sku.strip().casefold(): sku for sku in skus if sku.strip()}
        found: dict[str, list[str]] = {}
        with understood("products"):
            for row in self._search(list(asked.values())) if asked else ():
                found.setdefault(asked[row["sku"].casefold()], []).append(str(row["id"]))
        return found

    def set_stock(self, targets: Sequence[StockTarget]) -> Sequence[Refusal]:
        levels = [{"product": each.external_id, "available": each.quantity} for each in targets]
        answer = self._exchange("POST", "stock", json={"partial": True, "levels": levels})
        with understood("stock"):
            refused = {error["index"]: error["message"] for error in answer["errors"]}
            if len(refused) + len(answer["data"]) != len(targets):
                raise Transient("the shop's answer does not tell of every listing")
            return [Refusal(targets[n].external_id, reason) for n, reason in refused.items()]


def _fulfilment(report: ShipmentReport) -> dict[str, Any]:
    return {
        "key": report.key,
        "lines": [
            {"line": line.external_id, "sku": line.sku, "quantity": line.quantity}
            for line in report.lines
            if line.quantity
        ],
        "carrier": report.carrier.strip(),
        "tracking": report.tracking.strip(),
    }


def _shows(shown: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    def told(fulfilment: Mapping[str, Any]) -> tuple[Any, ...]:
        lines = sorted((str(row.get("line")), row["quantity"]) for row in fulfilment["lines"])
        return fulfilment["carrier"], fulfilment["tracking"], lines

    return told(shown) == told(wanted)
