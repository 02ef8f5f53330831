"""The Master Product Source and the Recurring Jobs tab: who is offered what, acted on by whom."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts.models import Account
from channels.connectors.base import Transient
from channels.enums import JobType, Kind
from channels.models import Channel
from jobs import lease
from jobs.change import source_channels, stable_channels, stable_offer
from jobs.execute import execute
from jobs.models import Job, Run, SlotStretch, StableJob
from tests.jobs import rules
from tests.jobs.platform import Platform
from tests.jobs.rules import job, refused, save, whats
from tests.jobs.stage import Stage

IMPORT, EXPORT = "import_products", "export_products"


@pytest.fixture(autouse=True)
def _connectors(monkeypatch: pytest.MonkeyPatch, shopfloor: object) -> None:
    rules.install(monkeypatch)


@pytest.fixture
def full(stage: Stage) -> Channel:
    return rules.channel(stage)


@pytest.fixture
def depot(stage: Stage) -> Channel:
    return rules.channel(stage, "full_warehouse")


def source(stage: Stage, of: Channel | None) -> list[tuple[str, str]]:
    values = {
        "master_product_source": of.kind if of else "own",
        "master_product_channel_id": of.pk if of else None,
    }
    return whats(save(stage, account=values))


def offered(of: Channel) -> list[str]:
    """Which product jobs a channel shows."""
    shown = Job.objects.filter(channel=of, type__in=(IMPORT, EXPORT)).exclude(row="")
    return list(shown.values_list("type", flat=True))


def test_the_source_imports_and_all_others_export(
    stage: Stage, full: Channel, depot: Channel
) -> None:
    other = rules.channel(stage, name="Other shop")
    assert [offered(one) for one in (full, other, depot)] == [[EXPORT], [EXPORT], [EXPORT]]
    source(stage, full)
    assert [offered(one) for one in (full, other, depot)] == [[IMPORT], [EXPORT], [EXPORT]]
    source(stage, depot)
    assert [offered(one) for one in (full, other, depot)] == [[EXPORT], [EXPORT], [IMPORT]]
    source(stage, None)
    assert [offered(one) for one in (full, other, depot)] == [[EXPORT], [EXPORT], [EXPORT]]


def test_a_switch_of_the_source_says_what_it_switches_and_keeps_settings(
    stage: Stage, full: Channel
) -> None:
    save(stage, jobs={(full.pk, EXPORT): {"main_period_minutes": 60}})
    save(stage, jobs={(full.pk, IMPORT): {"main_period_minutes": 30}})
    assert job(full, EXPORT).next_slot_at == stage.now + timedelta(hours=1)
    assert job(full, IMPORT).next_slot_at is None, "stored, though it is not offered now"

    assert source(stage, full) == [
        (IMPORT, "offered"),
        (IMPORT, "main_started"),
        (IMPORT, "emergency_on"),
        (EXPORT, "withdrawn"),
        (EXPORT, "main_stopped"),
    ]
    assert job(full, IMPORT).next_slot_at == stage.now + timedelta(minutes=30)
    assert job(full, EXPORT).next_slot_at is None
    assert job(full, EXPORT).main_period_minutes == 60

    assert source(stage, None) == [
        (IMPORT, "withdrawn"),
        (IMPORT, "main_stopped"),
        (IMPORT, "emergency_off"),
        (EXPORT, "offered"),
        (EXPORT, "main_started"),
    ]
    assert job(full, EXPORT).next_slot_at == stage.now + timedelta(hours=1)
    assert job(full, IMPORT).main_period_minutes == 30


def test_a_withdrawn_job_does_not_run_and_its_waiting_run_is_cancelled(
    stage: Stage, full: Channel
) -> None:
    save(stage, jobs={(full.pk, EXPORT): {"main_period_minutes": 60}})
    stage.wait(hours=1).tick()
    source(stage, full)
    run = Run.objects.get(type=EXPORT)
    assert (run.status, run.reason) == ("cancelled", "the job is no longer offered")
    assert SlotStretch.objects.get(job__type=EXPORT).outcome == "skipped"
    stage.wait(days=1).go()
    assert not Run.objects.filter(type=EXPORT).exclude(pk=run.pk).exists()


@pytest.mark.parametrize("vanishes", [True, False])
def test_a_run_withdrawn_while_it_was_running_is_not_tried_again(
    stage: Stage, full: Channel, shopfloor: Platform, vanishes: bool
) -> None:
    """Its attempt may finish; what would be another one is cancelled."""
    source(stage, full)
    save(stage, jobs={(full.pk, IMPORT): {"main_period_minutes": 60}})
    stage.wait(hours=1).tick()
    run = Run.objects.get(type=IMPORT)
    if vanishes:
        assert lease.claim(run.pk, stage.now)
        source(stage, None)
        stage.wait(minutes=2).tick()
    else:
        shopfloor.fail(Transient("away"))
        asked: list[datetime] = []

        def at() -> datetime:
            asked.append(stage.now)
            if len(asked) == 2:
                source(stage, None)
            return stage.now

        assert execute(run.pk, at)
    run.refresh_from_db()
    assert (run.status, run.reason) == ("cancelled", "the job is no longer offered")


def test_only_channels_of_the_kind_that_can_import_may_be_the_source(
    stage: Stage, full: Channel, depot: Channel
) -> None:
    slow = rules.channel(stage, "slow_shop")
    stranger = Account.objects.create(name="Stranger")
    foreign = Channel.objects.create(account=stranger, connector="full_shop", kind="sales")
    for kind, channel_id in [
        ("sales", depot.pk),
        ("fulfillment", full.pk),
        ("sales", slow.pk),
        ("sales", foreign.pk),
        ("sales", None),
    ]:
        values = {"master_product_source": kind, "master_product_channel_id": channel_id}
        errors = refused(stage, account=values)
        assert list(errors) == ["master_product_channel"]
        assert "can import products" in errors["master_product_channel"][0]
    world = rules.world(stage)
    assert [one.pk for one in source_channels(world, Kind.SALES)] == [full.pk]
    assert [one.pk for one in source_channels(world, Kind.FULFILLMENT)] == [depot.pk]


def test_a_disabled_channel_may_be_the_source(stage: Stage, full: Channel) -> None:
    save(stage, channels={full.pk: {"enabled": False}})
    source(stage, full)
    assert offered(full) == [IMPORT]


def test_the_source_cannot_be_deleted_before_another_is_chosen(stage: Stage, full: Channel) -> None:
    source(stage, full)
    errors = refused(stage, channels={full.pk: {"deleted_at": stage.now}})
    assert "choose another one first" in errors["channel"][0]
    source(stage, None)
    save(stage, channels={full.pk: {"deleted_at": stage.now}})


def test_a_stable_row_acts_on_every_stable_channel_and_on_no_other(
    stage: Stage, full: Channel
) -> None:
    stable = [rules.channel(stage, name=f"Stable {n}", track="stable") for n in (1, 2)]
    found = save(
        stage,
        stable={"receive_orders": {"enabled": True, "period_minutes": 480, "delay_minutes": 5}},
    )
    assert [one.channel for one in found if one.what == "main_started"] == [
        one.pk for one in stable
    ]
    for one in stable:
        assert job(one).next_slot_at == stage.now.replace(hour=16, minute=5)
        assert job(one).from_account
    assert job(full).next_slot_at is None


def test_a_stable_row_leaves_webhook_rows_alone(stage: Stage) -> None:
    stable = rules.channel(stage, track="stable")
    save(stage, channels={stable.pk: {"mode": "webhook"}})
    row = {"enabled": True, "period_minutes": 480}
    assert not save(stage, stable={"receive_orders": row})
    assert job(stable).next_slot_at is None
    assert stable_channels(rules.world(stage), JobType.RECEIVE_ORDERS) == []
    save(stage, channels={stable.pk: {"mode": "recurring"}})
    assert job(stable).next_slot_at == stage.now.replace(hour=16)


def test_the_tab_offers_what_all_channels_it_acts_on_allow(stage: Stage, full: Channel) -> None:
    rules.channel(stage, name="Stable full", track="stable")
    slow = rules.channel(stage, "slow_shop", track="stable")
    offer = stable_offer(rules.world(stage), JobType.RECEIVE_ORDERS)
    assert offer == (rules.SLOW, (5, 30))
    errors = refused(stage, stable={"receive_orders": {"period_minutes": 30}})
    assert "Choose one of: None, 1 hour, 4 hours, 1 day." in errors["period_minutes"][0]
    save(stage, channels={slow.pk: {"track": "beta"}})
    save(stage, stable={"receive_orders": {"period_minutes": 30}})


def test_a_channel_added_later_runs_at_the_next_longer_period_and_says_so(stage: Stage) -> None:
    save(stage, stable={"receive_orders": {"enabled": True, "period_minutes": 120}})
    slow = rules.channel(stage, "slow_shop", track="stable")
    one = job(slow)
    assert (one.period_minutes, one.next_slot_at) == (240, stage.now.replace(hour=16))
    assert one.note == "this platform allows no period of 2 hours: it runs each 4 hours"
    assert one.emergency_minutes == 720
    assert StableJob.objects.get().period_minutes == 120


def test_a_row_without_any_channel_offers_everything_and_is_stored(stage: Stage) -> None:
    save(stage, stable={IMPORT: {"enabled": True, "period_minutes": 5}})
    row = StableJob.objects.get()
    assert (row.type, row.enabled, row.period_minutes) == (IMPORT, True, 5)
