"""An account that is to be disabled at a set time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Account, HistoryEntry
from channels.models import Channel
from jobs import clock, configure, planned
from jobs.change import Change
from jobs.models import Job
from jobs.saving import save_account
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
EVENING = NOW + timedelta(hours=5)


@pytest.fixture
def account() -> Account:
    return builders.account(disable_at=EVENING)


@pytest.fixture
def shop(account: Account) -> Channel:
    made = builders.sales_channel(account)
    configure.reconcile(account, NOW)
    hourly = {(made.pk, "receive_orders"): {"main_period_minutes": 60}}
    configure.apply(account, Change(jobs=hourly), NOW)
    return made


def test_the_clock_disables_it_at_its_time_and_not_before(account: Account, shop: Channel) -> None:
    clock.tick(EVENING - timedelta(seconds=1))
    account.refresh_from_db()
    assert account.enabled
    clock.tick(EVENING)
    account.refresh_from_db()
    assert (account.enabled, account.disable_at) == (False, None)
    job = Job.objects.get(channel=shop, type="receive_orders")
    assert job.suspended
    assert job.next_slot_at is None or not job.runs.filter(slot_at__gte=EVENING).exists()


def test_the_history_tells_what_the_clock_did(account: Account, shop: Channel) -> None:
    planned.disable_due(EVENING)
    entry = HistoryEntry.objects.filter(account=account).latest("pk")
    assert (entry.actor, entry.old["enabled"], entry.new["enabled"]) == (None, True, False)
    assert any("Receive Orders: it will be suspended" in text for text in entry.consequences)


def test_it_is_done_once(account: Account) -> None:
    assert planned.disable_due(EVENING) == 1
    assert planned.disable_due(EVENING) == 0
    Account.objects.update(enabled=True)
    clock.tick(EVENING + timedelta(hours=1))
    account.refresh_from_db()
    assert account.enabled


def test_disabling_by_hand_takes_the_plan_away(account: Account) -> None:
    person = builders.user(of=account)
    save_account(account, {"enabled": False}, NOW, person)
    assert account.disable_at is None
    save_account(account, {"enabled": True}, NOW, person)
    clock.tick(EVENING)
    account.refresh_from_db()
    assert account.enabled


def test_one_account_that_cannot_be_disabled_keeps_no_other_from_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = builders.account("Other", disable_at=EVENING)
    apply = configure.apply

    def fail_on_the_first(of: Account, *args: object) -> object:
        if of.pk == account.pk:
            raise RuntimeError("no")
        return apply(of, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(configure, "apply", fail_on_the_first)
    planned.disable_due(EVENING)
    other.refresh_from_db()
    account.refresh_from_db()
    assert (account.enabled, account.disable_at) == (True, EVENING)
    assert not other.enabled
