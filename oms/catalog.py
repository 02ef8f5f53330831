"""The catalogue: a product is known by its SKU, trimmed and compared without case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Account
from oms.models import Product, sku_key
from oms.stock import ensure_levels

SKU_LENGTH = 120


class BadSku(ValueError):
    """The SKU cannot be given to a new product; the text says why."""


def find_products(account: Account, skus: Iterable[str]) -> dict[str, Product]:
    """The products with these SKUs, by `sku_key`."""
    keys = {sku_key(sku) for sku in skus}
    return {p.sku_key: p for p in Product.objects.filter(account=account, sku_key__in=keys)}


def find_product(account: Account, sku: str) -> Product | None:
    return Product.objects.filter(account=account, sku_key=sku_key(sku)).first()


@transaction.atomic
def create_product(
    account: Account, sku: str, name: str, at: datetime, **described: Any
) -> Product:
    """A new product with a stock level at every warehouse. Raises `BadSku`.

    `described`: further columns, such as barcode and price.
    """
    key = sku_key(sku)
    if not key:
        raise BadSku("A product needs a SKU.")
    length = len(sku.strip())
    if length > SKU_LENGTH:
        raise BadSku(f"A SKU has at most {SKU_LENGTH} characters; this one has {length}.")
    product, created = Product.objects.get_or_create(
        account=account,
        sku_key=key,
        defaults={"sku": sku, "name": name, "created_at": at, **described},
    )
    if not created:
        raise BadSku(f"SKU {product.sku} is in the catalogue already.")
    ensure_levels(account, product)
    return product
