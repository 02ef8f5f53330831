"""Due slots by the fast way become what they become one by one, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Account
from channels.models import Channel
from jobs import clock, slot_batch, slots, wake
from jobs.models import Job, Run, RunStatus, SlotStretch
from jobs.overlap import Sort
from tests.conftest import Pair
from tests.jobs.stage import Stage

Arrange = Callable[[Stage, Channel], object]
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def on_postgresql(pair: Pair) -> None:
    if pair.database != "postgresql":
        pytest.skip("about PostgreSQL alone: elsewhere slots are taken one way only")


def each_alone(stage: Stage) -> None:
    """As on a database without the fast way."""
    with transaction.atomic():
        slots.take_due(list(Job.objects.slot_due(stage.now).with_channel()), stage.now)


def together(stage: Stage) -> None:
    slot_batch.take(stage.now, 100)


def accounts(stage: Stage) -> dict[str, Any]:
    """Everything that slots decide, without the keys that differ from one attempt to the next."""
    runs = Run.objects.order_by("job", "sort", "slot_at").values()
    order = {run["id"]: place for place, run in enumerate(runs)}
    return {
        "jobs": list(Job.objects.order_by("pk").values()),
        "runs": [{**run, "id": order[run["id"]]} for run in runs],
        "stretches": [
            {**row, "id": 0, "run_id": order.get(row["run_id"])}
            for row in SlotStretch.objects.order_by("job", "first_slot_at").values()
        ],
    }


def nothing_special(stage: Stage, shop: Channel) -> None:
    stage.at("12:05:02")


def starts_are_spread(stage: Stage, shop: Channel) -> None:
    Account.objects.update(spread_minutes=5)
    stage.at("12:05:02")


def starts_are_spread_and_past(stage: Stage, shop: Channel) -> None:
    Account.objects.update(spread_minutes=5)
    stage.at("12:09:59")


def clock_was_away(stage: Stage, shop: Channel) -> None:
    stage.at("13:00:01")


def disabled(stage: Stage, shop: Channel) -> None:
    stage.save(shop, enabled=False)
    stage.at("12:05")


def full_run_active(stage: Stage, shop: Channel) -> None:
    """The other job, whose first slot is at ten past, has none."""
    stage.at("12:05").tick()
    Run.objects.update(status=RunStatus.RUNNING, attempt=1, started_at=stage.now)
    stage.at("12:10")


def full_run_between_attempts(stage: Stage, shop: Channel) -> None:
    stage.at("12:05").tick()
    Run.objects.update(attempt=1, started_at=stage.now)
    stage.at("12:10")


def full_run_waiting(stage: Stage, shop: Channel) -> None:
    stage.at("12:05").tick().at("12:10")


def entity_run_active(stage: Stage, shop: Channel) -> None:
    stage.ask_for(shop, "1000")
    Run.objects.update(status=RunStatus.RUNNING, attempt=1, started_at=stage.now)
    stage.at("12:05")


def entity_run_waiting(stage: Stage, shop: Channel) -> None:
    stage.ask_for(shop, "1000")
    stage.at("12:05")


@pytest.mark.parametrize(
    "arrange",
    [
        nothing_special, starts_are_spread, starts_are_spread_and_past, clock_was_away, disabled,
        full_run_active, full_run_between_attempts, full_run_waiting, entity_run_active,
        entity_run_waiting,
    ],
)  # fmt: skip
def test_both_ways_leave_the_same(arrange: Arrange, stage: Stage, shop: Channel) -> None:
    stage.save(
        shop,
        receive_orders={"main_period_minutes": 5},
        receive_order_updates={"main_period_minutes": 10},
    )
    arrange(stage, shop)
    before = accounts(stage)
    found = []
    for way in (each_alone, together):
        undo = transaction.savepoint()
        way(stage)
        found.append(accounts(stage))
        transaction.savepoint_rollback(undo)

    assert found[0] == found[1]
    assert found[0] != before, "there was something to do"


def test_a_slot_that_has_its_run_already_is_not_run_again(stage: Stage, shop: Channel) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.at("12:05").go()
    Job.objects.filter(next_slot_at__gt=stage.now).update(next_slot_at=stage.now)

    stage.wait(seconds=1)
    together(stage)

    assert [run.slot_at for run in stage.runs(shop)] == [stage.now - SECOND]
    assert stage.job(shop).next_slot_at == stage.now.replace(minute=10, second=0)


def test_all_are_sent_after_the_commit(
    stage: Stage,
    shop: Channel,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(wake, "send_now", lambda ids, at, priority: sent.extend(ids))
    period = {"main_period_minutes": 5}
    stage.save(shop, receive_orders=period, receive_order_updates=period)
    stage.at("12:05")

    with django_capture_on_commit_callbacks(execute=True):
        together(stage)
        assert sent == []

    assert sorted(sent) == sorted(run.pk for run in Run.objects.all())
    assert len(sent) == 2


def test_many_batches_follow_each_other(
    stage: Stage, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "SLOT_BATCH", 1)
    period = {"main_period_minutes": 5}
    stage.save(shop, receive_orders=period, receive_order_updates=period)

    taken = clock.take_slots(stage.at("12:05").now)

    assert taken == 2
    assert Run.objects.filter(sort=Sort.FULL, slot_at=stage.now).count() == 2


def test_an_error_of_the_fast_way_leaves_the_slots_to_the_other(
    stage: Stage,
    shop: Channel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object) -> None:
        raise ValueError("a grid that nobody knows")

    stage.save(shop, receive_orders={"main_period_minutes": 5})
    monkeypatch.setattr(slot_batch, "_open", fail)

    clock.take_slots(stage.at("12:05").now)

    assert [run.slot_at for run in stage.runs(shop)] == [stage.now]
    assert "taken the slower way" in caplog.text
