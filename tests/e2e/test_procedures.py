"""The procedures of the operator's guide, step by step, with a mouse and by keyboard alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from channels.models import Channel
from jobs.models import Job, StableJob
from tests.e2e.hands import Keyboard, Mouse
from tests.e2e.operator import Operator
from tests.e2e.scene import CONNECTED, NOW, Scene

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.parametrize("hand", [Mouse(), Keyboard()], ids=["mouse", "keyboard"]),
]

HOUR = timedelta(hours=1)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """In the March of the story; on the pages it is an hour later."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_webhook_procedure(operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop")
    page = operator.page
    operator.log_in(scene.member("operator")).open_channel("Shop")
    expect(operator.mode.get_by_role("option", selected=True)).to_have_text("Recurring Job")
    expect(operator.field("Receive Orders", "Main Job Period")).to_be_visible()

    page.evaluate("window.loadedOnce = true")
    operator.hand.choose(operator.mode, "Webhook")
    for label in ("Receive Orders", "Receive Order Updates"):
        expect(operator.field(label, "Emergency Job Period")).to_be_visible()
        expect(operator.field(label, "Main Job Period")).to_have_count(0)
    assert page.evaluate("window.loadedOnce"), "the rows were to be swapped without a reload"

    operator.hand.choose(operator.field("Receive Orders", "Delay"), "5 minutes")
    operator.hand.choose(operator.field("Receive Orders", "Emergency Job Period"), "30 minutes")
    operator.hand.choose(operator.field("Receive Order Updates", "Emergency Job Period"), "None")
    expect(operator.preview.get_by_role("listitem")).to_have_text(
        [
            "Receive Orders: its main job will start, 5 minutes after a webhook.",
            "Receive Orders: its emergency job will be switched on, period 30 minutes.",
            "Receive Order Updates: its main job will start, at once on each webhook.",
        ]
    )
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    assert scene.job(shop).row == "recurring"
    assert scene.history() == []

    operator.save()
    emergency = operator.fact("Receive Orders", "Emergency job")
    expect(emergency).to_contain_text("Armed after 30 minutes")
    expect(emergency).to_contain_text("Due 13:25")
    expect(operator.fact("Receive Orders", "Next runs")).to_have_text("On each webhook")
    off = operator.fact("Receive Order Updates", "Emergency job")
    expect(off).to_have_text("Off Its Emergency Job Period is None.")

    shop.refresh_from_db()
    job, updates = scene.job(shop), scene.job(shop, "receive_order_updates")
    assert (shop.mode, job.row, job.webhook_delay_minutes) == ("webhook", "webhook", 5)
    assert (job.emergency_state, job.emergency_minutes) == ("armed", 30)
    assert not job.emergency_automatic
    assert job.emergency_due_at == CONNECTED + timedelta(minutes=5 + 30)
    assert job.next_slot_at is None
    assert (updates.emergency_state, updates.emergency_due_at) == ("off", None)
    assert updates.emergency_reason == "its Emergency Job Period is None"

    _assert_history(
        operator,
        scene,
        "Mode: Webhook (was Recurring Job)",
        "Receive Orders, Delay after a webhook: 5 minutes (was None)",
        "Receive Orders, Emergency Job Period: 30 minutes (was 1 hour)",
        "Receive Order Updates, Emergency Job Period: None (was 1 hour)",
        "Receive Orders: its emergency job will be switched on, period 30 minutes.",
    )


def test_stable_recurring_procedure(operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop", track="stable")
    market = scene.channel("Market", track="beta")
    scene.save(market, receive_orders={"main_period_minutes": 60, "delay_minutes": 10})
    untouched = _everything(market)
    page = operator.page
    operator.log_in(scene.member("admin")).go("System Settings", "Account")
    operator.tab("Recurring Jobs")
    row = page.get_by_role("row").filter(has=page.get_by_label("Receive Orders enabled"))
    expect(row.get_by_role("rowheader")).to_contain_text("Acts on Shop")
    expect(row.get_by_role("rowheader")).not_to_contain_text("Market")

    operator.hand.tick(row.get_by_label("Receive Orders enabled"))
    operator.hand.choose(row.get_by_label("Period of Receive Orders"), "Each 8 hours")
    operator.hand.choose(row.get_by_label("Delay of Receive Orders"), "Minimal 5 minutes")
    expect(operator.preview.get_by_role("listitem")).to_have_text(
        [
            "Receive Orders: its main job will start, each 8 hours, 5 minutes later "
            "(Europe/Berlin). On Shop.",
            "Receive Orders: its emergency job will be switched on, period 1 day (automatic). "
            "On Shop.",
        ]
    )
    assert not StableJob.objects.exists()

    operator.save()
    stored = StableJob.objects.get(account=scene.account, type="receive_orders")
    assert (stored.enabled, stored.period_minutes, stored.delay_minutes) == (True, 480, 5)
    job = scene.job(shop)
    assert job.next_slot_at == utc(2, 15, 5)
    assert (job.emergency_state, job.emergency_minutes) == ("armed", 24 * 60)
    assert job.emergency_automatic
    assert job.emergency_due_at == CONNECTED + 24 * HOUR
    assert _everything(market) == untouched

    operator.tab("History")
    expect(page.get_by_text("Receive Orders, Period: 8 hours (was None)")).to_be_visible()
    expect(page.get_by_text("by admin@example.com")).to_be_visible()
    assert scene.history()[-1].new == {
        "receive_orders.enabled": True,
        "receive_orders.period_minutes": 480,
        "receive_orders.delay_minutes": 5,
    }

    operator.open_channel("Shop")
    expect(operator.fact("Receive Orders", "Delay")).to_have_text("5 minutes later")
    expect(operator.fact("Receive Orders", "Main Job Period")).to_have_text("Each 8 hours")
    next_runs = operator.fact("Receive Orders", "Next runs")
    expect(next_runs.get_by_role("time")).to_have_text(["16:05", "3 Mar, 00:05", "3 Mar, 08:05"])
    emergency = operator.fact("Receive Orders", "Emergency job")
    expect(emergency).to_contain_text("Armed after 1 day (automatic)")
    expect(emergency).to_contain_text("Due 3 Mar, 12:50")


def test_beta_recurring_procedure(operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop", mode="webhook")
    operator.log_in(scene.member("operator")).open_channel("Shop")
    operator.hand.choose(operator.mode, "Recurring Job")
    operator.hand.choose(operator.field("Receive Orders", "Main Job Period"), "Each 8 hours")
    operator.hand.choose(operator.field("Receive Orders", "Delay"), "1 hour")
    slots = operator.fact("Receive Orders", "Next runs").get_by_role("time")
    expect(slots).to_have_text(["15:00", "23:00", "3 Mar, 07:00"])
    expect(operator.preview.get_by_role("listitem")).to_have_text(
        [
            "Receive Orders: its main job will run each 8 hours, 1 hour earlier (Europe/Berlin) "
            "instead of at once on each webhook.",
            "Receive Orders: its emergency job will change from period 1 hour to period 1 day "
            "(automatic).",
            "Receive Order Updates: its main job will stop, because its Main Job Period is None.",
            "Receive Order Updates: its emergency job will be switched off, because its main job "
            "is off: its Main Job Period is None.",
        ]
    )

    operator.save()
    expect(slots).to_have_text(["15:00", "23:00", "3 Mar, 07:00"])
    emergency = operator.fact("Receive Orders", "Emergency job")
    expect(emergency).to_contain_text("Armed after 1 day (automatic)")
    expect(emergency).to_contain_text("Due 3 Mar, 12:50")

    job = scene.job(shop)
    assert (job.row, job.main_period_minutes, job.delay_minutes) == ("recurring", 480, 60)
    assert job.next_slot_at == utc(2, 14)
    assert (job.emergency_state, job.emergency_minutes) == ("armed", 24 * 60)
    assert job.emergency_automatic
    assert job.emergency_due_at == CONNECTED + 24 * HOUR
    assert job.emergency_period_minutes == 60, "the webhook row's own period is kept"
    updates = scene.job(shop, "receive_order_updates")
    assert (updates.emergency_state, updates.next_slot_at) == ("off", None)
    _assert_history(
        operator,
        scene,
        "Mode: Recurring Job (was Webhook)",
        "Receive Orders, Main Job Period: 8 hours (was None)",
        "Receive Orders, Delay: 1 hour (was None)",
    )


def test_switching_to_recurring_job_by_id_and_back(operator: Operator, scene: Scene) -> None:
    shop = scene.channel("Shop", mode="webhook")
    scene.save(shop, receive_orders={"webhook_delay_minutes": 10, "emergency_period_minutes": 120})
    operator.log_in(scene.member("operator")).open_channel("Shop")
    operator.hand.choose(operator.mode, "Recurring Job By ID")
    for label in ("Receive Orders", "Receive Order Updates"):
        why = (
            f"{label}: its emergency job will be switched off, "
            "because the mode becomes Recurring Job By ID."
        )
        expect(operator.preview.get_by_text(why)).to_be_visible()
    assert scene.job(shop).emergency_state == "armed"

    operator.save()
    emergency = operator.fact("Receive Orders", "Emergency job")
    expect(emergency).to_have_text("Off The mode is Recurring Job By ID.")
    job = scene.job(shop)
    assert (job.row, job.emergency_state) == ("by_id", "off")
    assert (job.emergency_due_at, job.emergency_minutes) == (None, None)
    assert job.emergency_reason == "the mode is Recurring Job By ID"
    _assert_history(
        operator,
        scene,
        "Mode: Recurring Job By ID (was Webhook)",
        "because the mode becomes Recurring Job By ID.",
        "Receive Orders: armed to off",
    )

    operator.tab("Settings")
    operator.hand.choose(operator.mode, "Webhook")
    _expect_chosen(operator, "Delay", "10 minutes")
    _expect_chosen(operator, "Emergency Job Period", "2 hours")
    operator.save()
    _expect_chosen(operator, "Delay", "10 minutes")
    expect(emergency).to_contain_text("Armed after 2 hours")
    job = scene.job(shop)
    assert (job.webhook_delay_minutes, job.emergency_period_minutes) == (10, 120)
    assert (job.emergency_state, job.emergency_minutes) == ("armed", 120)
    assert job.emergency_due_at == CONNECTED + timedelta(minutes=10 + 120)
    assert [entry.new for entry in scene.history()][1:] == [
        {"mode": "recurring_by_id"},
        {"mode": "webhook"},
    ]


def _expect_chosen(operator: Operator, label: str, option: str) -> None:
    chosen = operator.field("Receive Orders", label).get_by_role("option", selected=True)
    expect(chosen).to_have_text(option)


def _everything(channel: Channel) -> tuple[list[Any], list[Any]]:
    """All that is stored of a channel and of its jobs."""
    stored = Channel.objects.filter(pk=channel.pk).values()
    return list(stored), list(Job.objects.filter(channel=channel).order_by("pk").values())


def _assert_history(operator: Operator, scene: Scene, *lines: str) -> None:
    """The last Save is one entry, of this operator, now; the History tab says these lines."""
    entry = scene.history()[-1]
    assert entry.actor is not None
    assert (entry.actor.email, entry.at) == ("operator@example.com", NOW)
    operator.tab("History")
    expect(operator.page.get_by_text("by operator@example.com").first).to_be_visible()
    for line in lines:
        expect(operator.page.get_by_text(line).first).to_be_visible()
