"""The shop's JSON, translated into records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from math import ceil, floor
from typing import Any

from channels.connectors.base import LineData, Log, OrderData, ProductData
from channels.connectors.woocommerce.answers import Json
from channels.connectors.woocommerce.meta import meta

CARTS = frozenset({"checkout-draft", "auto-draft", "draft", "new"})
"""Statuses of what is not an order yet: a buyer, or the shop's staff, is still filling it in."""
CANCELLED = frozenset({"cancelled", "refunded", "failed", "trash"})
FINAL = frozenset({"completed", "cancelled", "refunded"})
UNPAID = frozenset({"pending", "on-hold"})
"""Not so `failed` and `trash`: a payment can be tried again, an order be taken out of the bin."""

_ADDRESS = {
    "company": "company",
    "street": "address_1",
    "street_2": "address_2",
    "city": "city",
    "state": "state",
    "postcode": "postcode",
    "country": "country",
    "phone": "phone",
}
"""Our names of an address' parts, and the shop's."""
_PLACE = ("address_1", "address_2", "city", "postcode")
"""What an address is known by: the shop fills in its own country by itself."""
_PRICE_UNIT = Decimal("0.0001")


def is_cart(record: Json) -> bool:
    return record.get("status") in CARTS


def is_in_bin(record: Json) -> bool:
    return record.get("status") == "trash"


def may_be_refunded_in_part(record: Json) -> bool:
    """Is anything of it still to be sent, although some money went back?"""
    return bool(record.get("refunds")) and record.get("status") not in CANCELLED | FINAL


def taken_back(refunds: Iterable[Json]) -> Counter[str]:
    """Pieces by the id of their line: a refund's lines name it in their meta data, and count down.

    The lines of the order itself stay as they were ordered:
    https://woocommerce.github.io/woocommerce-rest-api-docs/#refunds
    """
    pieces: Counter[str] = Counter()
    for refund in refunds:
        for line in refund.get("line_items") or ():
            if (line_id := meta(line, "_refunded_item_id")) is not None:
                pieces[str(int(line_id))] += abs(floor(Decimal(str(line["quantity"]))))
    return pieces


def order(record: Json, log: Log, back: Counter[str]) -> OrderData:
    """`back`: refunded pieces by line; an order of which none is left to send is cancelled."""
    status = str(record["status"])
    billing = record.get("billing") or {}
    ordered = [_line(line, record["id"], log) for line in record["line_items"]]
    lines = [replace(one, quantity=one.quantity - back[one.external_id]) for one in ordered]
    left = tuple(one for one in lines if one.quantity > 0) if back else tuple(lines)
    return OrderData(
        external_id=str(int(record["id"])),
        number=str(record.get("number") or record["id"]),
        changed_at=_changed_at(record),
        placed_at=_moment(record["date_created_gmt"]),
        lines=left or tuple(ordered),
        currency=str(record.get("currency") or ""),
        total=Decimal(str(record["total"])),
        email=str(billing.get("email") or ""),
        ship_to=_ship_to(record.get("shipping") or {}, billing),
        platform_status=status,
        cancelled=status in CANCELLED or bool(back and not left),
        final=status in FINAL,
        awaits_payment=status in UNPAID,
    )


def product(record: Json) -> ProductData:
    return ProductData(
        external_id=str(int(record["id"])),
        sku=sku(record),
        name=_name(record),
        changed_at=_changed_at(record),
        barcode=str(record.get("global_unique_id") or "").strip(),
        price=_regular_price(record),
    )


def variation(record: Json, parent: Json) -> ProductData:
    """Lists of variations carry no name before WooCommerce 8; it is made as the shop makes it."""
    options = ", ".join(str(attribute["option"]) for attribute in record.get("attributes") or ())
    name = f"{parent.get('name') or ''} - {options}" if options else parent.get("name")
    return product({**record, "name": record.get("name") or name})


def _line(line: Json, order_id: Any, log: Log) -> LineData:
    return LineData(
        external_id=str(int(line["id"])),
        sku=sku(line),
        quantity=_quantity(line, order_id, log),
        name=_name(line),
        price=_unit_price(line),
    )


def _name(record: Json) -> str:
    """WordPress keeps names as HTML: "Mug &amp; saucer"."""
    return unescape(str(record.get("name") or ""))


def sku(record: Json) -> str:
    """ "" for lines of no product, of a deleted one, and for products without a SKU."""
    return str(record.get("sku") or "").strip()


def _regular_price(record: Json) -> Decimal | None:
    """Before any sale. None where the shop does not say, and for a product with variations, whose
    `price` is that of the cheapest one."""
    return money(record.get("regular_price") or "")


def money(text: Any) -> Decimal | None:
    """A decimal string of the shop; None where there is none, or what is none."""
    try:
        amount = Decimal(str(text))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() else None


def _quantity(line: Json, order_id: Any, log: Log) -> int:
    """Plug-ins sell by weight or length; whole pieces are what a warehouse can pick."""
    ordered = Decimal(str(line["quantity"]))
    whole = ceil(ordered)
    if whole != ordered:
        log(
            "warning",
            f"Order {order_id}: line {line['id']} asks for {ordered} pieces, taken as {whole}.",
        )
    return whole


def _unit_price(line: Json) -> Decimal:
    """What one piece cost after discounts; the API's own `price` is a binary fraction."""
    quantity = Decimal(str(line["quantity"]))
    if not quantity:
        return Decimal(0)
    return (Decimal(str(line["total"])) / quantity).quantize(_PRICE_UNIT)


def _ship_to(shipping: Mapping[str, Any], billing: Mapping[str, Any]) -> dict[str, str]:
    """The shipping address, or the billing address where the buyer gave only that."""
    address = shipping if any(shipping.get(field) for field in _PLACE) else billing
    full_name = f"{address.get('first_name') or ''} {address.get('last_name') or ''}".strip()
    parts = {ours: str(address.get(theirs) or "") for ours, theirs in _ADDRESS.items()}
    parts["phone"] = parts["phone"] or str(billing.get("phone") or "")
    return {"name": full_name, **parts}


def _changed_at(record: Json) -> datetime:
    """Never changed since it was made: the field may be null."""
    return _moment(record.get("date_modified_gmt") or record["date_created_gmt"])


def _moment(text: str) -> datetime:
    """The `*_gmt` fields are UTC, whole seconds, without a mark of the zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
