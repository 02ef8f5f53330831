"""Fields that the shop's API takes; a wrong type or a value outside its list is refused.

A field that it does not know it ignores, as the real one does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tests.woocommerce.answers import Answer, invalid, refusal
from tests.woocommerce.lists import ORDER_STATUSES, PRODUCT_STATUSES, WEBHOOK_STATUSES
from tests.woocommerce.recordings import Json


@dataclass(frozen=True)
class Field:
    type: type
    values: Collection[str] = ()
    required: bool = False


META = Field(list)
ORDER = {
    "status": Field(str, ORDER_STATUSES),
    "shipping": Field(dict),
    "billing": Field(dict),
    "customer_note": Field(str),
    "meta_data": META,
}
NOTE = {"note": Field(str, required=True), "customer_note": Field(bool)}
FULFILLMENT = {"status": Field(str), "is_fulfilled": Field(bool), "meta_data": META}
PRODUCT = {
    "id": Field(int),
    "name": Field(str),
    "type": Field(str, {"simple", "grouped", "external", "variable"}),
    "status": Field(str, PRODUCT_STATUSES),
    "sku": Field(str),
    "regular_price": Field(str),
    "sale_price": Field(str),
    "weight": Field(str),
    "dimensions": Field(dict),
    "attributes": Field(list),
    "manage_stock": Field(bool),
    "stock_quantity": Field(int),
    "meta_data": META,
}
VARIATION = {name: field for name, field in PRODUCT.items() if name not in ("name", "type")}
BARCODE = {"global_unique_id": Field(str)}
WEBHOOK = {
    "name": Field(str),
    "status": Field(str, WEBHOOK_STATUSES),
    "topic": Field(str, required=True),
    "delivery_url": Field(str, required=True),
    "secret": Field(str),
}

NAMES = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}


def problem(content: Json, known: Mapping[str, Field], *, new: bool) -> Answer | None:
    missing = [n for n, field in known.items() if field.required and not content.get(n)]
    if new and missing:
        said = f"Missing parameter(s): {', '.join(missing)}"
        return refusal(400, "rest_missing_callback_param", said, params=missing)
    for name, value in content.items():
        field = known.get(name)
        if field is None:
            continue
        if not isinstance(value, field.type) or (field.type is int and isinstance(value, bool)):
            return invalid(name, f"{name} is not of type {NAMES[field.type]}.", "rest_invalid_type")
        if field.values and value not in field.values:
            listed = ", ".join(sorted(field.values))
            return invalid(name, f"{name} is not one of {listed}.", "rest_not_in_enum")
    return None
