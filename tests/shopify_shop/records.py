"""Records as the shop keeps them, with the API's names; lists inside are plain lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

ADDRESS = {
    "name": "Ada Byron",
    "company": None,
    "address1": "12 Analytical Row",
    "address2": None,
    "city": "London",
    "province": "England",
    "provinceCode": "ENG",
    "zip": "EC1A 1AA",
    "country": "United Kingdom",
    "countryCodeV2": "GB",
    "phone": "+44 20 7946 0000",
}


def gid(kind: str, number: int | str) -> str:
    return f"gid://shopify/{kind}/{number}"


def money(amount: str, shown: str = "0.99", currency: str = "USD") -> Json:
    """`shown`: what the buyer saw, in another currency; taking it is the likely mistake."""
    return {
        "shopMoney": {"amount": amount, "currencyCode": "EUR"},
        "presentmentMoney": {"amount": shown, "currencyCode": currency},
    }


def order(number: int, at: str, lines: Sequence[tuple[str | None, int]], location: str) -> Json:
    """`lines`: (SKU, quantity), each at 14.00."""
    total = sum(quantity for _, quantity in lines) * 14
    items = [_line(number * 100 + index, *line) for index, line in enumerate(lines, 1)]
    return {
        "id": gid("Order", number),
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": at,
        "processedAt": at,
        "updatedAt": at,
        "cancelledAt": None,
        "closed": False,
        "closedAt": None,
        "email": "ada@example.com",
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currentTotalPriceSet": money(f"{total}.0"),
        "totalPriceSet": money("9999.0"),
        "shippingAddress": dict(ADDRESS),
        "billingAddress": None,
        "lineItems": items,
        "fulfillments": [],
        "fulfillmentOrders": [fulfillment_order(number * 10 + 1, items, location)],
    }


def _line(number: int, sku: str | None, quantity: int) -> Json:
    return {
        "id": gid("LineItem", number),
        "sku": sku,
        "name": f"Thing {sku}",
        "title": "Thing",
        "quantity": quantity,
        "currentQuantity": quantity,
        "unfulfilledQuantity": quantity,
        "discountedUnitPriceAfterAllDiscountsSet": money("14.0"),
        "originalUnitPriceSet": money("20.0"),
    }


def fulfillment_order(number: int, items: Sequence[Json], location: str, **fields: Any) -> Json:
    """Holds the whole quantity of each of these lines."""
    return {
        "id": gid("FulfillmentOrder", number),
        "status": "OPEN",
        "location": location,
        "lineItems": [
            {
                "id": gid("FulfillmentOrderLineItem", number * 100 + index),
                "remainingQuantity": item["quantity"],
                "totalQuantity": item["quantity"],
                "lineItem": item,
            }
            for index, item in enumerate(items, 1)
        ],
        **fields,
    }


def product(
    number: int, at: str, variants: Sequence[tuple[int, str, str]], title: str = "Lamp"
) -> Json:
    """`variants`: (number, SKU, option)."""
    return {
        "id": gid("Product", number),
        "legacyResourceId": str(number),
        "title": title,
        "handle": f"lamp-{number}",
        "status": "ACTIVE",
        "createdAt": at,
        "updatedAt": at,
        "variants": [_variant(one, sku, option, at) for one, sku, option in variants],
    }


def _variant(number: int, sku: str, option: str, at: str, **fields: Any) -> Json:
    return {
        "id": gid("ProductVariant", number),
        "legacyResourceId": str(number),
        "title": option,
        "sku": sku,
        "barcode": "4006381333931",
        "price": "19.90",
        "createdAt": at,
        "updatedAt": at,
        "item": gid("InventoryItem", number + 5),
        "tracked": True,
        "levels": {},
        **fields,
    }


def variant(number: int, at: str, **fields: Any) -> Json:
    made = _variant(number, "", "Default Title", at, barcode=None, price="0.00")
    return {**made, **fields}
