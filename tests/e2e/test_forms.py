"""What the forms of settings do beside saving: refuse, explain, ask, and work without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Locator, Route, expect

from jobs.models import StableJob
from tests.e2e.operator import Operator
from tests.e2e.scene import Scene

pytestmark = pytest.mark.chromium

TOO_LONG = "The Delay (6 hours) must be shorter than the period (1 hour)."


def test_webhook_mode_is_set_without_scripts(plain_operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop")
    operator = plain_operator
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    operator.hand.choose(operator.mode, "Webhook")
    operator.press("Preview")
    expect(operator.preview).to_contain_text(
        "Receive Orders: its emergency job will be switched on, period 1 hour."
    )
    assert (scene.job(shop).row, scene.history()) == ("recurring", [])

    operator.hand.choose(operator.field("Receive Orders", "Delay"), "5 minutes")
    operator.hand.choose(operator.field("Receive Orders", "Emergency Job Period"), "30 minutes")
    operator.save()
    expect(operator.fact("Receive Orders", "Emergency job")).to_contain_text("Due 13:25")
    job = scene.job(shop)
    assert (job.row, job.webhook_delay_minutes) == ("webhook", 5)
    assert (job.emergency_state, job.emergency_minutes) == ("armed", 30)


def test_recurring_jobs_are_set_without_scripts(plain_operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop", track="stable")
    operator = plain_operator
    operator.logged_in(scene.member("admin")).go("System Settings", "Recurring Jobs")
    operator.hand.tick(operator.page.get_by_label("Receive Orders enabled"))
    period = operator.page.get_by_label("Period of Receive Orders")
    operator.hand.choose(period, "Each 8 hours")
    operator.press("Preview")
    expect(operator.preview).to_contain_text("its main job will start, each 8 hours")
    assert not StableJob.objects.exists()

    expect(period.get_by_role("option", selected=True)).to_have_text("Each 8 hours")
    operator.save()
    assert scene.job(shop).period_minutes == 480


def test_a_delay_not_shorter_than_the_period_is_refused_at_its_field(
    operator: Operator, scene: Scene
) -> None:
    shop = scene.channel("Shop")
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    delay = operator.field("Receive Orders", "Delay")
    period = operator.field("Receive Orders", "Main Job Period")
    operator.hand.choose(delay, "6 hours")
    operator.hand.choose(period, "Each hour")
    expect(operator.preview).to_contain_text(TOO_LONG)

    operator.watch.expected.add(400)
    operator.press("Save")
    expect(operator.page.get_by_role("alert")).to_contain_text("Nothing was saved")
    for field in (delay, period):
        _assert_refused(field, TOO_LONG)
    expect(delay.get_by_role("option", selected=True)).to_have_text("6 hours")
    assert scene.job(shop).main_period_minutes is None
    assert scene.history() == []

    operator.hand.choose(delay, "30 minutes")
    operator.save()
    job = scene.job(shop)
    assert (job.main_period_minutes, job.delay_minutes) == (60, 30)


def test_the_account_refuses_such_a_delay_and_saves_no_other_row(
    operator: Operator, scene: Scene
) -> None:
    scene.channel("Shop", track="stable")
    operator.logged_in(scene.member("admin")).go("System Settings", "Recurring Jobs")
    page = operator.page
    operator.hand.choose(page.get_by_label("Period of Receive Order Updates"), "Each 8 hours")
    operator.hand.choose(page.get_by_label("Period of Receive Orders"), "Each hour")
    operator.hand.choose(page.get_by_label("Delay of Receive Orders"), "6 hours")
    expect(operator.preview).to_contain_text(TOO_LONG)

    operator.watch.expected.add(400)
    operator.press("Save")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved")
    _assert_refused(page.get_by_label("Delay of Receive Orders"), TOO_LONG)
    assert not StableJob.objects.exists()
    assert scene.history() == []


def _assert_refused(field: Locator, sentence: str) -> None:
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(sentence)))


def test_leaving_with_unsaved_changes_asks(operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop")
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    page, asked = operator.page, list[str]()

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    name = page.get_by_label("Name", exact=True)
    name.click()
    name.press_sequentially(" two")
    runs = page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs")
    runs.click(no_wait_after=True)
    expect(name).to_have_value("Shop two")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    assert asked == ["beforeunload"]

    operator.save()
    shop.refresh_from_db()
    assert shop.name == "Shop two"
    runs.click()
    expect(page.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    assert asked == ["beforeunload"], "a saved form asks nothing"


def test_a_mode_chosen_before_the_scripts_have_arrived_swaps_the_rows(
    operator: Operator, scene: Scene
) -> None:
    shop = scene.channel("Shop")
    operator.logged_in(scene.member("operator"))
    page, held = operator.page, list[Route]()
    page.route("**/*.js", lambda route: held.append(route))
    page.goto(f"{operator.home}/channels/{shop.pk}/", wait_until="commit")
    operator.hand.choose(operator.mode, "Webhook")
    expect(operator.field("Receive Orders", "Main Job Period")).to_be_visible()
    assert held
    for route in held:
        route.continue_()
    expect(operator.field("Receive Orders", "Emergency Job Period")).to_be_visible()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    expect(operator.preview).to_contain_text("its main job will start, at once on each webhook")


def test_typed_values_survive_a_change_of_the_mode(operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop")
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    operator.hand.choose(operator.field("Receive Orders", "Main Job Period"), "Each 30 minutes")
    operator.hand.choose(operator.mode, "Webhook")
    operator.hand.choose(operator.field("Receive Orders", "Emergency Job Period"), "4 hours")
    operator.hand.choose(operator.mode, "Recurring Job")
    period = operator.field("Receive Orders", "Main Job Period")
    expect(period.get_by_role("option", selected=True)).to_have_text("Each 30 minutes")
    operator.save()
    job = scene.job(shop)
    assert (job.main_period_minutes, job.emergency_period_minutes) == (30, 240)
