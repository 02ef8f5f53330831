"""Every connector omsauto knows. To add one: write its module, add its class to the list."""

from __future__ import annotations

from channels.connectors.base import Connector
from channels.connectors.sandbox_shop import SandboxShop
from channels.connectors.sandbox_warehouse import SandboxWarehouse
from channels.connectors.tryton import Tryton
from channels.connectors.woocommerce import WooCommerce

_ALL: tuple[type[Connector], ...] = (
    SandboxShop,
    SandboxWarehouse,
    Tryton,
    WooCommerce,
)
CONNECTORS: dict[str, type[Connector]] = {connector.id: connector for connector in _ALL}
