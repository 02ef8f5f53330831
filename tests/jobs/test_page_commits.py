"""A page's transaction: repeated after a conflict of the database, and counted only if it holds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from psycopg.errors import DeadlockDetected, QueryCanceled, SerializationFailure

from accounts.models import Account
from channels.connectors.base import OrderData, Permanent
from channels.connectors.registry import CONNECTORS
from channels.models import Channel, create_channel
from jobs import configure, control
from jobs.execute import execute
from jobs.models import Run, RunLog
from jobs.work import MOST_REPEATS, Work, commit
from oms.models import Order, Shipment, StockLevel
from oms.receive_orders import ReceiveOrders
from oms.registry import LOGIC
from oms.work import Applied, Context, FollowUp, Outcome
from tests import builders
from tests.jobs.platform import Platform, TestShop
from tests.jobs.stage import Stage

SECOND_RECORD = "1001"
Install = Callable[[type[ReceiveOrders]], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Let Receive Orders be done by this logic."""
    return lambda logic: monkeypatch.setitem(LOGIC, logic.type, logic())


def broken(cause: type[DatabaseError] | type[Exception], times: int) -> type[ReceiveOrders]:
    """Logic at whose second record the database ends the transaction, so many times."""
    left = [times]

    class Broken(ReceiveOrders):
        def apply(self, context: Context, record: OrderData) -> Applied:
            applied = super().apply(context, record)
            context.log("info", f"took {record.external_id}")
            if record.external_id == SECOND_RECORD and left[0]:
                left[0] -= 1
                raise OperationalError("the database ended it") from cause()
            return applied

    return Broken


def run_now(stage: Stage, shop: Channel) -> Run:
    stage.wait(minutes=10)
    run = control.run_now(stage.job(shop), stage.now).run
    assert run
    return run


def counts(run: Run) -> tuple[int, int, int]:
    run.refresh_from_db()
    return run.read, run.created, run.updated


@pytest.mark.parametrize("cause", [DeadlockDetected, SerializationFailure])
@pytest.mark.parametrize("times", [1, MOST_REPEATS])
def test_a_page_that_conflicts_is_done_again_at_once_and_counted_once(
    stage: Stage,
    shop: Channel,
    shopfloor: Platform,
    install: Install,
    cause: type[Exception],
    times: int,
) -> None:
    install(broken(cause, times))
    for _ in range(3):
        shopfloor.place(stage.now)
    run = run_now(stage, shop)
    stage.work()
    assert counts(run) == (3, 3, 0)
    assert (run.status, run.attempt, Order.objects.count()) == ("succeeded", 1, 3)
    said = list(RunLog.objects.filter(run=run).values_list("message", flat=True))
    assert sum("it is done again" in one for one in said) == times
    assert said.count("took 1000") == 1, "what was said of it before is not true"


@pytest.mark.parametrize(("cause", "times"), [(DeadlockDetected, 4), (QueryCanceled, 1)])
def test_what_repeating_does_not_help_fails_the_attempt_and_counts_nothing(
    stage: Stage,
    shop: Channel,
    shopfloor: Platform,
    install: Install,
    cause: type[Exception],
    times: int,
) -> None:
    install(broken(cause, times))
    for _ in range(3):
        shopfloor.place(stage.now)
    run = run_now(stage, shop)
    assert stage.work() == [run.pk]
    assert counts(run) == (0, 0, 0)
    assert (run.status, run.attempt, Order.objects.count()) == ("queued", 1, 0)
    stage.wait(minutes=1).work()
    assert counts(run) == (3, 3, 0)
    assert (run.status, run.attempt) == ("succeeded", 2)


def test_what_is_rolled_back_is_forgotten(stage: Stage, shop: Channel) -> None:
    run = run_now(stage, shop)
    run.status = "running"
    run.save()
    connector = TestShop({}, {})
    work = Work(run, stage.job(shop), shop, connector, lambda: stage.now)

    def good(work: Work, external_id: str) -> None:
        work.outcomes[external_id] = Outcome.CREATED
        work.seen.add(external_id)
        work.count(read=1, created=1)
        work.save_counts(stage.now)

    def bad(work: Work) -> None:
        good(work, "2")
        work.pending["3"] = ("no SKU", {})
        work.parked_before.add("4")
        work.follow_ups.append(FollowUp(shop.pk, work.type))
        work.job.proven_until = stage.now
        raise Permanent("refused")

    commit(work, good, "1")
    proven_until = work.job.proven_until
    with pytest.raises(Permanent):
        commit(work, bad)
    assert (work.outcomes, work.seen) == ({"1": Outcome.CREATED}, {"1"})
    assert (work.pending, work.parked_before, work.follow_ups) == ({}, set(), [])
    assert work.job.proven_until == proven_until
    assert (work.run.read, work.run.created) == (1, 1)
    assert counts(run) == (1, 1, 0)


class BackwardShop(TestShop):
    """The same shop, read the other way round."""

    __test__ = False
    id = "backward_shop"
    label = "Backward shop"

    def pages(self, *window: Any) -> Any:
        return (list(reversed(page)) for page in super().pages(*window))


def meeting(barrier: Barrier) -> type[ReceiveOrders]:
    """Logic that goes on to the second record when both runs have done their first."""
    met: set[int] = set()

    class Meeting(ReceiveOrders):
        def apply(self, context: Context, record: OrderData) -> Applied:
            applied = super().apply(context, record)
            if get_ident() not in met:
                met.add(get_ident())
                barrier.wait(10)
            return applied

    return Meeting


@pytest.fixture
def two_shops(
    stage: Stage, shop: Channel, account: Account, monkeypatch: pytest.MonkeyPatch
) -> list[Channel]:
    """They sell MUG and TEE from one warehouse, and the second is read backward."""
    monkeypatch.setitem(CONNECTORS, BackwardShop.id, BackwardShop)
    builders.product(account, "TEE")
    account.automatic_workflow = True
    account.save()
    warehouse = builders.warehouse(account)
    StockLevel.objects.filter(channel=warehouse).update(on_hand=10)
    other = create_channel(
        account, BackwardShop.id, "Other", stage.now, settings={"url": "http://platform"}
    )
    configure.reconcile(account, stage.now)
    return [shop, other]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_pages_that_take_stock_in_opposite_order_are_both_done_and_counted_once(
    stage: Stage, two_shops: list[Channel], shopfloor: Platform, install: Install
) -> None:
    install(meeting(Barrier(2)))
    for sku in ("MUG", "TEE"):
        shopfloor.place(stage.wait(seconds=1).now, sku=sku)
    runs = [run_now(stage, shop) for shop in two_shops]

    def work(run: Run) -> bool:
        try:
            return execute(run.pk, lambda: stage.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, runs)) == [True, True]
    assert [counts(run) for run in runs] == [(2, 2, 0), (2, 2, 0)]
    assert [(run.status, run.attempt) for run in runs] == [("succeeded", 1)] * 2
    assert RunLog.objects.filter(message__contains="a deadlock: it is done again").count() == 1
    assert set(Shipment.objects.values_list("status", flat=True)) == {"ready"}
    assert list(StockLevel.objects.values_list("allocated", flat=True)) == [2, 2]
