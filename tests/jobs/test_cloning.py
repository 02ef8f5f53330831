"""An account as a template for another."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Account, HistoryEntry, Membership, Role, User
from channels.enums import Mode, Track
from channels.models import Channel
from jobs import cloning, configure
from jobs.change import Change
from jobs.models import Job, Run
from oms.models import Product
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
SECRETS = {"token": "s3cret-of-the-shop", "webhook_secret": "s3cret-of-its-webhooks"}


@pytest.fixture
def admin() -> User:
    return builders.user("ada@example.com")


@pytest.fixture
def account(admin: User) -> Account:
    made = builders.account(
        "Tea", timezone="Europe/Berlin", automatic_workflow=False, spread_minutes=5
    )
    Membership.objects.create(account=made, user=admin, role=Role.ADMIN)
    builders.user("otto@example.com", of=made, role=Role.OPERATOR)
    shop = builders.sales_channel(
        made, "Shop", secrets=SECRETS, settings={"url": "https://shop.example"}
    )
    builders.sales_channel(made, "Stable", track=Track.STABLE)
    depot = builders.warehouse(made, "Depot")
    configure.reconcile(made, NOW)
    topic = shop.mappings.get(topic="order.created")
    changes: dict[str, Any] = {
        "channels": {shop.pk: {"mode": Mode.WEBHOOK}},
        "jobs": {
            (shop.pk, "receive_orders"): {
                "webhook_delay_minutes": 5,
                "emergency_period_minutes": 30,
                "main_period_minutes": 60,
            },
            (depot.pk, "receive_shipments"): {"main_period_minutes": 480, "delay_minutes": 60},
        },
        "stable": {"receive_orders": {"enabled": True, "period_minutes": 480, "delay_minutes": 5}},
        "mappings": {topic.pk: {"enabled": False}},
    }
    configure.apply(made, Change(**changes), NOW)
    builders.product(made, "MUG", on_hand=3)
    return made


def clone(account: Account, admin: User, *, with_members: bool = False) -> Account:
    return cloning.clone(account, "Coffee", NOW, admin, with_members=with_members)


def job(channel: Channel, job_type: str) -> Job:
    return Job.objects.get(channel=channel, type=job_type)


def test_settings_of_the_account_and_its_timetable_come_along(
    account: Account, admin: User
) -> None:
    new = clone(account, admin)
    assert (new.name, new.timezone, new.automatic_workflow) == ("Coffee", "Europe/Berlin", False)
    assert new.spread_minutes == 5
    assert new.default_fulfillment_channel == new.channels.get(name="Depot")
    row = new.stable_jobs.get(type="receive_orders")
    assert (row.enabled, row.period_minutes, row.delay_minutes) == (True, 480, 5)


def test_channels_come_with_modes_periods_delays_and_mappings(
    account: Account, admin: User
) -> None:
    new = clone(account, admin)
    shop = new.channels.get(name="Shop")
    assert (shop.mode, shop.settings) == (Mode.WEBHOOK, {"url": "https://shop.example"})
    orders = job(shop, "receive_orders")
    assert (orders.webhook_delay_minutes, orders.emergency_period_minutes) == (5, 30)
    assert orders.main_period_minutes == 60
    shipped = job(new.channels.get(name="Depot"), "receive_shipments")
    assert (shipped.main_period_minutes, shipped.delay_minutes) == (480, 60)
    assert not shop.mappings.get(topic="order.created").enabled
    theirs = account.channels.get(name="Shop").mappings
    assert shop.mappings.count() == theirs.count()


def test_nothing_runs_and_no_secret_travels(account: Account, admin: User) -> None:
    new = clone(account, admin)
    old_tokens = set(account.channels.values_list("webhook_token", flat=True))
    for channel in new.channels.all():
        assert not channel.enabled
        assert channel.secrets == {}
        assert channel.webhook_token not in old_tokens
        assert channel.sync_from == NOW
    assert not Job.objects.filter(channel__account=new, suspended=False, row__gt="").exists()
    assert not Run.objects.filter(account=new).exists()
    assert not Product.objects.filter(account=new).exists()


def test_a_clone_works_once_its_channels_are_enabled(account: Account, admin: User) -> None:
    new = clone(account, admin)
    stable = new.channels.get(name="Stable")
    configure.apply(new, Change(channels={stable.pk: {"enabled": True}}), NOW)
    slot = job(stable, "receive_orders").next_slot_at
    assert slot is not None
    assert slot.isoformat() == "2026-03-02T15:05:00+00:00"


def test_the_product_source_is_the_clones_own_channel(account: Account, admin: User) -> None:
    shop = account.channels.get(name="Shop")
    source = {"master_product_source": "sales", "master_product_channel_id": shop.pk}
    configure.apply(account, Change(account=source), NOW)
    new = clone(Account.objects.get(pk=account.pk), admin)
    assert new.master_product_channel == new.channels.get(name="Shop")


def test_members_come_along_where_wanted(account: Account, admin: User) -> None:
    alone, together = clone(account, admin), clone(account, admin, with_members=True)
    assert list(alone.memberships.values_list("user__email", "role")) == [
        ("ada@example.com", "admin")
    ]
    assert dict(together.memberships.values_list("user__email", "role")) == {
        "ada@example.com": "admin",
        "otto@example.com": "operator",
    }


def test_both_histories_tell_of_it(account: Account, admin: User) -> None:
    new = clone(account, admin)
    subjects = {
        entry.account_id: entry.subject for entry in HistoryEntry.objects.filter(actor=admin)
    }
    assert subjects == {account.pk: "account cloned as Coffee", new.pk: "account cloned from Tea"}


def test_deleted_channels_stay_behind(account: Account, admin: User) -> None:
    gone = account.channels.get(name="Stable")
    configure.apply(account, Change(channels={gone.pk: {"deleted_at": NOW}}), NOW)
    assert not clone(account, admin).channels.filter(name="Stable").exists()
