"""The start of the program with changed connectors: what is derived then is what is stored."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, HistoryEntry
from channels.connectors.base import Capability
from channels.connectors.registry import CONNECTORS
from channels.enums import JobType
from channels.models import Channel
from jobs import configure, effects
from jobs.maintenance import reconcile_all
from jobs.models import EmergencyTransition, Job
from tests.jobs import rules
from tests.jobs.rules import FullShop, SlowShop, job, save
from tests.jobs.stage import Stage


@pytest.fixture(autouse=True)
def _connectors(monkeypatch: pytest.MonkeyPatch, shopfloor: object) -> None:
    rules.install(monkeypatch)


@pytest.fixture
def full(stage: Stage) -> Channel:
    return rules.channel(stage)


def restart(stage: Stage) -> int:
    """Start the program; answers how many jobs it had to touch."""
    return reconcile_all(stage.now)


def is_settled(stage: Stage, of: Channel) -> bool:
    world = rules.world(stage)
    return all(effects.is_settled(world, one) for one in world.jobs.values())


def test_a_start_with_the_same_connectors_touches_nothing(stage: Stage, full: Channel) -> None:
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 60}})
    save(stage, channels={full.pk: {"enabled": False}})
    before = list(Job.objects.order_by("pk").values())
    assert restart(stage.wait(minutes=30)) == 0
    assert list(Job.objects.order_by("pk").values()) == before


def test_a_start_asks_as_much_for_many_channels_as_for_one(stage: Stage, full: Channel) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert restart(stage) == 0
        return len(queries)

    for_one = asked()
    for number in range(4):
        rules.channel(stage, name=f"Shop {number}")
    assert asked() == for_one


def test_an_account_that_cannot_be_reconciled_holds_up_no_other(
    stage: Stage, full: Channel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    others = [Account.objects.create(name=name, timezone="UTC") for name in ("Ill", "Well")]

    def reconcile(account: Account, at: datetime) -> int:
        if account == others[0]:
            raise ValueError("no such zone")
        return 1

    monkeypatch.setattr(configure, "reconcile", reconcile)
    assert restart(stage) == 2
    assert f"account {others[0].pk} could not be reconciled" in caplog.text


def test_a_new_job_is_set_up_with_that_as_its_cause(stage: Stage, full: Channel) -> None:
    save(stage, stable={"receive_orders": {"enabled": True, "period_minutes": 60}})
    stable = rules.channel(stage, name="Stable", track="stable")
    found = EmergencyTransition.objects.get(job__channel=stable)
    assert (found.from_state, found.to_state, found.cause) == ("off", "armed", "the job was set up")
    assert not HistoryEntry.objects.filter(channel=stable).exists()


def test_a_connector_that_loses_a_webhook_lets_the_job_poll(
    stage: Stage, full: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 480}})
    save(stage, channels={full.pk: {"mode": "webhook"}})
    rules.relearn(monkeypatch, FullShop, JobType.RECEIVE_ORDERS, topics=())
    assert restart(stage) == 1
    one = job(full)
    assert (one.row, one.next_slot_at) == ("recurring", stage.now.replace(hour=16))
    assert (one.emergency_minutes, one.emergency_automatic) == (1440, True)
    assert one.listening_since is None
    assert is_settled(stage, full)


def test_a_connector_that_learns_a_webhook_brings_its_topics(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        rules.relearn(before, FullShop, JobType.RECEIVE_ORDERS, topics=())
        made = rules.channel(stage)
        save(stage, channels={made.pk: {"mode": "webhook"}})
        assert job(made).row == "recurring"
    restart(stage.wait(hours=1))
    one = job(made)
    assert (one.row, one.listening_since, one.emergency_state) == ("webhook", stage.now, "armed")
    assert made.mappings.get(topic="order.created").enabled


def test_a_topic_an_operator_switched_off_stays_off(stage: Stage, full: Channel) -> None:
    mapping = full.mappings.get(topic="order.created")
    save(stage, mappings={mapping.pk: {"enabled": False}})
    restart(stage)
    mapping.refresh_from_db()
    assert not mapping.enabled
    assert full.mappings.filter(topic="order.created").count() == 1


def test_a_connector_that_learns_a_type_brings_its_job(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rules.channel(stage, "slow_shop")
    both = (*SlowShop.capabilities, Capability(JobType.RECEIVE_ORDER_UPDATES))
    monkeypatch.setattr(SlowShop, "capabilities", both)
    restart(stage)
    assert job(made, "receive_order_updates").row == "recurring"


def test_a_connector_that_forgets_a_type_withdraws_its_job_and_keeps_the_settings(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rules.channel(stage, "slow_shop")
    save(stage, jobs={(made.pk, "receive_orders"): {"main_period_minutes": 60}})
    with monkeypatch.context() as without:
        without.setattr(SlowShop, "capabilities", ())
        restart(stage)
        one = job(made)
        assert (one.row, one.next_slot_at, one.emergency_state) == ("", None, "off")
        assert one.main_period_minutes == 60
    restart(stage)
    assert job(made).next_slot_at == stage.now + timedelta(hours=1)


@pytest.mark.parametrize("track", ["beta", "stable"])
def test_a_connector_that_allows_fewer_periods_runs_at_the_next_longer(
    stage: Stage, full: Channel, monkeypatch: pytest.MonkeyPatch, track: str
) -> None:
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 30}})
    save(stage, stable={"receive_orders": {"enabled": True, "period_minutes": 30}})
    save(stage, channels={full.pk: {"track": track}})
    rules.relearn(monkeypatch, FullShop, JobType.RECEIVE_ORDERS, periods=(240,))
    restart(stage)
    one = job(full)
    assert (one.period_minutes, one.next_slot_at) == (240, stage.now.replace(hour=16))
    assert "it runs each 4 hours" in one.note
    assert one.main_period_minutes == 30


def test_a_connector_that_is_gone_stops_its_channels_and_no_other(
    stage: Stage, full: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = rules.channel(stage, "slow_shop")
    for one in (full, slow):
        save(stage, jobs={(one.pk, "receive_orders"): {"main_period_minutes": 60}})
    monkeypatch.delitem(CONNECTORS, "slow_shop")
    restart(stage)
    assert (job(slow).row, job(slow).next_slot_at) == ("", None)
    assert job(full).next_slot_at == stage.now + timedelta(hours=1)


def test_a_slot_off_its_grid_is_set_right(stage: Stage, full: Channel) -> None:
    """As where the zone's rules were updated with the program."""
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 60}})
    Job.objects.filter(next_slot_at__isnull=False).update(
        next_slot_at=stage.now + timedelta(minutes=61)
    )
    assert restart(stage) == 1
    assert job(full).next_slot_at == stage.now + timedelta(hours=1)


def test_slots_missed_before_the_start_are_accounted_for(
    stage: Stage, full: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 60}})
    rules.relearn(monkeypatch, FullShop, JobType.RECEIVE_ORDERS, periods=(240,))
    stage.wait(hours=3, minutes=30)
    configure.reconcile(stage.account, stage.now)
    assert job(full).runs.get().slot_at == stage.now.replace(hour=15, minute=0)
    assert job(full).stretches.get().count == 2
    assert job(full).next_slot_at == stage.now.replace(hour=16, minute=0)
