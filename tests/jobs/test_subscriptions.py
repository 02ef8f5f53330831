"""A channel's webhooks at its platform: looked at, put in order, removed, and audited."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import HistoryEntry, User
from channels.connectors.base import Permanent, Setting, Transient
from channels.connectors.registry import CONNECTORS
from channels.models import Channel, create_channel
from jobs import maintenance, subscriptions, tasks
from jobs.control import NotNow
from jobs.models import Circuit, EmergencyTransition
from jobs.subscriptions import State
from tests import builders
from tests.hooks import HookedTestShop, Hooks, address
from tests.jobs.platform import TestShop
from tests.jobs.stage import Stage

CREATED, UPDATED = "order.created", "order.updated"


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, shopfloor: object, settings: Any) -> Hooks:
    monkeypatch.setitem(CONNECTORS, "test_shop", HookedTestShop)
    monkeypatch.setattr(HookedTestShop, "platform", Hooks(), raising=False)
    settings.OMSAUTO_PUBLIC_URL = "https://oms.example"
    return HookedTestShop.platform


@pytest.fixture
def channel(platform: Hooks, orders_shop: Channel) -> Channel:
    """A listening shop with both topics switched on."""
    made = Channel.objects.select_related("account").get(pk=orders_shop.pk)
    made.secrets = {"webhook_secret": "s"}
    made.save()
    return made


@pytest.fixture
def actor(stage: Stage) -> User:
    return builders.user("op@example.com", of=stage.account)


def states(channel: Channel) -> dict[str, State]:
    return {row.topic: row.state for row in subscriptions.look(channel).rows}


def in_order(channel: Channel, *topics: str) -> set[tuple[str, str, bool]]:
    return {(topic, address(channel), True) for topic in topics or (CREATED, UPDATED)}


def test_every_state_is_seen(channel: Channel, platform: Hooks) -> None:
    assert set(states(channel).values()) == {State.MISSING}
    platform.put(CREATED, address(channel), active=False)
    platform.put(UPDATED, f"https://old.example{channel.webhook_path}")
    platform.put(UPDATED, "https://else.example/webhooks/another/")
    assert states(channel) == {CREATED: State.DISABLED, UPDATED: State.WRONG_ADDRESS}
    platform.put(CREATED, address(channel).rstrip("/"))
    found = subscriptions.look(channel)
    assert found.rows[0].state == State.ACTIVE
    assert [row.delivers for row in found.rows] == [True, True]
    assert [one.active for one in found.strangers] == [False]
    assert not found.in_order


def test_what_points_at_us_without_a_reason_is_a_stranger(
    channel: Channel, platform: Hooks
) -> None:
    for topic in (CREATED, UPDATED, "order.deleted"):
        platform.put(topic, address(channel))
    channel.mappings.filter(topic=UPDATED).update(enabled=False)
    found = subscriptions.look(channel)
    assert [row.topic for row in found.rows] == [CREATED]
    assert [one.topic for one in found.strangers] == [UPDATED, "order.deleted"]


def test_a_topic_of_a_job_that_is_not_on_offer_is_left_as_it_is(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    channel.mappings.create(topic="product.updated", type="import_products")
    assert "product.updated" not in states(channel)
    kept = platform.put("product.updated", address(channel))
    subscriptions.register(channel, stage.now)

    assert subscriptions.look(channel).in_order
    assert kept in platform.found.values()


def test_registering_makes_every_topic_active_and_says_so(
    stage: Stage, channel: Channel, platform: Hooks, actor: User
) -> None:
    platform.put(UPDATED, address(channel), active=False)
    foreign = platform.put(CREATED, "https://else.example/")
    done = subscriptions.register(channel, stage.now, actor)
    assert platform.shown() == in_order(channel) | {(CREATED, foreign.url, True)}
    assert done.look
    assert done.look.in_order
    assert done.changed == [
        "order.created is registered.",
        "order.updated was disabled and is active again.",
    ]
    assert done.problems == []
    entry = HistoryEntry.objects.latest("pk")
    assert (entry.subject, entry.actor, entry.channel) == (
        "webhooks registered at the platform", actor, channel,
    )  # fmt: skip
    assert entry.consequences == done.changed


def test_registering_again_brings_the_present_secret(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    subscriptions.register(channel, stage.now)
    channel.secrets = {"webhook_secret": "new"}
    done = subscriptions.register(channel, stage.now)
    assert set(platform.secrets.values()) == {"new"}
    assert done.changed == []
    assert platform.shown() == in_order(channel)


def test_registering_removes_what_is_switched_off_doubled_or_at_a_former_address(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    channel.mappings.filter(topic=UPDATED).update(enabled=False)
    platform.put(UPDATED, address(channel))
    platform.put(CREATED, f"https://old.example{channel.webhook_path}")
    platform.put(CREATED, address(channel))
    platform.put(CREATED, address(channel))
    done = subscriptions.register(channel, stage.now)
    assert platform.shown() == in_order(channel, CREATED)
    assert len(platform.found) == 1
    assert done.look
    assert done.look.in_order


def test_a_refused_topic_does_not_stop_the_others(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    platform.unknown = {CREATED}
    done = subscriptions.register(channel, stage.now)
    assert platform.shown() == in_order(channel, UPDATED)
    assert done.problems == ["order.created was refused: there is no topic order.created"]


def test_a_refusal_that_quotes_the_address_does_not_give_its_token_away(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    platform.error = Permanent(f"{address(channel)} is not reachable")
    platform.patience = 1
    done = subscriptions.register(channel, stage.now)
    assert channel.webhook_token not in " ".join(done.problems)
    assert "https://oms.example/webhooks/…/ is not reachable" in done.problems[0]


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_a_platform_that_dies_on_the_way_is_told_in_a_sentence(
    stage: Stage, channel: Channel, platform: Hooks, patience: int
) -> None:
    platform.error, platform.patience = Transient("no answer"), patience
    done = subscriptions.register(channel, stage.now)
    assert done.look is None
    assert done.problems == ["The platform could not be asked further: no answer"]
    assert HistoryEntry.objects.latest("pk").consequences == done.problems


def test_a_platform_that_does_not_answer_at_all_is_an_error(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    platform.error = Transient("no answer")
    for verb in (subscriptions.register, subscriptions.remove):
        with pytest.raises(Transient):
            verb(channel, stage.now)
    assert not HistoryEntry.objects.filter(subject__contains="webhooks").exists()


def test_a_platform_that_does_not_tell_is_neither_good_nor_broken(
    channel: Channel, platform: Hooks
) -> None:
    platform.tells = False
    found = subscriptions.look(channel)
    assert (found.told, found.broken, found.in_order) == (False, [], False)


def test_removing_takes_all_of_this_channel_and_nothing_else(
    stage: Stage, channel: Channel, platform: Hooks, actor: User
) -> None:
    subscriptions.register(channel, stage.now)
    platform.put("order.deleted", f"https://old.example{channel.webhook_path}", active=False)
    foreign = platform.put(CREATED, "https://else.example/")
    done = subscriptions.remove(channel, stage.now, actor)
    assert list(platform.found.values()) == [foreign]
    assert len(done.changed) == 3
    assert set(states(channel).values()) == {State.MISSING}
    assert HistoryEntry.objects.latest("pk").subject == "webhooks removed at the platform"


def test_without_a_secret_nothing_is_registered(
    stage: Stage, channel: Channel, platform: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HookedTestShop, "fields", (Setting("webhook_secret", "S", secret=True),))
    channel.secrets = {}
    with pytest.raises(NotNow, match="no webhook secret"):
        subscriptions.register(channel, stage.now)
    assert platform.calls == []


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://192.168.0.7", True),
        ("http://[::1]", True),
        ("https://oms.example", False),
        ("https://8.8.8.8", False),
    ],
)
def test_an_address_that_no_platform_reaches_is_not_registered(
    stage: Stage, channel: Channel, settings: Any, url: str, refused: bool
) -> None:
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS, settings.OMSAUTO_PUBLIC_URL = False, url
    if refused:
        with pytest.raises(NotNow, match="set OMSAUTO_PUBLIC_URL"):
            subscriptions.register(channel, stage.now)
    else:
        assert subscriptions.register(channel, stage.now).problems == []


def test_a_connector_that_cannot_says_so(
    stage: Stage, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONNECTORS, "test_shop", TestShop)
    for verb in (subscriptions.register, subscriptions.remove):
        with pytest.raises(NotNow, match="do it at the platform"):
            verb(channel, stage.now)
    assert not subscriptions.look(channel).told


def causes(channel: Channel) -> list[str]:
    found = EmergencyTransition.objects.filter(job__channel=channel, to_state="degraded")
    return [one.cause for one in found]


@pytest.mark.parametrize("fault", ["missing", "disabled"])
def test_the_audit_repairs_what_is_broken_and_keeps_it_as_evidence(
    stage: Stage, channel: Channel, platform: Hooks, fault: str
) -> None:
    platform.put(UPDATED, address(channel))
    if fault == "disabled":
        platform.put(CREATED, address(channel), active=False)
    assert maintenance.audit_subscriptions(stage.now) == 1
    assert platform.shown() == in_order(channel)
    assert [call for call in platform.calls if call != "list"] == ["subscribe order.created"]
    assert causes(channel) == ["the platform had no active webhook for order.created"]
    entry = HistoryEntry.objects.latest("pk")
    assert (entry.subject, entry.actor) == ("webhooks repaired at the platform", None)
    assert maintenance.audit_subscriptions(stage.now) == 0


def test_the_audit_leaves_a_former_address_and_strangers_to_the_operator(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    for topic in (CREATED, UPDATED, "order.deleted"):
        platform.put(topic, f"https://tunnel.example{channel.webhook_path}")
    assert maintenance.audit_subscriptions(stage.now) == 0
    assert platform.calls == ["list"]


def test_an_audit_that_cannot_repair_still_keeps_the_evidence(
    stage: Stage, channel: Channel, platform: Hooks
) -> None:
    platform.error, platform.patience = Transient("no answer"), 1
    assert maintenance.audit_subscriptions(stage.now) == 1 + 1
    assert causes(channel) == ["the platform had no active webhook for order.created"]
    assert not HistoryEntry.objects.filter(subject__contains="repaired").exists()


def test_a_dead_platform_is_no_evidence(stage: Stage, channel: Channel, platform: Hooks) -> None:
    platform.error = Transient("no answer")
    assert maintenance.audit_subscriptions(stage.now) == 0
    assert causes(channel) == []


def test_a_channel_that_cannot_be_looked_at_holds_up_no_other(
    stage: Stage, channel: Channel, platform: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform may answer what its connector never met."""
    platform.put(UPDATED, address(channel))
    other = create_channel(stage.account, "test_shop", "Odd", stage.now, mode="webhook")
    look = subscriptions.look

    def odd(one: Channel) -> subscriptions.Look:
        if one == other:
            raise KeyError("topic")
        return look(one)

    monkeypatch.setattr(subscriptions, "look", odd)
    assert maintenance.audit_subscriptions(stage.now, [other.pk, channel.pk]) == 1


def test_a_platform_that_is_ill_is_left_alone(stage: Stage, channel: Channel) -> None:
    assert maintenance.to_audit() == [channel.pk]
    at = stage.now
    stage.save(channel, enabled=False)
    assert maintenance.to_audit([channel.pk]) == [], "since it was named"
    stage.save(channel, enabled=True)
    Circuit.objects.create(channel=channel, state="open", since=at, next_probe_at=at, wake_at=at)
    assert maintenance.to_audit() == []


def test_the_audit_is_shared_out_among_workers(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One slow platform would else take the time of all that come after it, each hour anew."""
    asked = list[list[int]]()
    monkeypatch.setattr(maintenance, "to_audit", lambda: list(range(1, 13)))
    monkeypatch.setattr(
        tasks.audit_some, "apply_async", lambda arguments, **_options: asked.extend(arguments)
    )
    assert tasks.audit_subscriptions() == 12
    assert asked == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]
