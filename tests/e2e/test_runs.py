"""Orders on their way from a shop to the pages: by hand, by webhook, and by rescue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from channels.models import Channel
from jobs.models import Event, Rescue, Run
from oms.models import Order
from tests import builders
from tests.e2e.hands import Hand, Keyboard, Mouse
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene
from tests.sandbox_server import SECRET, SandboxServer, Shop

pytestmark = pytest.mark.chromium


@pytest.fixture
def platform(sandbox: SandboxServer, scene: Scene) -> Shop:
    """A shop of the sandbox that sells the one product the account has."""
    builders.product(scene.account, "MUG")
    shop = sandbox.shop("shop")
    shop.add_product("MUG", price="10.00")
    return shop


@pytest.fixture
def channel(platform: Shop, scene: Scene, live_server: LiveServer) -> Channel:
    """The channel of that shop, which sends its webhooks to the live server."""
    secrets = {**platform.secrets, "webhook_secret": SECRET}
    made = scene.channel("Shop", settings=platform.settings, secrets=secrets, sync_from=NOW)
    platform.send_webhooks_to(live_server.url + made.webhook_path, SECRET)
    return made


@pytest.mark.parametrize("hand", [Mouse(), Keyboard()], ids=["mouse", "keyboard"])
def test_run_now_opens_the_run_which_tells_its_end_by_itself(
    operator: Operator, scene: Scene, channel: Channel, platform: Shop, hand: Hand
) -> None:
    number = platform.place_order("MUG")["number"]
    scene.move_to(NOW + timedelta(minutes=1))
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    page = operator.page
    hand.press(page.locator("summary").filter(has_text="Sync"))
    operator.press("Receive Orders")
    expect(page.get_by_role("heading", name="Receive Orders", level=1)).to_be_visible()
    outcome = page.get_by_role("region", name="Outcome")
    expect(outcome).to_contain_text("Queued operator@example.com asked for it.")
    run = Run.objects.get(channel=channel)
    assert (run.type, run.trigger, run.status) == ("receive_orders", "manual", "queued")
    assert page.url.endswith(f"/runs/{run.pk}/")

    scene.work()
    expect(outcome).to_contain_text("Succeeded")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert Order.objects.get().number == number


def test_a_signed_delivery_becomes_an_order_on_the_records_page(
    operator: Operator, scene: Scene, channel: Channel, platform: Shop
) -> None:
    scene.save(channel, mode="webhook")
    operator.logged_in(scene.member("operator"))
    order = platform.place_order("MUG", quantity=3)
    assert platform.wait_for_deliveries()["sent"] == 1
    operator.go("Activity", "Events")
    page = operator.page
    event = page.get_by_role("row").filter(has=page.get_by_role("link", name="order.created"))
    expect(event).to_contain_text("Waiting")
    operator.go("Activity", "Records")
    expect(page.get_by_text("Nothing here", exact=True)).to_be_visible()

    scene.work()
    page.reload()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=order["number"]))
    expect(row).to_contain_text("Shop")
    expect(row).to_contain_text("Approved")
    expect(row.get_by_role("cell").nth(4)).to_have_text("3")
    stored = Order.objects.get()
    assert (stored.external_id, stored.number) == (str(order["id"]), order["number"])
    assert Event.objects.get().status == "done"
    operator.go("Activity", "Events")
    expect(event).to_contain_text("Done")


def test_an_order_whose_delivery_is_lost_shows_as_rescued(
    operator: Operator, scene: Scene, channel: Channel, platform: Shop
) -> None:
    scene.save(
        channel,
        mode="webhook",
        receive_orders={"emergency_period_minutes": 5},
        receive_order_updates={"emergency_period_minutes": None},
    )
    operator.logged_in(scene.member("operator"))
    platform.place_order("MUG")
    platform.wait_for_deliveries()
    scene.work()
    platform.drop_webhooks()
    scene.move_to(NOW + timedelta(seconds=30))
    lost = platform.place_order("MUG")
    platform.wait_for_deliveries()
    scene.move_to(NOW + timedelta(minutes=4))
    scene.work()
    assert Order.objects.count() == 1, "heard of less than the emergency period ago"

    scene.move_to(NOW + timedelta(minutes=6))
    scene.work()
    operator.open_channel("Shop")
    emergency = operator.fact("Receive Orders", "Emergency job")
    expect(emergency).to_contain_text("Degraded after 5 minutes")
    expect(emergency).to_contain_text("1 record rescued in 7 days")
    expect(emergency).to_contain_text("Due 13:11")
    operator.go("Activity", "Runs")
    page = operator.page
    row = page.get_by_role("row").filter(has_text="Emergency")
    expect(row.get_by_role("cell").last).to_have_text("1")
    operator.hand.press(row.get_by_role("link"))
    expect(page.get_by_role("region", name="Outcome")).to_contain_text(
        "The emergency job asked for it: deadline: no proof of completeness for the period."
    )
    rescued = page.get_by_role("region", name="Rescued records").get_by_role("row").last
    expect(rescued).to_contain_text(lost["number"])
    expect(rescued).to_contain_text("never came")

    run = Run.objects.get(trigger="emergency")
    assert (run.status, run.rescued) == ("succeeded", 1)
    assert Rescue.objects.get().external_id == str(lost["id"])
    assert Order.objects.count() == 2
    assert scene.job(channel).emergency_state == "degraded"
