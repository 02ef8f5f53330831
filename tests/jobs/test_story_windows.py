"""The cursor of a pull job: windows, their parts, and what held or left behind events become."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.connectors.base import Permanent, Transient
from channels.models import Channel, create_channel
from jobs import configure, control
from jobs.models import EventStatus, Run
from oms.models import Order, ParkedRecord
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def full_runs(channel: Channel) -> list[Run]:
    found = Run.objects.filter(channel=channel, type="receive_orders", sort="full")
    return list(found.order_by("pk"))


def run_now(stage: Stage, channel: Channel) -> Run:
    run = control.run_now(stage.job(channel), stage.now).run
    assert run
    stage.work()
    run.refresh_from_db()
    return run


def test_windows_follow_one_another_with_both_margins(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    stage.at("13:00")
    first = run_now(stage, shop)
    stage.at("14:00")
    run_now(stage, shop)
    assert shopfloor.windows == [
        (START, START + HOUR - SECOND),
        (START + HOUR - 2 * SECOND, START + 2 * HOUR - SECOND),
    ]
    assert (first.window_from, first.window_until) == shopfloor.windows[0]


def test_nothing_last_changed_before_sync_from_is_ever_pulled(
    stage: Stage, shopfloor: Platform
) -> None:
    since = START - timedelta(hours=3)
    channel = create_channel(
        stage.account, "test_shop", "Old shop", stage.now, settings={}, sync_from=since
    )
    configure.reconcile(stage.account, stage.now)
    shopfloor.place(since - SECOND, "1000")
    shopfloor.place(since, "1001")
    run = run_now(stage, channel)
    assert shopfloor.windows == [(since, START - SECOND)]
    assert run.created == 1
    asked = stage.ask_for(channel, "1000", "1001")
    stage.work()
    asked.refresh_from_db()
    assert asked.status == "succeeded"
    assert Order.objects.get().external_id == "1001"


def test_a_window_of_three_days_is_worked_in_parts_that_each_move_the_cursor(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    stage.goto(START + 3 * DAY)
    proven = []
    for number in range(3):
        shopfloor.place(START + number * DAY + HOUR, str(1000 + number))
    run = control.run_now(stage.job(shop), stage.now).run
    assert run
    shopfloor.before_page = lambda: proven.append(stage.job(shop).proven_until)
    stage.work()
    assert [until - since for since, until in shopfloor.windows] == [DAY, DAY + SECOND, DAY]
    assert proven == [START, START + DAY, START + 2 * DAY]
    assert stage.job(shop).proven_until == stage.now - SECOND
    run.refresh_from_db()
    assert (run.window_from, run.window_until) == (START, stage.now - SECOND)
    assert Order.objects.count() == 3


def test_another_attempt_goes_on_where_the_last_one_came_to(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    stage.goto(START + 3 * DAY)
    fail_third_part(shopfloor, Transient("the shop did not answer", retry_after=60))
    run = run_now(stage, shop)
    assert (run.status, run.attempt) == ("queued", 1)
    assert stage.job(shop).proven_until == START + 2 * DAY

    stage.wait(seconds=60).work()

    assert shopfloor.windows[3][0] == START + 2 * DAY - SECOND
    assert shopfloor.windows[-1][1] == stage.now - SECOND
    run.refresh_from_db()
    assert (run.status, run.window_from) == ("succeeded", START)
    assert stage.job(shop).proven_until == stage.now - SECOND


def fail_third_part(shopfloor: Platform, error: Exception) -> None:
    parts: list[int] = []

    def count() -> None:
        parts.append(1)
        if len(parts) == 3:
            raise error

    shopfloor.before_page = count


def test_the_next_run_goes_on_where_a_failed_one_came_to_and_its_retry_starts_where_it_did(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    stage.goto(START + 3 * DAY)
    fail_third_part(shopfloor, Permanent("the shop refused"))
    failed = run_now(stage, shop)
    assert failed.status == "failed"
    again = control.retry_run(failed, stage.now)
    stage.work()
    again.refresh_from_db()
    assert (again.status, again.window_from) == ("succeeded", START)
    assert shopfloor.windows[3][0] == START
    assert stage.job(shop).proven_until == stage.now - SECOND
    stage.wait(hours=1)
    assert run_now(stage, shop).window_from == stage.now - HOUR - 2 * SECOND


def test_between_parts_a_due_batch_is_taken_in(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.goto(START + 3 * DAY)
    job = stage.job(orders_shop)
    assert job.emergency_due_at
    stage.tick()
    (full,) = full_runs(orders_shop)
    events = []

    def deliver_during_the_second_part() -> None:
        if len(shopfloor.windows) == 2:
            shopfloor.place(stage.now, "2000")
            events.append(stage.deliver(orders_shop, "order.created", "2000"))

    shopfloor.before_page = deliver_during_the_second_part
    stage.work()

    (event,) = events
    event.refresh_from_db()
    assert (event.status, event.run_id) == (EventStatus.DONE, full.pk)
    batch = Run.objects.get(sort="entity")
    assert (batch.status, batch.reason) == ("skipped", f"taken in by run {full.pk}")
    assert stage.job(orders_shop).heard_at == stage.now
    full.refresh_from_db()
    assert (full.status, full.rescued, full.created) == ("succeeded", 0, 1)


def test_a_record_that_was_read_is_read_again_for_an_event_that_is_taken_in(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.deliver(orders_shop, "order.created", "2000")
    shopfloor.fail(Permanent("not today"))
    stage.work()
    stage.goto(START + 3 * DAY)
    shopfloor.place(START, "2000")
    shopfloor.fetched.clear()

    def deliver_during_the_second_part() -> None:
        if len(shopfloor.windows) == 2:
            shopfloor.change("2000", stage.now, number="#changed")
            stage.deliver(orders_shop, "order.created", "2000")

    shopfloor.before_page = deliver_during_the_second_part
    run_now(stage, orders_shop)

    assert shopfloor.fetched == ["2000", "2000"]
    assert Order.objects.get().number == "#changed"


def test_a_batch_that_is_not_due_yet_is_left_to_its_time(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 60})
    stage.goto(START + 3 * DAY)
    event = stage.deliver(orders_shop, "order.created", "2000")
    run_now(stage, orders_shop)
    assert stage.run_of(event).attempt == 0


def test_a_full_run_that_took_in_a_batch_and_failed_leaves_its_events_to_the_next(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.goto(START + 3 * DAY)
    shopfloor.place(stage.now, "2000")
    event = stage.deliver(orders_shop, "order.created", "2000")
    fail_third_part(shopfloor, Permanent("the shop refused"))
    full = run_now(stage, orders_shop)
    event.refresh_from_db()
    assert (full.status, full.unfinished) == ("failed", True)
    assert (event.status, event.run_id) == (EventStatus.FAILED, full.pk)
    shopfloor.before_page = None
    assert run_now(stage, orders_shop).status == "succeeded"
    event.refresh_from_db()
    assert event.status == EventStatus.DONE


def test_events_of_a_failed_run_are_asked_for_by_the_next_full_run_and_ended(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.fail(Permanent("refused"))
    stage.work()
    failed = stage.run_of(event)
    assert (failed.status, failed.unfinished) == ("failed", True)
    shopfloor.fetched.clear()
    stage.go()
    (full,) = full_runs(orders_shop)
    assert shopfloor.fetched == ["1000"]
    event.refresh_from_db()
    assert (event.status, event.reason) == (EventStatus.DONE, f"covered by run {full.pk}")
    failed.refresh_from_db()
    assert failed.unfinished is False
    stage.run_until(START + 3 * HOUR, timedelta(minutes=30))
    assert shopfloor.fetched == ["1000"], "asked for once"


def test_a_cancelled_batch_is_asked_for_by_the_next_full_run(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    event = stage.deliver(orders_shop, "order.created", "1000")
    run = control.cancel_run(stage.run_of(event), stage.now)
    assert (run.status, run.unfinished) == ("cancelled", True)
    full = run_now(stage, orders_shop)
    event.refresh_from_db()
    assert (event.status, event.reason) == (EventStatus.DONE, f"covered by run {full.pk}")
    assert Order.objects.count() == 1


def test_an_unfinished_entity_that_still_fails_is_parked_and_asked_for_no_more(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.deliver(orders_shop, "order.created", "1000")
    shopfloor.bad_entities["1000"] = Permanent("refused")
    stage.work()
    full = run_now(stage, orders_shop)
    assert (full.status, full.parked) == ("succeeded", 1)
    assert ParkedRecord.objects.get().external_id == "1000"
    shopfloor.fetched.clear()
    run_now(stage.wait(minutes=1), orders_shop)
    assert shopfloor.fetched == []


def test_held_events_are_covered_by_a_full_run_in_recurring_mode(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, mode="recurring", receive_orders={"main_period_minutes": 60})
    shopfloor.place(stage.at("12:30").now, "1000")
    early = stage.deliver(orders_shop, "order.created", "1000")
    stage.goto(START + HOUR - SECOND)
    late = stage.deliver(orders_shop, "order.created", "1001")
    stage.at("13:00").go()
    (run,) = full_runs(orders_shop)
    assert run.window_until == START + HOUR - SECOND
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.status, early.reason) == (EventStatus.DONE, f"covered by run {run.pk}")
    assert late.status == EventStatus.HELD, "the window ends at its receipt, not after it"
    stage.save(orders_shop, mode="webhook")
    assert stage.run_of(late).sort == "entity", "only what was not covered is replayed"
    early.refresh_from_db()
    assert early.status == EventStatus.DONE


def test_held_events_of_a_disabled_channel_in_webhook_mode_are_not_covered_by_anything(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, enabled=False)
    held = stage.deliver(orders_shop, "order.created", "1000")
    stage.run_until(START + 5 * HOUR, HOUR)
    held.refresh_from_db()
    assert held.status == EventStatus.HELD


def test_a_save_during_a_run_does_not_change_what_the_run_proves(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    """A by-ID run that ends after its channel went back to Recurring Job proved no window."""
    stage.save(shop, mode="recurring_by_id", receive_orders={"main_period_minutes": 60})
    before = stage.job(shop).proven_until
    stage.at("13:00").tick()
    shopfloor.place(stage.now, "1000")

    def save_meanwhile() -> None:
        stage.save(shop, mode="recurring")

    shopfloor.before_page = save_meanwhile
    stage.work()
    job = stage.job(shop)
    assert (job.proven_until, job.by_id_at) == (before, stage.now)


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_update_for_an_unknown_order_is_handed_to_receive_orders(
    stage: Stage, orders_shop: Channel, shopfloor: Platform, cancelled: bool
) -> None:
    shopfloor.place(stage.now, "1000")
    shopfloor.change("1000", stage.now, cancelled=cancelled)
    event = stage.deliver(orders_shop, "order.updated", "1000")
    stage.work()
    event.refresh_from_db()
    assert event.status == EventStatus.DONE
    (handed,) = stage.runs(orders_shop)
    assert (handed.sort, handed.entities, handed.status) == ("entity", ["1000"], "succeeded")
    assert handed.created == 1


def test_an_update_older_than_sync_from_is_handed_to_nobody(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(START - SECOND, "1000")
    stage.deliver(orders_shop, "order.updated", "1000")
    stage.work()
    assert stage.runs(orders_shop) == []
