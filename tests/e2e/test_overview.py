"""From the overview to the place that mends what is wrong, by keyboard; times as they are read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from channels.models import Channel
from jobs.models import Heartbeat, Job, Run, RunStatus
from oms.models import ParkedRecord
from tests.e2e.hands import Keyboard
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene

pytestmark = pytest.mark.chromium

SHOWN_AFTER = "element => getComputedStyle(element, '::after').content"
EXACT = '"Mon 2 Mar 2026, 12:32:00 CET"'


@pytest.fixture
def hand() -> Keyboard:
    return Keyboard()


@pytest.fixture
def shop(scene: Scene) -> Channel:
    made = scene.channel("Tea shop")
    scene.save(made, receive_orders={"main_period_minutes": 60})
    Job.objects.filter(pk=scene.job(made).pk).update(proven_until=NOW - timedelta(minutes=28))
    Heartbeat.objects.create(name="clock", at=NOW)
    return made


def park(scene: Scene, shop: Channel) -> None:
    ParkedRecord.objects.create(
        account=scene.account,
        channel=shop,
        type="receive_orders",
        external_id="1001",
        reason="SKU CUP of line 1 is not in the catalogue.",
        parked_at=NOW,
    )


def fail(scene: Scene, shop: Channel) -> Run:
    return Run.objects.create(
        job=scene.job(shop),
        channel=shop,
        account=scene.account,
        type="receive_orders",
        sort="full",
        trigger="schedule",
        causes_text=",schedule,",
        status=RunStatus.FAILED,
        error="The shop answered 500.",
        not_before=NOW,
        wake_at=NOW,
        finished_at=NOW - timedelta(minutes=3),
    )


def test_parked_records_are_opened_from_their_item(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    park(scene, shop)
    operator.logged_in(scene.member("operator"))
    items = operator.page.get_by_role("region", name="Needs attention")
    operator.hand.press(items.get_by_role("link", name="Open the parked records: Tea shop"))
    expect(operator.page.get_by_role("link", name="1001")).to_be_visible()
    expect(operator.page.get_by_label("Channel", exact=True)).to_have_value(str(shop.pk))


def test_a_failed_run_is_retried_from_its_item(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    failed = fail(scene, shop)
    operator.logged_in(scene.member("operator"))
    operator.press("Retry the run: Tea shop")
    expect(operator.page.get_by_text(f"This run retries run {failed.pk}.")).to_be_visible()


def test_a_poll_keeps_the_focus_on_the_same_item(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    park(scene, shop)
    operator.logged_in(scene.member("operator"))
    page = operator.page
    link = page.get_by_role("link", name="Open the parked records: Tea shop")
    link.focus()
    fail(scene, shop)
    page.evaluate("htmx.ajax('GET', '/', {target: '#overview', swap: 'outerHTML'})")
    expect(page.get_by_role("button", name="Retry the run: Tea shop")).to_be_visible()
    expect(link).to_be_focused()


def test_the_focus_in_a_row_shows_its_exact_times(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    operator.logged_in(scene.member("viewer"))
    row = operator.page.get_by_role("row", name="Tea shop")
    proven = row.get_by_text("12:32")
    assert proven.evaluate(SHOWN_AFTER) == "none"
    assert proven.get_attribute("tabindex") is None
    reach(operator, "Tea shop")
    assert proven.evaluate(SHOWN_AFTER) == EXACT


def reach(operator: Operator, name: str) -> None:
    link = operator.page.get_by_role("rowheader").get_by_role("link", name=name)
    for _ in range(60):
        if link.evaluate("element => element === document.activeElement"):
            return
        operator.page.keyboard.press("Tab")
    raise AssertionError(f"no focus on {name} by Tab")


def test_a_time_alone_is_a_stop_of_its_own_and_a_list_of_times_a_single_one(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    run = fail(scene, shop)
    page = operator.logged_in(scene.member("viewer")).page
    tick = page.locator("#tick-time")
    expect(tick).to_have_text("now")
    expect(tick).to_have_attribute("tabindex", "0")
    operator.open(f"/runs/{run.pk}/")
    stops = page.locator("dl time[tabindex='0']")
    expect(stops).to_have_count(1)
    stops.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    shown = page.locator("dl time").evaluate_all(
        "times => times.map((time) => getComputedStyle(time, '::after').content)"
    )
    assert "none" not in shown


def test_the_accounts_clock_ticks_by_the_servers_time(
    operator: Operator, scene: Scene, shop: Channel
) -> None:
    """The server stands still at 13:00 in Berlin, far from the browser's own time."""
    page = operator.page
    page.clock.install()
    operator.logged_in(scene.member("viewer"))
    clock = page.locator("[data-clock]")
    expect(clock).to_have_text("13:00")
    page.clock.run_for(61_000)
    expect(clock).to_have_text("13:01")
