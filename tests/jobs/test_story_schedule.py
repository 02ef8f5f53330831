"""Slots: what runs when, what is coalesced, and that every expected slot is accounted for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Account
from channels.connectors.base import Transient
from channels.models import Channel
from jobs import configure, control
from jobs.change import Change
from jobs.execute import execute
from jobs.models import Run, SlotStretch
from jobs.timetable import Grid
from tests.jobs.platform import Platform
from tests.jobs.slot_accounts import outcomes, tally
from tests.jobs.stage import START, Stage

FIVE = Grid(5, 0, "UTC")
HOURLY = Grid(60, 0, "UTC")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def five_minutes(stage: Stage, shop: Channel) -> Channel:
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    return shop


def test_from_none_a_job_waits_for_its_slot(stage: Stage, shop: Channel) -> None:
    stage.at("12:01").save(shop, receive_orders={"main_period_minutes": 60})
    assert stage.go() == []
    assert stage.at("12:59").go() == []
    assert len(stage.at("13:00").go()) == 1
    run = stage.runs(shop)[0]
    assert (run.trigger, run.slot_at) == ("schedule", stage.now)


def test_a_quiet_day_runs_every_slot(stage: Stage, five_minutes: Channel) -> None:
    stage.run_until(START + timedelta(hours=3), MINUTE)
    job = stage.job(five_minutes)
    assert tally(job, FIVE, START + MINUTE, stage.now) == {"ran": 35}
    assert not SlotStretch.objects.exists()
    assert job.emergency_state == "armed"
    assert not Run.objects.caused_by("emergency").exists(), "the proof is always fresh"


def test_a_late_tick_does_not_move_the_slot(stage: Stage, five_minutes: Channel) -> None:
    stage.at("12:05:41").go()
    assert stage.runs(five_minutes)[0].slot_at == START + timedelta(minutes=5)
    assert stage.job(five_minutes).next_slot_at == START + timedelta(minutes=10)


def test_after_downtime_missed_slots_become_one_run_with_the_latest_slot(
    stage: Stage, five_minutes: Channel
) -> None:
    stage.at("12:05").go()
    stage.at("15:33").go()

    late = stage.runs(five_minutes)[-1]
    assert "schedule" in late.causes
    assert late.slot_at == START + timedelta(hours=3, minutes=30)
    row = SlotStretch.objects.get()
    assert (row.outcome, row.run_id, row.count) == ("coalesced", late.pk, 40)
    job = stage.job(five_minutes)
    assert tally(job, FIVE, START + MINUTE, stage.now) == {"ran": 2, "coalesced": 40}


def test_a_slot_and_an_emergency_missed_in_the_same_downtime_are_one_run(
    stage: Stage, five_minutes: Channel
) -> None:
    stage.at("15:33").go()
    run = stage.runs(five_minutes)[0]
    assert (run.trigger, run.causes) == ("schedule", ["schedule", "emergency"])
    assert "deadline" in run.reason
    assert len(stage.runs(five_minutes)) == 1


def test_a_slot_during_a_full_run_is_coalesced_into_it(
    stage: Stage, five_minutes: Channel, shopfloor: Platform
) -> None:
    shopfloor.fail(Transient("too many requests", retry_after=14 * 60))
    stage.at("12:05").go()
    first = stage.runs(five_minutes)[0]
    stage.at("12:10").go()
    stage.at("12:15").go()
    assert [run.pk for run in stage.runs(five_minutes)] == [first.pk]

    stage.run_until(START + timedelta(minutes=31))

    row = SlotStretch.objects.get()
    assert (row.outcome, row.run_id, row.count) == ("coalesced", first.pk, 2)
    assert row.reason == f"a full run was active (run {first.pk})"
    job = stage.job(five_minutes)
    assert tally(job, FIVE, START + MINUTE, stage.now) == {"ran": 4, "coalesced": 2}


def test_a_slot_during_an_entity_run_waits_and_goes_first_afterwards(
    stage: Stage, five_minutes: Channel, shopfloor: Platform
) -> None:
    entity = _entity_run_between_attempts(stage, five_minutes, shopfloor)
    assert stage.at("12:05").go() == []
    assert stage.at("12:10").go() == []
    later = stage.ask_for(five_minutes, "1001")

    done = stage.at("12:14").go()

    runs = {run.pk: run for run in stage.runs(five_minutes)}
    assert [(runs[one].sort, runs[one].trigger) for one in done] == [
        ("entity", "retry"),
        ("full", "schedule"),
        ("entity", "retry"),
    ]
    assert done[0] == entity.pk
    assert done[2] == later.pk
    assert runs[done[1]].slot_at == START + timedelta(minutes=10)
    counted = tally(stage.job(five_minutes), FIVE, START + MINUTE, stage.now)
    assert counted == {"ran": 1, "coalesced": 1}


def _entity_run_between_attempts(stage: Stage, channel: Channel, shopfloor: Platform) -> Run:
    shopfloor.place(stage.now, "1000")
    run = stage.ask_for(channel, "1000")
    shopfloor.fail(Transient("too many requests", retry_after=14 * 60))
    stage.work()
    return run


def test_a_waiting_run_carries_the_newest_slot_and_runs_once(
    stage: Stage, five_minutes: Channel
) -> None:
    for clock_time in ("12:05", "12:10", "12:15", "12:20"):
        stage.at(clock_time).tick()
    assert len(stage.work()) == 1
    job = stage.job(five_minutes)
    found = outcomes(job, FIVE, START + MINUTE, stage.now + MINUTE)
    assert [outcome for _, outcome in found] == ["coalesced"] * 3 + ["ran"]
    assert SlotStretch.objects.get().count == 3


def test_a_cancelled_waiting_run_gives_its_slot_back_as_skipped(
    stage: Stage, five_minutes: Channel
) -> None:
    stage.at("12:05").tick()
    control.cancel_run(stage.runs(five_minutes)[0], stage.now)
    stage.at("12:10").go()
    job = stage.job(five_minutes)
    assert tally(job, FIVE, START + MINUTE, stage.now + MINUTE) == {"skipped": 1, "ran": 1}


def test_a_shorter_period_takes_its_first_new_slot_after_now(
    stage: Stage, five_minutes: Channel
) -> None:
    stage.save(five_minutes, receive_orders={"main_period_minutes": 60})
    assert stage.job(five_minutes).next_slot_at == START + timedelta(hours=1)
    stage.at("12:52").save(five_minutes, receive_orders={"main_period_minutes": 5})
    assert stage.job(five_minutes).next_slot_at == START + timedelta(minutes=55)


def test_a_slot_that_is_due_at_the_moment_of_a_save_still_runs(
    stage: Stage, five_minutes: Channel
) -> None:
    stage.at("12:07").save(five_minutes, receive_orders={"main_period_minutes": 60})
    run = stage.runs(five_minutes)[0]
    assert run.slot_at == START + timedelta(minutes=5)
    stage.run_until(START + timedelta(hours=2))
    job = stage.job(five_minutes)
    assert tally(job, FIVE, START + MINUTE, START + timedelta(minutes=7)) == {"ran": 1}
    assert tally(job, HOURLY, START + timedelta(minutes=8), stage.now) == {"ran": 1}


def test_a_moved_grid_waits_for_its_slot_where_the_proof_stays_young_enough(
    stage: Stage, shop: Channel
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 480})
    stage.goto(START + timedelta(hours=12)).go()

    said = stage.save(shop, receive_orders={"delay_minutes": 60})

    # The next slot is 07:00 instead of 08:00: the proof of midnight is 7 hours old by then.
    assert not any("one run starts now" in sentence for sentence in said)
    assert stage.job(shop).next_slot_at == datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
    assert stage.go() == []


def test_a_moved_grid_runs_now_where_proof_would_get_older_than_the_longer_period_and_an_hour(
    stage: Stage, shop: Channel
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 480})
    stage.at("16:00").go()
    stage.at("23:30")
    said = stage.save(shop, receive_orders={"delay_minutes": 60})

    # The old grid's next slot was midnight, the new one's is 07:00: 15 hours after the last proof.
    assert any("one run starts now" in sentence for sentence in said)
    run = stage.runs(shop)[-1]
    assert (run.trigger, run.reason, run.slot_at) == ("schedule", "schedule changed", None)
    stage.work()
    stage.run_until(START + timedelta(hours=30), timedelta(minutes=30))
    new = Grid(480, -60, "UTC")
    counted = tally(stage.job(shop), new, START + timedelta(hours=11, minutes=31), stage.now)
    assert counted == {"ran": 2}


def test_a_zone_change_of_the_account_moves_the_grid(stage: Stage, shop: Channel) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 1440})
    assert stage.job(shop).next_slot_at == datetime(2026, 3, 3, tzinfo=UTC)
    configure.apply(stage.account, Change(account={"timezone": "Asia/Kolkata"}), stage.now)
    assert stage.job(shop).next_slot_at == datetime(2026, 3, 2, 18, 30, tzinfo=UTC)


def test_over_the_night_of_a_zone_change_every_slot_runs_once(stage: Stage, shop: Channel) -> None:
    zone = "America/New_York"
    Account.objects.filter(pk=stage.account.pk).update(timezone=zone)
    stage.goto(datetime(2026, 3, 7, 20, 0, tzinfo=UTC))
    stage.save(shop, receive_orders={"main_period_minutes": 60})
    end = stage.now + timedelta(hours=24)
    stage.run_until(end, timedelta(minutes=10))
    found = outcomes(stage.job(shop), Grid(60, 0, zone), START + timedelta(days=5, hours=9), end)
    assert [what for _, what in found] == ["ran"] * 23


def test_turning_the_period_off_skips_the_slot_that_still_waits(
    stage: Stage, five_minutes: Channel
) -> None:
    stage.at("12:05").tick()
    stage.save(five_minutes, receive_orders={"main_period_minutes": None})
    assert stage.runs(five_minutes)[0].status == "cancelled"
    assert stage.at("13:00").go() == []
    job = stage.job(five_minutes)
    assert tally(job, FIVE, START + MINUTE, START + timedelta(minutes=6)) == {"skipped": 1}
    assert (job.next_slot_at, job.emergency_state) == (None, "off")


def test_a_slot_while_a_worker_is_still_busy_with_the_last_one(
    stage: Stage, five_minutes: Channel
) -> None:
    stage.at("12:05").tick()
    first = stage.runs(five_minutes)[0]
    looks: list[int] = []

    def slow_clock() -> datetime:
        looks.append(1)
        if len(looks) == 2:
            stage.at("12:11").tick()
        return stage.now

    assert execute(first.pk, slow_clock)
    row = SlotStretch.objects.get()
    assert (row.outcome, row.count, row.run_id) == ("coalesced", 1, first.pk)
    assert tally(stage.job(five_minutes), FIVE, START + MINUTE, stage.now) == {
        "ran": 1,
        "coalesced": 1,
    }
