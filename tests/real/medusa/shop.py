"""A shop on a running Medusa: set up by its merchant, bought from, looked at."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any

import httpx

from tests.real.medusa.server import ADMIN, PASSWORD, Medusa

Json = dict[str, Any]

BUYER = {
    "first_name": "Ada",
    "last_name": "Byron",
    "company": "Engines",
    "address_1": "1 Main St",
    "address_2": "Floor 2",
    "city": "Austin",
    "province": "TX",
    "postal_code": "78701",
    "country_code": "us",
    "phone": "+1 512 555 0100",
}
SHIPPING_RULES = [
    {"attribute": "enabled_in_store", "operator": "eq", "value": "true"},
    {"attribute": "is_return", "operator": "eq", "value": "false"},
]


class Shop:
    """A context manager, made once for a fresh server. `api_key` is what omsauto is given."""

    def __init__(self, medusa: Medusa) -> None:
        agent = {"User-Agent": "somebody in the shop"}
        self._http = httpx.Client(base_url=medusa.url, timeout=60, headers=agent)
        login = {"email": ADMIN, "password": PASSWORD}
        token = self._call("POST", "/auth/user/emailpass", login)["token"]
        self._admin = {"Authorization": f"Bearer {token}"}
        self._variants: dict[str, str] = {}
        self.url = medusa.url
        self.api_key = self._key("secret")["token"]
        self.channel = self._channel()
        self._buyer = {"x-publishable-api-key": self._publishable()}
        self.region = self._region()
        self.location = self.add_location("Warehouse")
        self.profile = self._profile()
        self.shipping_option = self._shipping_option()

    def __enter__(self) -> Shop:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def admin(self, method: str, path: str, body: Json | None = None, **query: Any) -> Json:
        return self._call(method, f"/admin/{path}", body, self._admin, **query)

    # What a merchant does

    def add_location(self, name: str) -> str:
        address = {"address_1": "1 Dock", "city": "Austin", "country_code": "US"}
        body = {"name": name, "address": address}
        made = self.admin("POST", "stock-locations", body)["stock_location"]
        place = f"stock-locations/{made['id']}"
        self.admin("POST", f"{place}/sales-channels", {"add": [self.channel]})
        self.admin("POST", f"{place}/fulfillment-providers", {"add": ["manual_manual"]})
        return str(made["id"])

    def add_product(self, sku: str, price: float = 9.5, stock: int = 0, name: str = "") -> Json:
        """A product with one variant for each of the SKUs that `sku` lists, split by commas."""
        skus = sku.split(",")
        product: Json = self.admin(
            "POST",
            "products",
            {
                "title": name or f"Product {skus[0]}",
                "status": "published",
                "shipping_profile_id": self.profile,
                "sales_channels": [{"id": self.channel}],
                "options": [{"title": "Size", "values": skus}],
                "variants": [self._variant(each, price) for each in skus],
            },
        )["product"]
        self._variants |= {variant["sku"]: variant["id"] for variant in product["variants"]}
        for each in skus:
            self.set_stocked(each, stock)
        return product

    def set_stocked(self, sku: str, quantity: int) -> None:
        item = self.inventory_item(sku)
        body = {"location_id": self.location, "stocked_quantity": quantity}
        self.admin("POST", f"inventory-items/{item['id']}/location-levels", body)

    def cancel(self, order_id: str) -> None:
        self.admin("POST", f"orders/{order_id}/cancel")

    def capture(self, order_id: str) -> None:
        """Take the money that the buyer authorized."""
        fields = "*payment_collections.payments"
        order = self.admin("GET", f"orders/{order_id}", fields=fields)["order"]
        for payment in order["payment_collections"][0]["payments"]:
            self.admin("POST", f"payments/{payment['id']}/capture", {})

    def fulfill(self, order_id: str, lines: Mapping[str, int]) -> None:
        items = [{"id": line, "quantity": quantity} for line, quantity in lines.items()]
        self.admin("POST", f"orders/{order_id}/fulfillments", {"items": items})

    # What a buyer does

    def place(self, **quantities: int) -> str:
        """Buy these quantities by SKU (an underscore stands for a hyphen); answers the order id."""
        items = [
            {"variant_id": self.variant(sku.replace("_", "-")), "quantity": quantity}
            for sku, quantity in quantities.items()
        ]
        cart = self._store(
            "carts",
            {
                "region_id": self.region,
                "sales_channel_id": self.channel,
                "email": "ada@buyer.example",
                "shipping_address": BUYER,
                "billing_address": BUYER,
                "items": items,
            },
        )["cart"]["id"]
        self._store(f"carts/{cart}/shipping-methods", {"option_id": self.shipping_option})
        payment = self._store("payment-collections", {"cart_id": cart})["payment_collection"]["id"]
        session = {"provider_id": "pp_system_default"}
        self._store(f"payment-collections/{payment}/payment-sessions", session)
        done = self._store(f"carts/{cart}/complete", {})
        if done["type"] != "order":
            raise RuntimeError(f"the cart did not become an order: {done}")
        return str(done["order"]["id"])

    # What the shop shows

    def variant(self, sku: str) -> str:
        if sku not in self._variants:
            found = self.admin("GET", "product-variants", sku=sku)["variants"]
            self._variants[sku] = found[0]["id"]
        return self._variants[sku]

    def product_of(self, sku: str) -> Json:
        [variant] = self.admin("GET", "product-variants", sku=sku)["variants"]
        fields = "id,title,*variants,*variants.prices"
        product = f"products/{variant['product_id']}"
        found: Json = self.admin("GET", product, fields=fields)["product"]
        return found

    def inventory_item(self, sku: str) -> Json:
        [item] = self.admin("GET", "inventory-items", sku=sku, fields="*location_levels")[
            "inventory_items"
        ]
        found: Json = item
        return found

    def stock(self, sku: str, location: str = "") -> tuple[int, int, int] | None:
        """Stocked, reserved and available at a location; None where the item is not kept there."""
        for level in self.inventory_item(sku)["location_levels"]:
            if level["location_id"] == (location or self.location):
                return (
                    level["stocked_quantity"],
                    level["reserved_quantity"],
                    level["available_quantity"],
                )
        return None

    def order(self, order_id: str) -> Json:
        fields = "*items,*items.detail,*fulfillments,*fulfillments.items,*fulfillments.labels"
        found: Json = self.admin("GET", f"orders/{order_id}", fields=f"+updated_at,{fields}")[
            "order"
        ]
        return found

    # Setting up

    def _key(self, kind: str) -> Json:
        key: Json = self.admin("POST", "api-keys", {"title": f"Our {kind}", "type": kind})[
            "api_key"
        ]
        return key

    def _channel(self) -> str:
        """The one that Medusa makes by itself."""
        [store] = self.admin("GET", "stores")["stores"]
        return str(store["default_sales_channel_id"])

    def _publishable(self) -> str:
        key = self._key("publishable")
        self.admin("POST", f"api-keys/{key['id']}/sales-channels", {"add": [self.channel]})
        return str(key["token"])

    def _region(self) -> str:
        region = {"name": "US", "currency_code": "usd", "countries": ["us"]}
        payment = {"payment_providers": ["pp_system_default"]}
        made = self.admin("POST", "regions", {**region, **payment})["region"]
        tax = {"country_code": "us", "provider_id": "tp_system"}
        self.admin("POST", "tax-regions", tax)
        return str(made["id"])

    def _profile(self) -> str:
        found = self.admin("GET", "shipping-profiles")["shipping_profiles"]
        if found:
            return str(found[0]["id"])
        body = {"name": "Default", "type": "default"}
        return str(self.admin("POST", "shipping-profiles", body)["shipping_profile"]["id"])

    def _shipping_option(self) -> str:
        place = f"stock-locations/{self.location}"
        self.admin("POST", f"{place}/fulfillment-sets", {"name": "Shipping", "type": "shipping"})
        sets = self.admin("GET", place, fields="*fulfillment_sets")["stock_location"]
        zone = {"name": "US", "geo_zones": [{"type": "country", "country_code": "us"}]}
        made = self.admin(
            "POST", f"fulfillment-sets/{sets['fulfillment_sets'][0]['id']}/service-zones", zone
        )["fulfillment_set"]
        option = {
            "name": "Flat",
            "service_zone_id": made["service_zones"][0]["id"],
            "shipping_profile_id": self.profile,
            "provider_id": "manual_manual",
            "price_type": "flat",
            "type": {"label": "Standard", "description": "Standard", "code": "standard"},
            "prices": [{"currency_code": "usd", "amount": 5}],
            "rules": SHIPPING_RULES,
        }
        return str(self.admin("POST", "shipping-options", option)["shipping_option"]["id"])

    def _variant(self, sku: str, price: float) -> Json:
        return {
            "title": sku,
            "sku": sku,
            "options": {"Size": sku},
            "manage_inventory": True,
            "prices": [{"currency_code": "usd", "amount": price}],
        }

    # HTTP

    def _store(self, path: str, body: Json) -> Json:
        return self._call("POST", f"/store/{path}", body, self._buyer)

    def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Json:
        """JSON numbers with a point are read as decimals: money."""
        answer = self._http.request(method, path, json=body, headers=headers, params=query)
        if answer.is_error:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        content: Json = answer.json(parse_float=Decimal)
        return content
