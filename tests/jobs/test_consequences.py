"""What a change says it will do: every word of the preview, with its sentence and its effect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.models import Channel
from jobs import configure
from jobs.change import Change
from jobs.consequences import Consequence
from jobs.models import EmergencyTransition, Event, EventStatus, Run, SlotStretch
from tests.jobs import platform, rules
from tests.jobs.platform import Platform
from tests.jobs.rules import job, save, sentences
from tests.jobs.stage import Stage


@pytest.fixture(autouse=True)
def _connectors(monkeypatch: pytest.MonkeyPatch, shopfloor: object) -> None:
    rules.install(monkeypatch)


@pytest.fixture
def full(stage: Stage) -> Channel:
    return rules.channel(stage)


def said(found: list[Consequence], job_type: str = "receive_orders") -> list[tuple[str, str]]:
    return [(one.what, one.sentence) for one in found if one.type == job_type]


def set_job(stage: Stage, of: Channel, **values: Any) -> list[tuple[str, str]]:
    return said(save(stage, jobs={(of.pk, "receive_orders"): values}))


def set_channel(stage: Stage, of: Channel, **values: Any) -> list[tuple[str, str]]:
    return said(save(stage, channels={of.pk: values}))


def test_a_period_starts_moves_and_stops_the_main_job(stage: Stage, full: Channel) -> None:
    assert set_job(stage, full, main_period_minutes=480) == [
        ("main_started", "Receive Orders: its main job will start, each 8 hours (UTC)."),
        (
            "emergency_on",
            "Receive Orders: its emergency job will be switched on, period 1 day (automatic).",
        ),
    ]
    assert job(full).next_slot_at == stage.now.replace(hour=16)

    assert set_job(stage, full, delay_minutes=60) == [
        (
            "main_moved",
            "Receive Orders: its main job will run each 8 hours, 1 hour earlier (UTC) "
            "instead of each 8 hours (UTC).",
        )
    ]
    assert job(full).next_slot_at == stage.now.replace(hour=15)

    assert set_job(stage, full, main_period_minutes=120, delay_minutes=None) == [
        (
            "main_moved",
            "Receive Orders: its main job will run each 2 hours (UTC) "
            "instead of each 8 hours, 1 hour earlier (UTC).",
        ),
        (
            "emergency_changed",
            "Receive Orders: its emergency job will change from period 1 day (automatic) "
            "to period 6 hours (automatic).",
        ),
    ]
    assert set_job(stage, full, main_period_minutes=None) == [
        (
            "main_stopped",
            "Receive Orders: its main job will stop, because its Main Job Period is None.",
        ),
        (
            "emergency_off",
            "Receive Orders: its emergency job will be switched off, because its main job is off: "
            "its Main Job Period is None.",
        ),
    ]
    assert job(full).next_slot_at is None
    assert job(full).emergency_state == "off"


def test_the_modes_in_words(stage: Stage, full: Channel) -> None:
    assert set_channel(stage, full, mode="webhook") == [
        ("main_started", "Receive Orders: its main job will start, at once on each webhook."),
        ("emergency_on", "Receive Orders: its emergency job will be switched on, period 1 hour."),
    ]
    assert set_job(stage, full, webhook_delay_minutes=10) == [
        (
            "main_moved",
            "Receive Orders: its main job will run 10 minutes after a webhook "
            "instead of at once on each webhook.",
        )
    ]
    set_job(stage, full, main_period_minutes=60)
    assert set_channel(stage, full, mode="recurring_by_id") == [
        (
            "main_moved",
            "Receive Orders: its main job will run each hour, by ID (UTC) "
            "instead of 10 minutes after a webhook.",
        ),
        (
            "emergency_off",
            "Receive Orders: its emergency job will be switched off, "
            "because the mode becomes Recurring Job By ID.",
        ),
    ]
    assert set_channel(stage, full, mode="recurring") == [
        (
            "main_moved",
            "Receive Orders: its main job will run each hour (UTC) "
            "instead of each hour, by ID (UTC).",
        ),
        (
            "emergency_on",
            "Receive Orders: its emergency job will be switched on, period 3 hours (automatic).",
        ),
    ]


def test_the_last_mapping_of_a_job_switches_it_off(stage: Stage, full: Channel) -> None:
    """Receive Order Updates has two topics: it listens while one of them is on."""
    save(stage, channels={full.pk: {"mode": "webhook"}})
    first, last = full.mappings.filter(type="receive_order_updates")
    assert not save(stage, mappings={first.pk: {"enabled": False}})
    assert said(save(stage, mappings={last.pk: {"enabled": False}}), "receive_order_updates") == [
        (
            "main_stopped",
            "Receive Order Updates: its main job will stop, "
            "because no webhook mapping is switched on.",
        ),
        (
            "emergency_off",
            "Receive Order Updates: its emergency job will be switched off, "
            "because its main job is off: no webhook mapping is switched on.",
        ),
    ]
    assert job(full, "receive_order_updates").listening_since is None
    found = save(stage, mappings={first.pk: {"enabled": True}})
    assert [one.what for one in found] == ["main_started", "emergency_on"]
    assert job(full, "receive_order_updates").listening_since == stage.now


def test_disabling_suspends_and_enabling_resumes_with_one_run_at_once(
    stage: Stage, full: Channel
) -> None:
    set_job(stage, full, main_period_minutes=60)
    assert set_channel(stage, full, enabled=False) == [
        ("suspended", "Receive Orders: it will be suspended; its settings are kept.")
    ]
    one = job(full)
    assert (one.emergency_state, one.emergency_due_at) == ("suspended", None)
    stage.wait(minutes=90).go()
    assert set_channel(stage, full, enabled=True) == [
        (
            "resumed",
            "Receive Orders: it will run again with its settings; "
            "its emergency job runs once at once.",
        )
    ]
    stage.tick()
    run = Run.objects.get()
    assert (run.trigger, run.reason, run.not_before) == ("emergency", "resumed", stage.now)
    causes = EmergencyTransition.objects.order_by("pk").values_list("to_state", "cause")
    assert list(causes)[1:] == [
        ("suspended", "the channel was disabled"),
        ("armed", "the channel was enabled"),
    ]


def test_what_is_switched_on_while_disabled_waits_and_says_so(stage: Stage, full: Channel) -> None:
    set_channel(stage, full, enabled=False)
    assert set_job(stage, full, main_period_minutes=60) == [
        (
            "main_started",
            "Receive Orders: its main job will start, each hour (UTC), "
            "once it is no longer disabled.",
        ),
        (
            "emergency_on",
            "Receive Orders: its emergency job will be switched on, period 3 hours (automatic), "
            "once it is no longer disabled.",
        ),
    ]
    assert (job(full).emergency_state, job(full).emergency_due_at) == ("suspended", None)


def test_jobs_that_do_nothing_say_nothing(stage: Stage, full: Channel) -> None:
    assert set_channel(stage, full, enabled=False) == []
    assert set_channel(stage, full, enabled=True) == []


def test_an_emergency_job_switched_off_while_suspended_does_not_resume(
    stage: Stage, full: Channel
) -> None:
    set_channel(stage, full, mode="webhook")
    set_channel(stage, full, enabled=False)
    set_job(stage, full, emergency_period_minutes=None)
    assert job(full).emergency_state == "off"
    found = save(
        stage,
        channels={full.pk: {"enabled": True}},
        jobs={(full.pk, "receive_orders"): {"emergency_period_minutes": 30}},
    )
    assert said(found)[-1] == ("resumed", "Receive Orders: it will run again with its settings.")
    one = job(full)
    assert (one.emergency_state, one.evidence) == ("armed", "")
    assert one.emergency_due_at == stage.now + timedelta(minutes=30)


def test_the_account_suspends_every_channel(stage: Stage, full: Channel) -> None:
    other = rules.channel(stage, name="Other shop")
    for one in (full, other):
        set_job(stage, one, main_period_minutes=60)
    found = save(stage, account={"enabled": False})
    assert [(one.channel, one.what) for one in found] == [
        (full.pk, "suspended"),
        (other.pk, "suspended"),
    ]
    assert len(save(stage, account={"enabled": True})) == 2


def test_a_new_zone_moves_every_grid(stage: Stage, full: Channel) -> None:
    set_job(stage, full, main_period_minutes=480)
    found = said(save(stage, account={"timezone": "Asia/Kolkata"}))
    assert found == [
        (
            "main_moved",
            "Receive Orders: its main job will run each 8 hours (Asia/Kolkata) "
            "instead of each 8 hours (UTC).",
        )
    ]
    assert job(full).next_slot_at == stage.now.replace(hour=18, minute=30)


def test_a_spread_says_of_each_job_with_slots_how_late_it_may_start(
    stage: Stage, full: Channel
) -> None:
    set_job(stage, full, main_period_minutes=480)
    due = job(full).next_slot_at
    for minutes, sentence in (
        (5, "up to 5 minutes after their slots"),
        (30, "up to 30 minutes after their slots instead of up to 5 minutes"),
        (None, "at their slots again"),
    ):
        found = save(stage, account={"spread_minutes": minutes})
        assert [one.type for one in found] == ["receive_orders"], "the others have no slots"
        assert said(found) == [("main_moved", f"Receive Orders: its runs will start {sentence}.")]
    assert job(full).next_slot_at == due


def test_a_spread_wider_than_the_period_is_as_wide_as_that(stage: Stage, full: Channel) -> None:
    set_job(stage, full, main_period_minutes=5)
    [(_, sentence)] = said(save(stage, account={"spread_minutes": 15}))
    assert "up to 5 minutes after" in sentence
    assert save(stage, account={"spread_minutes": 30}) == []


def test_a_job_that_is_switched_on_or_off_beside_a_spread_is_not_said_to_move(
    stage: Stage, full: Channel
) -> None:
    orders = {(full.pk, "receive_orders"): {"main_period_minutes": 60}}
    found = said(save(stage, account={"spread_minutes": 5}, jobs=orders))
    assert [what for what, _ in found] == ["main_started", "emergency_on"]


@pytest.mark.parametrize("minutes", [0, 3, 60, True, "5"])
def test_a_spread_that_is_not_offered_is_refused(stage: Stage, minutes: object) -> None:
    [text] = rules.refused(stage, account={"spread_minutes": minutes})["spread_minutes"]
    assert "Choose one of: None, 1 minute, 2 minutes, 5 minutes, 10 minutes" in text


def test_a_new_schedule_that_would_wait_too_long_runs_once_now(stage: Stage, full: Channel) -> None:
    """At the next slot, 12 hours off, the proof would be 25 hours and a minute old."""
    set_job(stage, full, main_period_minutes=60)
    job_row = job(full)
    job_row.proven_until = stage.now - timedelta(hours=13, minutes=1)
    job_row.save(update_fields=["proven_until"])
    change = Change(jobs={(full.pk, "receive_orders"): {"main_period_minutes": 1440}})
    assert [one.what for one in configure.preview(stage.account, change, stage.now)] == [
        "main_moved",
        "emergency_changed",
        "run_now",
    ]
    found = set_job(stage, full, main_period_minutes=1440)
    assert found[-1] == (
        "run_now",
        "Receive Orders: one run starts now, because the new schedule would wait long.",
    )
    run = Run.objects.get()
    assert (run.trigger, run.slot_at, run.reason) == ("schedule", None, "schedule changed")


@pytest.mark.parametrize(
    ("age", "runs"),
    [(timedelta(hours=13), False), (timedelta(hours=13, seconds=1), True)],
)
def test_exactly_the_longer_period_and_an_hour_is_not_too_long(
    stage: Stage, full: Channel, age: timedelta, runs: bool
) -> None:
    """The first slot of the new grid is 12 hours off."""
    set_job(stage, full, main_period_minutes=60)
    job_row = job(full)
    job_row.proven_until = stage.now - age
    job_row.save(update_fields=["proven_until"])
    found = set_job(stage, full, main_period_minutes=1440)
    assert ("run_now" in dict(found)) is runs
    assert Run.objects.exists() is runs


def test_from_none_a_job_waits_for_its_slot(stage: Stage, full: Channel) -> None:
    stage.wait(days=30)
    assert "run_now" not in dict(set_job(stage, full, main_period_minutes=1440))
    set_channel(stage, full, mode="webhook")
    stage.wait(days=30)
    assert "run_now" not in dict(set_channel(stage, full, mode="recurring"))


def test_held_events_are_announced_and_replayed(
    stage: Stage, full: Channel, shopfloor: Platform
) -> None:
    set_channel(stage, full, mode="webhook")
    set_channel(stage, full, enabled=False)
    for number in ("1", "2"):
        stage.deliver(full, "order.created", number)
    stage.deliver(full, "order.updated", "1")
    assert set(Event.objects.values_list("status", flat=True)) == {EventStatus.HELD}
    found = save(stage, channels={full.pk: {"enabled": True}})
    assert sentences(found, "held_replayed") == [
        "Receive Orders: 2 held events will be replayed now.",
        "Receive Order Updates: 1 held event will be replayed now.",
    ]
    assert set(Event.objects.values_list("status", flat=True)) == {EventStatus.WAITING}
    assert platform.PLATFORM.deliveries == 3


def test_a_switched_off_main_job_skips_its_slot_that_still_waits(
    stage: Stage, full: Channel
) -> None:
    set_job(stage, full, main_period_minutes=60)
    stage.wait(hours=1).tick()
    set_job(stage, full, main_period_minutes=None)
    run = Run.objects.get()
    assert (run.status, run.reason) == ("cancelled", "the main job was switched off")
    stretch = SlotStretch.objects.get()
    assert (stretch.outcome, stretch.first_slot_at, stretch.count) == ("skipped", stage.now, 1)


def test_deleting_a_channel_cancels_all_and_leaves_nothing_due(stage: Stage, full: Channel) -> None:
    set_channel(stage, full, mode="webhook")
    set_job(stage, full, webhook_delay_minutes=240)
    stage.deliver(full, "order.created", "1")
    stage.wait(hours=1).tick()
    assert Run.objects.waiting().count() >= 2

    found = save(stage, channels={full.pk: {"deleted_at": stage.now}})

    assert said(found) == [
        (
            "withdrawn",
            "Receive Orders: it will be withdrawn, because the channel is deleted; "
            "its settings are kept.",
        ),
        ("main_stopped", "Receive Orders: its main job will stop, because the channel is deleted."),
        (
            "emergency_off",
            "Receive Orders: its emergency job will be switched off, "
            "because the channel is deleted.",
        ),
    ]
    assert not Run.objects.exclude(status="cancelled").exists()
    assert set(Run.objects.values_list("reason", flat=True)) == {"the channel was deleted"}
    for one in full.jobs.all():
        assert (one.next_slot_at, one.emergency_due_at, one.listening_since) == (None, None, None)
    assert stage.wait(days=2).go() == []
    assert not SlotStretch.objects.exists()
