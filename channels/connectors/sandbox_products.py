"""Products at the sandbox, which its shop and its warehouse keep in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from channels.connectors.base import (
    Capability,
    Permanent,
    ProductData,
    ProductPush,
    PushResult,
    Transient,
)
from channels.connectors.sandbox_api import OVERLAP, SAFETY, SandboxConnector, instant, understood
from channels.enums import JobType

PRODUCT_JOBS = (
    Capability(
        JobType.IMPORT_PRODUCTS,
        topics=("product.created", "product.updated"),
        by_id=True,
        overlap=OVERLAP,
        safety=SAFETY,
    ),
    Capability(JobType.EXPORT_PRODUCTS),
)


def product(row: Mapping[str, Any]) -> ProductData:
    """The barcode and the currency are missing where an old sandbox kept the product."""
    return ProductData(
        external_id=str(row["id"]),
        sku=row["sku"],
        name=row["name"],
        changed_at=instant(row["updated_at"]),
        barcode=row.get("barcode", ""),
        price=Decimal(row["price"]),
        currency=row.get("currency", ""),
    )


class SandboxProducts(SandboxConnector):
    """Base of a place with products."""

    def export_product(self, product: ProductPush) -> PushResult:
        """What is not known of the product (barcode, price) stays as it is at the sandbox."""
        wanted = _wanted(product)
        with understood("products"):
            found = self._found(product)
            if found is None:
                shown = self._exchange("POST", "products", json=wanted)
            elif _shows(found, wanted):
                shown = found
            else:
                shown = self._exchange("PATCH", f"products/{found['id']}", json=wanted)
            if shown is None or not _shows(shown, wanted):
                raise Transient(f"the sandbox does not show the product {product.sku} as sent")
            return PushResult(str(shown["id"]))

    def _found(self, product: ProductPush) -> Mapping[str, Any] | None:
        """The product by its id, else the oldest with its SKU."""
        known = self._read(f"products/{product.external_id}", {}) if product.external_id else None
        if known is not None:
            return dict(known)
        same = self._search([product.sku])
        if len(same) > 1:
            self.log(
                "warning", f"{len(same)} products have the SKU {product.sku}; the first is taken"
            )
        return same[0] if same else None

    def _search(self, skus: list[str]) -> list[Mapping[str, Any]]:
        """All products with one of these SKUs, compared without case, by id."""
        answer = self._exchange("POST", "products/search", json={"skus": skus})
        if answer is None:
            raise Permanent("this sandbox cannot search products: start its newest version")
        return [dict(row) for row in answer["data"]]


def _wanted(product: ProductPush) -> dict[str, str]:
    values = {
        "sku": product.sku.strip(),
        "name": product.name.strip() or product.sku.strip(),
        "barcode": product.barcode.strip(),
        "price": "" if product.price is None else f"{product.price:.2f}",
        "currency": product.currency,
    }
    return {name: value for name, value in values.items() if value}


def _shows(row: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(row.get(name) == value for name, value in wanted.items())
