"""A running sandbox, its places and a receiver of webhooks, all on loopback."""

from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox_server import SandboxServer, Shop, Warehouse
from tests.webhook_receiver import WebhookReceiver


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def shop(sandbox: SandboxServer) -> Shop:
    return sandbox.shop("north", token="north-token")


@pytest.fixture
def warehouse(sandbox: SandboxServer) -> Warehouse:
    return sandbox.warehouse("hall", token="hall-token")


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def shop_api(shop: Shop) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer north-token"}
    with httpx.Client(base_url=shop.base_url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def warehouse_api(warehouse: Warehouse) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer hall-token"}
    with httpx.Client(base_url=warehouse.base_url, headers=headers, trust_env=False) as client:
        yield client
