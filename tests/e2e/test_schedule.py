"""The timeline beside the form shows what is typed before it is saved."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from tests.e2e.hands import Hand, Keyboard
from tests.e2e.operator import Operator
from tests.e2e.scene import Scene

pytestmark = pytest.mark.chromium


@pytest.fixture
def hand() -> Hand:
    return Keyboard()


def drawing(operator: Operator, job: str) -> Locator:
    return operator.page.get_by_role("img", name=job, exact=True)


def row(operator: Operator, job: str) -> Locator:
    """The job's line of the table that says the same."""
    table = operator.page.get_by_role("group", name="Schedule as a table")
    return table.get_by_role("row").filter(
        has=operator.page.get_by_role("rowheader", name=job, exact=True)
    )


def test_a_period_chosen_by_keyboard_redraws_the_timeline_before_save(
    operator: Operator, scene: Scene
) -> None:
    shop = scene.channel("Shop")
    scene.save(shop, receive_orders={"main_period_minutes": 480})
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    marks = drawing(operator, "Receive Orders").locator(".timeline-slot")
    expect(marks).to_have_count(3)

    operator.hand.choose(operator.field("Receive Orders", "Main Job Period"), "Each 12 hours")
    expect(marks).to_have_count(2)
    expect(drawing(operator, "Receive Orders")).to_have_accessible_description(
        "Each 12 hours: 00:00, 12:00. Slots: Tue 3 Mar 00:00, 12:00. "
        "Emergency job armed, due Tue 3 Mar, 12:50 CET. "
        "Each successful run moves its emergency job to 1 day after it. "
        "Saved: each 8 hours: 00:00, 08:00, 16:00."
    )
    told = operator.page.get_by_role("status").filter(has_text="Schedule redrawn.")
    expect(told).to_contain_text("Receive Orders: Each 12 hours: 00:00, 12:00.")

    operator.page.get_by_text("The same as a table").press("Enter")
    expect(row(operator, "Receive Orders")).to_contain_text("Tue 3 Mar 00:00, 12:00")
    expect(row(operator, "Receive Orders")).to_contain_text("was each 8 hours: 00:00, 08:00")
    operator.hand.choose(operator.field("Receive Orders", "Delay"), "1 hour")
    expect(row(operator, "Receive Orders")).to_contain_text("Mon 2 Mar 23:00; Tue 3 Mar 11:00")
    assert scene.job(shop).main_period_minutes == 480

    operator.save()
    expect(marks).to_have_count(2)
    expect(operator.page.get_by_text("changed", exact=True)).to_have_count(0)


def test_a_chosen_mode_is_drawn_with_its_deadline(operator: Operator, scene: Scene) -> None:
    scene.channel("Shop")
    operator.logged_in(scene.member("operator")).open_channel("Shop")
    operator.hand.choose(operator.mode, "Webhook")
    due = drawing(operator, "Receive Orders").locator(".timeline-due")
    expect(due).to_have_count(1)
    operator.hand.choose(operator.field("Receive Orders", "Emergency Job Period"), "None")
    expect(due).to_have_count(0)
    expect(drawing(operator, "Receive Orders")).to_be_visible()


def test_on_a_phone_nothing_scrolls_sideways_and_the_hours_can_be_told_apart(
    operator: Operator, scene: Scene
) -> None:
    shop = scene.channel("Shop")
    scene.save(shop, receive_orders={"main_period_minutes": 180, "delay_minutes": 60})
    operator.page.set_viewport_size({"width": 360, "height": 800})
    operator.logged_in(scene.member("viewer")).open(f"/channels/{shop.pk}/?tab=schedule")
    page = operator.page
    labels = drawing(operator, "Receive Orders").locator(
        ".timeline-label:not(.timeline-ghost-label)"
    )
    expect(labels).to_have_count(8)
    expect(labels.locator("visible=true")).to_have_count(4)
    for found in (labels, page.locator(".timeline-hour")):
        boxes = sorted((box for spot in found.all() if (box := spot.bounding_box())), key=_left)
        assert len(boxes) > 2
        for one, next_one in pairwise(boxes):
            assert _left(one) + one["width"] <= _left(next_one), "labels lie over each other"
        assert _left(boxes[-1]) + boxes[-1]["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def _left(box: FloatRect) -> float:
    return box["x"]
