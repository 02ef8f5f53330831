"""What a channel calls our products."""

from __future__ import annotations

from collections.abc import Iterable

from channels.models import Channel
from oms import catalog
from oms.models import Product


def find_products(channel: Channel, skus: Iterable[str]) -> dict[str, Product]:
    """The products that the channel calls so, by `sku_key`."""
    return catalog.find_products(channel.account, skus)


def channel_skus(channel: Channel, product_ids: Iterable[int]) -> dict[int, str]:
    """The SKU under which the channel knows each product, by product id."""
    products = Product.objects.filter(pk__in=list(product_ids))
    return dict(products.order_by("pk").values_list("pk", "sku"))
