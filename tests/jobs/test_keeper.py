"""Leases are kept by one thread of the process, however many runs it works on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import Account
from channels.models import create_channel
from jobs import configure, control
from jobs.keeper import Keeper
from jobs.lease import LEASE, claim, hold
from jobs.models import Job, Run
from tests.jobs.platform import Platform
from tests.jobs.stage import START

pytestmark = pytest.mark.django_db(transaction=True)

LATER = START + timedelta(seconds=15)
OFTEN = 0.02


@pytest.fixture
def claimed(transactional_db: None, shopfloor: Platform) -> list[Run]:
    """Two runs that are being worked on."""
    account = Account.objects.create(name="Brand", timezone="UTC")
    for name in ("One", "Two"):
        create_channel(account, "test_shop", name, START, settings={"url": "http://platform"})
    configure.reconcile(account, START)
    tickets = [
        control.run_now(job, START)
        for job in Job.objects.with_channel().filter(type="receive_orders")
    ]
    return [made for one in tickets if one.run and (made := claim(one.run.pk, START))]


def lease_of(run: Run) -> datetime | None:
    return Run.objects.values_list("lease_until", flat=True).get(pk=run.pk)


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread, which has long enough."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(OFTEN)


def test_the_leases_of_all_runs_under_way_are_kept_by_one_thread(claimed: list[Run]) -> None:
    one, two = claimed
    keeper, before = Keeper(OFTEN), threading.active_count()
    with (
        keeper.kept(one.pk, one.lease, lambda: LATER),
        keeper.kept(two.pk, two.lease, lambda: LATER),
    ):
        assert threading.active_count() == before + 1
        until(lambda: lease_of(one) == lease_of(two) == LATER + LEASE)


def test_a_run_that_is_over_is_kept_no_more(claimed: list[Run]) -> None:
    one, two = claimed
    keeper = Keeper(OFTEN)
    with keeper.kept(two.pk, two.lease, lambda: LATER):
        with keeper.kept(one.pk, one.lease, lambda: START):
            pass
        hold(one, LATER - LEASE)
        until(lambda: lease_of(two) == LATER + LEASE)
    assert lease_of(one) == LATER


def test_a_lease_that_was_lost_is_not_taken_back(claimed: list[Run]) -> None:
    one, two = claimed
    keeper = Keeper(OFTEN)
    with (
        keeper.kept(one.pk, uuid4(), lambda: LATER),
        keeper.kept(two.pk, two.lease, lambda: LATER),
    ):
        until(lambda: lease_of(two) == LATER + LEASE)
    assert lease_of(one) == START + LEASE


def test_a_renewal_that_fails_is_tried_again(
    claimed: list[Run],
) -> None:
    one, _ = claimed
    keeper, moments = Keeper(OFTEN), iter([RuntimeError("no clock now")])

    def clock() -> datetime:
        for trouble in moments:
            raise trouble
        return LATER

    with keeper.kept(one.pk, one.lease, clock):
        until(lambda: lease_of(one) == LATER + LEASE)


def test_a_forked_process_keeps_nothing_of_its_parent_and_has_a_thread_of_its_own(
    claimed: list[Run],
) -> None:
    one, two = claimed
    keeper = Keeper(OFTEN)
    with keeper.kept(one.pk, one.lease, lambda: START):
        keeper.begin_anew()  # as `os.register_at_fork` has it done in a child
        before = threading.active_count()
        with keeper.kept(two.pk, two.lease, lambda: LATER):
            assert threading.active_count() == before + 1
            until(lambda: lease_of(two) == LATER + LEASE)
