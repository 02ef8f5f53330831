"""A brand as its members see it in a browser, and somebody who is no member of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts.models import Role, User
from tests import builders
from tests.brand import BrandState, connect
from tests.builders import NOW


class Person:
    """Somebody who is logged in."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)

    def get(self, path: str, **query: Any) -> HttpResponse:
        return cast(HttpResponse, self.client.get(path, query))

    def part(self, path: str, **query: Any) -> HttpResponse:
        """As HTMX asks."""
        headers = {"HX-Request": "true"}
        return cast(HttpResponse, self.client.get(path, query, headers=headers))

    def post(self, path: str, **fields: Any) -> HttpResponse:
        return cast(HttpResponse, self.client.post(path, fields))

    def follow(self, path: str, **fields: Any) -> str:
        """The page that a form leads to."""
        return self.client.post(path, fields, follow=True).content.decode()

    def text(self, path: str, **query: Any) -> str:
        """The page, which must be there."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer
        return answer.content.decode()


@dataclass
class Brand(BrandState):
    admin: Person
    operator: Person
    viewer: Person
    stranger: Person

    @property
    def page(self) -> str:
        return f"/channels/{self.shop.pk}/"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def brand(db: None) -> Brand:
    """Monday 2 March 2026, 13:00 in Berlin."""
    account = builders.account("Tea & Co", timezone="Europe/Berlin")
    people = {role: Person(builders.user(of=account, role=role)) for role in Role}
    return Brand(
        account=account,
        shop=connect(account),
        depot=connect(account, "fulfillment"),
        admin=people[Role.ADMIN],
        operator=people[Role.OPERATOR],
        viewer=people[Role.VIEWER],
        stranger=Person(builders.user(of=builders.account("Other"))),
    )
