"""A channel's circuit and budget in the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels.connectors.values import Limit
from channels.models import Channel
from jobs import budgets, circuits
from jobs.lease import claim
from tests.api.conftest import Brand
from tests.builders import NOW
from tests.http_server import served
from tests.jobs.limited import LimitedShop


@pytest.fixture
def far_shop(brand: Brand) -> Iterator[LimitedShop]:
    shop = LimitedShop({"orders": []}, ill=500)
    with served(shop) as address:
        values = {"connector": "http", "settings": {"url": address}}
        Channel.objects.filter(pk=brand.shop.pk).update(**values)
        yield shop


def fall_ill(brand: Brand) -> None:
    for _ in range(5):
        circuits.note_failure(brand.shop.pk, "GET /orders answered 500", NOW)


def shown(brand: Brand) -> dict[str, Any]:
    found: dict[str, Any] = brand.viewer.get(f"channels/{brand.shop.pk}/").json()
    return found


def test_a_platform_that_is_well_and_says_nothing(brand: Brand) -> None:
    channel = shown(brand)
    closed = {"state": "closed", "since": None, "next_probe_at": None, "reason": ""}
    assert (channel["circuit"], channel["budget"]) == (closed, None)


def test_an_open_circuit_says_since_when_why_and_until_when(brand: Brand) -> None:
    fall_ill(brand)
    circuit = shown(brand)["circuit"]
    assert (circuit["state"], circuit["since"]) == ("open", "2026-03-02T12:00:00Z")
    assert circuit["reason"] == "GET /orders answered 500"
    assert circuit["next_probe_at"] > "2026-03-02T12:00:00Z"
    listed = {row["id"]: row["circuit"] for row in brand.viewer.results("channels/")}
    assert listed[brand.shop.pk] == circuit


def test_a_budget_is_what_the_platform_said(brand: Brand) -> None:
    budgets.tell(brand.shop.pk, NOW, budgets.Known(), Limit(7, 100, 60))
    assert shown(brand)["budget"] == {
        "remaining": 7.0,
        "capacity": 100.0,
        "told_at": "2026-03-02T12:00:00Z",
        "resets_at": "2026-03-02T12:01:00Z",
    }


def test_a_run_that_was_put_back_says_why(brand: Brand) -> None:
    fall_ill(brand)
    run = brand.operator.post(f"channels/{brand.shop.pk}/jobs/receive_orders/run/").json()
    claim(run["id"], NOW)
    waiting = brand.viewer.get(f"runs/{run['id']}/").json()
    assert (waiting["status"], waiting["attempt"]) == ("queued", 0)
    assert waiting["reason"] == "circuit open: GET /orders answered 500"
    assert waiting["not_before"] == shown(brand)["circuit"]["next_probe_at"]


def test_an_operator_probes_now(brand: Brand, far_shop: LimitedShop) -> None:
    path = f"channels/{brand.shop.pk}/probe/"
    assert brand.operator.post(path).status_code == 409
    fall_ill(brand)
    assert brand.viewer.post(path).status_code == 403
    assert brand.operator.post(path).json()["circuit"]["state"] == "open"
    far_shop.ill = None
    assert brand.operator.post(path).json()["circuit"]["state"] == "closed"
