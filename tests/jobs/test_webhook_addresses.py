"""A webhook URL is renewed: the former one leads here for its time of grace and never after."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import HistoryEntry, User
from channels.connectors.registry import CONNECTORS
from channels.models import Channel
from jobs import intake, subscriptions, webhook_addresses
from jobs.models import Event
from jobs.subscriptions import State
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.hooks import HookedSandboxShop, Hooks, address

HOUR = timedelta(hours=1)


@pytest.fixture
def operator(db: None) -> User:
    return builders.user(of=builders.account(timezone="Europe/Berlin"), role="operator")


@pytest.fixture
def shop(operator: User) -> Channel:
    return connect(operator.memberships.get().account)


def status(path: str, at: datetime = NOW) -> int:
    """Of an unsigned delivery: 401 says that the channel was found."""
    with time_machine.travel(at, tick=False):
        answer = Client().post(path, json.dumps({}), content_type="application/json")
    return answer.status_code


def test_both_urls_lead_here_until_the_grace_is_over(shop: Channel, operator: User) -> None:
    former = shop.webhook_path
    webhook_addresses.renew(shop, 60, NOW, operator)
    assert shop.webhook_path != former
    assert [status(former), status(shop.webhook_path)] == [401, 401]
    assert status(former, NOW + HOUR - timedelta(seconds=1)) == 401
    assert [status(former, NOW + HOUR), status(shop.webhook_path, NOW + HOUR)] == [404, 401]


def test_without_a_grace_the_former_url_ends_at_once(shop: Channel, operator: User) -> None:
    former = shop.webhook_path
    webhook_addresses.renew(shop, 0, NOW, operator)
    assert [status(former), status(shop.webhook_path)] == [404, 401]
    assert not webhook_addresses.end_grace(shop, NOW, operator)


def test_a_second_renewal_ends_the_url_before_the_last_one(shop: Channel, operator: User) -> None:
    first = shop.webhook_path
    webhook_addresses.renew(shop, 60, NOW, operator)
    second = shop.webhook_path
    webhook_addresses.renew(shop, 60, NOW, operator)
    assert [status(path) for path in (first, second, shop.webhook_path)] == [404, 401, 401]


def test_the_former_url_is_ended_early_or_forgotten_in_time(shop: Channel, operator: User) -> None:
    former = shop.webhook_path
    webhook_addresses.renew(shop, 60, NOW, operator)
    assert webhook_addresses.forget_ended(NOW + HOUR - timedelta(seconds=1)) == 0
    assert webhook_addresses.end_grace(shop, NOW, operator)
    assert status(former) == 404
    webhook_addresses.renew(shop, 60, NOW, operator)
    assert webhook_addresses.forget_ended(NOW + HOUR) == 1
    assert webhook_addresses.forget_ended(NOW + HOUR) == 0


def test_a_deleted_channel_is_not_found_by_its_former_url(shop: Channel, operator: User) -> None:
    former = shop.webhook_path
    webhook_addresses.renew(shop, 60, NOW, operator)
    Channel.objects.filter(pk=shop.pk).update(deleted_at=NOW)
    assert status(former) == 404


def test_the_use_of_the_former_url_is_known_to_the_minute(shop: Channel, operator: User) -> None:
    former = shop.webhook_path
    webhook_addresses.renew(shop, 60, NOW, operator)
    for seconds, known in ((10, 10), (30, 10), (80, 80)):
        status(former, NOW + timedelta(seconds=seconds))
        status(shop.webhook_path, NOW + timedelta(seconds=seconds + 5))
        shop.refresh_from_db()
        assert shop.former_token_used_at == NOW + timedelta(seconds=known)


def test_history_tells_of_it_without_either_url(shop: Channel, operator: User) -> None:
    tokens = [shop.webhook_token]
    webhook_addresses.renew(shop, 60, NOW, operator)
    tokens.append(shop.webhook_token)
    webhook_addresses.end_grace(shop, NOW, operator)
    ended, renewed = HistoryEntry.objects.filter(channel=shop)[:2]
    assert (ended.subject, ended.actor) == ("former webhook URL ended", operator)
    assert renewed.consequences == ["The former webhook URL is accepted too for 60 minutes."]
    told = str(list(HistoryEntry.objects.values()))
    assert not any(token in told for token in tokens)


def test_no_two_channels_share_a_former_url(shop: Channel, operator: User) -> None:
    other = connect(shop.account, "fulfillment")
    webhook_addresses.renew(shop, 60, NOW, operator)
    twin = Channel.objects.filter(pk=other.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.update(former_webhook_token=shop.former_webhook_token)


@pytest.mark.parametrize("grace", [0, 60])
def test_the_platform_sends_to_the_former_url_until_it_is_registered_again(
    shop: Channel, operator: User, grace: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """In the time of grace its deliveries still come; after it they count as missing."""
    settings.OMSAUTO_PUBLIC_URL = "https://oms.example"
    monkeypatch.setitem(CONNECTORS, "sandbox_shop", HookedSandboxShop)
    monkeypatch.setattr(HookedSandboxShop, "platform", Hooks(), raising=False)
    subscriptions.register(shop, NOW, operator)
    assert subscriptions.look(shop).in_order
    webhook_addresses.renew(shop, grace, NOW, operator)
    look = subscriptions.look(shop)
    assert {row.state for row in look.rows} == {State.WRONG_ADDRESS}
    assert bool(look.broken) == (grace == 0)
    done = subscriptions.register(shop, NOW, operator)
    assert done.look is not None
    assert done.look.in_order
    assert {url for _, url, _ in HookedSandboxShop.platform.shown()} == {address(shop)}


@pytest.mark.parametrize("token", ["", "a\x00b", "ü", "x" * 65, "a/b", "..", "\ud800"])
def test_what_cannot_be_a_token_finds_nothing(shop: Channel, token: str) -> None:
    assert intake.find_channel(token, NOW) is None
    assert not Event.objects.exists()
