"""The same settings for many channels: what each takes, what it refuses, all or nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import HistoryEntry, User
from channels.enums import JobType
from channels.models import Channel
from jobs import bulk, configure
from jobs.bulk import Outlook, Wish
from jobs.change import Change
from jobs.models import Job
from tests import builders
from tests.brand import connect
from tests.builders import NOW

ORDERS = JobType.RECEIVE_ORDERS
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def shops(db: None) -> list[Channel]:
    """A beta and a stable shop of one account, by name, and one whose platform is another."""
    account = builders.account()
    return [
        connect(account, name="A beta"),
        connect(account, name="B stable", track="stable"),
        connect(account, name="C medusa", connector="medusa"),
    ]


@pytest.fixture
def actor(shops: list[Channel]) -> User:
    return builders.user(of=shops[0].account)


def look(shops: list[Channel], wish: Wish) -> Outlook:
    return bulk.look(shops[0].account, [shop.pk for shop in shops], wish, NOW)


def apply(shops: list[Channel], wish: Wish, actor: User, seen: str = "") -> Outlook:
    ids = [shop.pk for shop in shops]
    seen = seen or look(shops, wish).mark
    return bulk.apply(shops[0].account, ids, wish, NOW, actor, seen)


def test_the_preview_is_what_apply_does(shops: list[Channel], actor: User) -> None:
    wish = Wish({"mode": "webhook"}, ORDERS, {"emergency_period_minutes": 30})
    seen = look(shops, wish)
    done = apply(shops, wish, actor, seen.mark)
    assert done == seen
    assert [one.channel.name for one in done.changed] == [shop.name for shop in shops]
    for shop in shops:
        entry = HistoryEntry.objects.get(channel=shop)
        assert entry.new == {"mode": "webhook", "receive_orders.emergency_period_minutes": 30}
        told = [said.sentence for one in seen.changed for said in one.consequences
                if said.channel == shop.pk]  # fmt: skip
        assert entry.consequences == told != []


def test_a_stable_channel_takes_all_but_what_is_the_accounts(
    shops: list[Channel], actor: User
) -> None:
    wish = Wish({"mode": "webhook"}, ORDERS, {"main_period_minutes": 60})
    done = apply(shops[1:2], wish, actor)
    (refused,) = done.unsupported
    assert refused.of_account
    assert "This channel is stable" in refused.reason
    shops[1].refresh_from_db()
    assert shops[1].mode == "webhook"
    assert Job.objects.get(channel=shops[1], type=ORDERS).main_period_minutes is None


def test_each_refusal_has_its_reason(shops: list[Channel]) -> None:
    stock = Wish(type=JobType.RECEIVE_INVENTORY, job={"main_period_minutes": 60})
    assert {one.reason for one in look(shops[:1], stock).unsupported} == {
        "A beta does not do Receive Inventory."
    }
    sending = Wish(type=JobType.SEND_ORDER_UPDATES, job={"emergency_period_minutes": 60})
    (refused,) = look(shops[:1], sending).unsupported
    assert refused.reason == (
        "Send Order Updates is not done by webhook on this platform: "
        "it has no Emergency Job Period of its own."
    )
    too_long = Wish(type=ORDERS, job={"main_period_minutes": 60, "delay_minutes": 120})
    (refused,) = look(shops[:1], too_long).unsupported
    assert "must be shorter than the period" in refused.reason
    assert not refused.of_account


def test_what_is_so_already_is_told_apart(shops: list[Channel]) -> None:
    outlook = look(shops[:1], Wish({"enabled": True}))
    assert (outlook.same, outlook.changed) == ([shops[0]], [])


def test_a_deleted_channel_is_named(shops: list[Channel]) -> None:
    change = Change(channels={shops[0].pk: {"deleted_at": NOW}})
    configure.apply(shops[0].account, change, NOW)
    outlook = look(shops, Wish({"enabled": False}))
    assert outlook.gone == ["A beta"]
    assert len(outlook.changed) == 2


def test_a_save_that_came_between_stops_all_of_it(shops: list[Channel], actor: User) -> None:
    wish = Wish({"enabled": False})
    seen = look(shops, wish).mark
    between = Change(channels={shops[2].pk: {"enabled": False}})
    configure.apply(shops[0].account, between, NOW)
    with pytest.raises(bulk.Moved) as moved:
        apply(shops, wish, actor, seen)
    assert moved.value.outlook.same == [shops[2]]
    assert Channel.objects.filter(enabled=True).count() == 2


def test_the_time_that_passes_does_not_change_the_mark(shops: list[Channel]) -> None:
    wish = Wish(type=ORDERS, job={"main_period_minutes": 60})
    ids = [shop.pk for shop in shops]
    later = bulk.look(shops[0].account, ids, wish, LATER)
    assert later.mark == look(shops, wish).mark


def test_a_fault_in_the_middle_saves_nothing(
    shops: list[Channel], actor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = configure.apply, []

    def fails_at_the_second(*args: object) -> object:
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError
        return real(*args)  # type: ignore[arg-type]

    wish = Wish({"enabled": False})
    seen = look(shops, wish).mark
    monkeypatch.setattr(configure, "apply", fails_at_the_second)
    with pytest.raises(RuntimeError):
        apply(shops, wish, actor, seen)
    assert Channel.objects.filter(enabled=True).count() == 3
    assert not HistoryEntry.objects.exists()


def test_looking_asks_as_much_for_many_as_for_few(shops: list[Channel]) -> None:
    wish = Wish(type=ORDERS, job={"main_period_minutes": 60})
    look(shops, wish)
    with CaptureQueriesContext(connection) as few:
        look(shops[:1], wish)
    with CaptureQueriesContext(connection) as many:
        look(shops, wish)
    assert len(many) == len(few)
