"""Send Shipments: a sale for each shipment, taken as far as Tryton's own customer shipment.

The sale's Web ID is the key: Tryton has one sale at most with each. Every step looks at what is
there and goes on from there, so that a crash between any two of them does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.connectors.base import LineData, Misconfigured, Permanent, ShipmentRequest
from channels.connectors.tryton import catalog, parties
from channels.connectors.tryton.reading import SALE
from channels.connectors.tryton.rpc import Row, Rpc, understood

STEPS: Mapping[str, str] = {"draft": "quote", "quotation": "confirm", "confirmed": "process"}
"""The method that leads on from each state."""
GOODS = ("goods", "assets")
STATE = ("state", "number", "shipments")


def send(rpc: Rpc, request: ShipmentRequest, settings: Mapping[str, Any], warehouse: int) -> str:
    """The sale's id."""
    sale = _found(rpc, request.key)
    if sale is None:
        values = _sale(rpc, request, settings, warehouse)
        sale = _create(rpc, request.key, values)
    with understood("the sale"):
        _process(rpc, sale)
        return str(sale["id"])


def _found(rpc: Rpc, key: str) -> Row | None:
    return rpc.row(SALE, [["web_id", "=", key]], STATE)


def _create(rpc: Rpc, key: str, values: Row) -> Row:
    """What another attempt has made meanwhile is taken: Tryton refuses a second one."""
    try:
        rpc.call(f"{SALE}.create", [values])
    except Permanent:
        found = _found(rpc, key)
        if found is None:
            raise
        return found
    found = _found(rpc, key)
    if found is None:
        raise Permanent("Tryton said that it made the sale, but does not show it")
    return found


def _process(rpc: Rpc, sale: Row) -> None:
    """On to the shipment. A step that is not allowed answers well and does nothing: so look."""
    for _ in range(2 * len(STEPS)):
        if sale["state"] == "confirmed":
            sale = _process_confirmed(rpc, sale)
        elif sale["state"] in STEPS:
            sale = _step(rpc, sale, STEPS[sale["state"]])
    if sale["state"] != "cancelled" and not sale["shipments"]:
        raise Permanent(
            f"Tryton made no shipment for its sale {sale['number'] or sale['id']}: look what it "
            "says there, then retry"
        )


def _process_confirmed(rpc: Rpc, sale: Row) -> Row:
    """Confirming a sale makes its shipment; a server that died in between left that undone.

    To process it by hand is for sales administrators. Anybody may take it back and confirm again.
    """
    try:
        return _step(rpc, sale, STEPS["confirmed"])
    except Permanent:
        return _step(rpc, sale, "draft")


def _step(rpc: Rpc, sale: Row, step: str) -> Row:
    rpc.call(f"{SALE}.{step}", [sale["id"]])
    now = rpc.row(SALE, [["id", "=", sale["id"]]], STATE)
    if now is None or now["state"] == sale["state"]:
        raise Permanent(
            f"sale {sale['number'] or sale['id']} in Tryton stays {sale['state']} after its "
            f"step {step}: take it on there by hand, then retry"
        )
    return now


def _sale(
    rpc: Rpc, request: ShipmentRequest, settings: Mapping[str, Any], warehouse: int
) -> dict[str, Any]:
    """No invoice and no cost of shipping: the buyer has paid where the order comes from."""
    lines = _lines(rpc, request)
    booked_on = str(settings.get("party") or "").strip()
    party, address = parties.recipient(rpc, request.ship_to, request.order_number, booked_on)
    values = {
        "company": rpc.company,
        "web_id": request.key,
        "reference": request.order_number,
        "party": party,
        "invoice_address": address,
        "shipment_address": address,
        "warehouse": warehouse,
        "invoice_method": "manual",
        "shipment_method": "order",
        "lines": [["create", lines]],
    }
    if rpc.has_module("sale_shipment_cost"):
        values["shipment_cost_method"] = None
    if phone := request.ship_to.get("phone"):
        values["comment"] = f"Phone: {phone}"
    if currency := str(settings.get("currency") or "").strip():
        values["currency"] = _currency(rpc, currency)
    return values


def _currency(rpc: Rpc, code: str) -> int:
    row = rpc.row("currency.currency", [["code", "=", code.upper()]], ["id"])
    if row is None:
        raise Misconfigured(f"Tryton has no currency {code}: add it there, or enter another")
    return int(row["id"])


def _lines(rpc: Rpc, request: ShipmentRequest) -> list[dict[str, Any]]:
    products = catalog.by_sku(
        rpc, [line.sku for line in request.lines], ["type", "salable", "default_uom"]
    )
    for line in request.lines:
        _check(line.sku, products.get(catalog.key(line.sku)))
    return [_line(line, products[catalog.key(line.sku)]) for line in request.lines]


def _line(line: LineData, product: Row) -> dict[str, Any]:
    return {
        "product": product["id"],
        "unit": product["default_uom"],
        "quantity": float(line.quantity),
        "unit_price": line.price.quantize(catalog.PRICE_UNIT),
    }


def _check(sku: str, product: Row | None) -> None:
    if product is None:
        raise Permanent(f"Tryton knows no product with the code {sku}: add it there")
    if not product["active"]:
        raise Permanent(f"the product {sku} is deactivated in Tryton: activate it there")
    if product["type"] not in GOODS:
        raise Permanent(f"the product {sku} is no goods in Tryton: nothing of it can be shipped")
    if not product["salable"]:
        raise Permanent(f"the product {sku} is not salable in Tryton: mark it so there")
