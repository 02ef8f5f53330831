"""Webhooks at the platform over the API."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import Transient
from channels.connectors.registry import CONNECTORS
from channels.connectors.sandbox_shop import SandboxShop
from tests.api.conftest import Brand
from tests.hooks import HookedSandboxShop, Hooks, address


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Hooks:
    monkeypatch.setitem(CONNECTORS, "sandbox_shop", HookedSandboxShop)
    monkeypatch.setattr(HookedSandboxShop, "platform", Hooks(), raising=False)
    settings.OMSAUTO_PUBLIC_URL = "https://oms.example"
    return HookedSandboxShop.platform


@pytest.fixture
def path(brand: Brand, platform: Hooks) -> str:
    return f"channels/{brand.shop.pk}/subscriptions/"


def test_they_are_looked_at_registered_and_removed(
    brand: Brand, path: str, platform: Hooks
) -> None:
    url = address(brand.shop)
    platform.put("nonsense", url)
    before = brand.operator.get(path).json()
    topics = [row["topic"] for row in before["subscriptions"]]
    assert {row["state"] for row in before["subscriptions"]} == {"missing"}
    assert before["strangers"] == [{"topic": "nonsense", "url": url, "active": True}]
    assert (before["registers"], before["told"], before["in_order"]) == (True, True, False)
    assert before["address"] == url

    registered = brand.operator.post(path).json()
    assert registered["in_order"] is True
    assert {row["state"] for row in registered["subscriptions"]} == {"active"}
    assert f"{topics[0]} is registered." in registered["changed"]
    assert "nonsense was removed." in registered["changed"]

    removed = brand.operator.delete(path).json()
    assert platform.found == {}
    assert {row["state"] for row in removed["subscriptions"]} == {"missing"}
    assert len(removed["changed"]) == len(topics)


def test_a_viewer_sees_states_but_no_address(brand: Brand, path: str, platform: Hooks) -> None:
    brand.operator.post(path)
    platform.put("nonsense", address(brand.shop))
    answer = brand.viewer.get(path)
    assert brand.shop.webhook_token not in answer.content.decode()
    assert answer.json()["subscriptions"][0]["state"] == "active"


def test_what_the_platform_says_instead_is_told(brand: Brand, path: str, platform: Hooks) -> None:
    platform.error = Transient("the shop sleeps")
    for answer in (brand.viewer.get(path), brand.operator.post(path), brand.operator.delete(path)):
        assert answer.status_code == 502
        assert "the shop sleeps" in answer.json()["detail"]
    platform.patience = 2
    assert brand.operator.post(path).status_code == 502


def test_a_connector_that_cannot_register_is_a_conflict(
    brand: Brand, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONNECTORS, "sandbox_shop", SandboxShop)
    monkeypatch.setattr(SandboxShop, "registers_webhooks", False)
    answer = brand.operator.post(path)
    assert answer.status_code == 409
    assert "at the platform" in answer.json()["detail"]
