"""A platform's limit is one bucket for all runs of its channel; who finds it empty waits."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.connectors.values import Limit
from channels.models import Channel
from jobs import budgets, control, saving
from jobs.budget import Lane
from jobs.lease import LEASE, claim
from jobs.models import ChannelBudget, Circuit, Event, EventStatus, Run, RunAttempt
from jobs.work import MOST_FRUITLESS
from oms.models import Order
from tests import builders
from tests.http_platform import problem
from tests.jobs.limited import LimitedShop, deliver
from tests.jobs.stage import START, Stage

MINUTE = timedelta(minutes=1)
OWN = re.compile(r'(FROM|INTO|UPDATE) "jobs_(channelbudget|circuit)"')
"""A statement about budgets and circuits alone; others may join them to what they ask anyway."""


def tell(channel: Channel, stage: Stage, remaining: float, capacity: float, reset: float) -> None:
    budgets.tell(channel.pk, stage.now, budgets.Known(), Limit(remaining, capacity, reset))


def poll(stage: Stage, channel: Channel, minutes: int = 60) -> None:
    stage.save(channel, mode="recurring", receive_orders={"main_period_minutes": minutes})


def test_a_platform_that_says_nothing_costs_nothing(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    far_shop.place("1", stage.now)
    deliver(stage, web_shop, "1")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        stage.work()
    own = [one["sql"] for one in asked if OWN.search(one["sql"])]
    assert own == []
    assert Order.objects.count() == 1
    assert not ChannelBudget.objects.exists()


def test_a_platform_with_a_limit_costs_a_run_of_one_page_at_most_two_statements(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    far_shop.limit = 100
    deliver(stage, web_shop, "1")
    stage.work()
    deliver(stage, web_shop, "2")
    with CaptureQueriesContext(connection) as asked:
        stage.work()
    own = [one["sql"] for one in asked if OWN.search(one["sql"])]
    assert 1 <= len(own) <= 2
    assert all(statement.startswith("UPDATE") for statement in own)


def test_what_the_platform_says_is_kept_for_all(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    far_shop.limit = 10
    deliver(stage, web_shop, *"123")
    stage.work()
    row = ChannelBudget.objects.get()
    assert (row.remaining, row.capacity) == (7, 10)
    assert row.resets_at == stage.now + MINUTE


def test_after_a_429_the_other_runs_of_the_channel_wait_too(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    far_shop.limit, far_shop.used, far_shop.window = 10, 10, stage.now
    [event] = deliver(stage, web_shop, "1")
    far_shop.place("1", stage.now)
    stage.work()
    run = stage.run_of(event)
    assert (run.status, run.retry_after_at) == ("queued", stage.now + MINUTE)
    manual = control.run_now(stage.job(web_shop, "receive_order_updates"), stage.now).run
    assert manual

    stage.wait(seconds=10).work()

    manual.refresh_from_db()
    assert (manual.status, manual.attempt, manual.not_before) == ("queued", 0, START + MINUTE)
    assert manual.said_reason == "no budget: the platform's limit is used up."
    assert far_shop.calls == 1, "one refusal is enough"
    stage.wait(seconds=50).work()
    assert {one.status for one in Run.objects.all()} == {"succeeded"}
    assert far_shop.refusals == 0


def test_a_503_with_retry_after_leaves_the_channel_alone_as_well(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    tell(web_shop, stage, 50, 100, 600)
    far_shop.failures = [problem(503, "Maintenance.", **{"retry-after": "120"})]
    deliver(stage, web_shop, "1")
    stage.work()
    row = ChannelBudget.objects.get()
    assert (row.remaining, row.resets_at) == (0, stage.now + 2 * MINUTE)


def test_the_reserve_is_kept_for_runs_by_hand_and_by_webhook(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    tell(web_shop, stage, 15, 100, 600)
    emergency = stage.job(web_shop)
    stage.at("13:00")
    tell(web_shop, stage, 15, 100, 600)
    stage.tick()
    [event] = deliver(stage, web_shop, "1")
    far_shop.place("1", stage.now)
    [waiting] = Run.objects.filter(job=emergency).caused_by("emergency")

    stage.work()

    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempt) == ("queued", 0)
    assert waiting.not_before == stage.now + 10 * MINUTE
    assert "kept for runs by hand and by webhook" in waiting.said_reason
    assert stage.run_of(event).status == "succeeded"
    manual = control.run_now(stage.job(web_shop), stage.now)
    assert manual.run
    assert manual.run.pk == waiting.pk, "the operator's request joins it"
    stage.work()
    waiting.refresh_from_db()
    assert waiting.status == "succeeded", "and takes it along on the better lane"


def test_an_entity_run_gives_way_and_goes_on_with_the_rest(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    far_shop.limit = 10
    ids = [str(number) for number in range(1, 26)]
    for one in ids:
        far_shop.place(one, stage.now)
    deliver(stage, web_shop, *ids)
    rounds = 0
    while stage.work() or rounds < 10:
        [run] = stage.runs(web_shop)
        if run.is_over:
            break
        assert (run.status, run.attempt, run.fruitless) == ("queued", 1, 0)
        assert run.said_reason.startswith("no budget")
        assert run.error == ""
        stage.goto(run.not_before)
        rounds += 1
    run = stage.runs(web_shop)[0]
    assert (run.status, run.attempt, run.created) == ("succeeded", 1, 25)
    assert Order.objects.count() == 25
    asked = [request.url.path for request in far_shop.requests]
    assert len(asked) == len(set(asked)), "each once, whatever was given way to"
    assert far_shop.refusals == 0
    assert set(Event.objects.values_list("status", flat=True)) == {EventStatus.DONE}
    [attempt] = RunAttempt.objects.all()
    assert (attempt.number, attempt.outcome) == (1, "succeeded")
    assert stage.job(web_shop).emergency_state == "armed"
    assert not Circuit.objects.exclude(failures=0).exists()


def test_a_long_window_is_worked_in_parts_that_the_budget_lasts_for(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    poll(stage, web_shop)
    for number in range(60):
        far_shop.place(str(number), START + number * MINUTE)
    far_shop.limit = 12
    stage.at("13:00").tick()
    run = stage.runs(web_shop)[0]
    for _ in range(40):
        stage.work()
        run.refresh_from_db()
        if run.is_over:
            break
        assert (run.status, run.attempt) == ("queued", 1)
        stage.goto(run.not_before)
    assert (run.status, run.attempt, run.created) == ("succeeded", 1, 60)
    assert 1 <= run.fruitless < MOST_FRUITLESS
    assert far_shop.refusals == 0
    assert stage.job(web_shop).proven_until > START + 59 * MINUTE
    assert not Run.objects.exclude(status__in=("succeeded", "queued")).exists()


@pytest.mark.parametrize("meanwhile", [True, False])
def test_a_webhook_does_not_wait_for_the_budget_of_a_lower_lane(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop, meanwhile: bool
) -> None:
    for number in range(58):
        far_shop.place(str(number), START + number * MINUTE)
    far_shop.limit = 20
    stage.at("13:00").tick()
    [emergency] = Run.objects.filter(type="receive_orders").caused_by("emergency")
    if meanwhile:
        [event] = deliver(stage, web_shop, "0")
    stage.work()
    emergency.refresh_from_db()
    assert emergency.status == "queued"
    started = stage.job(web_shop).emergency_started_at
    if not meanwhile:
        [event] = deliver(stage, web_shop, "0")
        stage.wait(seconds=1).work()

    assert stage.run_of(event).status == "succeeded"
    emergency.refresh_from_db()
    assert (emergency.status, emergency.attempt) == ("queued", 0)
    while not emergency.is_over:
        stage.goto(max(stage.now, emergency.not_before)).work()
        emergency.refresh_from_db()
    assert (emergency.status, emergency.attempt) == ("succeeded", 1)
    assert stage.job(web_shop).emergency_started_at == started
    assert RunAttempt.objects.filter(run=emergency).count() == 1
    assert far_shop.refusals == 0


def test_a_run_that_comes_no_further_does_not_give_way_for_ever(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    poll(stage, web_shop)
    for number in range(20):
        far_shop.place(str(number), START + timedelta(seconds=number))
    far_shop.limit = 4
    stage.at("13:00").tick()
    run = stage.runs(web_shop)[0]
    while not run.is_over and run.fruitless < MOST_FRUITLESS:
        stage.work()
        run.refresh_from_db()
        stage.goto(run.not_before)
    assert run.attempt == 1
    far_shop.limit = None
    stage.work()
    run.refresh_from_db()
    assert (run.status, run.created) == ("succeeded", 20)


def test_a_by_id_run_goes_on_after_the_last_identifier(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    stage.save(web_shop, mode="recurring_by_id", receive_orders={"main_period_minutes": 60})
    for number in range(1000, 1040):
        far_shop.place(str(number), stage.now)
    far_shop.limit = 16
    stage.at("13:00").tick()
    run = stage.runs(web_shop)[0]
    for _ in range(20):
        stage.work()
        run.refresh_from_db()
        if run.is_over:
            break
        stage.goto(run.not_before)
    assert (run.status, run.attempt) == ("succeeded", 1)
    assert Order.objects.count() == 40
    assert far_shop.refusals == 0
    assert stage.job(web_shop).last_identifier == "1039"
    assert run.fruitless == 0


def test_a_channel_that_was_disabled_meanwhile_does_not_go_on(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    far_shop.limit = 4
    [event, *_] = deliver(stage, web_shop, *"123456")
    stage.work()
    run = stage.run_of(event)
    assert run.gave_way
    stage.save(web_shop, enabled=False)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert set(Event.objects.values_list("status", flat=True)) == {EventStatus.HELD}


def test_a_run_that_gave_way_may_lose_its_worker_and_is_tried_again(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    far_shop.limit = 4
    [event, *_] = deliver(stage, web_shop, *"123456")
    stage.work()
    run = stage.run_of(event)
    assert claim(run.pk, stage.goto(run.not_before).now)
    stage.goto(stage.now + LEASE + timedelta(seconds=1)).tick()
    run.refresh_from_db()
    assert (run.status, run.attempt, run.gave_way) == ("queued", 1, False)
    far_shop.limit = None
    stage.wait(minutes=1).work()
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 2)


def test_other_credentials_may_have_another_limit(stage: Stage, web_shop: Channel) -> None:
    tell(web_shop, stage, 0, 100, 600)
    saving.save_channel(web_shop, {"secrets": {"token": "new"}}, stage.now, builders.user())
    assert not ChannelBudget.objects.exists()


def test_takers_see_what_others_took_though_they_knew_better(
    stage: Stage, web_shop: Channel
) -> None:
    tell(web_shop, stage, 3, 3, 600)
    first = second = budgets.known(ChannelBudget.objects.get())
    taken = []
    for _ in range(3):
        first, until = budgets.take(web_shop.pk, Lane.MANUAL, stage.now, first)
        taken.append(until)
        second, until = budgets.take(web_shop.pk, Lane.MANUAL, stage.now, second)
        taken.append(until)
    assert taken == [None] * 3 + [stage.now + 10 * MINUTE] * 3
    assert ChannelBudget.objects.get().remaining == 0


@pytest.mark.parametrize("others", [True, False])
def test_a_taker_who_never_comes_first_asks_again_a_moment_later(
    stage: Stage, web_shop: Channel, monkeypatch: pytest.MonkeyPatch, others: bool
) -> None:
    tell(web_shop, stage, 3, 3, 600)
    last = budgets.known(ChannelBudget.objects.get())
    if others:
        monkeypatch.setattr(budgets, "MOST_TRIES", 1)
        ChannelBudget.objects.update(version=99)
    _, until = budgets.take(web_shop.pk, Lane.MANUAL, stage.now, last)
    assert until == (stage.now + timedelta(seconds=1) if others else None)
