"""Tryton 7.0: a warehouse's shipments, stock and products over its JSON-RPC."""

from channels.connectors.tryton.connector import Tryton

__all__ = ["Tryton"]
