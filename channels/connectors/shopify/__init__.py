"""Shopify: orders, shipments, stock and products over its GraphQL Admin API, and its webhooks."""

from channels.connectors.shopify.connector import Shopify

__all__ = ["Shopify"]
