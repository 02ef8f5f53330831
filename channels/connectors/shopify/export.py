"""Products made or changed in the shop, found by SKU."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from decimal import Decimal

from channels.connectors.base import Log, Permanent, ProductPush, PushResult, Transient
from channels.connectors.shopify import documents
from channels.connectors.shopify.graph import Graph, Json
from channels.connectors.shopify.ids import gid
from channels.connectors.shopify.records import DEFAULT_VARIANT


class Export:
    """`find` gives the ids of the variants with a SKU."""

    def __init__(self, graph: Graph, find: Callable[[str], list[str]], log: Log) -> None:
        self._graph, self._find, self._log = graph, find, log

    def push(self, product: ProductPush) -> PushResult:
        variant, currency = self._variant(product)
        price = self._price(product, currency)
        if variant is None:
            return PushResult(self._make(product, price))
        self._update(product, variant, price)
        return PushResult(str(variant["legacyResourceId"]))

    def _variant(self, product: ProductPush) -> tuple[Json | None, str]:
        """The variant as it is, and the shop's currency.

        The search by SKU lags behind by seconds; the handle, which we choose, does not: a product
        made by a try whose answer was lost is found by it.
        """
        known = [product.external_id] if product.external_id.isdigit() else []
        for external_id in known or self._find(product.sku):
            variables = {"id": gid("ProductVariant", external_id)}
            found = self._graph.ask(documents.EXPORTED_VARIANT, variables)
            if found["productVariant"]:
                return found["productVariant"], str(found["shop"]["currencyCode"])
        if known:
            return self._variant(_unknown(product))
        variables = {"handle": handle(product.sku)}
        found = self._graph.ask(documents.EXPORTED_BY_HANDLE, variables)
        nodes = ((found["productByIdentifier"] or {}).get("variants") or {}).get("nodes") or []
        same = [one for one in nodes if _key(one["sku"]) == _key(product.sku)]
        return (same[0] if same else None), str(found["shop"]["currencyCode"])

    def _price(self, product: ProductPush, currency: str) -> Decimal | None:
        if product.price is None or product.currency in ("", currency):
            return product.price
        self._log(
            "warning",
            f"{product.sku}: the price is in {product.currency} and the shop sells in {currency}; "
            "the price was left as it is.",
        )
        return None

    def _update(self, product: ProductPush, variant: Json, price: Decimal | None) -> None:
        """Only what differs. Of a product with several variants the title is the shop's own."""
        changes: Json = {}
        if _key(variant["sku"]) != _key(product.sku):
            changes["inventoryItem"] = {"sku": product.sku}
        if product.barcode and product.barcode != variant["barcode"]:
            changes["barcode"] = product.barcode
        if price is not None and price != Decimal(str(variant["price"])):
            changes["price"] = str(price)
        parent = variant["product"]
        if changes:
            changes["id"] = gid("ProductVariant", variant["legacyResourceId"])
            variables = {"product": parent["id"], "variants": [changes]}
            name = "productVariantsBulkUpdate"
            self._graph.change(documents.UPDATE_VARIANT, variables, name, product.sku)
        if product.name and parent["hasOnlyDefaultVariant"] and parent["title"] != product.name:
            renamed = {"product": {"id": parent["id"], "title": product.name}}
            self._graph.change(documents.RENAME_PRODUCT, renamed, "productUpdate", product.sku)

    def _make(self, product: ProductPush, price: Decimal | None) -> str:
        """A draft, in one step: staff add pictures and texts before it is sold."""
        variant: Json = {
            "optionValues": [{"optionName": "Title", "name": DEFAULT_VARIANT}],
            "inventoryItem": {"sku": product.sku, "tracked": True},
        }
        if price is not None:
            variant["price"] = str(price)
        if product.barcode:
            variant["barcode"] = product.barcode
        given = {
            "title": product.name or product.sku,
            "handle": handle(product.sku),
            "status": "DRAFT",
            "productOptions": [{"name": "Title", "values": [{"name": DEFAULT_VARIANT}]}],
            "variants": [variant],
        }
        payload, errors = self._graph.attempt(
            documents.MAKE_PRODUCT, {"input": given}, "productSet"
        )
        if any(error.code == "HANDLE_NOT_UNIQUE" for error in errors):
            raise Permanent(
                f"the shop has a product with the handle {handle(product.sku)} whose SKU is no "
                f"longer {product.sku}: give it back its SKU, or change its handle"
            )
        if errors:
            said = "; ".join(str(error) for error in errors)
            raise Permanent(f"Shopify did not take {product.sku}: {said}")
        if not payload.get("product"):
            raise Transient(f"Shopify did not say what it made of {product.sku}")
        return str(payload["product"]["variants"]["nodes"][0]["legacyResourceId"])


def handle(sku: str) -> str:
    """The last part of a new product's address: the same for one SKU, other for another one."""
    readable = re.sub(r"[^a-z0-9]+", "-", _key(sku)).strip("-")[:60]
    digest = hashlib.sha256(_key(sku).encode()).hexdigest()[:8]
    return f"{readable}-{digest}".strip("-")


def _unknown(product: ProductPush) -> ProductPush:
    return ProductPush(product.sku, product.name, product.barcode, product.price, product.currency)


def _key(sku: str | None) -> str:
    return (sku or "").strip().casefold()
