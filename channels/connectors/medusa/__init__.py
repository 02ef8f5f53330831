"""Medusa: orders, shipments, stock and products over its Admin API, and its events."""

from channels.connectors.medusa.connector import Medusa

__all__ = ["Medusa"]
