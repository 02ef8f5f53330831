"""Who may call what, over every address of the API: strangers, viewers, operators, admins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern
from rest_framework.test import APIClient

from accounts.models import Membership, Role
from channels.connectors.sandbox_shop import SandboxShop
from channels.models import WebhookMapping
from jobs.api.urls import urlpatterns
from jobs.models import RunStatus
from oms.models import Order, Shipment, SkuMapping
from tests import builders
from tests.api.conftest import BASE, Api, Brand
from tests.hooks import quiet_platform

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
OF_OBJECTS = [call for call in CALLS if "<" in call.route]
LISTS = [call for call in CALLS if "<" not in call.route and call.method == "get"]
WRITES = [call for call in CALLS if call.method != "get"]
OF_ADMINS = [call for call in WRITES if call.route.startswith("accounts/")]
BODIES = {
    "channels/": {
        "name": "New",
        "connector": "sandbox_shop",
        "settings": {"url": "https://shop.example.com"},
        "secrets": {"token": "t"},
    },
    "products/": {"sku": "NEW"},
    "channels/<int:channel>/stock-file/": {"csv": "sku,on_hand\n"},
    "channels/<int:channel>/mappings/": {"topic": "order.noted", "type": "receive_orders"},
    "channels/<int:channel>/sku-mappings/": {"channel_sku": "CUP", "sku": "MUG"},
    "channels/<int:channel>/sku-mappings/import/": {"csv": "channel_sku,sku\nCUP,MUG\n"},
}


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet_platform(monkeypatch)


@pytest.fixture
def ids(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the placeholders of each route stand for, by the route's first word."""
    monkeypatch.setattr(SandboxShop, "custom_topics", True)
    product = builders.product(brand.account, on_hand=1)
    brand.order()
    return {
        "account": brand.account.pk,
        "channel": brand.shop.pk,
        "mapping": WebhookMapping.objects.filter(channel=brand.shop).first(),
        "sku_mapping": SkuMapping.objects.create(
            channel=brand.shop, product=product, external_sku="BEAKER"
        ),
        "type": "receive_orders",
        "runs": brand.run(status=RunStatus.FAILED).pk,
        "events": brand.event().pk,
        "orders": Order.objects.get().pk,
        "products": product.pk,
        "stock-levels": brand.level(product).pk,
        "shipments": Shipment.objects.get().pk,
        "parked": brand.parked().pk,
    }


def address(route: str, ids: dict[str, Any]) -> str:
    def filled(match: re.Match[str]) -> str:
        name = match[1].rpartition(":")[2]
        value = ids[route.partition("/")[0] if name == "pk" else name]
        return str(getattr(value, "pk", value))

    path = re.sub(r"<([^>]+)>", filled, route)
    stretch = "?from=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z"
    return path + (stretch if path.endswith(("upcoming/", "slots/")) else "")


def status(who: Api, call: Call, ids: dict[str, Any]) -> int:
    path = BASE + address(call.route, ids)
    body = BODIES.get(call.route, {}) if call.method != "get" else None
    code: int = getattr(who.client, call.method)(path, body).status_code
    return code


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


@pytest.mark.parametrize("call", OF_OBJECTS, ids=str)
def test_for_a_stranger_nothing_of_ours_exists(
    brand: Brand, ids: dict[str, Any], call: Call
) -> None:
    assert status(brand.stranger, call, ids) == 404
    nobody = Api(builders.user())
    assert status(nobody, call, ids) == 404


@pytest.mark.parametrize("call", LISTS, ids=str)
def test_a_strangers_lists_hold_nothing_of_ours(
    brand: Brand, ids: dict[str, Any], call: Call
) -> None:
    nobody = Api(builders.user())
    ours = brand.viewer.results(call.route)
    assert ours
    if call.route == "connectors/":
        return
    assert nobody.results(call.route) == []
    theirs = brand.stranger.results(call.route)
    assert not {row["id"] for row in ours} & {row["id"] for row in theirs}


@pytest.mark.parametrize("route", ROUTES)
def test_without_a_token_there_is_nothing(brand: Brand, ids: dict[str, Any], route: str) -> None:
    path = BASE + address(route, ids)
    for client in (APIClient(), APIClient()):
        response = client.get(path)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        client.credentials(HTTP_AUTHORIZATION="Bearer oms_wrong")
        assert client.get(path).status_code == 401


@pytest.mark.parametrize("call", [c for c in CALLS if c.method == "get"], ids=str)
def test_a_viewer_reads_everything(brand: Brand, ids: dict[str, Any], call: Call) -> None:
    assert status(brand.viewer, call, ids) == 200


@pytest.mark.parametrize("call", WRITES, ids=str)
def test_a_viewer_changes_nothing(brand: Brand, ids: dict[str, Any], call: Call) -> None:
    assert status(brand.viewer, call, ids) == 403


@pytest.mark.parametrize("call", WRITES, ids=str)
def test_an_operator_changes_all_but_the_account(
    brand: Brand, ids: dict[str, Any], call: Call
) -> None:
    code = status(brand.operator, call, ids)
    if call in OF_ADMINS:
        assert code == 403
    else:
        assert code in (200, 201, 202, 204, 409)


@pytest.mark.parametrize("call", WRITES, ids=str)
def test_an_admin_changes_everything(brand: Brand, ids: dict[str, Any], call: Call) -> None:
    assert status(brand.admin, call, ids) in (200, 201, 202, 204, 409)


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
