"""A brand as its members see it over the API, and somebody who is no member of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import Account, Role, User
from accounts.tokens import issue
from channels.connectors.base import Capability
from channels.connectors.registry import CONNECTORS
from channels.connectors.sandbox_api import SandboxConnector
from channels.enums import PRODUCT_TYPES, JobType, Kind
from oms.models import Product, StockLevel
from oms.receive_orders import ReceiveOrders
from oms.registry import LOGIC
from tests import builders
from tests.brand import BrandState, connect
from tests.builders import NOW

BASE = "/api/v1/"


class Answer(Protocol):
    """What a test looks at of a response."""

    status_code: int
    content: bytes

    def json(self) -> Any: ...

    def has_header(self, name: str) -> bool: ...

    def __getitem__(self, name: str) -> str: ...


class Api:
    """Somebody with a token; paths are below /api/v1/."""

    def __init__(self, user: User, account: Account | None = None, role: str = "") -> None:
        """With an account, by a token of that account alone which has the role at most."""
        self.user = user
        self.client = APIClient(raise_request_exception=True)
        self.details, self.token = issue(user, "Test", account, role)
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token}")

    def get(self, path: str, **params: Any) -> Answer:
        return cast(Answer, self.client.get(BASE + path, params))

    def post(self, path: str, body: Any = None) -> Answer:
        return cast(Answer, self.client.post(BASE + path, {} if body is None else body))

    def patch(self, path: str, body: Any) -> Answer:
        return cast(Answer, self.client.patch(BASE + path, body))

    def delete(self, path: str) -> Answer:
        return cast(Answer, self.client.delete(BASE + path))

    def results(self, path: str, **params: Any) -> list[Any]:
        """The rows of a list that answered 200."""
        response = self.get(path, **params)
        assert response.status_code == 200, response.json()
        rows: list[Any] = response.json()["results"]
        return rows


@dataclass
class Brand(BrandState):
    admin: Api
    operator: Api
    viewer: Api
    stranger: Api

    def order(self, external_id: str = "1001", quantity: int = 1) -> None:
        """An order for MUG; the automatic workflow gives it a shipment at the depot."""
        record = builders.order_data(external_id, builders.line(quantity=quantity))
        ReceiveOrders().apply(builders.context(self.shop), record)

    def level(self, product: Product) -> StockLevel:
        return StockLevel.objects.get(product=product, channel=self.depot)


class PlainShop(SandboxConnector):
    """A platform without webhooks and ids that is asked each hour or each day."""

    id = "plain_shop"
    label = "Plain shop"
    kind = Kind.SALES
    place = "shop"
    lists: ClassVar = {}
    readers: ClassVar = {}
    capabilities = (Capability(JobType.RECEIVE_ORDERS, periods=(60, 1440), delays=(5, 10)),)


class Products(ReceiveOrders):
    """Stands for the logic of product jobs: what is tested is where they are offered."""


@pytest.fixture
def product_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Product jobs, whether or not their logic exists yet."""
    for job_type in PRODUCT_TYPES:
        monkeypatch.setitem(LOGIC, job_type, Products())


@pytest.fixture
def plain_shop(monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a connector that allows little."""
    monkeypatch.setitem(CONNECTORS, PlainShop.id, PlainShop)
    return PlainShop.id


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def brand(db: None) -> Brand:
    account = builders.account(timezone="Europe/Berlin")
    members = [Api(builders.user(of=account, role=role)) for role in Role]
    other = builders.account("Other")
    connect(other)
    viewer, operator, admin = members
    return Brand(
        account=account,
        shop=connect(account),
        depot=connect(account, "fulfillment"),
        admin=admin,
        operator=operator,
        viewer=viewer,
        stranger=Api(builders.user(of=other)),
    )
