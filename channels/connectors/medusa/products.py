"""Medusa's products: each variant is one of ours, known by the variant's id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from channels.connectors.base import (
    Gone,
    Misconfigured,
    Permanent,
    ProductData,
    ProductPush,
    PushResult,
    Transient,
)
from channels.connectors.medusa.orders import variant_name
from channels.connectors.medusa.rest import Json, Rest, instant, window
from channels.connectors.medusa.stock import by_sku

VARIANTS = "product-variants"
_OWN = ("id", "title", "sku", "barcode", "ean", "upc", "updated_at")
VARIANT_FIELDS = f"{','.join(_OWN)},product_id,product.title,product.updated_at,*prices"
PRODUCT_FIELDS = (
    f"id,title,updated_at,{','.join(f'variants.{name}' for name in _OWN)},*variants.prices"
)
PRODUCT_ID = "prod_"
"""How the ids of products begin; those of variants begin otherwise."""
OPTION, ONLY = "Default option", "Default variant"
"""What Medusa's own pages call the option and the variant of a product without choices."""
_PRICE_COLUMNS = ("id", "currency_code", "amount", "min_quantity", "max_quantity", "rules")


class Products:
    """`currency`: in which prices are read, "" for the shop's default currency."""

    def __init__(self, rest: Rest, currency: str) -> None:
        self._rest, self._chosen = rest, currency.strip().lower()

    # Import

    def pages(self, since: datetime, until: datetime) -> Iterator[list[ProductData]]:
        """Products that changed, with all their variants; then variants that changed.

        Neither moves the other's date: a new price changes the variant only, a new title the
        product only.
        """
        changed = window(since, until)
        for found in self._rest.walk("products", "products", {**changed, "fields": PRODUCT_FIELDS}):
            yield [
                self._record({**variant, "product": product})
                for product in found
                for variant in product["variants"]
            ]
        for found in self._rest.walk(VARIANTS, "variants", {**changed, "fields": VARIANT_FIELDS}):
            yield [self._record(variant) for variant in found]

    def fetch(self, external_id: str) -> ProductData | Gone:
        variant = self._variant(external_id)
        return Gone(external_id) if variant is None else self._record(variant)

    def variants_of(self, product_id: str) -> list[ProductData | Gone]:
        """Every variant of a product; the product itself as gone where it is."""
        params = {"id": product_id, "fields": PRODUCT_FIELDS}
        found, _ = self._rest.page("products", "products", params)
        if not found:
            return [Gone(product_id)]
        product = found[0]
        return [self._record({**variant, "product": product}) for variant in product["variants"]]

    def _variant(self, external_id: str) -> Json | None:
        params = {"id": external_id, "fields": VARIANT_FIELDS}
        found, _ = self._rest.page(VARIANTS, "variants", params)
        return found[0] if found else None

    def _record(self, variant: Json) -> ProductData:
        product = variant["product"]
        price = self._price(variant.get("prices") or ())
        return ProductData(
            external_id=str(variant["id"]),
            sku=str(variant.get("sku") or "").strip(),
            name=variant_name(str(product["title"]), str(variant.get("title") or "")),
            changed_at=max(instant(variant["updated_at"]), instant(product["updated_at"])),
            barcode=str(variant.get("barcode") or variant.get("ean") or variant.get("upc") or ""),
            price=None if price is None else Decimal(price["amount"]),
            currency="" if price is None else str(price["currency_code"]).upper(),
        )

    def _price(self, prices: Any) -> Json | None:
        """The price for everybody in our currency; another one only where it is the only one."""
        plain = {str(price["currency_code"]).lower(): price for price in prices if _is_plain(price)}
        if self._chosen or len(plain) > 1:
            return plain.get(self._currency)
        return next(iter(plain.values()), None)

    @cached_property
    def _currency(self) -> str:
        if self._chosen:
            return self._chosen
        for currency in self._store.get("supported_currencies") or ():
            if currency["is_default"]:
                return str(currency["currency_code"]).lower()
        return ""

    @cached_property
    def _store(self) -> Json:
        fields = {"fields": "id,default_sales_channel_id,*supported_currencies", "limit": 1}
        found, _ = self._rest.page("stores", "stores", fields)
        return found[0] if found else {}

    # Export

    def export(self, push: ProductPush) -> PushResult:
        variant = self._variant(push.external_id) if push.external_id else None
        if variant is None:
            variant = self._find(push.sku)
        return self._create(push) if variant is None else self._update(push, variant)

    def _find(self, sku: str) -> Json | None:
        """The variant spelled exactly so, or one that differs in case only."""
        found = by_sku(self._rest, VARIANTS, "variants", VARIANT_FIELDS, [sku])[sku]
        exact = [variant for variant in found if variant["sku"] == sku]
        return next(iter(exact or found), None)

    def _create(self, push: ProductPush) -> PushResult:
        variant: Json = {
            "title": ONLY,
            "sku": push.sku,
            "options": {OPTION: ONLY},
            "manage_inventory": True,
            "prices": [_new_price(push)] if _has_price(push) else [],
        }
        if push.barcode:
            variant["barcode"] = push.barcode
        body: Json = {
            "title": push.name or push.sku,
            "status": "published",
            "options": [{"title": OPTION, "values": [ONLY]}],
            "variants": [variant],
            "sales_channels": [{"id": self._sales_channel()}],
            "shipping_profile_id": self._shipping_profile(),
        }
        if handle := _handle(push):
            body["handle"] = handle
        answer = self._rest.send("products", body, "id,variants.id,variants.sku")
        try:
            [made] = answer["product"]["variants"]
            return PushResult(str(made["id"]))
        except (LookupError, TypeError, ValueError) as error:
            raise Transient("Medusa made a product but does not show its variant") from error

    def _update(self, push: ProductPush, variant: Json) -> PushResult:
        """Only what differs. A product with choices keeps its title: it is not one variant's."""
        path = f"products/{variant['product_id']}"
        title = str(variant["product"]["title"])
        unnamed = variant_name(title, str(variant.get("title") or "")) == title
        if push.name and unnamed and push.name != title:
            self._rest.send(path, {"title": push.name}, "id")
        changes: Json = {}
        if variant["sku"] != push.sku:
            changes["sku"] = push.sku
        if push.barcode and variant.get("barcode") != push.barcode:
            changes["barcode"] = push.barcode
        if prices := _new_prices(push, variant.get("prices") or []):
            changes["prices"] = prices
        if changes:
            self._rest.send(f"{path}/variants/{variant['id']}", changes, "id")
        return PushResult(str(variant["id"]))

    def _sales_channel(self) -> str:
        """Where a new product is for sale: the shop's default sales channel."""
        if channel := self._store.get("default_sales_channel_id"):
            return str(channel)
        raise Misconfigured(
            "Medusa's store has no default sales channel: choose one in its settings"
        )

    def _shipping_profile(self) -> str:
        """Without one a product could be put into a cart but never be sent."""
        params = {"fields": "id,type", "order": "created_at", "limit": 100}
        found, _ = self._rest.page("shipping-profiles", "shipping_profiles", params)
        default = [profile for profile in found if profile["type"] == "default"]
        for profile in default or found:
            return str(profile["id"])
        raise Misconfigured("Medusa has no shipping profile: make one in its settings")


def _is_plain(price: Json) -> bool:
    """For every buyer and every quantity."""
    return not price.get("rules") and price.get("min_quantity") in (None, 0, 1)


def _has_price(push: ProductPush) -> bool:
    return push.price is not None and bool(push.currency)


def _new_price(push: ProductPush) -> Json:
    if push.price is None:
        raise Permanent(f"{push.sku} has no price")
    return {"currency_code": push.currency.lower(), "amount": _number(push.price)}


def _new_prices(push: ProductPush, prices: list[Json]) -> list[Json]:
    """The whole set with ours in it, since Medusa drops what is not sent; [] where it has ours."""
    if not _has_price(push):
        return []
    wanted = _new_price(push)
    code = wanted["currency_code"]
    ours = [one for one in prices if _is_plain(one) and one["currency_code"].lower() == code]
    if len(ours) == 1 and Decimal(ours[0]["amount"]) == push.price:
        return []
    others = [
        {column: _plain(one[column]) for column in _PRICE_COLUMNS if one.get(column) is not None}
        for one in prices
        if one not in ours
    ]
    return [*others, {**wanted, "id": ours[0]["id"]} if ours else wanted]


def _plain(value: Any) -> Any:
    return _number(value) if isinstance(value, Decimal) else value


def _number(amount: Decimal) -> int | float:
    """As a JSON number; a float of so few digits is written as the decimal it came from."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _handle(push: ProductPush) -> str:
    """The product's address in the storefront. With the SKU, since names may be alike."""
    return re.sub(r"[^a-z0-9]+", "-", f"{push.name} {push.sku}".lower()).strip("-")
