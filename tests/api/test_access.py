"""The addresses of the API, and what they say to whom. Who may call which: tests/access."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern

from accounts.models import Membership, Role
from jobs.api.urls import urlpatterns
from jobs.models import RunStatus
from tests import builders
from tests.api.conftest import Api, Brand

PUBLIC = ("schema/", "docs/")
METHODS = ("get", "post", "patch", "delete")
PATTERNS: list[URLPattern] = urlpatterns
ROUTES = [str(p.pattern) for p in PATTERNS if str(p.pattern) not in PUBLIC]


@dataclass(frozen=True)
class Call:
    method: str
    route: str

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


def calls() -> list[Call]:
    """Every method of every address, asked of the views themselves."""
    found = []
    for pattern in PATTERNS:
        view: Any = pattern.callback
        methods = [name for name in METHODS if hasattr(view.view_class, name)]
        found += [Call(name, str(pattern.pattern)) for name in methods]
    return [call for call in found if call.route not in PUBLIC]


CALLS = calls()
LISTS = [call for call in CALLS if "<" not in call.route and call.method == "get"]


@pytest.fixture(autouse=True)
def _something_of_each(brand: Brand) -> None:
    builders.product(brand.account, on_hand=1)
    brand.order()
    brand.run(status=RunStatus.FAILED)
    brand.event()
    brand.parked()


def test_the_contract_is_all_there() -> None:
    assert {str(call) for call in CALLS} >= {
        "get connectors/",
        "get accounts/<int:account>/",
        "patch accounts/<int:account>/",
        "get accounts/<int:account>/recurring-jobs/",
        "patch accounts/<int:account>/recurring-jobs/<str:type>/",
        "post accounts/<int:account>/preview/",
        "get channels/",
        "post channels/",
        "get channels/<int:channel>/",
        "patch channels/<int:channel>/",
        "delete channels/<int:channel>/",
        "get channels/<int:channel>/mappings/",
        "patch channels/<int:channel>/mappings/<int:mapping>/",
        "get channels/<int:channel>/jobs/",
        "patch channels/<int:channel>/jobs/<str:type>/",
        "post channels/<int:channel>/preview/",
        "get channels/<int:channel>/upcoming/",
        "get channels/<int:channel>/slots/",
        "post channels/<int:channel>/jobs/<str:type>/run/",
        "get runs/",
        "get runs/<int:pk>/",
        "post runs/<int:pk>/cancel/",
        "post runs/<int:pk>/retry/",
        "get events/",
        "get events/<int:pk>/",
        "post events/<int:pk>/replay/",
        "get orders/",
        "get products/",
        "post products/",
        "patch products/<int:pk>/",
        "get stock-levels/",
        "patch stock-levels/<int:pk>/",
        "get shipments/",
        "get parked/",
        "post parked/<int:pk>/retry/",
    }


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_a_strangers_lists_hold_nothing_of_ours(brand: Brand, call: Call) -> None:
    nobody = Api(builders.user())
    ours = brand.viewer.results(call.route)
    assert ours
    if call.route == "connectors/":
        return
    assert nobody.results(call.route) == []
    theirs = brand.stranger.results(call.route)
    assert not {row["id"] for row in ours} & {row["id"] for row in theirs}


def test_a_refusal_says_which_role_is_needed(brand: Brand) -> None:
    response = brand.viewer.patch(f"channels/{brand.shop.pk}/", {"name": "x"})
    assert "needs the role Operator; yours is Viewer" in response.json()["detail"]


def test_a_role_in_one_account_says_nothing_of_another(brand: Brand) -> None:
    second = builders.account("Second")
    Membership.objects.create(account=second, user=brand.viewer.user, role=Role.ADMIN)
    assert brand.viewer.patch(f"channels/{brand.shop.pk}/", {"name": "x"}).status_code == 403
    assert brand.viewer.patch(f"accounts/{second.pk}/", {"name": "x"}).status_code == 200


@pytest.mark.parametrize("number", ["0", "999999", str(2**63), "9" * 40])
def test_an_id_that_no_row_can_have_does_not_exist(brand: Brand, number: str) -> None:
    for route in ROUTES:
        if "<int" in route:
            path = re.sub(r"<int:[^>]+>", number, route).replace("<str:type>", "receive_orders")
            assert brand.admin.get(path).status_code in (404, 405)
