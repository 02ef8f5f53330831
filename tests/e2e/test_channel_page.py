"""A channel's page in a browser: what each tab is for, with a mouse and by keyboard alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Dialog, expect

from channels.models import Channel
from jobs.models import Run
from oms.models import ParkedRecord
from tests import builders
from tests.e2e.hands import Keyboard, Mouse
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene

pytestmark = pytest.mark.chromium
both_hands = pytest.mark.parametrize("hand", [Mouse(), Keyboard()], ids=["mouse", "keyboard"])


@pytest.fixture
def shop(scene: Scene) -> Channel:
    builders.product(scene.account, "MUG")
    return scene.channel("Shop")


@both_hands
def test_what_is_not_saved_is_marked_at_its_field_and_counted(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    page = operator.page
    period = operator.field("Receive Orders", "Main Job Period")
    operator.hand.choose(period, "Each 8 hours")
    expect(period).to_have_accessible_description(re.compile("Not saved. Was None."))
    expect(page.get_by_text("Not saved yet (1 field)")).to_be_visible()
    operator.hand.choose(operator.mode, "Webhook")
    expect(operator.mode).to_have_accessible_description("Not saved. Was Recurring Job.")
    expect(operator.field("Receive Orders", "Emergency Job Period")).to_be_visible()
    operator.hand.choose(operator.field("Receive Orders", "Delay"), "5 minutes")
    expect(page.get_by_text("Not saved yet (2 fields)")).to_be_visible()

    operator.hand.choose(operator.mode, "Recurring Job")
    expect(period.get_by_role("option", selected=True)).to_have_text("Each 8 hours")
    expect(operator.row("Receive Orders")).to_contain_text("Not saved. Was None.")
    operator.save()
    expect(page.get_by_text("Not saved", exact=False).filter(visible=True)).to_have_count(0)
    job = scene.job(shop)
    assert (job.main_period_minutes, job.webhook_delay_minutes) == (480, 5)


@both_hands
def test_an_inventory_setting_is_found_by_the_contents_and_saved(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    page = operator.page
    contents = page.get_by_role("navigation", name="On this page")
    operator.hand.press(contents.get_by_role("link", name="Inventory Settings"))
    section = page.get_by_role("region", name="Inventory Settings")
    expect(section.get_by_role("heading", name="Inventory Settings")).to_be_in_viewport()
    label = "Real-time: send each change at once"
    operator.hand.choose(section.get_by_label("Inventory", exact=True), label)
    expect(operator.preview).to_contain_text(f"Inventory: {label} (was Do not synchronize).")
    operator.save()
    shop.refresh_from_db()
    assert shop.settings["inventory_mode"] == "realtime"


@both_hands
def test_a_webhook_secret_is_generated_and_rotated_and_the_former_one_ended(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    operator.logged_in(scene.member("operator")).open_channel("Shop").tab("Webhooks")
    page = operator.page
    before = shop.secrets["webhook_secret"]
    operator.hand.press(page.get_by_role("link", name="Rotate the secret …"))
    operator.press("Generate one")
    field = page.get_by_label("New webhook secret")
    expect(field).to_have_value(re.compile("^whsec_"))
    generated = field.input_value()
    operator.hand.choose(page.get_by_label("The present secret is accepted for"), "1 hour")
    operator.press("Rotate the secret")
    expect(page.get_by_text("Two secrets hold until 14:00 (Europe/Berlin)")).to_be_visible()
    shop.refresh_from_db()
    assert before != generated == shop.secrets["webhook_secret"]
    assert shop.former_secret_until == NOW + timedelta(hours=1)

    page.on("dialog", Dialog.accept)
    operator.press("End the former one now")
    expect(page.get_by_text("The former webhook secret is no longer accepted.")).to_be_visible()
    expect(page.get_by_text("Two secrets hold")).to_have_count(0)
    shop.refresh_from_db()
    assert shop.former_webhook_secret == ""
    operator.tab("History")
    expect(page.get_by_text("Former webhook secret ended")).to_be_visible()


def test_enter_in_the_field_rotates_to_what_was_typed(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    operator.logged_in(scene.member("operator")).open(f"/channels/{shop.pk}/webhook-secret/")
    field = operator.page.get_by_label("New webhook secret")
    field.fill("typed-by-hand")
    field.press("Enter")
    expect(operator.page.get_by_text("Two secrets hold until 3 Mar, 13:00")).to_be_visible()
    shop.refresh_from_db()
    assert shop.secrets["webhook_secret"] == "typed-by-hand"


@both_hands
def test_a_topic_is_switched_off_under_webhooks(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    scene.save(shop, "webhook")
    operator.logged_in(scene.member("operator")).open_channel("Shop").tab("Webhooks")
    page = operator.page
    operator.hand.clear(page.get_by_role("checkbox", name="order.updated"))
    expect(operator.preview).to_contain_text("Receive Order Updates: its main job will stop")
    operator.save()
    assert not shop.mappings.get(topic="order.updated").enabled


@both_hands
def test_a_parked_record_is_asked_for_again_under_records(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    ParkedRecord.objects.create(
        account=scene.account,
        channel=shop,
        type="receive_orders",
        external_id="1001",
        reason="SKU CUP of line 1 is not in the catalogue.",
        payload={},
        parked_at=NOW,
    )
    operator.logged_in(scene.member("operator")).open_channel("Shop").tab("Records")
    expect(operator.page.get_by_role("cell", name="SKU CUP of line 1")).to_be_visible()
    operator.press("Retry")
    expect(operator.page.get_by_role("heading", name="Receive Orders", level=1)).to_be_visible()
    assert Run.objects.get(channel=shop).entities == ["1001"]


@both_hands
def test_a_job_is_run_from_the_menu_and_stands_under_runs(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    page = operator.page
    operator.hand.press(page.locator("summary").filter(has_text="Sync"))
    operator.press("Receive Orders")
    expect(page.get_by_role("heading", name="Receive Orders", level=1)).to_be_visible()
    run = Run.objects.get(channel=shop)
    operator.open_channel("Shop").tab("Runs")
    expect(page.get_by_role("rowheader", name=f"Receive Orders Run {run.pk}")).to_be_visible()
    operator.hand.press(page.get_by_role("link", name="All its runs"))
    expect(page).to_have_url(re.compile(rf"/runs/\?channel={shop.pk}$"))


@both_hands
def test_a_channel_is_disabled_and_deleted_by_its_name(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    page = operator.page
    operator.hand.press(page.get_by_role("link", name="Disable …"))
    operator.press("Disable")
    expect(page.get_by_text("This channel is disabled")).to_be_visible()
    operator.hand.press(page.get_by_role("link", name="Delete …"))
    operator.hand.write(page.get_by_label("Type its name"), "Shop")
    operator.press("Delete this channel")
    expect(page.get_by_text("Shop was deleted.")).to_be_visible()
    shop.refresh_from_db()
    assert shop.deleted_at == NOW
