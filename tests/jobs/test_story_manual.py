"""What operators do by hand: run now, cancel, retry, replay; and what each refuses, with why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import ProductSource
from channels.connectors.base import Permanent, Transient
from channels.models import Channel
from jobs import configure, control
from jobs.change import Change
from jobs.lease import claim
from jobs.models import Event, EventStatus, Run
from jobs.overlap import Decision
from oms.models import Order
from tests import builders
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

HOUR = timedelta(hours=1)


def test_run_now_works_without_a_period_and_moves_no_grid(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    stage.wait(minutes=1)
    ticket = control.run_now(stage.job(shop), stage.now)
    assert ticket.opened
    stage.work()
    (run,) = stage.runs(shop)
    assert (run.trigger, run.causes, run.slot_at, run.created) == ("manual", ["manual"], None, 1)
    assert stage.job(shop).next_slot_at is None


def test_two_run_nows_are_one_run_and_the_second_is_shown_it(stage: Stage, shop: Channel) -> None:
    operator = builders.user(of=stage.account)
    first = control.run_now(stage.job(shop), stage.now, operator)
    second = control.run_now(stage.job(shop), stage.now)
    assert first.run
    assert second.run
    assert second.run.pk == first.run.pk
    assert (first.opened, second.opened) == (True, False)
    assert first.run.actor_id == operator.pk


def test_run_now_joins_the_scheduled_run_that_waits_and_the_slot_joins_run_now(
    stage: Stage, shop: Channel
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    stage.at("12:05").tick()
    ticket = control.run_now(stage.job(shop), stage.now)
    (run,) = stage.runs(shop)
    assert ticket.run
    assert ticket.run.pk == run.pk
    assert (run.trigger, run.causes) == ("schedule", ["schedule", "manual"])
    assert Run.objects.caused_by("manual").get() == run
    stage.work()
    control.run_now(stage.at("12:09").job(shop), stage.now)
    stage.at("12:10").tick()
    newest = stage.runs(shop)[-1]
    assert (newest.causes, newest.slot_at) == (["manual", "schedule"], stage.now)


def test_run_now_during_a_full_run_waits_for_its_end(stage: Stage, shop: Channel) -> None:
    first = control.run_now(stage.job(shop), stage.now).run
    assert first
    assert claim(first.pk, stage.now)
    second = control.run_now(stage.job(shop), stage.now)
    assert second.opened
    assert second.run
    assert claim(second.run.pk, stage.now) is None


def test_run_now_brings_the_next_attempt_forward(
    stage: Stage, shop: Channel, shopfloor: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.lease.wait_before", lambda attempt: timedelta(seconds=30))
    stage.at("12:05")
    shopfloor.fail(Transient("the shop did not answer"))
    control.run_now(stage.job(shop), stage.now)
    stage.work()
    stage.wait(seconds=1)
    ticket = control.run_now(stage.job(shop), stage.now)
    assert ticket.decision == Decision.BRING_FORWARD
    (run,) = stage.runs(shop)
    assert ticket.run
    assert ticket.run.pk == run.pk
    assert run.not_before == stage.now
    assert stage.work() == [run.pk]


def test_run_now_never_comes_before_a_retry_after(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:05")
    shopfloor.fail(Transient("too many requests", retry_after=600))
    control.run_now(stage.job(shop), stage.now)
    stage.work()
    stage.wait(minutes=1)
    control.run_now(stage.job(shop), stage.now)
    (run,) = stage.runs(shop)
    assert run.not_before == START + timedelta(minutes=15)
    assert stage.go() == []


def test_no_other_request_moves_the_next_attempt(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"emergency_period_minutes": 5})
    stage.at("12:02")
    shopfloor.fail(Transient("too many requests", retry_after=48 * 60))
    control.run_now(stage.job(orders_shop), stage.now)
    stage.work()
    stage.run_until(START + timedelta(minutes=49))
    (run,) = stage.runs(orders_shop)
    assert (run.not_before, run.attempt) == (START + timedelta(minutes=50), 1)
    stage.run_until(START + timedelta(minutes=60))
    assert Run.objects.caused_by("emergency").exists(), "due again after the run"


def test_run_now_is_refused_with_its_reason(stage: Stage, shop: Channel) -> None:
    job = stage.job(shop)
    stage.save(shop, enabled=False)
    with pytest.raises(control.NotNow, match=r"^The channel is disabled: enable it first\.$"):
        control.run_now(job, stage.now)
    stage.save(shop, enabled=True)
    configure.apply(stage.account, Change(account={"enabled": False}), stage.now)
    with pytest.raises(control.NotNow, match=r"^The account is disabled: enable it first\.$"):
        control.run_now(job, stage.now)
    configure.apply(stage.account, Change(account={"enabled": True}), stage.now)
    assert stage.account.master_product_source == ProductSource.OWN
    stage.save(shop, deleted_at=stage.now)
    with pytest.raises(control.NotNow):
        control.run_now(job, stage.now)


def test_a_waiting_run_is_cancelled_and_its_cause_told(stage: Stage, shop: Channel) -> None:
    operator = builders.user("ada@example.com", of=stage.account)
    run = control.run_now(stage.job(shop), stage.now).run
    assert run
    cancelled = control.cancel_run(run, stage.now, operator)
    assert (cancelled.status, cancelled.finished_at) == ("cancelled", stage.now)
    assert "ada@example.com" in cancelled.reason
    assert stage.work() == []
    with pytest.raises(control.NotNow, match="is over already"):
        control.cancel_run(run, stage.now)


def test_a_running_run_stops_at_its_next_page_when_cancelled(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    for number in range(25):
        shopfloor.place(START + timedelta(seconds=number), str(1000 + number))
    stage.at("12:10")
    run = control.run_now(stage.job(shop), stage.now).run
    assert run

    def cancel_after_the_first_page(page: int) -> None:
        if page == 2:
            control.cancel_run(run, stage.now)

    shopfloor.on_page = cancel_after_the_first_page
    stage.work()
    run.refresh_from_db()
    assert (run.status, run.created) == ("cancelled", 10)
    assert Order.objects.count() == 10
    assert stage.job(shop).proven_until == START
    assert stage.go() == []


def test_the_end_of_a_cancelled_run_lets_the_waiting_one_start(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.fail(Transient("too many requests", retry_after=3000))
    first = stage.deliver(orders_shop, "order.created", "1000")
    stage.work()
    second = stage.deliver(orders_shop, "order.created", "1001")
    assert stage.work() == []
    control.cancel_run(stage.run_of(first), stage.now)
    assert stage.work() == [stage.run_of(second).pk]


def test_a_failed_batch_is_retried_with_its_events(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(Permanent("refused"))
    stage.work()
    failed = stage.run_of(event)
    again = control.retry_run(failed, stage.now)
    assert (again.trigger, again.sort) == ("retry", "entity")
    assert again.reason == f"retry of run {failed.pk}"
    stage.work()
    event.refresh_from_db()
    assert (event.status, event.run_id) == (EventStatus.DONE, again.pk)
    failed.refresh_from_db()
    assert (failed.status, failed.unfinished) == ("failed", False)


@pytest.mark.parametrize("status", ["queued", "running", "succeeded", "skipped"])
def test_only_failed_and_cancelled_runs_are_retried(
    stage: Stage, shop: Channel, status: str
) -> None:
    run = control.run_now(stage.job(shop), stage.now).run
    assert run
    Run.objects.filter(pk=run.pk).update(status=status)
    run.refresh_from_db()
    with pytest.raises(control.NotNow, match="only failed and cancelled runs are retried"):
        control.retry_run(run, stage.now)


def test_a_retry_looks_at_the_run_as_it_is_now(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    run = control.run_now(stage.job(shop), stage.now).run
    assert run
    shopfloor.fail(Permanent("refused"))
    stage.wait(minutes=1).work()
    run.refresh_from_db()
    assert run.status == "failed"
    shown = Run.objects.get(pk=run.pk)
    first = control.retry_run(run, stage.now)
    second = control.retry_run(shown, stage.now)
    assert first.pk == second.pk, "the second joins the first, which waits"


def test_a_done_event_is_replayed_and_read_again(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    stage.work()
    first = stage.run_of(event)
    control.replay_event(Event.objects.get(pk=event.pk), stage.wait(minutes=1).now)
    stage.work()
    again = stage.run_of(event)
    assert again.pk != first.pk
    assert (again.status, again.unchanged) == ("succeeded", 1)


def test_an_ignored_event_is_replayed_once_its_mapping_is_switched_on(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    mapping = orders_shop.mappings.get(topic="order.created")
    configure.apply(stage.account, Change(mappings={mapping.pk: {"enabled": False}}), stage.now)
    event = stage.deliver(orders_shop, "order.created", "1000")
    assert event.status == EventStatus.IGNORED
    with pytest.raises(control.NotNow, match="no webhook mapping of its topic is switched on"):
        control.replay_event(Event.objects.get(pk=event.pk), stage.now)
    configure.apply(stage.account, Change(mappings={mapping.pk: {"enabled": True}}), stage.now)
    control.replay_event(Event.objects.get(pk=event.pk), stage.now)
    stage.work()
    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    assert Order.objects.filter(external_id="1000").exists()


def test_an_event_of_a_job_that_is_not_listening_is_not_replayed(
    stage: Stage, orders_shop: Channel
) -> None:
    event = stage.deliver(orders_shop, "order.created", "1000")
    stage.save(orders_shop, mode="recurring")
    with pytest.raises(control.NotNow, match="its job is not listening now"):
        control.replay_event(Event.objects.get(pk=event.pk), stage.now)


def test_switching_the_emergency_job_off_takes_its_cause_from_a_waiting_run(
    stage: Stage, orders_shop: Channel
) -> None:
    stage.at("13:00").tick()
    control.run_now(stage.job(orders_shop), stage.now)
    stage.save(orders_shop, receive_orders={"emergency_period_minutes": None})
    (run,) = stage.runs(orders_shop)
    assert (run.status, run.causes, run.trigger) == ("queued", ["manual"], "manual")


def test_a_waiting_emergency_run_alone_is_cancelled_with_that_reason(
    stage: Stage, orders_shop: Channel
) -> None:
    stage.at("13:00").tick()
    stage.save(orders_shop, receive_orders={"emergency_period_minutes": None})
    (run,) = stage.runs(orders_shop)
    assert run.status == "cancelled"
    assert run.reason == "emergency job switched off: its Emergency Job Period is None"
    assert stage.work() == []
