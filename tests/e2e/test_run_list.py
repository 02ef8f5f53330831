"""The list of runs in a browser: why a slot did not run, progress as it happens, cancel, retry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from channels.models import Channel
from jobs import control
from jobs.lease import claim
from jobs.models import Run, SlotStretch
from tests.e2e.hands import Keyboard
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene

pytestmark = pytest.mark.chromium


@pytest.fixture
def shop(scene: Scene) -> Channel:
    """A shop with a slot each hour."""
    made = scene.channel("Shop")
    scene.save(made, receive_orders={"main_period_minutes": 60})
    return made


def running(scene: Scene, shop: Channel) -> Run:
    """A run that a worker has begun and works on for long."""
    run = control.run_now(scene.job(shop), scene.now).run
    assert run
    claimed = claim(run.pk, scene.now)
    assert claimed
    Run.objects.filter(pk=run.pk).update(lease_until=scene.now + timedelta(hours=9))
    return claimed


@pytest.mark.parametrize("hand", [Keyboard()], ids=["keyboard"])
def test_why_a_slot_did_not_run_is_found_by_keyboard(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    scene.move_to(NOW + timedelta(minutes=50))
    run = running(scene, shop)
    scene.move_to(NOW + timedelta(minutes=61))
    scene.work()
    assert SlotStretch.objects.get().run == run
    operator.logged_in(scene.member("viewer")).go("Activity", "Runs")
    page, hand = operator.page, operator.hand
    hand.choose(page.get_by_label("Channel", exact=True), "Shop")
    hand.choose(page.get_by_label("Job", exact=True), "Receive Orders")
    hand.choose(page.get_by_label("Show", exact=True), "Slots that did not run")
    operator.press("Show")

    rows = page.get_by_role("group", name="Runs and slots that did not run").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text("1 slot without a run")
    expect(rows.last).to_contain_text("Coalesced")
    expect(rows.last).to_contain_text(f"A full run was active (run {run.pk})")
    told = page.get_by_role("region", name="Receive Orders on Shop")
    expect(told).to_contain_text("Its next slot is 15:00; its period is 1 hour.")
    expect(told).to_contain_text(f"Run {run.pk} is under way")
    hand.press(rows.last.get_by_role("link", name=f"run {run.pk}"))
    expect(page.get_by_role("heading", name="Receive Orders", level=1)).to_be_visible()


def test_a_run_is_watched_while_it_works(operator: Operator, scene: Scene, shop: Channel) -> None:
    run = running(scene, shop)
    mine = Run.objects.filter(pk=run.pk)
    mine.update(progress_done=100, progress_total=400, progress_unit="records")
    scene.move_to(NOW + timedelta(seconds=10))
    operator.logged_in(scene.member("viewer")).go("Activity", "Runs")
    page = operator.page
    row = page.get_by_role("row").filter(has_text=f"Run {run.pk}")
    bar = row.get_by_role("progressbar")
    expect(row).to_contain_text("100 of 400 records, 10 a second, less than a minute left")
    expect(bar).to_have_attribute("value", "100")
    mine.update(progress_done=300)
    expect(row).to_contain_text("300 of 400 records", timeout=15_000)
    expect(bar).to_have_attribute("value", "300")

    operator.hand.press(row.get_by_role("link"))
    outcome = page.get_by_role("region", name="Outcome")
    expect(outcome).to_contain_text("300 of 400 records")
    search = page.get_by_label("Words", exact=True)
    search.fill("half a word")
    mine.update(progress_done=399)
    run.log.create(at=scene.now, level="warning", message="slow today")
    expect(outcome).to_contain_text("399 of 400 records", timeout=15_000)
    expect(page.locator("#run-log")).to_contain_text("slow today")
    expect(search).to_have_value("half a word")
    expect(search).to_be_focused()


def test_a_run_is_cancelled_and_tried_again(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    run = running(scene, shop)
    operator.logged_in(scene.member("operator")).open(f"/runs/{run.pk}/")
    page = operator.page
    page.on("dialog", lambda dialog: dialog.accept())
    operator.press("Cancel")
    outcome = page.get_by_role("region", name="Outcome")
    expect(outcome).to_contain_text("Cancelled by operator@example.com.")
    attempts = page.get_by_role("region", name="Attempts").get_by_role("row")
    expect(attempts.last).to_contain_text("Cancelled")

    operator.press("Retry")
    expect(outcome).to_contain_text(f"retry of run {run.pk}")
    expect(page.get_by_role("status").filter(has_text="This run retries")).to_be_visible()
    new = Run.objects.latest("pk")
    assert (new.trigger, new.status, new.job_id) == ("retry", "queued", run.job_id)
    operator.hand.press(page.get_by_role("link", name=f"Run {run.pk}"))
    expect(page.get_by_role("link", name=f"Run {new.pk}")).to_be_visible()
