"""Lists of channels, editing many together, and the way to the first run, in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from channels.models import Channel
from jobs.models import Job, Run
from tests.e2e.hands import Hand, Keyboard
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene
from tests.sandbox_server import SandboxServer

pytestmark = pytest.mark.chromium


@pytest.fixture
def shops(scene: Scene) -> list[Channel]:
    return [
        scene.channel("Apple shop"),
        scene.channel("Berry shop", mode="webhook"),
        scene.channel("Cherry shop", track="stable"),
    ]


def test_a_list_is_filtered_as_one_types_and_sorted_by_its_heads(
    operator: Operator, scene: Scene, shops: list[Channel]
) -> None:
    operator.logged_in(scene.member("viewer")).open("/channels/sales/")
    page = operator.page
    rows = page.get_by_role("rowheader").get_by_role("link")
    expect(rows).to_have_text(["Apple shop", "Berry shop", "Cherry shop"])
    page.get_by_label("Search").press_sequentially("berry")
    expect(rows).to_have_text(["Berry shop"])
    expect(page.get_by_text("1 channel fits.")).to_have_count(1)
    page.get_by_label("Search").fill("")
    expect(rows).to_have_count(3)
    page.get_by_label("Track").select_option("Beta")
    expect(rows).to_have_text(["Apple shop", "Berry shop"])
    page.get_by_role("link", name="Channel", exact=True).click()
    expect(rows).to_have_text(["Berry shop", "Apple shop"])
    head = page.get_by_role("columnheader", name="Channel")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_label("Track")).to_have_value("beta")


@pytest.mark.parametrize("hand", [Keyboard()], ids=["keyboard"])
def test_many_channels_are_edited_together_by_keyboard(
    operator: Operator, scene: Scene, shops: list[Channel], hand: Hand
) -> None:
    operator.logged_in(scene.member("operator")).open("/channels/sales/")
    page = operator.page
    hand.tick(page.get_by_label("Tick all on this page"))
    expect(page.get_by_label("Tick Cherry shop")).to_be_checked()
    hand.press(page.get_by_role("button", name="Edit ticked (3)"))
    hand.choose(page.get_by_label("Job type"), "Receive Orders")
    hand.choose(page.get_by_label("Main Job Period"), "Each hour")
    operator.press("Look at what it does")
    refused = page.get_by_role("region", name="Not supported").get_by_role("listitem")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text("Cherry shop")
    expect(page.get_by_text("Receive Orders: its main job will start, each hour")).to_have_count(1)
    assert not Job.objects.filter(main_period_minutes=60).exists()
    operator.press("Apply to 2 channels")
    expect(page.get_by_text("Saved: 2 channels changed")).to_be_visible()
    changed = Job.objects.filter(main_period_minutes=60).order_by("pk")
    assert [job.channel for job in changed] == shops[:2]


def test_an_empty_account_is_led_to_its_first_run(
    operator: Operator, scene: Scene, sandbox: SandboxServer
) -> None:
    platform = sandbox.shop("shop")
    operator.logged_in(scene.member("operator"))
    page, hand = operator.page, operator.hand
    hand.press(page.get_by_role("link", name="Try it with the sandbox"))
    hand.write(page.get_by_label("Name"), "My shop")
    hand.write(page.get_by_label("Address"), platform.settings["url"])
    hand.write(page.get_by_label("Token", exact=True), platform.secrets["token"])
    operator.press("Connect")
    expect(page.get_by_role("heading", name="First run of My shop", level=1)).to_be_visible()
    operator.press("Test the connection")
    hand.press(page.get_by_role("link", name="Choose the mode"))
    hand.choose(operator.field("Receive Orders", "Main Job Period"), "Each hour")
    operator.save()
    hand.press(page.get_by_role("link", name="Go on there"))
    operator.press("Run Receive Orders now")
    expect(page.get_by_text("It waits for a worker")).to_be_visible()
    assert Run.objects.get().trigger == "manual"
    scene.move_to(NOW + timedelta(minutes=1))
    scene.work()
    expect(page.get_by_text("The first run has succeeded")).to_be_visible()
    now = page.get_by_role("region", name="What now")
    hand.press(now.get_by_role("link", name="Connect a fulfillment channel"))
    expect(page.get_by_role("heading", name="New fulfillment channel")).to_be_visible()
