"""A sandbox for the tests of its connectors, with a fresh shop and warehouse for each."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from channels.connectors import http
from channels.connectors.base import (
    Connector,
)
from channels.connectors.sandbox_shop import SandboxShop
from channels.connectors.sandbox_warehouse import SandboxWarehouse
from tests.channels.sandboxes import connected, fresh
from tests.sandbox_server import SECRET, SandboxServer, Shop, Warehouse


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with http.make_client(allow_private=True) as client:
        yield client


@pytest.fixture
def shop(sandbox: SandboxServer) -> Shop:
    fresh(sandbox, "shops")
    return sandbox.shop("demo", webhook_secret=SECRET)


@pytest.fixture
def warehouse(sandbox: SandboxServer) -> Warehouse:
    fresh(sandbox, "warehouses")
    return sandbox.warehouse("demo", webhook_secret=SECRET)


@pytest.fixture
def shop_connector(shop: Shop, client: httpx.Client) -> Connector:
    return connected(SandboxShop, shop, client)


@pytest.fixture
def warehouse_connector(warehouse: Warehouse, client: httpx.Client) -> Connector:
    return connected(SandboxWarehouse, warehouse, client)
