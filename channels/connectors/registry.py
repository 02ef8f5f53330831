"""Every connector omsauto knows. To add one: write its module, add its class to the list."""

from __future__ import annotations

from channels.connectors.base import Connector
from channels.connectors.generic import GenericShop, GenericWarehouse
from channels.connectors.medusa import Medusa
from channels.connectors.sandbox_shop import SandboxShop
from channels.connectors.sandbox_warehouse import SandboxWarehouse
from channels.connectors.shipengine import ShipEngine
from channels.connectors.shopify import Shopify
from channels.connectors.tryton import Tryton
from channels.connectors.woocommerce import WooCommerce

_ALL: tuple[type[Connector], ...] = (
    WooCommerce,
    Shopify,
    Medusa,
    GenericShop,
    SandboxShop,
    Tryton,
    ShipEngine,
    GenericWarehouse,
    SandboxWarehouse,
)
CONNECTORS: dict[str, type[Connector]] = {connector.id: connector for connector in _ALL}
