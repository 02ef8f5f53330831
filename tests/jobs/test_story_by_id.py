"""Recurring Job By ID: records found by identifier, and what the window covers afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from channels.connectors.base import Permanent, Transient
from channels.models import Channel
from jobs import control
from jobs.models import Run
from oms.models import Order, ParkedRecord
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def by_id(stage: Stage, shop: Channel) -> Channel:
    stage.save(shop, mode="recurring_by_id", receive_orders={"main_period_minutes": 60})
    return shop


def place(shopfloor: Platform, first: int, last: int, *, placed: timedelta) -> None:
    for number in range(first, last + 1):
        shopfloor.place(START + placed, str(number))


def test_the_first_run_starts_at_the_smallest_identifier_created_since_the_proof(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1004, placed=-HOUR)
    place(shopfloor, 1005, 1007, placed=timedelta(minutes=30))
    stage.at("13:00").go()
    (run,) = stage.runs(by_id)
    assert (run.status, run.created, run.window_until) == ("succeeded", 3, None)
    assert shopfloor.windows == []
    job = stage.job(by_id)
    assert job.last_identifier == "1007"
    assert (job.by_id_at, job.proven_until) == (run.started_at, START)
    assert job.emergency_state == "off"


def test_a_shop_without_new_records_is_asked_for_its_first_again(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    stage.at("13:00").go()
    assert stage.job(by_id).last_identifier == ""
    place(shopfloor, 1000, 1001, placed=timedelta(minutes=90))
    stage.at("14:00").go()
    assert Order.objects.count() == 2


def test_each_run_asks_again_for_the_last_hundred_and_finds_late_comers(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1001, 1300, placed=timedelta(minutes=30))
    late_inside, late_outside = "1201", "1200"
    for number in (late_inside, late_outside):
        del shopfloor.orders[number]
    stage.at("13:00").go()
    assert stage.job(by_id).last_identifier == "1300"
    for number in (late_inside, late_outside):
        shopfloor.place(START + timedelta(minutes=61), number)
    stage.at("14:00").go()
    newest = stage.runs(by_id)[-1]
    assert newest.created == 1
    assert Order.objects.filter(external_id=late_inside).exists()
    assert not Order.objects.filter(external_id=late_outside).exists()


def test_open_records_are_asked_for_one_by_one(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1150, placed=timedelta(minutes=30))
    stage.at("13:00").go()
    shopfloor.fetched.clear()
    shopfloor.change("1000", stage.now, cancelled=True)
    stage.at("14:00").go()
    assert shopfloor.fetched[0] == "1000", "outside the last hundred, oldest first"
    assert len(shopfloor.fetched) == 51
    assert Order.objects.get(external_id="1000").status == "cancelled"
    shopfloor.fetched.clear()
    stage.at("15:00").go()
    assert "1000" not in shopfloor.fetched, "final now"


def test_the_last_identifier_never_goes_back(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1009, placed=timedelta(minutes=30))
    stage.at("13:00").go()
    for number in range(1005, 1010):
        del shopfloor.orders[str(number)]
    stage.at("14:00").go()
    assert stage.job(by_id).last_identifier == "1009"


def test_a_failed_run_moves_no_identifier(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1009, placed=timedelta(minutes=30))
    shopfloor.fail(Permanent("refused"))
    stage.at("13:00").go()
    job = stage.job(by_id)
    assert (job.last_identifier, job.by_id_at) == ("", None)
    place(shopfloor, 1010, 1040, placed=timedelta(minutes=61))
    for number in range(1000, 1041):
        shopfloor.place(START + timedelta(minutes=61), str(number), "TEAPOT")
    stage.at("14:00").go()
    run = stage.runs(by_id)[-1]
    assert (run.status, run.parked) == ("failed", 0)
    assert stage.job(by_id).last_identifier == ""
    assert not ParkedRecord.objects.exists()


def test_only_by_id_runs_move_the_identifier(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1001, placed=timedelta(minutes=30))
    stage.at("13:00").go()
    stage.ask_for(by_id, "1000")
    stage.work()
    stage.save(by_id, mode="recurring")
    place(shopfloor, 1002, 1003, placed=timedelta(minutes=61))
    stage.at("14:00").go()
    assert Order.objects.count() == 4
    assert stage.job(by_id).last_identifier == "1001"


def test_the_first_full_run_after_leaving_covers_the_gap(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1002, placed=timedelta(minutes=30))
    stage.at("13:00").go()
    shopfloor.change("1001", stage.at("13:20").now, cancelled=True)
    stage.at("13:30").save(by_id, mode="recurring")
    stage.at("14:00").go()
    assert shopfloor.windows == [(START, START + 2 * HOUR - SECOND)]
    assert stage.job(by_id).proven_until == START + 2 * HOUR - SECOND
    assert Order.objects.get(external_id="1001").status == "cancelled"


def test_switching_between_window_and_by_id_keeps_the_slots(stage: Stage, by_id: Channel) -> None:
    assert stage.job(by_id).next_slot_at == START + HOUR
    stage.at("12:30").save(by_id, mode="recurring")
    assert stage.job(by_id).next_slot_at == START + HOUR


def test_there_is_no_emergency_job_however_long_it_fails(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    shopfloor.fail(Permanent("refused"), times=100)
    stage.run_until(START + 12 * HOUR, timedelta(minutes=30))
    assert not Run.objects.caused_by("emergency").exists()


def test_run_now_works_by_id_too_and_moves_no_slot(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1000, placed=timedelta(minutes=5))
    stage.at("12:10")
    control.run_now(stage.job(by_id), stage.now)
    stage.work()
    assert stage.runs(by_id)[0].created == 1
    assert stage.job(by_id).next_slot_at == START + HOUR


def test_the_number_of_open_records_of_one_run_is_bounded(
    stage: Stage, by_id: Channel, shopfloor: Platform, settings: Settings
) -> None:
    settings.OMSAUTO_BY_ID_BATCH = 20
    place(shopfloor, 1000, 1150, placed=timedelta(minutes=30))
    stage.at("13:00").go()
    asked = []
    for clock_time in ("14:00", "15:00", "16:00"):
        shopfloor.fetched.clear()
        stage.at(clock_time).go()
        assert len(shopfloor.fetched) == 20
        asked += shopfloor.fetched
    assert len(set(asked)) == 51, "all have their turn"


def test_a_short_outage_is_bridged_by_attempts(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    place(shopfloor, 1000, 1010, placed=timedelta(minutes=30))
    shopfloor.fail(Transient("the shop did not answer"), times=2)
    stage.at("13:00").go()
    stage.run_until(START + HOUR + timedelta(minutes=5))
    (run,) = stage.runs(by_id)
    assert (run.status, run.attempt, run.created) == ("succeeded", 3, 11)
