"""The door for platforms: what each delivery is answered, and what it leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from channels.connectors.base import Permanent
from channels.connectors.registry import CONNECTORS
from channels.models import Channel
from jobs import blind, configure, maintenance
from jobs.change import Change
from jobs.models import Event, EventStatus, Run
from tests.jobs import platform
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


@pytest.fixture(autouse=True)
def sighted(stage: Stage) -> Iterator[None]:
    blind._mark().unlink(missing_ok=True)
    yield
    blind._mark().unlink(missing_ok=True)


Answer = tuple[int, str, int | None]


def post(channel: Channel | str, headers: Mapping[str, str], body: bytes) -> Answer:
    """(HTTP status, status, event id) of the answer."""
    path = channel if isinstance(channel, str) else channel.webhook_path
    answer = Client().post(path, body, "application/json", headers=dict(headers))
    said = json.loads(answer.content)
    assert set(said) == {"event", "status"}
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
    return answer.status_code, said["status"], said["event"]


def deliver(channel: Channel, topic: str, *entities: str, number: int = 0) -> Answer:
    return post(channel, *platform.deliver(topic, *entities, number=number))


@contextmanager
def database_away() -> Iterator[None]:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(refuse):
        yield


def test_an_accepted_event_is_202_and_kept_with_its_raw_body(
    stage: Stage, orders_shop: Channel
) -> None:
    headers, body = platform.deliver("order.created", "1000")
    status, said, number = post(orders_shop, {**headers, "Authorization": "Bearer x"}, body)
    assert (status, said) == (202, "waiting")
    event = Event.objects.get()
    assert event.pk == number
    assert bytes(event.body) == body
    assert event.headers["x-signature"] == headers["x-signature"]
    assert event.headers["authorization"] == "(not kept)"
    assert (event.topic, event.entities, event.received_at) == (
        "order.created",
        ["1000"],
        stage.now,
    )


def test_an_unknown_token_is_404(stage: Stage, orders_shop: Channel) -> None:
    assert post("/webhooks/nobody/", *platform.deliver("order.created", "1")) == (
        404,
        "rejected",
        None,
    )


def test_a_deleted_channel_is_404_and_a_disabled_one_is_not(
    stage: Stage, orders_shop: Channel
) -> None:
    stage.save(orders_shop, enabled=False)
    assert deliver(orders_shop, "order.created", "1")[:2] == (202, "held")
    stage.save(orders_shop, deleted_at=stage.now)
    assert deliver(orders_shop, "order.created", "1")[:2] == (404, "rejected")


def test_a_body_over_the_limit_is_413_before_its_signature_is_looked_at(
    stage: Stage, orders_shop: Channel, settings: Settings
) -> None:
    settings.OMSAUTO_WEBHOOK_MAX_BODY = 100
    assert post(orders_shop, {"x-signature": "wrong"}, b"x" * 101) == (413, "rejected", None)
    assert post(orders_shop, {"x-signature": "wrong"}, b"x" * 100)[0] == 401


class PingedShop(platform.TestShop):
    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        return body == b"webhook_id=7"


def test_a_set_up_ping_changes_nothing(
    stage: Stage, orders_shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONNECTORS, "test_shop", PingedShop)
    deliver(orders_shop, "order.created", "1000")
    for _ in range(2):
        post(orders_shop, {"x-signature": "wrong"}, b"{}")
        assert post(orders_shop, {}, b"webhook_id=7") == (200, "ping", None)
    orders_shop.refresh_from_db()
    assert orders_shop.rejected_signatures == 2
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    "tamper",
    [
        lambda headers, body: ({}, body),
        lambda headers, body: ({"x-signature": ""}, body),
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: ({"x-signature": headers["x-signature"][:-1]}, body),
    ],
)
def test_a_bad_or_missing_signature_is_401_and_stores_nothing(
    stage: Stage, orders_shop: Channel, tamper: Callable[..., tuple[dict[str, str], bytes]]
) -> None:
    answer = post(orders_shop, *tamper(*platform.deliver("order.created", "1000")))
    assert answer == (401, "rejected", None)
    assert not Event.objects.exists()


def test_a_signed_body_that_does_not_parse_is_400_and_counts_as_a_good_signature(
    stage: Stage, orders_shop: Channel
) -> None:
    body = b"not json"
    assert post(orders_shop, {"x-signature": platform._sign(body)}, body) == (
        400,
        "rejected",
        None,
    )
    orders_shop.refresh_from_db()
    assert orders_shop.signed_at == stage.now


def test_a_repeated_delivery_is_200_duplicate_and_runs_once(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    first = deliver(orders_shop, "order.created", "1000", number=7)
    assert deliver(orders_shop, "order.created", "1000", number=7) == (200, "duplicate", first[2])
    stage.work()
    assert deliver(orders_shop, "order.created", "1000", number=7)[:2] == (200, "duplicate")
    event = Event.objects.get()
    assert (event.duplicates, event.status) == (2, EventStatus.DONE)
    assert Run.objects.count() == 1
    assert stage.work() == []


def test_a_duplicate_opens_no_batch_of_its_own(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    deliver(orders_shop, "order.created", "1000", number=7)
    stage.work()
    deliver(orders_shop, "order.created", "1000", number=7)
    assert [run.status for run in Run.objects.all()] == ["succeeded"]


def test_a_duplicate_of_a_failed_event_sets_it_waiting_again(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    deliver(orders_shop, "order.created", "1000", number=7)
    shopfloor.fail(Permanent("refused"))
    stage.work()
    event = Event.objects.get()
    assert event.status == EventStatus.FAILED
    assert deliver(orders_shop, "order.created", "1000", number=7)[:2] == (200, "duplicate")
    event.refresh_from_db()
    assert event.status == EventStatus.WAITING
    stage.work()
    event.refresh_from_db()
    assert event.status == EventStatus.DONE


def test_the_same_delivery_on_another_channel_is_no_duplicate(
    stage: Stage, orders_shop: Channel, warehouse: Channel
) -> None:
    stage.save(warehouse, mode="webhook")
    assert deliver(orders_shop, "order.created", "1", number=7)[0] == 202
    assert deliver(warehouse, "shipment.updated", "1", number=7)[0] == 202


def test_duplicates_are_known_for_at_least_seven_days(
    stage: Stage, orders_shop: Channel, settings: Settings
) -> None:
    settings.OMSAUTO_EVENT_RETENTION_DAYS = 1
    deliver(orders_shop, "order.created", "1000", number=7)
    stage.work()
    stage.wait(days=7)
    assert maintenance.forget_old_events(stage.now) == 0
    assert deliver(orders_shop, "order.created", "1000", number=7)[1] == "duplicate"
    stage.wait(seconds=1)
    assert maintenance.forget_old_events(stage.now) == 1


def test_events_that_have_not_ended_are_never_forgotten(stage: Stage, orders_shop: Channel) -> None:
    stage.save(orders_shop, enabled=False)
    deliver(orders_shop, "order.created", "1000")
    assert maintenance.forget_old_events(stage.wait(days=400).now) == 0


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"enabled": False}, "the channel is disabled"),
        ({"mode": "recurring"}, "its job does not show the webhook row"),
        ({"mode": "recurring_by_id"}, "its job does not show the webhook row"),
    ],
)
def test_an_event_that_starts_nothing_now_is_held_and_says_why(
    stage: Stage, orders_shop: Channel, spoil: dict[str, Any], reason: str
) -> None:
    stage.save(orders_shop, **spoil)
    status, said, number = deliver(orders_shop, "order.created", "1000")
    assert (status, said) == (202, "held")
    event = Event.objects.get()
    assert (event.pk, event.reason) == (number, reason)


def test_an_event_of_a_disabled_account_is_held(stage: Stage, orders_shop: Channel) -> None:
    configure.apply(stage.account, Change(account={"enabled": False}), stage.now)
    assert deliver(orders_shop, "order.created", "1000")[:2] == (202, "held")
    assert Event.objects.get().reason == "the account is disabled"


def test_events_without_a_mapping_or_with_one_switched_off_are_ignored(
    stage: Stage, orders_shop: Channel
) -> None:
    assert deliver(orders_shop, "order.paid", "1000")[:2] == (202, "ignored")
    mapping = orders_shop.mappings.get(topic="order.created")
    configure.apply(stage.account, Change(mappings={mapping.pk: {"enabled": False}}), stage.now)
    assert deliver(orders_shop, "order.created", "1000")[:2] == (202, "ignored")
    assert [event.reason for event in Event.objects.order_by("pk")] == [
        "no mapping",
        "its mapping is switched off",
    ]
    assert not Run.objects.exists()


def test_a_database_that_is_away_is_503_and_leaves_a_mark_until_it_is_back(
    stage: Stage, orders_shop: Channel
) -> None:
    with database_away():
        assert deliver(orders_shop, "order.created", "1000") == (503, "rejected", None)
        assert blind._mark().exists()
        with pytest.raises(OperationalError):
            blind.watch_web(stage.now)
        assert blind._mark().exists(), "the mark outlives a look without a database"
    assert blind.watch_web(stage.now)
    assert not blind._mark().exists()
    assert stage.job(orders_shop).emergency_state == "degraded"


class FaultyShop(platform.TestShop):
    def parse(self, headers: Mapping[str, str], body: bytes) -> Any:
        raise ZeroDivisionError


def test_a_fault_of_ours_is_503_never_4xx(
    stage: Stage, orders_shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONNECTORS, "test_shop", FaultyShop)
    assert deliver(orders_shop, "order.created", "1000")[:2] == (503, "rejected")


def test_secrets_that_cannot_be_read_are_our_fault_and_no_rejected_signature(
    stage: Stage, orders_shop: Channel
) -> None:
    deliver(orders_shop, "order.created", "1000")
    Channel.objects.filter(pk=orders_shop.pk).update(secrets_encrypted="of-another-key")
    for _ in range(3):
        assert deliver(orders_shop, "order.created", "1000")[:2] == (503, "rejected")
    orders_shop.refresh_from_db()
    assert orders_shop.rejected_signatures == 0
    assert stage.job(orders_shop).emergency_state == "degraded"
    assert not blind._mark().exists(), "other channels hear well"


def test_only_post_is_taken(stage: Stage, orders_shop: Channel) -> None:
    assert Client().get(orders_shop.webhook_path).status_code == 405


def test_headers_are_kept_up_to_a_bound(stage: Stage, orders_shop: Channel) -> None:
    headers, body = platform.deliver("order.created", "1000")
    noise = {f"x-noise-{number}": "n" * 1000 for number in range(40)}
    assert post(orders_shop, {**headers, **noise}, body)[0] == 202
    kept = Event.objects.get().headers
    assert sum(len(name) + len(value) for name, value in kept.items()) <= 16_384
