"""SKU mappings by file, parked records with a note, webhooks at the platform, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, expect

from channels.connectors.base import Transient
from channels.connectors.registry import CONNECTORS
from channels.models import Channel
from oms.models import ParkedRecord, SkuMapping
from tests import builders
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene
from tests.hooks import HookedSandboxShop, Hooks

pytestmark = pytest.mark.chromium


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Hooks:
    monkeypatch.setitem(CONNECTORS, "sandbox_shop", HookedSandboxShop)
    monkeypatch.setattr(HookedSandboxShop, "platform", Hooks(), raising=False)
    settings.OMSAUTO_PUBLIC_URL = "https://oms.example"
    return HookedSandboxShop.platform


@pytest.fixture
def shop(scene: Scene, platform: Hooks) -> Channel:
    builders.product(scene.account, "MUG", "White mug")
    made = scene.channel("Tea shop")
    scene.save(made, "webhook")
    return made


def test_webhooks_are_registered_and_removed_without_leaving_the_page(
    operator: Operator, scene: Scene, shop: Channel, platform: Hooks
) -> None:
    operator.logged_in(scene.member("operator")).open(f"/channels/{shop.pk}/?tab=webhooks")
    page = operator.page
    section = page.get_by_role("region", name="Webhooks at the platform")
    expect(section.get_by_text("Missing")).to_have_count(2)
    live = page.locator("#subscriptions")
    expect(live).to_have_attribute("aria-live", "polite")
    section.get_by_role("button", name="Register", exact=True).click()
    expect(section.get_by_text("order.created is registered.")).to_be_visible()
    expect(section.get_by_role("button", name="Register again")).to_be_focused()
    expect(section.get_by_text("Active")).to_have_count(2)
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    section.get_by_role("button", name="Remove").click()
    expect(section.get_by_text("Missing")).to_have_count(2)
    assert platform.found == {}
    assert "registers them again" in asked[0]


def test_a_dead_platform_leaves_the_page_usable(
    operator: Operator, scene: Scene, shop: Channel, platform: Hooks
) -> None:
    platform.error = Transient("nothing answers")
    operator.logged_in(scene.member("operator")).open(f"/channels/{shop.pk}/?tab=webhooks")
    page = operator.page
    expect(page.get_by_role("checkbox", name="order.created")).to_be_enabled()
    expect(page.get_by_text("The platform could not be asked: nothing answers")).to_be_visible()
    platform.error = None
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("Missing")).to_have_count(2)


def test_a_table_is_looked_at_and_imported(
    operator: Operator, scene: Scene, shop: Channel, tmp_path: Path
) -> None:
    table = tmp_path / "skus.csv"
    table.write_bytes(b'\xef\xbb\xbfchannel_sku;sku\r\nCUP;MUG\r\n"B, 1";mug\r\n')
    operator.logged_in(scene.member("operator")).open(f"/channels/{shop.pk}/?tab=skus")
    page = operator.page
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Look at what it does").click()
    expect(page.get_by_text("2 new, 0 changed, 0 as they are.")).to_be_visible()
    assert not SkuMapping.objects.exists()
    page.get_by_role("button", name="Import 2 mappings").click()
    expect(page.get_by_text("2 mappings imported.")).to_be_visible()
    expect(page.get_by_role("rowheader", name="B, 1")).to_be_visible()


def test_a_parked_record_is_read_and_discarded_with_a_note(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    ParkedRecord.objects.create(
        account=scene.account,
        channel=shop,
        type="receive_orders",
        external_id="1001",
        reason="SKU CUP of line 1 is not in the catalogue.",
        payload={"lines": [{"sku": "CUP", "quantity": 2}]},
        parked_at=NOW,
    )
    operator.logged_in(scene.member("operator")).open("/records/?tab=parked")
    page = operator.page
    page.get_by_role("link", name="1001").click()
    expect(page.get_by_role("cell", name="CUP")).to_be_visible()
    page.get_by_label("Note").fill("a test order")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("1001 is discarded.")).to_be_visible()
    page.get_by_label("Status").select_option("Discarded")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("Discarded: a test order")).to_be_visible()
