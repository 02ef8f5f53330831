"""The section "Webhooks at the platform", and what deleting a channel does there."""

from __future__ import annotations

from typing import Any

import pytest

from channels.connectors.base import Permanent, Transient
from channels.connectors.registry import CONNECTORS
from channels.connectors.sandbox_shop import SandboxShop
from tests.hooks import HookedSandboxShop, Hooks, address
from tests.pages.conftest import Brand

HTMX = {"HX-Request": "true"}


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Hooks:
    monkeypatch.setitem(CONNECTORS, "sandbox_shop", HookedSandboxShop)
    monkeypatch.setattr(HookedSandboxShop, "platform", Hooks(), raising=False)
    settings.OMSAUTO_PUBLIC_URL = "https://oms.example"
    return HookedSandboxShop.platform


@pytest.fixture
def path(brand: Brand, platform: Hooks) -> str:
    return f"{brand.page}subscriptions/"


def test_the_tab_itself_never_waits_for_the_platform(
    brand: Brand, path: str, platform: Hooks
) -> None:
    platform.error = Transient("dead")
    page = brand.operator.text(brand.page, tab="webhooks")
    assert f'hx-get="{path}"' in page
    assert 'hx-trigger="load"' in page
    assert platform.calls == []
    part = brand.operator.part(path).content.decode()
    assert "The platform could not be asked: dead" in part
    assert "Look again" in part


def test_only_connectors_that_can_have_the_section(
    brand: Brand, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONNECTORS, "sandbox_shop", SandboxShop)
    monkeypatch.setattr(SandboxShop, "registers_webhooks", False)
    assert "Webhooks at the platform" not in brand.operator.text(brand.page, tab="webhooks")
    assert "remove_webhooks" not in brand.operator.text(f"{brand.page}delete/")


def test_registering_and_removing_answer_with_the_new_state(
    brand: Brand, path: str, platform: Hooks
) -> None:
    part = brand.operator.part(path).content.decode()
    assert "Missing" in part
    assert ">Register<" in "".join(part.split())
    done = brand.operator.client.post(path, headers=HTMX).content.decode()
    assert "<html" not in done
    assert "order.created is registered." in done
    assert "Registeragain" in "".join(done.split())
    first = platform.found.pop(next(iter(platform.found)))
    platform.put(first.topic, first.url, active=False)
    assert ">Repair<" in "".join(brand.operator.part(path).content.decode().split())
    gone = brand.operator.client.post(path, {"remove": "1"}, headers=HTMX).content.decode()
    assert "was removed." in gone
    assert platform.found == {}


def test_without_scripts_it_is_a_page_with_forms(brand: Brand, path: str) -> None:
    assert "<html" in brand.operator.text(path)
    page = brand.operator.follow(path)
    assert "is registered." in page
    assert "There was nothing to change." in brand.operator.follow(path)


def test_viewers_see_states_without_addresses_or_buttons(
    brand: Brand, path: str, platform: Hooks
) -> None:
    platform.put("nonsense", address(brand.shop))
    platform.put("order.created", f"https://old.example{brand.shop.webhook_path}")
    page = brand.viewer.text(path)
    assert "Another address" in page
    assert brand.shop.webhook_token not in page
    assert "register-webhooks" not in page


def test_deleting_a_channel_removes_its_webhooks_unless_told_not_to(
    brand: Brand, path: str, platform: Hooks
) -> None:
    asked = brand.operator.text(f"{brand.page}delete/")
    box = asked.partition('id="id_remove_webhooks"')[2].partition(">")[0]
    assert "checked" in box
    brand.operator.client.post(path)
    wrong = brand.operator.post(f"{brand.page}delete/", name="x").content.decode()
    assert "checked" not in wrong.partition('id="id_remove_webhooks"')[2].partition(">")[0]
    assert platform.found
    platform.calls.clear()
    page = brand.operator.follow(f"{brand.page}delete/", name=brand.shop.name)
    assert "was deleted" in page
    assert platform.calls == []


@pytest.mark.parametrize("error", [None, Transient("dead"), Permanent("no")])
def test_a_platform_that_does_not_let_go_does_not_keep_the_channel(
    brand: Brand, path: str, platform: Hooks, error: Any
) -> None:
    brand.operator.client.post(path)
    platform.error = error
    page = brand.operator.follow(f"{brand.page}delete/", name=brand.shop.name, remove_webhooks="on")
    assert "was deleted" in page
    assert brand.operator.get(brand.page).status_code == 404
    assert ("may be there still" in page) is (error is not None)
    assert (platform.found == {}) is (error is None)
