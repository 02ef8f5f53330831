"""The contract's documents as records, and what is pushed as its documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from channels.connectors.base import (
    LineData,
    OrderData,
    ProductData,
    ProductPush,
    ShipmentData,
    ShipmentReport,
    ShipmentRequest,
    ShippedLine,
    StockData,
    StockTarget,
)
from channels.connectors.generic.reading import (
    Json,
    amount,
    count,
    flag,
    identifier,
    instant,
    optional_instant,
    text,
    texts,
)


def order(row: Json) -> OrderData:
    return OrderData(
        external_id=identifier(row, "id"),
        number=identifier(row, "number"),
        changed_at=instant(row, "updated_at"),
        placed_at=instant(row, "placed_at"),
        lines=tuple(_line(each) for each in row["lines"]),
        currency=text(row, "currency"),
        total=amount(row, "total") or Decimal(0),
        email=text(row, "email"),
        ship_to=texts(row, "ship_to"),
        platform_status=text(row, "status"),
        cancelled=flag(row, "cancelled"),
        final=flag(row, "final"),
        awaits_payment=flag(row, "awaits_payment"),
    )


def _line(row: Json) -> LineData:
    return LineData(
        external_id=identifier(row, "id"),
        sku=text(row, "sku").strip(),
        quantity=count(row, "quantity"),
        name=text(row, "name"),
        price=amount(row, "price") or Decimal(0),
    )


def product(row: Json) -> ProductData:
    return ProductData(
        external_id=identifier(row, "id"),
        sku=text(row, "sku").strip(),
        name=text(row, "name"),
        changed_at=instant(row, "updated_at"),
        barcode=text(row, "barcode"),
        price=amount(row, "price"),
        currency=text(row, "currency"),
    )


def shipment(row: Json) -> ShipmentData:
    """Its lines say what has left the house; until something has, there are none."""
    return ShipmentData(
        external_id=identifier(row, "id"),
        reference=text(row, "reference"),
        changed_at=instant(row, "updated_at"),
        lines=tuple(
            ShippedLine(text(line, "sku").strip(), count(line, "quantity")) for line in row["lines"]
        ),
        platform_status=text(row, "status"),
        carrier=text(row, "carrier"),
        tracking=text(row, "tracking"),
        shipped_at=optional_instant(row, "shipped_at"),
        done=flag(row, "done"),
        cancelled=flag(row, "cancelled"),
    )


def stock(row: Json) -> StockData:
    return StockData(
        identifier(row, "sku").strip(), count(row, "on_hand"), optional_instant(row, "updated_at")
    )


def instant_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shipment_request(request: ShipmentRequest) -> dict[str, Any]:
    return {
        "reference": request.key,
        "order_number": request.order_number,
        "ship_to": dict(request.ship_to),
        "lines": [
            {
                "order_line_id": line.external_id,
                "sku": line.sku,
                "quantity": line.quantity,
                "name": line.name,
            }
            for line in request.lines
        ],
    }


def shipment_report(report: ShipmentReport) -> dict[str, Any]:
    return {
        "reference": report.key,
        "carrier": report.carrier,
        "tracking": report.tracking,
        "shipped_at": instant_text(report.shipped_at),
        "complete": report.complete,
        "lines": [
            {
                "order_line_id": line.external_id,
                "sku": line.sku,
                "quantity": line.quantity,
                "order_quantity": line.order_quantity,
            }
            for line in report.lines
        ],
    }


def stock_items(targets: Sequence[StockTarget]) -> dict[str, Any]:
    items = [{"product_id": t.external_id, "sku": t.sku, "quantity": t.quantity} for t in targets]
    return {"items": items}


def product_push(push: ProductPush) -> dict[str, Any]:
    """What is not known is left out, so that the platform keeps what it has."""
    known = {"barcode": push.barcode, "currency": push.currency, "id": push.external_id}
    body: dict[str, Any] = {"sku": push.sku, "name": push.name}
    body.update({name: value for name, value in known.items() if value})
    if push.price is not None:
        body["price"] = format(push.price, "f")
    return body
