"""Lost and late events: what counts as a rescue, and how the emergency job finds it."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels.connectors.base import Permanent
from channels.models import Channel
from jobs import configure, control
from jobs.change import Change
from jobs.execute import execute
from jobs.models import EventStatus, Rescue, Run
from oms.models import Order
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def emergencies(channel: Channel, job_type: str = "receive_orders") -> list[Run]:
    found = Run.objects.caused_by("emergency").filter(channel=channel, type=job_type)
    return list(found.order_by("pk"))


def switch(stage: Stage, channel: Channel, topic: str, *, on: bool) -> None:
    mapping = channel.mappings.get(topic=topic)
    configure.apply(stage.account, Change(mappings={mapping.pk: {"enabled": on}}), stage.now)


def test_a_sweep_finds_a_single_lost_event_on_a_busy_stream(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    lost = stage.now + timedelta(minutes=7)
    shopfloor.place(lost, "999")
    while stage.now < START + timedelta(hours=4, minutes=30):
        stage.wait(minutes=10)
        number = str(1000 + (stage.now - START).seconds // 60)
        shopfloor.place(stage.now, number)
        stage.deliver(orders_shop, "order.created", number)
        stage.go()

    (sweep,) = emergencies(orders_shop)
    assert (sweep.reason, sweep.started_at) == ("sweep", START + 4 * HOUR)
    assert [rescue.external_id for rescue in sweep.rescues.all()] == ["999"]
    assert sweep.rescues.get().changed_at == lost
    assert stage.job(orders_shop).emergency_state == "degraded"


def test_the_sweep_comes_after_four_periods_at_least_an_hour_and_at_most_a_day(
    stage: Stage, orders_shop: Channel
) -> None:
    for period, sweep in ((5, HOUR), (60, 4 * HOUR), (360, 24 * HOUR), (1440, 24 * HOUR)):
        stage.save(orders_shop, receive_orders={"emergency_period_minutes": period})
        job = stage.job(orders_shop)
        job.heard_at = START + timedelta(days=30)
        job.save(update_fields=["heard_at"])
        stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 30})
        due = stage.job(orders_shop)
        assert due.emergency_due_at == START + sweep + timedelta(minutes=30)
        assert due.emergency_due_reason == "sweep"
        stage.save(orders_shop, receive_orders={"webhook_delay_minutes": None})


def test_a_late_event_of_a_rescued_record_is_read_and_ends_as_already_handled(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    stage.at("13:00").go()
    (run,) = emergencies(orders_shop)
    assert stage.job(orders_shop).emergency_state == "degraded"

    late = stage.at("13:05").deliver(orders_shop, "order.created", "1000")
    stage.go()

    late.refresh_from_db()
    assert (late.status, late.reason) == (EventStatus.DONE, f"already handled by run {run.pk}")
    assert shopfloor.fetched == ["1000"], "it is read all the same"
    assert Rescue.objects.get().late_at == stage.now
    job = stage.job(orders_shop)
    assert job.emergency_state == "armed", "its rescues all turned out late"
    newest = job.transitions.latest("pk")
    assert newest.cause.startswith("every rescued record's event came late")


def test_a_late_event_that_does_change_something_is_done_without_the_rescue(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    stage.at("13:00").go()
    stage.at("13:05")
    shopfloor.change("1000", stage.now, cancelled=True)
    late = stage.deliver(orders_shop, "order.created", "1000")
    stage.go()
    late.refresh_from_db()
    assert (late.status, late.reason) == (EventStatus.DONE, "")
    assert Rescue.objects.get().late_at is None


def test_a_window_that_reads_a_rescued_record_again_makes_no_rescue_late(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    """Only the record's own event is late; another's batch, taken in by a window, is not."""
    stage.at("12:10")
    shopfloor.place(stage.now, "1000")
    stage.at("13:00").go()
    assert Rescue.objects.get().external_id == "1000"
    stage.at("13:01")
    shopfloor.place(stage.now, "1001")
    stage.save(orders_shop, receive_orders={"webhook_delay_minutes": 60})
    stage.deliver(orders_shop, "order.created", "1001")
    batch = Run.objects.filter(sort="entity").get()
    job = stage.job(orders_shop)
    job.proven_until = START - timedelta(days=3)
    job.save(update_fields=["proven_until"])
    orders_shop.sync_from = START - timedelta(days=4)
    orders_shop.save(update_fields=["sync_from"])
    stage.at("14:05")
    control.run_now(stage.job(orders_shop), stage.now)
    stage.work()

    batch.refresh_from_db()
    assert batch.reason.startswith("taken in by run")
    assert Rescue.objects.get(external_id="1000").late_at is None


def test_a_first_switch_to_webhook_after_weeks_proves_the_gap_at_once_and_rescues_nothing(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now + timedelta(days=3), "1000")
    shopfloor.place(stage.now + timedelta(days=20), "1001")
    stage.goto(START + timedelta(days=21))
    said = stage.save(shop, mode="webhook")
    assert any("emergency job will be switched on" in sentence for sentence in said)

    stage.go()

    run = emergencies(shop)[0]
    assert "deadline" in run.reason
    assert (run.created, run.rescued) == (2, 0), "nobody listened when these were placed"
    assert run.window_from == START
    job = stage.job(shop)
    assert job.proven_until == stage.now - MINUTE
    assert job.emergency_state == "armed"
    assert job.emergency_due_at == stage.now + HOUR


def test_changes_of_a_time_without_listening_are_no_rescues(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10").save(orders_shop, enabled=False)
    shopfloor.place(stage.at("12:20").now, "1000")
    stage.at("12:30").save(orders_shop, enabled=True)
    shopfloor.place(stage.at("12:40").now, "1001")
    stage.at("12:30").run_until(START + 2 * HOUR)
    assert Order.objects.count() == 2
    assert [rescue.external_id for rescue in Rescue.objects.all()] == ["1001"]


def test_a_mapping_switched_on_again_counts_only_what_changed_since(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:10")
    switch(stage, orders_shop, "order.created", on=False)
    assert stage.job(orders_shop).emergency_state == "off"
    shopfloor.place(stage.at("12:20").now, "1000")
    stage.at("12:30")
    switch(stage, orders_shop, "order.created", on=True)
    shopfloor.place(stage.at("12:40").now, "1001")
    stage.run_until(START + 3 * HOUR)
    assert [rescue.external_id for rescue in Rescue.objects.all()] == ["1001"]


def test_an_ignored_event_is_no_event_for_the_record(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.at("12:10").now, "1000")
    event = stage.deliver(orders_shop, "order.paid", "1000")
    assert (event.status, event.reason) == ("ignored", "no mapping")
    stage.at("13:00").go()
    assert Rescue.objects.count() == 1


def test_an_event_before_the_change_does_not_announce_it(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.at("12:10").now, "1000")
    stage.deliver(orders_shop, "order.created", "1000")
    stage.go()
    shopfloor.change("1000", stage.at("12:20").now, cancelled=True)
    stage.at("13:30").go()
    rescue = Rescue.objects.get()
    assert (rescue.external_id, rescue.changed_at) == ("1000", START + timedelta(minutes=20))


def test_an_update_that_receive_orders_finds_is_a_rescue_only_if_updates_are_listened_to(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    switch(stage, orders_shop, "order.updated", on=False)
    shopfloor.place(stage.at("12:10").now, "1000")
    stage.deliver(orders_shop, "order.created", "1000")
    stage.go()
    shopfloor.change("1000", stage.at("12:20").now, cancelled=True)
    stage.at("13:30").go()
    (run,) = emergencies(orders_shop)
    assert (run.updated, run.rescued) == (1, 0), "no event was to announce it"
    assert stage.job(orders_shop).emergency_state == "armed"


def test_an_order_placed_before_anyone_listened_and_changed_after_is_the_updates_to_announce(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.at("12:10").now, "1000")
    stage.at("12:20").save(shop, mode="webhook")
    switch(stage, shop, "order.updated", on=False)
    shopfloor.change("1000", stage.at("12:30").now, email="buyer@example.com")
    stage.at("13:30").go()
    run = emergencies(shop)[0]
    assert (run.created, run.rescued) == (1, 0)


def test_a_manual_full_run_rescues_too(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.at("12:10").now, "1000")
    stage.at("12:20")
    control.run_now(stage.job(orders_shop), stage.now)
    stage.work()
    (run,) = stage.runs(orders_shop)
    assert (run.trigger, run.rescued) == ("manual", 1)
    assert stage.job(orders_shop).emergency_state == "degraded"


def test_a_change_of_the_last_minute_is_left_to_its_event(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.at("12:59:30").now, "1000")
    stage.at("13:00").go()
    (run,) = emergencies(orders_shop)
    assert (run.read, run.rescued) == (0, 0)
    assert run.window_until == START + timedelta(minutes=59)


def test_rescues_of_an_attempt_that_failed_later_are_counted_once(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    for number in range(25):
        shopfloor.place(START + timedelta(minutes=1, seconds=number), str(1000 + number))
    stage.at("13:00").tick()
    (run,) = emergencies(orders_shop)
    failures = [OSError("the disk is full")]

    def failing_clock() -> datetime:
        if Order.objects.count() == 25 and failures:
            raise failures.pop()
        return stage.now

    assert execute(run.pk, failing_clock)
    assert Rescue.objects.count() == 20
    stage.run_until(stage.now + timedelta(minutes=2), timedelta(seconds=10))
    run.refresh_from_db()
    assert (run.status, run.created, run.rescued) == ("succeeded", 25, 25)
    assert Rescue.objects.count() == 25


def test_a_full_run_that_rescued_and_then_failed_for_good_has_proven_the_loss(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    for number in range(15):
        shopfloor.place(START + timedelta(minutes=1, seconds=number), str(1000 + number))
    stage.at("13:00").tick()
    (run,) = emergencies(orders_shop)
    failures = [Permanent("the shop refused the second page")]

    def failing_clock() -> datetime:
        if Order.objects.count() > 10 and failures:
            raise failures.pop()
        return stage.now

    assert execute(run.pk, failing_clock)
    run.refresh_from_db()
    assert (run.status, run.rescued) == ("failed", 10)
    assert stage.job(orders_shop).emergency_state == "degraded"
