"""Our shipments in ShipEngine's words, and ShipEngine's shipments and labels in ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from channels.connectors.base import Permanent, ShipmentData, ShipmentRequest, ShippedLine
from channels.connectors.shipengine.rest import Json, instant

LONGEST_NAME = 50
"""Of an external id and of a shipment number; ShipEngine cuts off what is longer."""
STATES_COUNT = ("US", "CA", "AU")
"""Countries whose carriers go by the state: no other word may stand in for it."""

_ADDRESS = {
    "name": "name",
    "company": "company_name",
    "phone": "phone",
    "street": "address_line1",
    "street_2": "address_line2",
    "city": "city_locality",
    "state": "state_province",
    "postcode": "postal_code",
    "country": "country_code",
}
"""Our names of an address' parts, and ShipEngine's."""
_NEEDED = ("name", "street", "city", "postcode", "country")


def new_shipment(request: ShipmentRequest, fixed: Json, sender: Json) -> dict[str, Any]:
    """The shipment to be created; `fixed` is what the channel's settings say of all of them.

    Raises `Permanent` where the order's address lacks what ShipEngine insists on.
    """
    return {
        **fixed,
        "external_shipment_id": external_id(request.key),
        "external_order_id": request.order_number,
        "shipment_number": shipment_number(request),
        "ship_from": dict(sender),
        "ship_to": _recipient(request.ship_to, sender),
        "items": [
            {
                "name": line.name or line.sku,
                "sku": line.sku,
                "quantity": line.quantity,
                "external_order_id": request.order_number,
                "external_order_item_id": line.external_id,
            }
            for line in request.lines
        ],
    }


def external_id(key: str) -> str:
    if len(key) > LONGEST_NAME:
        raise Permanent(f"the key {key} is longer than ShipEngine's {LONGEST_NAME} characters")
    return key


def shipment_number(request: ShipmentRequest) -> str:
    """What people see: the order's number, and enough of the key to tell its shipments apart.

    An account may insist that no two shipments have one number
    (https://docs.shipstation.com/orders/shipment-numbers).
    """
    short = request.key[:8]
    return f"{request.order_number[: LONGEST_NAME - len(short) - 1]}-{short}"


def _recipient(ship_to: Mapping[str, str], sender: Json) -> dict[str, str]:
    """A phone and a state are compulsory: the sender's phone and the city stand in for them."""
    parts = {ours: str(ship_to.get(ours) or "").strip() for ours in _ADDRESS}
    parts["name"] = parts["name"] or parts["company"]
    parts["country"] = parts["country"].upper()
    missing = [part for part in _NEEDED if not parts[part]]
    if not parts["state"] and parts["country"] in STATES_COUNT:
        missing.append("state")
    if missing:
        raise Permanent(f"the order's address has no {', no '.join(missing)}")
    if len(parts["country"]) != 2:
        raise Permanent(f"the country {parts['country']} is not a code of two letters")
    parts["state"] = parts["state"] or parts["city"]
    parts["phone"] = parts["phone"] or str(sender["phone"])
    filled = {_ADDRESS[part]: value for part, value in parts.items() if value}
    return {**filled, "address_residential_indicator": "unknown"}


def sender_of(warehouse: Json) -> dict[str, Any]:
    """The warehouse's address of origin, without what it leaves empty."""
    address = warehouse["origin_address"]
    known = {
        name: address[name]
        for name in (*_ADDRESS.values(), "address_line3", "email")
        if address.get(name)
    }
    residential = address.get("address_residential_indicator") or "unknown"
    return {**known, "address_residential_indicator": residential}


def valid_label(labels: Iterable[Json]) -> Json | None:
    """The newest label that parcels can go out under."""
    good = [
        label
        for label in labels
        if label["status"] == "completed"
        and not label.get("voided")
        and not label.get("is_return_label")
    ]
    return max(good, key=lambda label: instant(label["created_at"]), default=None)


def shipment(row: Json, label: Json | None) -> ShipmentData:
    """ShipEngine keeps no shipped quantities: with a valid label, everything has shipped."""
    changed_at, cancelled = instant(row["modified_at"]), row["shipment_status"] == "cancelled"
    said = ShipmentData(
        external_id=row["shipment_id"],
        reference=row.get("external_shipment_id") or "",
        changed_at=changed_at,
        lines=(),
        platform_status=row["shipment_status"],
        done=cancelled,
        cancelled=cancelled,
    )
    if label is None:
        return said
    made_at = instant(label["created_at"])
    return ShipmentData(
        external_id=said.external_id,
        reference=said.reference,
        changed_at=max(changed_at, made_at),
        lines=_lines(row.get("items") or ()),
        platform_status=said.platform_status,
        carrier=label.get("carrier_code") or "",
        tracking=label.get("tracking_number") or "",
        shipped_at=made_at,
        done=True,
    )


def _lines(items: Iterable[Json]) -> tuple[ShippedLine, ...]:
    quantities: dict[str, int] = {}
    for item in items:
        sku = item.get("sku") or ""
        quantities[sku] = quantities.get(sku, 0) + int(item["quantity"])
    return tuple(ShippedLine(sku, quantity) for sku, quantity in quantities.items() if sku)
