"""Medusa's orders, translated into records."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import ceil
from typing import Any

from channels.connectors.base import LineData, Log, OrderData
from channels.connectors.medusa.rest import Json, instant

FIELDS = (
    "id,display_id,custom_display_id,status,created_at,updated_at,email,currency_code,total,"
    "payment_status,*items,*items.detail,*shipping_address,*billing_address"
)
"""`*items` as a whole: Medusa gives a line's quantity with it only, not by its own name."""

ENDED = frozenset({"completed", "archived", "canceled"})
PAID = frozenset({"authorized", "captured", "partially_captured", "partially_refunded", "refunded"})
"""Authorized is paid: money is captured when goods leave, and the manual provider, for payment by
other means, never gets further. Captured in part is authorized in full."""

_ADDRESS = {
    "company": "company",
    "street": "address_1",
    "street_2": "address_2",
    "city": "city",
    "state": "province",
    "postcode": "postal_code",
    "phone": "phone",
}
"""Our names of an address' parts, and Medusa's."""
_PLACE = ("address_1", "city", "postal_code")
_PRICE_UNIT = Decimal("0.0001")


def is_draft(record: Json) -> bool:
    """Not an order yet: the shop's staff is still filling it in."""
    return record.get("status") == "draft"


def order(record: Json, log: Log) -> OrderData:
    status, payment = _word(record, "status"), _word(record, "payment_status")
    total = Decimal(record["total"])
    number = record.get("custom_display_id") or record.get("display_id") or record["id"]
    return OrderData(
        external_id=str(record["id"]),
        number=str(number),
        changed_at=instant(record["updated_at"]),
        placed_at=instant(record["created_at"]),
        lines=tuple(_line(line, number, log) for line in record["items"] if line["quantity"]),
        currency=str(record["currency_code"]).upper(),
        total=total,
        email=str(record.get("email") or ""),
        ship_to=_ship_to(record.get("shipping_address") or {}, record.get("billing_address") or {}),
        platform_status=status,
        cancelled=status == "canceled",
        final=status in ENDED or _is_shipped(record["items"]),
        awaits_payment=total > 0 and payment not in PAID,
    )


def _word(record: Json, name: str) -> str:
    word = record[name]
    if not isinstance(word, str):
        raise TypeError(f"{name} is {word!r}")
    return word


def _is_shipped(lines: list[Json]) -> bool:
    """By its lines: `fulfillment_status` says "shipped" of a part where lines are not asked for."""
    return bool(lines) and all(
        Decimal(line["detail"]["shipped_quantity"]) >= Decimal(line["quantity"]) for line in lines
    )


def _line(line: Json, number: Any, log: Log) -> LineData:
    return LineData(
        external_id=str(line["id"]),
        sku=str(line.get("variant_sku") or "").strip(),
        quantity=_quantity(line, number, log),
        name=_line_name(line),
        price=_unit_price(line),
    )


def _line_name(line: Json) -> str:
    product = str(line.get("product_title") or line.get("title") or "")
    return variant_name(product, str(line.get("variant_title") or ""))


def variant_name(product: str, variant: str) -> str:
    """A product without choices has one variant, which Medusa's pages call "Default variant"."""
    if not variant or variant == product or variant.lower() in ("default", "default variant"):
        return product
    return f"{product} - {variant}" if product else variant


def _quantity(line: Json, number: Any, log: Log) -> int:
    ordered = Decimal(line["quantity"])
    whole = ceil(ordered)
    if whole != ordered:
        log(
            "warning",
            f"Order {number}: line {line['id']} asks for {ordered} pieces, taken as {whole}.",
        )
    return whole


def _unit_price(line: Json) -> Decimal:
    """What one piece cost after discounts, without tax; Medusa counts in major units."""
    quantity = Decimal(line["quantity"])
    if not quantity or line.get("subtotal") is None:
        return Decimal(line.get("unit_price") or 0)
    paid = Decimal(line["subtotal"]) - Decimal(line.get("discount_subtotal") or 0)
    return (paid / quantity).quantize(_PRICE_UNIT)


def _ship_to(shipping: Mapping[str, Any], billing: Mapping[str, Any]) -> dict[str, str]:
    """The shipping address, or the billing address where there is only that."""
    address = shipping if any(shipping.get(field) for field in _PLACE) else billing
    full_name = f"{address.get('first_name') or ''} {address.get('last_name') or ''}".strip()
    parts = {ours: str(address.get(theirs) or "") for ours, theirs in _ADDRESS.items()}
    parts["phone"] = parts["phone"] or str(billing.get("phone") or "")
    country = str(address.get("country_code") or "").upper()
    return {"name": full_name, **parts, "country": country}
