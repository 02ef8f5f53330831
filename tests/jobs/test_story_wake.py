"""Wake-up calls: when messages leave; losing, repeating or hurrying them changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from queue import Empty
from typing import Any

import pytest
from celery import current_app
from kombu.messaging import Producer

from channels.connectors.base import Transient
from channels.models import Channel, create_channel
from jobs import configure, tasks, wake
from jobs.deadline import SWEEP
from jobs.execute import execute
from jobs.models import Run
from oms.models import Order
from tests.conftest import Pair
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

Committed = Callable[..., AbstractContextManager[Any]]
Sent = list[tuple[list[int], str | None]]


def taken() -> Sent:
    """(run ids, ETA) of every message that is in the queue; takes them out."""
    found: Sent = []
    with current_app.connection_for_read() as broker:
        queue = broker.SimpleQueue(current_app.conf.task_default_queue)
        try:
            while True:
                message = queue.get(block=False)
                message.ack()
                found.append((message.payload[0][0], message.headers["eta"]))
        except (Empty, queue.Empty):
            queue.close()
            return found


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    taken()
    yield
    taken()


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Committed) -> Callable[[], Any]:
    """What is done inside is committed at its end, and its messages leave."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def broker_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ConnectionRefusedError("the broker is away")

    monkeypatch.setattr(Producer, "publish", refuse)


def eta(text: str | None) -> datetime:
    assert text
    return datetime.fromisoformat(text)


def test_an_event_without_delay_sends_its_message_on_commit(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any]
) -> None:
    with committed():
        event = stage.deliver(orders_shop, "order.created", "1000")
        assert taken() == [], "nothing is sent before the commit"
    run = stage.run_of(event)
    assert taken() == [([run.pk], None)]
    assert run.wake_at == stage.now + timedelta(seconds=30)


@pytest.mark.parametrize("minutes", [1, 2, 5])
def test_a_delay_of_up_to_five_minutes_travels_as_countdown(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any], minutes: int
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": minutes})
    with committed():
        event = stage.deliver(orders_shop, "order.created", "1000")
    ((ids, due),) = taken()
    assert ids == [stage.run_of(event).pk]
    assert eta(due) == stage.now + timedelta(minutes=minutes)
    assert stage.run_of(event).wake_at == stage.now + timedelta(minutes=minutes, seconds=30)


def test_a_longer_delay_is_left_to_the_clock(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any]
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 10})
    with committed():
        event = stage.deliver(orders_shop, "order.created", "1000")
    assert taken() == []
    stage.at("12:09:59").tick()
    assert taken() == []
    stage.at("12:10").tick()
    assert taken() == [([stage.run_of(event).pk], None)]


def test_events_that_join_a_batch_send_no_message_of_their_own(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any]
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 2})
    with committed():
        for number in range(5):
            stage.deliver(orders_shop, "order.created", str(number))
    assert len(taken()) == 1


def test_what_was_sent_and_not_claimed_is_sent_again_after_thirty_seconds(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any]
) -> None:
    with committed():
        event = stage.deliver(orders_shop, "order.created", "1000")
    taken()
    stage.wait(seconds=29).tick()
    assert taken() == []
    stage.wait(seconds=1).tick()
    assert taken() == [([stage.run_of(event).pk], None)]
    stage.wait(seconds=29).tick()
    assert taken() == []
    stage.wait(seconds=1).tick()
    assert len(taken()) == 1


@pytest.mark.usefixtures("broker_away")
def test_a_broker_that_is_away_loses_nothing(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any]
) -> None:
    with committed():
        event = stage.deliver(orders_shop, "order.created", "1000")
    for _ in range(3):
        stage.wait(seconds=1)
        assert stage.run_of(event).wake_at == stage.now, "the clock tries each second"
        stage.tick()


@pytest.mark.usefixtures("broker_away")
def test_a_delayed_message_that_could_not_be_sent_is_the_clocks_when_its_run_is_due(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any]
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 2})
    with committed():
        event = stage.deliver(orders_shop, "order.created", "1000")
    run = stage.run_of(event)
    assert run.wake_at == run.not_before == START + timedelta(minutes=2)


def test_early_repeated_and_late_messages_change_nothing(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 2})
    shopfloor.place(stage.now, "1000")
    run = stage.run_of(stage.deliver(orders_shop, "order.created", "1000"))
    assert not execute(run.pk, lambda: stage.now), "early"
    stage.at("12:02")
    assert execute(run.pk, lambda: stage.now)
    assert not execute(run.pk, lambda: stage.now), "repeated"
    assert not execute(run.pk, lambda: stage.wait(days=1).now), "late"
    assert not execute(999_999, lambda: stage.now), "of a run that is not there"
    run.refresh_from_db()
    assert (run.attempt, run.created) == (1, 1)
    assert Order.objects.count() == 1


def test_the_end_of_a_run_wakes_the_waiting_ones_the_full_one_first(
    stage: Stage, orders_shop: Channel, shopfloor: Platform, committed: Callable[[], Any]
) -> None:
    shopfloor.fail(Transient("too many requests", retry_after=3600))
    first = stage.run_of(stage.deliver(orders_shop, "order.created", "1000"))
    stage.work()
    batch = stage.run_of(stage.deliver(orders_shop, "order.created", "1001"))
    stage.at("13:00").tick()
    full = Run.objects.get(sort="full")
    taken()
    with committed():
        assert execute(first.pk, lambda: stage.now)
    assert taken() == [([full.pk], None)]
    with committed():
        assert execute(full.pk, lambda: stage.now)
    assert taken() == [([batch.pk], None)]


def test_the_next_attempt_travels_as_countdown_where_its_wait_is_short(
    stage: Stage, orders_shop: Channel, shopfloor: Platform, committed: Callable[[], Any]
) -> None:
    run = stage.run_of(stage.deliver(orders_shop, "order.created", "1000"))
    shopfloor.fail(Transient("too many requests", retry_after=120))
    shopfloor.fail(Transient("too many requests", retry_after=301))
    with committed():
        assert execute(run.pk, lambda: stage.now)
    ((ids, due),) = taken()
    assert (ids, eta(due)) == ([run.pk], stage.now + timedelta(seconds=120))
    stage.wait(seconds=120)
    with committed():
        assert execute(run.pk, lambda: stage.now)
    assert taken() == []
    run.refresh_from_db()
    assert run.wake_at == run.not_before == stage.now + timedelta(seconds=301)


def test_many_due_runs_travel_several_in_a_message(stage: Stage, shop: Channel) -> None:
    wake.send_now(range(1, 26), stage.now)
    assert [len(ids) for ids, _ in sorted(taken(), key=lambda sent: sent[0])] == [10, 10, 5]


def two_runs(stage: Stage, shop: Channel) -> list[int]:
    """Two that are due, as they travel in one message."""
    types = ("receive_orders", "receive_order_updates")
    return [stage.ask_for(shop, "404", job_type=job_type).pk for job_type in types]


def test_a_worker_hands_back_what_it_has_not_begun_after_a_slow_run(
    stage: Stage,
    orders_shop: Channel,
    committed: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = two_runs(stage, orders_shop)
    monkeypatch.setattr(tasks, "HANDS_BACK_AFTER_SECONDS", 0)
    with committed():
        assert tasks.execute_runs([first, second]) == 1
    assert taken() == [([second], None)]
    assert Run.objects.get(pk=first).attempt == 1
    waiting = Run.objects.get(pk=second)
    assert (waiting.status, waiting.attempt) == ("queued", 0), "it was not begun, so not claimed"


def test_quick_runs_of_one_message_are_worked_on_one_after_the_other(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any]
) -> None:
    runs = two_runs(stage, orders_shop)
    with committed():
        assert tasks.execute_runs(runs) == 2
    assert taken() == []
    assert {run.attempt for run in Run.objects.filter(pk__in=runs)} == {1}


def test_what_was_told_goes_before_slots_that_were_sent_before_it(
    stage: Stage, shop: Channel, pair: Pair
) -> None:
    if pair.broker != "redis":
        pytest.skip("the embedded broker has one order: first in, first out")
    for run_id, (cause, reason) in enumerate(
        [("emergency", SWEEP), ("schedule", ""), ("emergency", "no webhook"), ("webhook", "")]
    ):
        wake.send_now([run_id], stage.now, wake.priority_of([cause], reason))
    assert [ids for ids, _ in taken()] == [[3], [2], [1], [0]]


def test_each_run_travels_with_the_priority_of_its_causes(
    stage: Stage, orders_shop: Channel, committed: Callable[[], Any], priorities: dict[int, int]
) -> None:
    other = create_channel(stage.account, "test_shop", "Other", stage.now)
    configure.reconcile(stage.account, stage.now)
    stage.save(other, receive_orders={"main_period_minutes": 5})
    with committed():
        event = stage.deliver(orders_shop, "order.created", "1000")
        stage.at("12:05").tick()
    [slot] = Run.objects.caused_by("schedule")
    assert priorities == {stage.run_of(event).pk: 0, slot.pk: 6}

    priorities.clear()
    with committed():
        stage.wait(seconds=31).tick()
    assert priorities == {stage.run_of(event).pk: 0, slot.pk: 6}, "sent again as before"


def test_a_run_that_is_handed_back_keeps_its_priority(
    stage: Stage,
    orders_shop: Channel,
    committed: Callable[[], Any],
    priorities: dict[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = two_runs(stage, orders_shop)
    monkeypatch.setattr(tasks, "HANDS_BACK_AFTER_SECONDS", 0)
    with committed():
        tasks.execute_runs.apply(args=([first, second],), priority=6)
    assert priorities == {second: 6}


@pytest.fixture
def priorities(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Of the messages that are sent in bulk, by the ids of their runs."""
    sent: dict[int, int] = {}

    def publish(app: object, chunks: Sequence[Sequence[int]], priority: int) -> None:
        sent.update((run_id, priority) for chunk in chunks for run_id in chunk)

    monkeypatch.setattr(wake, "_publish", publish)
    return sent
