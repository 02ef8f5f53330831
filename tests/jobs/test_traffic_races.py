"""Several workers at once on one channel's bucket and circuit, on either database for real."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from accounts.models import Account
from channels.connectors.values import Limit
from channels.models import Channel, create_channel
from jobs import budgets, circuits, configure, control, fallback, probing
from jobs.budget import Lane
from jobs.change import Change
from jobs.lease import claim
from jobs.models import ChannelBudget, Circuit, Job, Run
from tests.http_server import served
from tests.jobs.limited import LimitedShop
from tests.jobs.stage import START
from tests.jobs.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LATER = START + timedelta(minutes=1)


@pytest.fixture
def far_shop() -> LimitedShop:
    return LimitedShop({"orders": []}, now=lambda: START)


@pytest.fixture
def channel(transactional_db: None, far_shop: LimitedShop) -> Iterator[Channel]:
    account = Account.objects.create(name="Brand", timezone="UTC")
    with served(far_shop) as address:
        made = create_channel(account, "http", "Shop", START, settings={"url": address})
        configure.reconcile(account, START)
        yield made


def job_of(channel: Channel) -> Job:
    return Job.objects.with_channel().get(channel=channel, type="receive_orders")


def fail(channel: Channel, times: int) -> None:
    for _ in range(times):
        circuits.note_failure(channel.pk, "it answered 500", START)


def test_takers_at_once_never_take_more_than_the_bucket_holds(channel: Channel) -> None:
    budgets.tell(channel.pk, START, budgets.Known(), Limit(10, 10, 600))
    known = budgets.known(ChannelBudget.objects.get())

    def take_four() -> int:
        last, taken = known, 0
        for _ in range(4):
            last, until = budgets.take(channel.pk, Lane.MANUAL, START, last)
            taken += until is None
        return taken

    taken = at_once(*[take_four] * 4)
    row = ChannelBudget.objects.get()
    assert sum(taken) <= 10
    assert sum(taken) + row.remaining == 10


def test_a_platform_that_tells_many_at_once_for_the_first_time_has_one_bucket(
    channel: Channel,
) -> None:
    tell = [
        partial(budgets.tell, channel.pk, START, budgets.Known(), Limit(left, 10, 600))
        for left in (9, 8, 7, 6)
    ]
    at_once(*tell)
    assert ChannelBudget.objects.get().remaining == 6


def test_one_of_many_probes_at_the_same_moment(channel: Channel, far_shop: LimitedShop) -> None:
    fail(channel, 5)
    far_shop.ill = 500
    probed = at_once(*[lambda: probing.probe(channel.pk, LATER)] * 6)
    assert [found is not None for found in probed].count(True) == 1
    assert far_shop.calls == 1
    circuit = Circuit.objects.get()
    assert (circuit.state, circuit.probes) == ("open", 1)


def test_errors_of_many_workers_at_once_open_it_once(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[int] = []
    freeze = fallback.freeze

    def counting(jobs: list[Job], at: object) -> None:
        frozen.append(len(jobs))
        freeze(jobs, START)

    monkeypatch.setattr(fallback, "freeze", counting)
    at_once(*[lambda: fail(channel, 2)] * 4)
    assert Circuit.objects.get().state == "open"
    assert Circuit.objects.get().failures == 5
    assert len(frozen) == 1


@pytest.mark.parametrize("attempt", range(5))
def test_a_run_that_is_put_back_while_the_circuit_closes_does_not_wait_for_it(
    channel: Channel, attempt: int
) -> None:
    fail(channel, 5)
    run = control.run_now(job_of(channel), START).run
    assert run
    at_once(
        lambda: claim(run.pk, LATER),
        lambda: circuits.close(channel.pk, LATER),
        lambda: claim(run.pk, LATER),
    )
    run.refresh_from_db()
    assert run.waits_for == ""
    assert run.status == "running" or run.not_before <= LATER


def test_a_save_and_an_opening_at_once_leave_the_timer_frozen(
    channel: Channel,
) -> None:
    account = channel.account
    configure.apply(account, Change(channels={channel.pk: {"mode": "webhook"}}), START)
    fail(channel, 4)
    period = {(channel.pk, "receive_orders"): {"emergency_period_minutes": 5}}
    at_once(
        lambda: fail(channel, 1),
        lambda: configure.apply(account, Change(jobs=period), START),
    )
    job = job_of(channel)
    assert (job.emergency_minutes, job.frozen_since) == (5, START)
    assert job.emergency_due_at is None
    circuits.close(channel.pk, LATER)
    assert job_of(channel).emergency_due_at == START + timedelta(minutes=6)
    assert not Run.objects.exists()
