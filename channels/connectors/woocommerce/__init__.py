"""WooCommerce over its REST API (wc/v3): orders, shipments, stock, products, webhooks."""

from channels.connectors.woocommerce.connector import WooCommerce

__all__ = ["WooCommerce"]
