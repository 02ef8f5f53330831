"""Wake-up calls that cannot be sent stay with the clock, which goes on with everything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from celery import Celery
from django.test import TestCase
from kombu.exceptions import OperationalError

from channels.models import Channel, create_channel
from jobs import clock, configure, wake
from jobs.change import Change
from jobs.models import Heartbeat, Run
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage

CHANNELS = 5


class Broker:
    """Takes nothing while it is away, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.away, self.asked = True, 0
        self.sent: list[int] = []

    def publish(self, app: object, chunks: list[Sequence[int]], priority: int) -> None:
        self.asked += 1
        if self.away:
            raise OperationalError("connection refused")
        self.sent += [run_id for chunk in chunks for run_id in chunk]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(wake, "_publish", broker.publish)
    return broker


@pytest.fixture
def due_runs(stage: Stage) -> list[int]:
    """Several runs that are due, whose messages were sent and lost."""
    made: list[Channel] = [
        create_channel(stage.account, "test_shop", str(n), stage.now) for n in range(CHANNELS)
    ]
    configure.reconcile(stage.account, stage.now)
    period = {"main_period_minutes": 5}
    jobs = {(channel.pk, "receive_orders"): period for channel in made}
    configure.apply(stage.account, Change(jobs=jobs), stage.now)
    clock.take_slots(stage.at("12:05").now)
    stage.wait(seconds=31)
    return list(Run.objects.order_by("pk").values_list("pk", flat=True))


def test_more_than_one_batch_is_not_tried_over_and_over(
    stage: Stage, broker: Broker, due_runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "BATCH", 2)
    assert len(due_runs) == CHANNELS

    sleep = clock.tick(stage.now)

    assert broker.asked == 1, "one failed attempt says that the broker is away"
    assert sleep >= 0.1
    assert Heartbeat.objects.get(name="clock").at == stage.now


def test_all_of_them_are_sent_a_second_after_the_broker_is_back(
    stage: Stage, broker: Broker, due_runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "BATCH", 2)
    clock.tick(stage.now)
    broker.away = False

    clock.tick(stage.now + timedelta(seconds=1))

    assert sorted(broker.sent) == due_runs


def test_a_delayed_message_that_could_not_be_sent_is_sent_when_its_run_is_due(
    stage: Stage,
    listening_shop: Channel,
    shopfloor: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(Celery, "send_task", away)
    stage.save(listening_shop, receive_orders={"webhook_delay_minutes": 2})
    shopfloor.place(stage.now, "1000")

    with TestCase.captureOnCommitCallbacks(execute=True):
        event = stage.deliver(listening_shop, "order.created", "1000")

    run = Run.objects.get(events=event)
    assert run.wake_at == run.not_before == stage.now + timedelta(minutes=2)
