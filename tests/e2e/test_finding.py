"""Finding things: an event by what its body says, the replay of a set, the story of an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from channels.models import Channel
from jobs import event_replays
from jobs.models import Event, EventReplay, Run
from tests import builders
from tests.e2e.hands import Hand, Keyboard, Mouse
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene
from tests.sandbox_server import SECRET, SandboxServer, Shop

pytestmark = pytest.mark.chromium


@pytest.fixture
def platform(sandbox: SandboxServer, scene: Scene) -> Shop:
    builders.product(scene.account, "MUG")
    shop = sandbox.shop("shop")
    shop.add_product("MUG", price="10.00")
    return shop


@pytest.fixture
def channel(platform: Shop, scene: Scene, live_server: LiveServer) -> Channel:
    """A channel in Webhook mode whose shop sends to the live server."""
    secrets = {**platform.secrets, "webhook_secret": SECRET}
    made = scene.channel("Shop", settings=platform.settings, secrets=secrets, sync_from=NOW)
    scene.save(made, "webhook", receive_orders={"emergency_period_minutes": 5})
    platform.send_webhooks_to(live_server.url + made.webhook_path, SECRET)
    return made


def store(channel: Channel, number: int, body: bytes) -> Event:
    """A delivery whose run failed."""
    return Event.objects.create(
        channel=channel,
        job=channel.jobs.get(type="receive_orders"),
        topic="order.created",
        delivery_id=f"d-{number}",
        delivery_key=f"d-{number}",
        received_at=NOW,
        status="failed",
        entities=[str(number)],
        body=body,
    )


@pytest.mark.parametrize("hand", [Mouse(), Keyboard()], ids=["mouse", "keyboard"])
def test_an_event_is_found_by_a_word_of_its_body(
    operator: Operator, scene: Scene, channel: Channel, hand: Hand
) -> None:
    store(channel, 1, b'{"email": "ann@example.com"}')
    store(channel, 2, b'{"email": "bob@example.com"}')
    operator.logged_in(scene.member("viewer")).go("Activity", "Events")
    page = operator.page
    hand.write(page.get_by_label("Find"), "ann@example")
    operator.press("Filter")
    events = page.get_by_role("group", name="Events")
    expect(events.get_by_role("rowheader")).to_have_count(1)
    hand.press(events.get_by_role("link", name="order.created"))
    expect(page.get_by_role("region", name="Body")).to_contain_text("ann@example.com")


def test_a_filtered_set_is_replayed_while_somebody_watches(
    operator: Operator, scene: Scene, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_replays, "A_TIME", 2)
    for number in range(3):
        store(channel, number, b"{}")
    operator.logged_in(scene.member("operator")).open("/events/?status=failed")
    page = operator.page
    operator.hand.press(page.get_by_role("link", name="Replay these 3 events"))
    will = page.get_by_role("region", name="What this will do")
    expect(will).to_contain_text("Receive Orders of Shop: 3 events go into its next batch")
    operator.press("Replay 3 events")
    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("0 of 3 events looked at")
    replay = EventReplay.objects.get()
    event_replays.go_on(replay.pk, scene.now)
    expect(progress).to_contain_text("2 of 3 events looked at")
    while event_replays.go_on(replay.pk, scene.now):
        pass
    expect(progress).to_contain_text("Done")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    run = Run.objects.get()
    expect(page.get_by_role("rowheader", name=f"Receive Orders Run {run.pk}")).to_be_visible()


def test_the_story_of_an_order_whose_webhook_was_dropped(
    operator: Operator, scene: Scene, channel: Channel, platform: Shop
) -> None:
    """By the key that leads to the search from every page."""
    platform.drop_webhooks()
    number = platform.place_order("MUG")["number"]
    scene.move_to(NOW + timedelta(minutes=8))
    scene.work()
    operator.logged_in(scene.member("viewer"))
    page = operator.page
    page.keyboard.press("/")
    expect(page.get_by_label("Trace an order or SKU")).to_be_focused()
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Order {number}", level=1)).to_be_visible()
    short = page.get_by_role("region", name="In short")
    expect(short).to_contain_text("late by emergency job because its webhook never came")
    story = page.get_by_role("region", name="What happened").get_by_role("listitem")
    expect(story.filter(has_text="no webhook came for it")).to_have_count(1)
    taken = story.filter(has_text="Order taken over")
    operator.hand.press(taken.get_by_role("link"))
    expect(page.get_by_role("heading", name="Receive Orders", level=1)).to_be_visible()


def test_the_key_can_be_switched_off_and_leaves_those_who_write_alone(
    operator: Operator, scene: Scene
) -> None:
    operator.logged_in(scene.member("viewer")).open("/trace/")
    page = operator.page
    field = page.get_by_label("Order number")
    field.focus()
    page.keyboard.type("a/b")
    expect(field).to_have_value("a/b")
    page.locator("summary").filter(has_text="viewer@example.com").click()
    operator.press("Key / for Trace")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("/")
    expect(page.get_by_label("Trace an order or SKU")).not_to_be_focused()
