"""Any shop or warehouse that speaks the contract of docs/connectors/http.openapi.yaml."""

from channels.connectors.generic.shop import GenericShop
from channels.connectors.generic.warehouse import GenericWarehouse

__all__ = ["GenericShop", "GenericWarehouse"]
