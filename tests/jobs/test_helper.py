"""Many slots of one instant: a helper takes its part beside the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from threading import Barrier, get_ident

import pytest

from accounts.models import Account
from jobs import clock, slot_batch
from jobs.beside import Helper
from jobs.models import Job, Run
from tests.conftest import Pair
from tests.jobs.platform import Platform
from tests.jobs.stage import START
from tests.jobs.test_story_races import MINUTE, new_shop, save

pytestmark = pytest.mark.django_db(transaction=True)
SHOPS = 12


@pytest.fixture
def helper() -> Iterator[Helper]:
    helper = Helper()
    yield helper
    helper.stop()


@pytest.fixture(autouse=True)
def many_slots(
    account: Account, shopfloor: Platform, monkeypatch: pytest.MonkeyPatch, pair: Pair
) -> None:
    """All due at 12:05, more than one batch."""
    if pair.database != "postgresql":
        pytest.skip("slots are taken by one alone on SQLite")
    for number in range(SHOPS):
        save(
            account, new_shop(account, f"Shop {number}"), receive_orders={"main_period_minutes": 5}
        )
    monkeypatch.setattr(clock, "SLOT_BATCH", 2)


def test_both_take_their_part_and_no_slot_twice(
    helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, threads = Barrier(2), set[int]()
    take = slot_batch.take

    def together(at: datetime, most: int) -> int:
        if get_ident() not in threads:
            threads.add(get_ident())
            both.wait(10)
        return take(at, most)

    monkeypatch.setattr(slot_batch, "take", together)

    assert clock.take_slots(START + 5 * MINUTE, helper) == SHOPS

    assert len(threads) == 2
    assert Run.objects.filter(slot_at=START + 5 * MINUTE).count() == SHOPS
    assert not Job.objects.slot_due(START + 5 * MINUTE).exists()


def test_few_slots_are_no_work_for_two(helper: Helper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "SLOT_BATCH", SHOPS)
    monkeypatch.setattr(helper, "start", lambda work: pytest.fail("asked for help"))
    assert clock.take_slots(START + 5 * MINUTE, helper) == SHOPS


def test_a_helper_that_fails_is_told_of_and_helps_again(
    helper: Helper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    take_all, here = clock._take_all, get_ident()

    def cut_beside(at: datetime) -> int:
        if get_ident() != here:
            raise ConnectionError("cut")
        return take_all(at)

    monkeypatch.setattr(clock, "_take_all", cut_beside)
    assert clock.tick(START + 5 * MINUTE, helper) == 1.0
    assert "the clock's step take_slots failed" in caplog.text
    assert Run.objects.count() == SHOPS

    monkeypatch.undo()
    monkeypatch.setattr(clock, "SLOT_BATCH", 2)
    Run.objects.all().delete()
    assert clock.take_slots(START + 10 * MINUTE, helper) == SHOPS
