"""WooCommerce: orders and products over its REST API (wc/v3), and its webhooks."""

from channels.connectors.woocommerce.connector import WooCommerce

__all__ = ["WooCommerce"]
