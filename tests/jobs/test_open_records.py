"""Recurring Job By ID: how open records take turns, and when one is given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from channels.connectors.base import Misconfigured, Permanent, Transient
from channels.models import Channel
from jobs import control
from jobs.models import Run, RunLog
from oms.models import Order, ParkedRecord
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

MINUTE = timedelta(minutes=1)
OPEN = [str(number) for number in range(1000, 1010)]
BROKEN = Transient("the shop answered 500")


@pytest.fixture
def by_id(stage: Stage, shop: Channel, shopfloor: Platform) -> Channel:
    """Ten open orders that are not among the last hundred found any more."""
    stage.save(shop, mode="recurring_by_id", receive_orders={"main_period_minutes": 60})
    for number in [*OPEN, *(str(number) for number in range(1010, 1110))]:
        shopfloor.place(START + MINUTE, number)
    stage.at("13:00").go()
    assert Order.objects.count() == 110
    return shop


def next_run(stage: Stage, by_id: Channel, shopfloor: Platform) -> tuple[Run, list[str]]:
    """The next hour's run with all its attempts, and the orders asked for by their ids."""
    shopfloor.fetched.clear()
    stage.wait(hours=1).go()
    run = stage.runs(by_id)[-1]
    while run.status == "queued":
        stage.goto(run.not_before).work()
        run.refresh_from_db()
    return run, list(shopfloor.fetched)


def test_a_run_goes_on_after_the_last_record_asked_for(
    stage: Stage, by_id: Channel, shopfloor: Platform, settings: Settings
) -> None:
    settings.OMSAUTO_BY_ID_BATCH = 4
    asked = [next_run(stage, by_id, shopfloor)[1] for _ in range(3)]
    assert asked == [OPEN[:4], OPEN[4:8], [*OPEN[8:], *OPEN[:2]]]


def test_records_that_are_closed_meanwhile_make_nobody_miss_a_turn(
    stage: Stage, by_id: Channel, shopfloor: Platform, settings: Settings
) -> None:
    settings.OMSAUTO_BY_ID_BATCH = 4
    next_run(stage, by_id, shopfloor)
    Order.objects.filter(external_id__in=OPEN[:4]).update(status="shipped")
    assert next_run(stage, by_id, shopfloor)[1] == OPEN[4:8]


def test_another_attempt_of_a_failed_run_goes_on_with_other_records(
    stage: Stage, by_id: Channel, shopfloor: Platform, settings: Settings
) -> None:
    settings.OMSAUTO_BY_ID_BATCH = 5
    shopfloor.bad_entities = dict.fromkeys(OPEN[:5], BROKEN)
    run, asked = next_run(stage, by_id, shopfloor)
    assert (run.status, run.attempt, asked) == ("succeeded", 2, OPEN)
    assert stage.job(by_id).open_errors == {}


def test_records_we_have_had_for_longer_than_the_maximum_age_are_left_alone(
    stage: Stage, by_id: Channel, shopfloor: Platform, settings: Settings
) -> None:
    settings.OMSAUTO_BY_ID_MAX_AGE_DAYS = 1
    Order.objects.filter(external_id__in=OPEN[:3]).update(created_at=START - timedelta(days=1))
    assert next_run(stage, by_id, shopfloor)[1] == OPEN[3:]


@pytest.mark.parametrize("error", [BROKEN, Permanent("the shop answered 400")])
def test_one_that_cannot_be_read_holds_nothing_up_and_is_asked_for_by_the_next_run(
    stage: Stage, by_id: Channel, shopfloor: Platform, error: Permanent | Transient
) -> None:
    shopfloor.bad_entities = {OPEN[0]: error}
    run, asked = next_run(stage, by_id, shopfloor)
    assert (run.status, run.attempt, asked, run.parked) == ("succeeded", 1, OPEN, 0)
    (warning,) = RunLog.objects.filter(run=run, level="warning")
    assert "The next run asks again (1 of 5)" in warning.message
    assert OPEN[0] in next_run(stage, by_id, shopfloor)[1]


def test_one_that_cannot_be_read_in_five_runs_in_a_row_is_parked(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    shopfloor.bad_entities = {OPEN[0]: BROKEN}
    for _ in range(4):
        assert next_run(stage, by_id, shopfloor)[0].parked == 0
    run, asked = next_run(stage, by_id, shopfloor)
    assert (run.status, run.parked, asked) == ("succeeded", 1, OPEN)
    parked = ParkedRecord.objects.get()
    assert (parked.external_id, parked.status) == (OPEN[0], "parked")
    assert "5 runs in a row: the shop answered 500" in parked.reason
    assert next_run(stage, by_id, shopfloor)[1] == OPEN[1:]


def test_a_good_reading_in_between_starts_the_count_anew(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    for bad in (4, 0, 4):
        shopfloor.bad_entities = {OPEN[0]: BROKEN} if bad else {}
        for _ in range(max(bad, 1)):
            next_run(stage, by_id, shopfloor)
    assert not ParkedRecord.objects.exists()
    assert stage.job(by_id).open_errors == {OPEN[0]: 4}


@pytest.fixture
def given_up(stage: Stage, by_id: Channel, shopfloor: Platform, settings: Settings) -> ParkedRecord:
    settings.OMSAUTO_BY_ID_GIVE_UP_RUNS = 1
    shopfloor.bad_entities = {OPEN[0]: BROKEN}
    next_run(stage, by_id, shopfloor)
    return ParkedRecord.objects.get()


def test_a_retry_that_works_lets_it_take_its_turn_again(
    stage: Stage, by_id: Channel, shopfloor: Platform, given_up: ParkedRecord
) -> None:
    shopfloor.bad_entities = {}
    control.retry_parked(given_up, stage.now)
    stage.work()
    given_up.refresh_from_db()
    assert given_up.status == "resolved"
    assert OPEN[0] in next_run(stage, by_id, shopfloor)[1]
    assert stage.job(by_id).open_errors == {}


def test_one_that_an_operator_discarded_is_not_asked_for_again(
    stage: Stage, by_id: Channel, shopfloor: Platform, given_up: ParkedRecord
) -> None:
    control.discard(given_up, stage.now)
    assert next_run(stage, by_id, shopfloor)[1] == OPEN[1:]


def test_what_is_closed_is_forgotten(
    stage: Stage, by_id: Channel, shopfloor: Platform, given_up: ParkedRecord
) -> None:
    assert stage.job(by_id).open_errors == {OPEN[0]: 1}
    Order.objects.filter(external_id=OPEN[0]).update(status="shipped")
    next_run(stage, by_id, shopfloor)
    assert stage.job(by_id).open_errors == {}


def test_a_platform_that_answers_for_none_is_to_blame_itself(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    shopfloor.bad_entities = dict.fromkeys(OPEN, BROKEN)
    run, asked = next_run(stage, by_id, shopfloor)
    assert (run.status, run.attempt) == ("failed", 5)
    assert len(asked) == 25, "five in each attempt"
    assert stage.job(by_id).open_errors == {}
    assert not ParkedRecord.objects.exists()


def test_the_only_open_record_is_given_up_too(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    Order.objects.filter(external_id__in=OPEN[1:]).update(status="shipped")
    shopfloor.bad_entities = {OPEN[0]: BROKEN}
    for _ in range(5):
        run, _ = next_run(stage, by_id, shopfloor)
        assert (run.status, run.attempt) == ("succeeded", 5)
    assert ParkedRecord.objects.get().external_id == OPEN[0]


def test_a_platform_that_asks_to_wait_is_left_alone_and_the_rest_is_the_next_runs(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    shopfloor.bad_entities = {OPEN[4]: Transient("too many requests", retry_after=60)}
    run, asked = next_run(stage, by_id, shopfloor)
    assert (run.status, run.attempt, asked) == ("succeeded", 1, OPEN[:5])
    assert RunLog.objects.filter(run=run, message="5 open records are left to the next run.")
    assert stage.job(by_id).open_errors == {}
    shopfloor.bad_entities = {}
    assert next_run(stage, by_id, shopfloor)[1] == [*OPEN[5:], *OPEN[:5]]


def test_wrong_credentials_fail_the_run_at_once(
    stage: Stage, by_id: Channel, shopfloor: Platform
) -> None:
    shopfloor.bad_entities = {OPEN[0]: Misconfigured("the key was refused")}
    run, asked = next_run(stage, by_id, shopfloor)
    assert (run.status, run.attempt, asked) == ("failed", 1, OPEN[:1])
