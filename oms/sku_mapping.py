"""What a channel calls our products: its SKUs inward to products, products outward to its SKUs."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from channels.models import Channel
from oms.models import Product, SkuMapping, sku_key
from oms.work import Park


def find_products(channel: Channel, skus: Iterable[str]) -> dict[str, Product]:
    """The products a channel means by these SKUs, by `sku_key`; unknown ones are not there.

    A mapping wins over a product that has the very SKU.
    """
    keys = {sku_key(sku) for sku in skus if "\x00" not in sku}  # PostgreSQL refuses to look
    mapped = SkuMapping.objects.filter(channel=channel, external_sku_key__in=keys)
    found = {one.external_sku_key: one.product for one in mapped.select_related("product")}
    own = Product.objects.filter(account=channel.account_id, sku_key__in=keys - found.keys())
    return {**{product.sku_key: product for product in own}, **found}


def channel_skus(channel: Channel, product_ids: Iterable[int]) -> dict[int, str]:
    """What the channel calls each product, by its id: the oldest mapping there, else our SKU.

    Left out is a product whose SKU means another one there: see `unnamed`.
    """
    wanted = set(product_ids)
    mapped = SkuMapping.objects.filter(channel=channel, product_id__in=wanted).order_by("-pk")
    found = dict(mapped.values_list("product_id", "external_sku"))
    own = Product.objects.filter(account=channel.account_id, pk__in=wanted - found.keys())
    taken = SkuMapping.objects.filter(channel=channel, external_sku_key=OuterRef("sku_key"))
    return {**dict(own.exclude(Exists(taken)).values_list("pk", "sku")), **found}


def unnamed(channel: Channel, product: Product) -> Park:
    """Why a product without a name there is set aside, and what to do about it."""
    return Park(
        f"SKU {product.sku} means another product at {channel}, by a SKU mapping: map a SKU of its "
        f"own to {product.sku} on the channel's page, then retry."
    )
