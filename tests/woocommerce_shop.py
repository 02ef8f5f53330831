"""The pretended WooCommerce shop and its recordings, by one name; see `tests.woocommerce`."""

from tests.woocommerce.answers import Answer
from tests.woocommerce.recordings import (
    DATA,
    RECORDED_SECRET,
    Json,
    recorded,
    recorded_deliveries,
    recorded_orders,
    recorded_products,
    recorded_variations,
    signed_delivery,
)
from tests.woocommerce.shop import CONSUMER_SECRET, Seen, WooShop

__all__ = [
    "CONSUMER_SECRET",
    "DATA",
    "RECORDED_SECRET",
    "Answer",
    "Json",
    "Seen",
    "WooShop",
    "recorded",
    "recorded_deliveries",
    "recorded_orders",
    "recorded_products",
    "recorded_variations",
    "signed_delivery",
]
