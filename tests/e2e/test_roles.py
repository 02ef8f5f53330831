"""What each role is shown: controls that it may not use are not there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import builders
from tests.brand import connect
from tests.e2e.operator import Operator
from tests.e2e.scene import Scene

pytestmark = pytest.mark.chromium


def test_a_viewer_sees_every_page_and_no_control_that_writes(
    operator: Operator, scene: Scene
) -> None:
    shop = scene.channel("Shop")
    own = connect(scene.account, name="In-house", connector="http")
    builders.warehouse(scene.account)
    builders.product(scene.account, "MUG", on_hand=5)
    operator.logged_in(scene.member("viewer")).open_channel("Shop")
    expect(operator.mode).to_be_disabled()
    expect(operator.page.get_by_text("Sync", exact=True)).to_have_count(0)
    for path in (
        f"/channels/{shop.pk}/",
        f"/channels/{shop.pk}/?tab=webhooks",
        f"/channels/{own.pk}/",
        f"/channels/{own.pk}/?tab=webhooks",
        f"/channels/{shop.pk}/?tab=records",
        "/channels/sales/",
        "/account/",
        "/account/recurring-jobs/",
        "/records/?tab=stock",
        "/records/?tab=products",
        "/",
    ):
        _assert_no_writing(operator, path)
    operator.open(f"/channels/{shop.pk}/?tab=webhooks")
    expect(operator.page.get_by_text(shop.webhook_path)).to_have_count(0)


def _assert_no_writing(operator: Operator, path: str) -> None:
    """Beside the user's own menu the page has no form that posts and no link to make anything."""
    operator.open(path)
    content = operator.page.get_by_role("main")
    expect(content.get_by_role("heading", level=1)).to_be_visible()
    for name in ("Save", "Preview", "Set", "Add product", "Test connection"):
        expect(content.get_by_role("button", name=name, exact=True), path).to_have_count(0)
    expect(content.get_by_role("link", name="New channel"), path).to_have_count(0)


def test_an_operator_sets_channels_but_not_the_account(operator: Operator, scene: Scene) -> None:
    scene.channel("Shop", track="stable")
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    save = operator.page.get_by_role("button", name="Save")
    expect(save).to_be_visible()
    for entry in ("Account", "Recurring Jobs"):
        operator.go("System Settings", entry)
        expect(operator.page.get_by_text("Only an admin of the account")).to_be_visible()
        expect(save).to_have_count(0)


def test_a_stranger_finds_no_channel(operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop")
    stranger = builders.user("stranger@example.com", of=builders.account("Other"))
    operator.logged_in(stranger)
    operator.watch.expected.add(404)
    operator.open(f"/channels/{shop.pk}/")
    expect(operator.page.get_by_role("heading", name="Page not found")).to_be_visible()
