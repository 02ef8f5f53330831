"""Somebody is invited, joins and sees what their role permits; a token is made, used, revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from tests.builders import PASSWORD
from tests.e2e.hands import Mouse
from tests.e2e.operator import Operator
from tests.e2e.scene import Scene

pytestmark = pytest.mark.chromium


@pytest.fixture
def newcomer(chromium: Browser, live_server: LiveServer) -> Iterator[Operator]:
    """Somebody else at a browser of their own."""
    context = chromium.new_context()
    made = Operator(context.new_page(), live_server.url, Mouse())
    yield made
    context.close()
    assert made.watch.faults == []


def test_who_is_invited_joins_in_their_own_browser_with_the_role_they_were_given(
    operator: Operator, newcomer: Operator, scene: Scene
) -> None:
    shop = scene.channel("Shop")
    operator.logged_in(scene.member("admin")).go("System Settings", "Account").tab("Members")
    page = operator.page
    page.get_by_label("E-mail address").fill("nia@example.com")
    page.get_by_label("Role", exact=True).select_option(label="Viewer")
    operator.press("Invite")
    link = page.get_by_text(re.compile(r"^http.*/invitations/")).text_content() or ""
    theirs = newcomer.page
    theirs.goto(link.strip())
    expect(theirs.get_by_role("heading", name="You are invited to Brand")).to_be_visible()
    theirs.get_by_label("E-mail address").fill("nia@example.com")
    theirs.get_by_label("Your name").fill("Nia New")
    theirs.get_by_label("Password").fill(PASSWORD)
    newcomer.press("Join Brand")
    expect(theirs.get_by_text("You are a member of Brand now.")).to_be_visible()
    newcomer.open(f"/channels/{shop.pk}/")
    expect(newcomer.mode).to_be_disabled()
    newcomer.open("/account/members/")
    expect(theirs.get_by_text("Only an admin of the account invites people")).to_be_visible()
    expect(theirs.get_by_role("button", name="Invite", exact=True)).to_have_count(0)
    newcomer.watch.expected.add(410)
    theirs.goto(link.strip())
    expect(theirs.get_by_text("This invitation was accepted already")).to_be_visible()
    operator.open("/account/members/")
    expect(page.get_by_role("rowheader", name="Nia New")).to_be_visible()


def test_an_admin_who_steps_down_is_asked_first(operator: Operator, scene: Scene) -> None:
    scene.member("operator")
    operator.logged_in(scene.member("admin")).open("/account/members/")
    page = operator.page
    page.get_by_label("Role of operator@example.com").select_option(label="Admin")
    operator.press("Change the role of operator@example.com")
    expect(page.get_by_text("operator@example.com is Admin now.")).to_be_visible()
    page.get_by_label("Role of admin@example.com").select_option(label="Viewer")
    operator.press("Change the role of admin@example.com")
    expect(page.get_by_role("heading", name="Give up your role Admin?")).to_be_visible()
    operator.press("Become Viewer")
    expect(page.get_by_text("Only an admin of the account invites people")).to_be_visible()


def test_a_token_is_made_used_and_revoked(operator: Operator, scene: Scene) -> None:
    scene.channel("Shop")
    operator.logged_in(scene.member("operator")).go("System Settings", "Account").tab("API tokens")
    page = operator.page
    expect(page.get_by_text("No tokens", exact=True)).to_be_visible()
    page.get_by_label("Name").fill("Nightly export")
    operator.press("Make token")
    text = (page.get_by_text(re.compile(r"^oms_\w{60,}$")).text_content() or "").strip()
    headers = {"Authorization": f"Bearer {text}"}
    channels = Client().get("/api/v1/channels/", headers=headers)
    assert [row["name"] for row in channels.json()["results"]] == ["Shop"]
    refused = Client().post("/api/v1/products/", {"account": scene.account.pk, "sku": "X"},
                            "application/json", headers=headers)  # fmt: skip
    assert refused.status_code == 403
    operator.open("/account/tokens/")
    expect(page.get_by_text(text)).to_have_count(0)
    row = page.get_by_role("row").filter(has_text="Nightly export")
    expect(row.get_by_role("cell", name="13:00")).to_have_count(2)
    page.on("dialog", lambda dialog: dialog.accept())
    operator.press("Revoke Nightly export")
    expect(page.get_by_text("Nightly export is revoked")).to_be_visible()
    assert Client().get("/api/v1/channels/", headers=headers).status_code == 401


def test_a_token_is_made_and_revoked_without_scripts(
    plain_operator: Operator, scene: Scene
) -> None:
    plain_operator.logged_in(scene.member("operator")).open("/account/tokens/")
    page = plain_operator.page
    page.get_by_label("Name").fill("Nightly export")
    plain_operator.press("Make token")
    expect(page.get_by_text(re.compile(r"^oms_\w{60,}$"))).to_be_visible()
    plain_operator.press("Revoke Nightly export")
    expect(page.get_by_text("Nightly export is revoked")).to_be_visible()
