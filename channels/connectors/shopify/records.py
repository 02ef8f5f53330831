"""The API's records, translated. Amounts are decimal strings in the shop's own currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from channels.connectors.base import LineData, OrderData, ProductData, Transient
from channels.connectors.shopify.graph import Json
from channels.connectors.shopify.ids import moment, number

T = TypeVar("T")

UNPAID = frozenset({"PENDING", "PARTIALLY_PAID", "EXPIRED", "VOIDED"})
"""Not so AUTHORIZED: the money is reserved and captured when the goods leave, as many shops do."""
UNPAID_BUT_TRUSTED = frozenset({"PENDING", "PARTIALLY_PAID"})
"""Cash on delivery and payment terms: shipped before payment where the operator says so."""
NOTHING_TO_SHIP = frozenset({"FULFILLED", "FULFILLMENT_NOT_REQUIRED", "RESTOCKED"})
NEVER_SHIPPED = frozenset({"FULFILLMENT_NOT_REQUIRED", "RESTOCKED", "UNFULFILLED"})
SETTLED = frozenset({"PAID", "REFUNDED", "PARTIALLY_REFUNDED", "VOIDED"})
DEFAULT_VARIANT = "Default Title"
"""What Shopify calls the only variant of a product without variants."""

_ADDRESS = {
    "name": "name",
    "company": "company",
    "street": "address1",
    "street_2": "address2",
    "city": "city",
    "postcode": "zip",
    "country": "countryCodeV2",
    "phone": "phone",
}
"""Our names of an address' parts, and Shopify's."""


def order(record: Json, lines: Iterable[Json], ship_unpaid: bool) -> OrderData:
    """`lines`: all of the order's line items, those on later pages as well.

    What was refunded or edited away is not in `currentQuantity`. An order of which nothing is
    left and nothing was shipped counts as cancelled, whether or not staff also cancelled it.
    """
    payment = str(record["displayFinancialStatus"] or "")
    shipping = str(record["displayFulfillmentStatus"] or "")
    left = tuple(_line(line) for line in lines if line["currentQuantity"] > 0)
    cancelled = bool(record["cancelledAt"]) or (not left and shipping in NEVER_SHIPPED)
    settled = bool(record["closed"]) or payment in SETTLED
    money = record["currentTotalPriceSet"]["shopMoney"]
    unpaid = UNPAID - UNPAID_BUT_TRUSTED if ship_unpaid else UNPAID
    return OrderData(
        external_id=str(int(record["legacyResourceId"])),
        number=str(record["name"]),
        changed_at=moment(record["updatedAt"]),
        placed_at=moment(record["createdAt"]),
        lines=left,
        currency=str(money["currencyCode"]),
        total=Decimal(str(money["amount"])),
        email=str(record["email"] or ""),
        ship_to=_ship_to(record),
        platform_status=", ".join(word.lower() for word in (payment, shipping) if word),
        cancelled=cancelled,
        final=cancelled or (shipping in NOTHING_TO_SHIP and settled),
        awaits_payment=payment in unpaid,
    )


def product(variant: Json, parent: Json, currency: str) -> ProductData:
    """A variant is what is sold and counted; a change of its product changes its name."""
    title, option = str(parent["title"] or ""), str(variant["title"] or "")
    return ProductData(
        external_id=str(int(variant["legacyResourceId"])),
        sku=_sku(variant),
        name=title if option in ("", DEFAULT_VARIANT) else f"{title} - {option}",
        changed_at=max(moment(variant["updatedAt"]), moment(parent["updatedAt"])),
        barcode=str(variant["barcode"] or ""),
        price=None if variant["price"] is None else Decimal(str(variant["price"])),
        currency=currency,
    )


def read(record: Any, translate: Callable[[], T]) -> T:
    """A record that lacks what every shop sends is garbage on the way, not a fact of the shop."""
    try:
        return translate()
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        named = record.get("legacyResourceId") if isinstance(record, dict) else None
        raise Transient(f"Shopify's record {named} cannot be read ({error!r})") from error


def _line(line: Json) -> LineData:
    unit = line["discountedUnitPriceAfterAllDiscountsSet"]["shopMoney"]
    return LineData(
        external_id=number(line["id"]),
        sku=_sku(line),
        quantity=int(line["currentQuantity"]),
        name=str(line["name"] or ""),
        price=Decimal(str(unit["amount"])),
    )


def _sku(record: Json) -> str:
    """ "" for tips, for items that staff typed in, and for variants without a SKU."""
    return str(record["sku"] or "").strip()


def _ship_to(record: Json) -> dict[str, str]:
    """The shipping address, or the billing address where nothing needs to be shipped."""
    address: Mapping[str, Any] = record["shippingAddress"] or record["billingAddress"] or {}
    parts = {ours: str(address.get(theirs) or "") for ours, theirs in _ADDRESS.items()}
    return {**parts, "state": str(address.get("provinceCode") or address.get("province") or "")}
