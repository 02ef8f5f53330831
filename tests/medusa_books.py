"""What a pretended Medusa keeps, and what it does with it: orders, stock, products.

Its rules are those of Medusa 2.21.2 as tried: fulfilling takes goods out of stock and out of what
is reserved, shipping sends a whole fulfillment once, a variant's prices are replaced as a set, a
payment moves no order's date, a variant's change not its product's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

BUYER = {
    "first_name": "Ada",
    "last_name": "Byron",
    "company": "Engines",
    "address_1": "1 Main St",
    "address_2": None,
    "city": "Austin",
    "province": "TX",
    "postal_code": "78701",
    "country_code": "us",
    "phone": "+1 512 555 0100",
}
START = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


class Refused(Exception):
    """What Medusa answers with an error: `status`, `type` and `message` of its body."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


def invalid(message: str) -> Refused:
    return Refused(400, "invalid_data", message)


def text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Books:
    """Every change takes a second of the shop's own clock."""

    def __init__(self) -> None:
        self.now = START
        self.orders: dict[str, Json] = {}
        self.payments: dict[str, Json] = {}
        self.products: dict[str, Json] = {}
        self.variants: dict[str, Json] = {}
        self.inventory: dict[str, Json] = {}
        self.locations: dict[str, Json] = {}
        self.profiles: dict[str, Json] = {}
        self.store: Json = {
            "id": "store_1",
            "default_sales_channel_id": "sc_1",
            "supported_currencies": [
                {"currency_code": "usd", "is_default": False},
                {"currency_code": "eur", "is_default": True},
            ],
        }
        self._made = 0
        self.location = self.add_location("Warehouse")
        self.profile = self._add_profile()

    # What tests do to the shop

    def add_location(self, name: str) -> str:
        made = self._dated("sloc", name=name)
        self.locations[made["id"]] = made
        return str(made["id"])

    def add_product(self, *skus: str, title: str = "", price: float = 9.5, stock: int = 10) -> Json:
        variants = [
            {
                "title": sku if len(skus) > 1 else "Default variant",
                "sku": sku,
                "prices": [{"currency_code": "eur", "amount": price}],
            }
            for sku in skus
        ]
        handle = f"product-{len(self.products) + 1}"
        product = self.make_product(
            {"title": title or "Tea", "handle": handle, "variants": variants}
        )
        for sku in skus:
            self.item(sku)["location_levels"].append(self._level(self.location, stock))
        return product

    def place(self, quantities: Mapping[str, int], **fields: Any) -> Json:
        """An order of these quantities by SKU, which are reserved."""
        order = self._dated("order", status="pending", display_id=len(self.orders) + 1)
        lines = [self._line(sku, quantity) for sku, quantity in quantities.items()]
        order |= {
            "custom_display_id": None,
            "email": "ada@buyer.example",
            "currency_code": "eur",
            "total": sum(line["subtotal"] for line in lines),
            "payment_status": "authorized",
            "items": lines,
            "shipping_address": dict(BUYER),
            "billing_address": dict(BUYER),
            "fulfillments": [],
            **fields,
        }
        self.orders[order["id"]] = order
        payment = self._dated("pay")
        self.payments[payment["id"]] = payment | {"order_id": order["id"]}
        for sku, quantity in quantities.items():
            self.level(sku)["reserved_quantity"] += quantity
        return order

    def change(self, order_id: str, **fields: Any) -> None:
        self._touch(self.orders[order_id], fields)

    def capture(self, order_id: str) -> None:
        [payment] = [p for p in self.payments.values() if p["order_id"] == order_id]
        self._touch(payment, {})
        self.orders[order_id]["payment_status"] = "captured"

    def item(self, sku: str) -> Json:
        [found] = [item for item in self.inventory.values() if item["sku"] == sku]
        return found

    def level(self, sku: str, location: str = "") -> Json:
        levels = self.item(sku)["location_levels"]
        return next(one for one in levels if one["location_id"] == (location or self.location))

    def stock(self, sku: str) -> tuple[int, int]:
        level = self.level(sku)
        return level["stocked_quantity"], level["reserved_quantity"]

    def shipped(self, order_id: str) -> dict[str, tuple[int, int]]:
        """Fulfilled and shipped pieces by SKU."""
        return {
            line["variant_sku"]: (
                line["detail"]["fulfilled_quantity"],
                line["detail"]["shipped_quantity"],
            )
            for line in self.orders[order_id]["items"]
        }

    # Orders

    def fulfill(self, order_id: str, body: Json) -> Json:
        order = self._order(order_id)
        lines = {line["id"]: line for line in order["items"]}
        if unknown := [item["id"] for item in body["items"] if item["id"] not in lines]:
            raise invalid(f"Items with ids {unknown} does not exist in order with id {order_id}.")
        if len({lines[item["id"]]["requires_shipping"] for item in body["items"]}) > 1:
            raise invalid(
                "Fulfillment can only be created entirely with items with shipping or "
                "items without shipping. Split this request into 2 fulfillments."
            )
        location = body.get("location_id") or self.location
        if location not in self.locations:
            raise Refused(404, "not_found", f"StockLocation id not found: {location}")
        for item in body["items"]:
            self._take(lines[item["id"]], item["quantity"], location)
        fulfillment = self._dated("ful", shipped_at=None, canceled_at=None, labels=[])
        fulfillment |= {
            "metadata": body.get("metadata"),
            "location_id": location,
            "items": [{"line_item_id": i["id"], "quantity": i["quantity"]} for i in body["items"]],
        }
        order["fulfillments"].append(fulfillment)
        self._touch(order, {})
        return order

    def _take(self, line: Json, quantity: int, location: str) -> None:
        if line["detail"]["fulfilled_quantity"] + quantity > line["quantity"]:
            raise invalid(
                f"Quantity to fulfill exceeds the reserved quantity for the item: {line['id']}"
            )
        line["detail"]["fulfilled_quantity"] += quantity
        self.level(line["variant_sku"])["reserved_quantity"] -= quantity
        self.level(line["variant_sku"], location)["stocked_quantity"] -= quantity

    def ship(self, order_id: str, fulfillment_id: str, body: Json) -> Json:
        order = self._order(order_id)
        found = [one for one in order["fulfillments"] if one["id"] == fulfillment_id]
        if not found:
            raise Refused(500, "unknown_error", "An unknown error occurred.")
        [fulfillment] = found
        if fulfillment["shipped_at"]:
            raise Refused(400, "not_allowed", "Shipment has already been created")
        if fulfillment["canceled_at"]:
            message = "Cannot create shipment for a canceled fulfillment"
            raise Refused(400, "not_allowed", message)
        fulfillment["labels"] = [dict(label) for label in body.get("labels", ())]
        for item in fulfillment["items"]:
            line = next(one for one in order["items"] if one["id"] == item["line_item_id"])
            line["detail"]["shipped_quantity"] += item["quantity"]
        self._touch(order, {})
        fulfillment["shipped_at"] = text(self.now)
        return order

    def _order(self, order_id: str) -> Json:
        if order_id not in self.orders:
            raise Refused(404, "not_found", f"Order id not found: {order_id}")
        if self.orders[order_id]["status"] == "canceled":
            raise invalid(f"Order with id {order_id} has been canceled.")
        return self.orders[order_id]

    def _line(self, sku: str, quantity: int) -> Json:
        [variant] = [one for one in self.variants.values() if one["sku"] == sku]
        price = next(iter(variant["prices"]), {"amount": 0})["amount"]
        return {
            "id": self._id("ordli"),
            "title": variant["product"]["title"],
            "product_title": variant["product"]["title"],
            "variant_title": variant["title"],
            "variant_sku": sku,
            "quantity": quantity,
            "unit_price": price,
            "subtotal": round(price * quantity, 2),
            "discount_subtotal": 0,
            "requires_shipping": True,
            "detail": {"fulfilled_quantity": 0, "shipped_quantity": 0},
        }

    # Stock

    def set_levels(self, body: Json) -> Json:
        """All or nothing. A location that does not exist is taken."""
        for wanted in [*body.get("create", ()), *body.get("update", ())]:
            if wanted["inventory_item_id"] not in self.inventory:
                raise Refused(404, "not_found", f"Item {wanted['inventory_item_id']} is not there")
        for wanted in body.get("create", ()):
            if self._found_level(wanted) is not None:
                raise invalid("Inventory level already exists.")
        for wanted in body.get("update", ()):
            if self._found_level(wanted) is None:
                raise Refused(404, "not_found", "The item is not stocked at this location")
        return {
            "created": [self._set_level(wanted) for wanted in body.get("create", ())],
            "updated": [self._set_level(wanted) for wanted in body.get("update", ())],
        }

    def _found_level(self, wanted: Json) -> Json | None:
        levels = self.inventory[wanted["inventory_item_id"]]["location_levels"]
        return next((one for one in levels if one["location_id"] == wanted["location_id"]), None)

    def _set_level(self, wanted: Json) -> Json:
        level = self._found_level(wanted)
        if level is None:
            level = self._level(wanted["location_id"], 0)
            self.inventory[wanted["inventory_item_id"]]["location_levels"].append(level)
        level["stocked_quantity"] = wanted["stocked_quantity"]
        return level | {"inventory_item_id": wanted["inventory_item_id"]}

    def _level(self, location: str, stocked: int) -> Json:
        return {"location_id": location, "stocked_quantity": stocked, "reserved_quantity": 0}

    # Products

    def make_product(self, body: Json) -> Json:
        title = body["title"]
        handle = body.get("handle") or "-".join(title.lower().split()) or "product"
        if any(product["handle"] == handle for product in self.products.values()):
            raise invalid(f"Product with handle: {handle}, already exists.")
        product = self._dated("prod", title=title, handle=handle)
        product |= {
            "status": body.get("status", "draft"),
            "sales_channels": body.get("sales_channels", []),
            "shipping_profile_id": body.get("shipping_profile_id"),
        }
        self.products[product["id"]] = product
        for variant in body.get("variants", ()):
            self._make_variant(product, variant)
        return product

    def _make_variant(self, product: Json, body: Json) -> None:
        if any(variant["sku"] == body["sku"] for variant in self.variants.values()):
            raise invalid(f"Product variant with sku: {body['sku']}, already exists.")
        variant = self._dated("variant", title=body["title"], sku=body["sku"], product=product)
        codes = {name: body.get(name) for name in ("barcode", "ean", "upc")}
        variant |= {**codes, "product_id": product["id"]}
        variant["prices"] = [self._price(price) for price in body["prices"]]
        self.variants[variant["id"]] = variant
        if body.get("manage_inventory", True):
            item = self._dated("iitem", sku=body["sku"], location_levels=[])
            self.inventory[item["id"]] = item

    def change_product(self, product_id: str, body: Json) -> Json:
        if product_id not in self.products:
            raise Refused(404, "not_found", f"Product with id: {product_id} was not found")
        self._touch(self.products[product_id], body)
        return self.products[product_id]

    def change_variant(self, product_id: str, variant_id: str, body: Json) -> Json:
        """Prices are the whole set: those that are not sent are dropped."""
        variant = self.variants[variant_id]
        if variant["product_id"] != product_id:
            raise Refused(404, "not_found", f"Variant with id: {variant_id} was not found")
        changes = dict(body)
        if "prices" in changes:
            changes["prices"] = [self._price(price) for price in changes["prices"]]
        self._touch(variant, changes)
        return variant["product"]  # type: ignore[no-any-return]

    def _price(self, price: Json) -> Json:
        blank: Json = {"min_quantity": None, "max_quantity": None, "rules": {}}
        return {"id": self._id("price"), **blank, **price}

    # Ids and dates

    def _add_profile(self) -> str:
        made = self._dated("sp", type="default")
        self.profiles[made["id"]] = made
        return str(made["id"])

    def _dated(self, kind: str, **fields: Any) -> Json:
        self.now += timedelta(seconds=1)
        dates = dict.fromkeys(("created_at", "updated_at"), text(self.now))
        return {"id": self._id(kind), **dates, **fields}

    def _touch(self, record: Json, fields: Mapping[str, Any]) -> None:
        self.now += timedelta(seconds=1)
        record.update(fields, updated_at=text(self.now))

    def _id(self, kind: str) -> str:
        """As long as a ULID, and sorted by the time of making like one."""
        self._made += 1
        return f"{kind}_01M8A2{self._made:020d}"
