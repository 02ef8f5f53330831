"""The rotation of a webhook secret: which one a delivery may be signed with, and when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from accounts.models import HistoryEntry, User
from channels import vault
from channels.models import Channel
from jobs import intake, tasks, webhook_secrets
from jobs.models import Event
from jobs.saving import save_channel
from tests import builders
from tests.brand import connect
from tests.builders import NOW

OLD = "whsec_b2xkLXNlY3JldC1vZi10aGUtc2hvcA=="
NEW = "whsec_bmV3LXNlY3JldC1vZi10aGUtc2hvcA=="
NEWER = "whsec_bmV3ZXItc2VjcmV0LW9mLXRoZS1zaG9w"
HOUR = timedelta(hours=1)

Deliver = Callable[[str], int]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def operator(db: None) -> User:
    return builders.user(of=builders.account(timezone="Europe/Berlin"))


@pytest.fixture(params=["sandbox_shop", "woocommerce", "http"])
def shop(operator: User, request: pytest.FixtureRequest) -> Channel:
    """One of each way to sign; what is rotated concerns no connector."""
    account = operator.memberships.get().account
    settings = {"url": "https://shop.example", "signature": "standard"}
    fields: dict[str, Any] = {
        "settings": settings,
        "secrets": {"webhook_secret": OLD},
        "mode": "webhook",
    }
    return connect(account, connector=request.param, **fields)


def signed(channel: Channel, secret: str, number: int) -> tuple[dict[str, str], bytes]:
    body = json.dumps({"type": "order.created", "data": {"id": str(number)}, "id": number}).encode()
    if channel.connector == "woocommerce":
        mark = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        return {
            "X-WC-Webhook-Topic": "order.created",
            "X-WC-Webhook-Delivery-ID": f"d{number}",
            "X-WC-Webhook-Signature": mark.decode(),
        }, body
    at = datetime.now(NOW.tzinfo)
    return {
        "webhook-id": f"d{number}",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(f"d{number}", at, body.decode()),
    }, body


def deliver(channel: Channel, secret: str) -> int:
    """The HTTP status that a delivery signed with this secret is answered."""
    headers, body = signed(channel, secret, Event.objects.count() + 1)
    answer = Client().post(channel.webhook_path, body, "application/json", headers=headers)
    return answer.status_code


def rotate(channel: Channel, actor: User, secret: str = NEW, grace: int = 60) -> None:
    values = {"secrets": {"webhook_secret": secret}, "webhook_secret_grace_minutes": grace}
    save_channel(channel, values, datetime.now(NOW.tzinfo), actor)


def test_both_secrets_hold_until_the_end_then_the_new_one_alone(
    shop: Channel, operator: User, clock: time_machine.Traveller
) -> None:
    rotate(shop, operator)
    assert (deliver(shop, OLD), deliver(shop, NEW), deliver(shop, NEWER)) == (202, 202, 401)
    clock.move_to(NOW + HOUR - timedelta(seconds=1), tick=False)
    assert deliver(shop, OLD) == 202
    clock.move_to(NOW + HOUR, tick=False)
    assert (deliver(shop, OLD), deliver(shop, NEW)) == (401, 202)
    assert Event.objects.count() == 4


def test_at_the_end_the_former_secret_is_wiped(
    shop: Channel, operator: User, clock: time_machine.Traveller
) -> None:
    rotate(shop, operator)
    shop.refresh_from_db()
    assert OLD not in shop.former_webhook_secret
    assert vault.open_secrets(shop.former_webhook_secret) == {"webhook_secret": OLD}
    assert webhook_secrets.forget_ended(NOW + HOUR - timedelta(seconds=1)) == 0
    clock.move_to(NOW + HOUR, tick=False)
    assert tasks.forget_former_secrets() == 1
    shop.refresh_from_db()
    assert (shop.former_webhook_secret, shop.former_secret_until) == ("", None)
    assert shop.secrets["webhook_secret"] == NEW
    assert webhook_secrets.forget_ended(NOW + 2 * HOUR) == 0


def test_a_rotation_ended_early_refuses_the_former_secret_at_once(
    shop: Channel, operator: User
) -> None:
    rotate(shop, operator, grace=7 * 24 * 60)
    assert webhook_secrets.end_grace(shop, NOW, operator)
    assert (deliver(shop, OLD), deliver(shop, NEW)) == (401, 202)
    assert shop.former_webhook_secret == ""
    assert not webhook_secrets.end_grace(shop, NOW, operator)


def test_without_grace_the_former_secret_ends_with_the_save(shop: Channel, operator: User) -> None:
    rotate(shop, operator, grace=0)
    assert (deliver(shop, OLD), deliver(shop, NEW)) == (401, 202)
    save_channel(shop, {"secrets": {"webhook_secret": NEWER}}, NOW, operator)
    assert (deliver(shop, NEW), deliver(shop, NEWER)) == (401, 202)
    assert shop.former_webhook_secret == ""


def test_a_second_rotation_ends_the_former_secret_of_the_first(
    shop: Channel, operator: User
) -> None:
    rotate(shop, operator)
    rotate(shop, operator, NEWER)
    assert (deliver(shop, OLD), deliver(shop, NEW), deliver(shop, NEWER)) == (401, 202, 202)


def test_a_save_of_other_secrets_leaves_a_rotation_under_way(shop: Channel, operator: User) -> None:
    rotate(shop, operator)
    save_channel(shop, {"secrets": {"token": "fresh"}}, NOW, operator)
    same = {"token": "fresher", "webhook_secret": NEW}
    save_channel(shop, {"secrets": same}, NOW, operator)
    assert (deliver(shop, OLD), deliver(shop, NEW)) == (202, 202)


def test_what_was_signed_with_neither_counts_as_rejected_and_with_the_former_as_good(
    shop: Channel, operator: User
) -> None:
    deliver(shop, OLD)
    rotate(shop, operator)
    deliver(shop, NEWER)
    shop.refresh_from_db()
    assert shop.rejected_signatures == 1
    deliver(shop, OLD)
    shop.refresh_from_db()
    assert shop.rejected_signatures == 0


def test_the_last_use_of_the_former_secret_is_known_to_the_minute(
    shop: Channel, operator: User, clock: time_machine.Traveller
) -> None:
    rotate(shop, operator)
    deliver(shop, NEW)
    shop.refresh_from_db()
    assert shop.former_secret_used_at is None
    for seconds, known in ((10, 10), (30, 10), (80, 80)):
        clock.move_to(NOW + timedelta(seconds=seconds), tick=False)
        deliver(shop, OLD)
        shop.refresh_from_db()
        assert shop.former_secret_used_at == NOW + timedelta(seconds=known)


def test_a_delivery_costs_no_query_more_while_two_secrets_hold(
    shop: Channel, operator: User
) -> None:
    deliver(shop, OLD)

    def queries(secret: str) -> int:
        fresh = intake.find_channel(shop.webhook_token, NOW)
        assert fresh is not None
        headers, body = signed(shop, secret, Event.objects.count() + 1)
        lowered = {name.lower(): value for name, value in headers.items()}
        with CaptureQueriesContext(connection) as asked:
            assert intake.receive(fresh, lowered, body, NOW).http == 202
        return len(asked)

    before = queries(OLD)
    rotate(shop, operator)
    assert queries(NEW) == before


def test_a_former_secret_that_no_key_opens_is_our_fault_and_accepts_nothing(
    shop: Channel, operator: User
) -> None:
    rotate(shop, operator)
    Channel.objects.filter(pk=shop.pk).update(former_webhook_secret="of-another-key")
    assert (deliver(shop, NEW), deliver(shop, OLD)) == (202, 503)


def test_history_tells_until_when_without_either_secret(shop: Channel, operator: User) -> None:
    rotate(shop, operator)
    webhook_secrets.end_grace(shop, NOW, operator)
    ended, rotated = HistoryEntry.objects.filter(channel=shop)[:2]
    assert rotated.new == {"secrets.webhook_secret": "changed"}
    assert rotated.consequences == [
        "The former webhook secret is accepted too until 2026-03-02 14:00 (Europe/Berlin)."
    ]
    assert (ended.subject, ended.actor) == ("former webhook secret ended", operator)
    told = str(list(HistoryEntry.objects.values()))
    assert not any(secret in told for secret in (OLD, NEW))


def test_a_rotation_says_nothing_of_the_other_credentials(shop: Channel, operator: User) -> None:
    until = NOW + 10 * HOUR
    Channel.objects.filter(pk=shop.pk).update(authorization_expires_at=until)
    rotate(shop, operator)
    shop.refresh_from_db()
    assert shop.authorization_expires_at == until
    assert shop.secrets_changed_at["webhook_secret"] == NOW.isoformat()
    save_channel(shop, {"secrets": {"webhook_secret": None}}, NOW, operator)
    assert "webhook_secret" not in shop.secrets_changed_at


def test_generated_secrets_differ_and_sign(shop: Channel, operator: User) -> None:
    first, second = webhook_secrets.generate(), webhook_secrets.generate()
    assert first != second
    rotate(shop, operator, first)
    assert deliver(shop, first) == 202
