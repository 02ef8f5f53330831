"""The degraded state: what proves a loss, how often the emergency job then runs, what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar

import pytest

from channels.connectors.base import Permanent, Subscription
from channels.connectors.registry import CONNECTORS
from channels.models import Channel, create_channel
from jobs import blind, configure, fallback, intake, maintenance
from jobs.models import EmergencyTransition, Heartbeat, Job, Run
from tests.jobs import platform
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def sighted(stage: Stage) -> Iterator[None]:
    """No mark of a past fault, before and after."""
    blind._mark().unlink(missing_ok=True)
    yield
    blind._mark().unlink(missing_ok=True)


def emergencies(channel: Channel) -> list[Run]:
    found = Run.objects.caused_by("emergency").filter(channel=channel, type="receive_orders")
    return list(found.order_by("pk"))


def forge(stage: Stage, channel: Channel) -> int:
    """A delivery with a wrong signature; answers the HTTP status."""
    _, body = platform.deliver("order.created", "1000")
    fresh = Channel.objects.select_related("account").get(pk=channel.pk)
    return intake.receive(fresh, {"x-signature": "0" * 64}, body, stage.now).http


def good(stage: Stage, channel: Channel, shopfloor: Platform) -> None:
    """An order is placed, its event comes and is worked on."""
    number = str(2000 + len(shopfloor.orders))
    shopfloor.place(stage.now, number)
    stage.deliver(channel, "order.created", number)
    stage.work()


def causes(channel: Channel) -> list[str]:
    found = EmergencyTransition.objects.filter(job__channel=channel, job__type="receive_orders")
    return [row.cause for row in found.filter(to_state="degraded").order_by("pk")]


def degrade(stage: Stage, channel: Channel, shopfloor: Platform) -> None:
    """A webhook run fails for good at this moment."""
    shopfloor.fail(Permanent("refused"))
    stage.deliver(channel, "order.created", "1000")
    stage.work()


def test_a_webhook_run_that_failed_for_good_is_evidence_due_at_once(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:20")
    degrade(stage, orders_shop, shopfloor)
    job = stage.job(orders_shop)
    (failed,) = stage.runs(orders_shop)
    assert job.emergency_state == "degraded"
    assert (job.emergency_due_at, job.degraded_at) == (stage.now, stage.now)
    assert causes(orders_shop) == [f"webhook run {failed.pk} failed for good"]
    stage.go()
    assert emergencies(orders_shop)[0].reason == f"webhook run {failed.pk} failed for good"
    job = stage.job(orders_shop)
    assert (job.evidence_at, job.evidence) == (None, "")


def test_evidence_within_a_minute_of_the_last_emergency_start_waits_for_it(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("13:00").go()
    stage.at("13:00:20")
    degrade(stage, orders_shop, shopfloor)
    assert stage.job(orders_shop).emergency_due_at == START + HOUR + timedelta(minutes=1)
    assert stage.at("13:00:59").go() == []
    assert len(stage.at("13:01").go()) == 1


def test_evidence_is_used_up_and_the_next_run_is_due_one_period_after_the_start(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:20")
    degrade(stage, orders_shop, shopfloor)
    shopfloor.fail(Permanent("refused"), times=2)
    stage.go()
    (failed,) = emergencies(orders_shop)
    assert failed.status == "failed"
    assert stage.job(orders_shop).emergency_due_at == stage.now + HOUR


def test_while_degraded_it_runs_each_period_whatever_arrives(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"emergency_period_minutes": 30})
    stage.at("12:20")
    degrade(stage, orders_shop, shopfloor)
    stage.go()
    shopfloor.orders.clear()
    lost = 3000
    while stage.now < START + 4 * HOUR:
        good(stage, orders_shop, shopfloor)
        lost += 1
        shopfloor.place(stage.wait(minutes=5).now, str(lost))
        stage.wait(minutes=5).go()
    starts = [run.started_at for run in emergencies(orders_shop) if run.started_at]
    assert len(starts) > 5
    assert {later - earlier for earlier, later in pairwise(starts)} == {timedelta(minutes=30)}
    assert stage.job(orders_shop).emergency_state == "degraded"


def test_two_clean_full_runs_and_a_good_event_end_it(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:20")
    degrade(stage, orders_shop, shopfloor)
    stage.go()
    good(stage, orders_shop, shopfloor)
    assert stage.job(orders_shop).emergency_state == "degraded", "one clean run is not two"
    good(stage.at("12:50"), orders_shop, shopfloor)
    stage.at("13:20").go()
    job = stage.job(orders_shop)
    assert job.emergency_state == "armed"
    last = EmergencyTransition.objects.filter(job=job).latest("pk")
    assert last.cause == "two full runs in a row rescued nothing and a good event came since"


def test_without_a_good_event_clean_runs_do_not_end_it(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:20")
    degrade(stage, orders_shop, shopfloor)
    stage.run_until(START + 5 * HOUR, timedelta(minutes=10))
    assert len(emergencies(orders_shop)) >= 4
    assert stage.job(orders_shop).emergency_state == "degraded"
    assert stage.job(orders_shop).clean_runs == 2, "no column is large enough for all of them"
    good(stage, orders_shop, shopfloor)
    assert stage.job(orders_shop).emergency_state == "armed"


def test_a_rescue_between_starts_the_count_of_clean_runs_again(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.at("12:20")
    degrade(stage, orders_shop, shopfloor)
    stage.go()
    shopfloor.place(stage.at("13:00").now, "3000")
    stage.at("13:20").go()
    good(stage, orders_shop, shopfloor)
    stage.at("14:20").go()
    assert stage.job(orders_shop).emergency_state == "degraded"
    stage.at("15:20").go()
    assert stage.job(orders_shop).emergency_state == "armed"


def test_three_rejected_signatures_in_a_row_after_a_good_one_are_evidence(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    good(stage, orders_shop, shopfloor)
    stage.at("12:05")
    assert [forge(stage, orders_shop) for _ in range(2)] == [401, 401]
    assert causes(orders_shop) == []
    assert forge(stage, orders_shop) == 401
    assert causes(orders_shop) == ["3 webhook signatures in a row were rejected"]
    stage.go()
    assert len(emergencies(orders_shop)) == 1
    for _ in range(6):
        forge(stage.wait(minutes=1), orders_shop)
        assert stage.go() == [], "the evidence is used up, until a good one comes between"


def test_a_good_signature_between_starts_the_count_again(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    good(stage, orders_shop, shopfloor)
    for _ in range(3):
        forge(stage, orders_shop)
        forge(stage, orders_shop)
        good(stage.wait(minutes=1), orders_shop, shopfloor)
    assert causes(orders_shop) == []


def test_rejected_signatures_before_any_good_one_prove_nothing(
    stage: Stage, orders_shop: Channel
) -> None:
    for _ in range(10):
        forge(stage, orders_shop)
    orders_shop.refresh_from_db()
    assert orders_shop.rejected_signatures == 0
    assert causes(orders_shop) == []


def test_a_webhook_answered_503_is_evidence_once_the_database_is_back(
    stage: Stage, orders_shop: Channel
) -> None:
    blind.beat(blind.WEB, stage.now)
    blind.note_fault()
    stage.wait(seconds=10)
    assert blind.watch_web(stage.now) == (
        "webhooks were answered 503, because the database could not be reached"
    )
    assert len(causes(orders_shop)) == 1
    assert blind.watch_web(stage.wait(seconds=10).now) is None, "one fault, one evidence"


def test_no_web_process_for_a_minute_is_evidence(stage: Stage, orders_shop: Channel) -> None:
    assert blind.watch_web(stage.now) is None, "a first start proves nothing"
    assert blind.watch_web(stage.wait(seconds=60).now) is None
    said = blind.watch_web(stage.wait(seconds=61).now)
    assert said == "no web process took webhooks from 12:01:00 to 12:02:01 UTC"
    assert causes(orders_shop) == [said]
    assert Heartbeat.objects.get(name="web").at == stage.now


def test_blindness_is_spread_over_five_minutes_across_jobs(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    for number in range(4):
        made = create_channel(stage.account, "test_shop", f"Shop {number}", stage.now)
        configure.reconcile(stage.account, stage.now)
        stage.save(made, mode="webhook", receive_order_updates={"emergency_period_minutes": None})
    stage.run_until(START + 2 * HOUR, timedelta(minutes=20))
    stage.wait(minutes=20)
    blind.beat(blind.WEB, stage.now - timedelta(minutes=10))

    blind.watch_web(stage.now)

    armed = Job.objects.filter(emergency_state="degraded").order_by("pk")
    waits = [job.emergency_due_at - stage.now for job in armed if job.emergency_due_at]
    assert len(waits) == 5
    assert waits[0] == timedelta(0)
    assert max(waits) < timedelta(minutes=5)
    assert len(set(waits)) == 5, "not all at once"


def test_a_job_that_was_due_earlier_is_not_put_off_by_the_spreading(
    stage: Stage, orders_shop: Channel
) -> None:
    stage.at("12:59")
    job = stage.job(orders_shop)
    fallback.record_evidence(job, stage.now, "blind", due=stage.now + timedelta(minutes=5))
    assert job.emergency_due_at == START + HOUR


class Watched(platform.TestShop):
    """A shop that lists its webhooks."""

    found: ClassVar[list[Subscription] | None] = None

    def subscriptions(self) -> list[Subscription] | None:
        return self.found


@pytest.fixture
def watched_shop(stage: Stage, orders_shop: Channel, monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setitem(CONNECTORS, "test_shop", Watched)
    return orders_shop


def hook(channel: Channel, topic: str, *, active: bool = True, url: str = "") -> Subscription:
    address = url or f"https://oms.example{channel.webhook_path}"
    return Subscription(topic, topic, address, active)


@pytest.mark.parametrize("fault", ["missing", "disabled", "another address"])
def test_a_subscription_found_missing_or_disabled_is_evidence(
    stage: Stage, watched_shop: Channel, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    created = {
        "missing": [],
        "disabled": [hook(watched_shop, "order.created", active=False)],
        "another address": [hook(watched_shop, "order.created", url="https://old.example/")],
    }[fault]
    monkeypatch.setattr(Watched, "found", [*created, hook(watched_shop, "order.updated")])
    assert maintenance.audit_subscriptions(stage.now) == 1
    assert causes(watched_shop) == ["the platform had no active webhook for order.created"]
    assert stage.job(watched_shop).emergency_due_at == stage.now


def test_a_platform_that_has_all_or_tells_nothing_is_no_evidence(
    stage: Stage, watched_shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert maintenance.audit_subscriptions(stage.now) == 0
    topics = ("order.created", "order.updated")
    monkeypatch.setattr(Watched, "found", [hook(watched_shop, topic) for topic in topics])
    assert maintenance.audit_subscriptions(stage.now) == 0
    assert causes(watched_shop) == []


def test_jobs_without_an_emergency_job_take_no_notice_of_evidence(
    stage: Stage, orders_shop: Channel
) -> None:
    blind.beat(blind.WEB, stage.now - HOUR)
    blind.watch_web(stage.now)
    job = stage.job(orders_shop, "receive_order_updates")
    assert (job.emergency_state, job.evidence_at) == ("off", None)


def test_leaving_webhook_mode_leaves_the_degraded_state(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    stage.save(orders_shop, receive_orders={"main_period_minutes": 60})
    degrade(stage, orders_shop, shopfloor)
    stage.save(orders_shop, mode="recurring")
    job = stage.job(orders_shop)
    assert (job.emergency_state, job.degraded_at) == ("armed", None)


def test_while_the_stream_is_good_clean_runs_are_not_counted(
    stage: Stage, orders_shop: Channel
) -> None:
    """The counter is small: counted for ever it would overflow."""
    stage.run_until(START + 3 * HOUR, timedelta(minutes=30))
    assert len(emergencies(orders_shop)) == 3
    assert stage.job(orders_shop).clean_runs == 0
