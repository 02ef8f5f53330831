"""Products, which a shop and a warehouse keep in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import catalogue, checks
from sandbox.exchange import Refused
from sandbox.place import Place
from sandbox.store import Entity

MOST_SKUS = 200
BLANK = {"price": "10.00", "currency": "EUR", "barcode": ""}


class Assortment(Place):
    """A place with products."""

    def add_product(self, body: Mapping[str, Any], at: int) -> Entity:
        """Two products may have the same SKU, as in real shops, unless the settings forbid it."""
        sku = checks.filled(body.get("sku"), "sku")
        data = _product(body, {"sku": sku, "name": sku})
        with self.store.transaction():
            self._check_sku(sku)
            product = self.add("products", data, at)
            self.announce("product.created", str(product.id), at)
        return product

    def change_product(self, number: int, body: Mapping[str, Any], at: int) -> Entity:
        with self.store.transaction():
            product = self.get("products", number)
            data = _product(body, product.data)
            self._check_sku(data["sku"], but=number)
            product.data = data
            self.save("products", product, at)
            self.announce("product.updated", str(number), product.updated)
        return product

    def products_with(self, skus: Sequence[Any]) -> list[Entity]:
        """The products with one of these SKUs, compared without case, by id."""
        return self.store.with_skus(
            self.path, "products", [checks.filled(sku, "skus") for sku in skus]
        )

    def add_samples(self, at: int) -> None:
        """The sample assortment, as far as it is missing."""
        with self.store.transaction():
            for product in catalogue.samples():
                if not self.products_with([product["sku"]]):
                    self.add_product(product, at)

    def _check_sku(self, sku: str, but: int = 0) -> None:
        if self.settings.duplicate_skus:
            return
        if any(product.id != but for product in self.products_with([sku])):
            raise Refused(409, "sku_taken", f"Another product has the SKU {sku}.")


def _product(body: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    known = {**BLANK, **base, **body}
    return {
        "sku": checks.filled(known["sku"], "sku"),
        "name": checks.filled(known["name"], "name"),
        "barcode": checks.text(known["barcode"], "barcode", 100),
        "price": checks.money(known["price"], "price"),
        "currency": checks.filled(known["currency"], "currency", 3),
    }
