"""Deliveries taken together: the same rows as one by one, and whatever is unusual left alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import batches, configure, gate, intake
from jobs.change import Change
from jobs.execute import execute
from jobs.intake_group import Asked, Group
from jobs.models import Event, EventStatus, Job, Run
from jobs.webhook_door import taker
from oms.models import Order
from omsauto.front import Front
from tests import builders
from tests.jobs import platform
from tests.jobs.stage import START
from tests.jobs.together import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
Sent = tuple[dict[str, str], bytes]
COMPARED = ("job_id", "run_id", "topic", "received_at", "status", "reason", "entity", "duplicates")


@pytest.fixture
def account(transactional_db: None, shopfloor: platform.Platform) -> Account:
    made = Account.objects.create(name="Brand", timezone="UTC", automatic_workflow=False)
    builders.product(made, "MUG")
    return made


@pytest.fixture
def shop(account: Account) -> Channel:
    made = create_channel(account, "test_shop", "Shop", START, settings={"url": "http://platform"})
    configure.reconcile(account, START)
    save(account, made, mode="webhook")
    Channel.objects.filter(pk=made.pk).update(signed_at=START)
    return Channel.objects.select_related("account").get(pk=made.pk)


def save(account: Account, channel: Channel, **values: Any) -> None:
    configure.apply(account, Change(channels={channel.pk: values}), START)


@pytest.fixture
def batch(shop: Channel) -> Run:
    """Open, and due at once; a first event waits in it."""
    intake.receive(shop, *platform.deliver("order.created", "1000"), START)
    return Run.objects.get()


@pytest.fixture
def group() -> Iterator[Group]:
    """Working in a thread of its own, whose connection ends with the test."""
    made = Group()
    made.start()
    yield made
    made.stop()


def take(group: Group, shop: Channel, sent: Sent) -> intake.Receipt | None:
    return take_all(group, shop, [sent])[0]


def take_all(group: Group, shop: Channel, sent: list[Sent]) -> list[intake.Receipt | None]:
    """At once, as one web process has them."""

    async def together() -> list[intake.Receipt | None]:
        asked = [group.take(shop.webhook_token, *one, START) for one in sent]
        return await asyncio.gather(*asked)

    return in_a_loop(together())


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: a browser's tests leave a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_an_event_taken_together_is_stored_like_one_taken_alone(
    shop: Channel, batch: Run, group: Group
) -> None:
    headers, body = platform.deliver("order.created", "1001", "1002")
    receipt = take(group, shop, ({**headers, "cookie": "a=b"}, body))
    alone, together = Event.objects.order_by("pk")
    assert receipt == intake.Receipt(202, "waiting", together.pk)
    same = {name: getattr(alone, name) for name in COMPARED}
    assert {name: getattr(together, name) for name in COMPARED} == {**same, "entity": "1001"}
    assert together.entities == ["1001", "1002"]
    assert bytes(together.body) == body
    assert together.headers == {**headers, "cookie": "(not kept)"}
    assert together.delivery_id == together.delivery_key == json.loads(body)["id"]


def test_many_at_once_each_get_the_id_of_their_own_event(
    shop: Channel, batch: Run, group: Group
) -> None:
    sent = [platform.deliver("order.created", str(2000 + number)) for number in range(60)]
    receipts = take_all(group, shop, sent)
    for (_headers, body), receipt in zip(sent, receipts, strict=True):
        assert receipt
        event = Event.objects.get(pk=receipt.event or 0)
        assert (event.run_id, bytes(event.body)) == (batch.pk, body)
    assert Event.objects.count() == 61


def test_the_first_event_of_a_batch_is_left(shop: Channel, group: Group) -> None:
    assert take(group, shop, platform.deliver("order.created", "1")) is None
    assert not Event.objects.exists()


def test_what_is_not_plain_is_left(shop: Channel, batch: Run, group: Group) -> None:
    headers, body = platform.deliver("order.created", "1")
    twin = platform.deliver("order.created", "1000", number=7)
    assert take(group, shop, twin)
    left = {
        "forged": ({"x-signature": "0" * 64}, body),
        "changed": (headers, body + b" "),
        "duplicate": twin,
        "no topic": platform.deliver("nobody.knows", "1"),
        "another job, without a batch": platform.deliver("order.updated", "1"),
    }
    assert {name: take(group, shop, sent) for name, sent in left.items()} == dict.fromkeys(left)
    shop.webhook_token = "nobody"
    assert take(group, shop, (headers, body)) is None
    assert Event.objects.count() == 2


def test_the_same_delivery_twice_in_one_transaction_is_stored_once(
    shop: Channel, batch: Run
) -> None:
    headers, body = platform.deliver("order.created", "1")
    group = Group()
    asked = [Asked(shop.webhook_token, headers, body, START) for _ in range(3)]
    group.commit(asked)
    assert sorted(one.event is not None for one in asked) == [False, False, True]
    assert Event.objects.count() == 2


def test_one_that_cannot_be_stored_fails_no_neighbour(
    shop: Channel, batch: Run, group: Group
) -> None:
    bad = platform.deliver("order.created", "nul\x00")
    good = [platform.deliver("order.created", str(number)) for number in range(5)]
    receipts = take_all(group, shop, [bad, *good])
    assert receipts[0] is None
    for sent, receipt in zip(good, receipts[1:], strict=True):
        taken = receipt or intake.receive(shop, *sent, START)
        assert taken.http == 202
    assert Event.objects.count() == 6


@pytest.mark.parametrize(
    "changed", [{"signed_at": None}, {"rejected_signatures": 1}, {"deleted_at": START}]
)
def test_a_changed_channel_is_known_at_once(
    shop: Channel, batch: Run, group: Group, changed: dict[str, Any]
) -> None:
    assert take(group, shop, platform.deliver("order.created", "1"))
    Channel.objects.filter(pk=shop.pk).update(**changed)
    assert take(group, shop, platform.deliver("order.created", "2")) is None
    assert take(group, shop, platform.deliver("order.created", "2")) is None
    Channel.objects.filter(pk=shop.pk).update(
        signed_at=START, rejected_signatures=0, deleted_at=None
    )
    assert take(group, shop, platform.deliver("order.created", "3"))


def test_a_batch_due_later_than_the_event_is_left(shop: Channel, batch: Run, group: Group) -> None:
    Run.objects.filter(pk=batch.pk).update(not_before=START + timedelta(minutes=1))
    assert take(group, shop, platform.deliver("order.created", "1")) is None
    Job.objects.filter(pk=batch.job_id).update(webhook_delay_minutes=1)
    assert take(group, shop, platform.deliver("order.created", "1"))


def test_while_somebody_closes_the_gate_events_are_left(
    shop: Channel, batch: Run, group: Group
) -> None:
    with transaction.atomic():
        gate.close(batch.job_id)
        assert take(group, shop, platform.deliver("order.created", "1")) is None
    assert take(group, shop, platform.deliver("order.created", "1"))


def test_a_claimed_batch_is_left(shop: Channel, batch: Run, group: Group) -> None:
    assert execute(batch.pk, lambda: START)
    assert take(group, shop, platform.deliver("order.created", "1")) is None


def test_a_database_that_goes_away_is_found_again(shop: Channel, batch: Run, group: Group) -> None:
    assert take(group, shop, platform.deliver("order.created", "1"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert take(group, shop, platform.deliver("order.created", "2")) is None
    assert take(group, shop, platform.deliver("order.created", "3"))


def taken(group: Group, shop: Channel, sent: Sent) -> bool:
    """As the door does it: together, else alone."""
    receipt = take(group, shop, sent) or intake.receive(shop, *sent, START)
    return receipt.http == 202


def test_workers_against_deliveries_taken_together_lose_none(
    shop: Channel, batch: Run, group: Group, shopfloor: platform.Platform
) -> None:
    for number in range(120):
        shopfloor.place(START, str(1000 + number))
    sent = [platform.deliver("order.created", str(1001 + number)) for number in range(119)]

    def worker() -> int:
        done = 0
        for _ in range(40):
            due = Run.objects.filter(status="queued").values_list("pk", flat=True)
            done += sum(execute(run, lambda: START) for run in list(due))
        return done

    def platform_sends(part: int) -> int:
        return sum(taken(group, shop, one) for one in sent[part::4])

    at_once(worker, worker, *[partial(platform_sends, part) for part in range(4)])
    while worker():
        pass
    assert Event.objects.exclude(status=EventStatus.DONE).count() == 0
    assert Order.objects.count() == 120
    assert not Run.objects.exclude(status="succeeded").exists()


def test_a_save_against_deliveries_taken_together_leaves_none_behind(
    account: Account, shop: Channel, group: Group
) -> None:
    def operator() -> None:
        for _ in range(6):
            save(account, shop, enabled=False)
            save(account, shop, enabled=True)

    sent = [platform.deliver("order.created", "1000") for _ in range(80)]

    def platform_sends(part: int) -> int:
        return sum(taken(group, shop, one) for one in sent[part::4])

    answers = at_once(operator, *[partial(platform_sends, part) for part in range(4)])
    assert sum(answer or 0 for answer in answers) == 80
    save(account, shop, enabled=True)
    for job in Job.objects.filter(channel=shop).select_related("channel"):
        batches.replay_held(job, START)
    waiting = Event.objects.filter(status=EventStatus.WAITING)
    assert waiting.count() == 80, "none is held while the job listens"
    assert set(waiting.values_list("run__status", flat=True)) == {"queued"}


# --- The door in front of Django -----------------------------------------------------------------


@pytest.fixture
def front(group: Group) -> Front:
    return Front(get_wsgi_application(), 2, settings.OMSAUTO_WEBHOOK_MAX_BODY, taker(group))


def knock(front: Front, path: str, sent: Sent) -> tuple[int, dict[str, Any]]:
    """A request through the whole web process: the answer's status and JSON."""
    headers, body = sent
    named = {**headers, "content-type": "application/json", "content-length": str(len(body))}
    scope = {
        "type": "http", "http_version": "1.1", "scheme": "http", "method": "POST", "path": path,
        "query_string": b"", "headers": [(k.encode(), v.encode()) for k, v in named.items()],
    }  # fmt: skip
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    in_a_loop(front(scope, receive, send))
    return said[0]["status"], json.loads(said[1]["body"])


def test_the_door_answers_what_is_taken_together_like_the_view(
    shop: Channel, batch: Run, front: Front
) -> None:
    said = knock(front, shop.webhook_path, platform.deliver("order.created", "1"))
    event = Event.objects.order_by("pk").last()
    assert event
    assert said == (202, {"event": event.pk, "status": "waiting"})
    assert set(event.headers) == {"x-signature", "content-type", "content-length"}


@pytest.mark.parametrize(
    ("path", "headers", "http", "status"),
    [
        ("", {}, 202, "waiting"),
        ("", {"x-signature": "0" * 64}, 401, "rejected"),
        ("", {"content-encoding": "gzip"}, 415, "rejected"),
        ("/webhooks/nobody/", {}, 404, "rejected"),
    ],
)
def test_what_the_group_leaves_goes_through_the_view(
    shop: Channel, front: Front, path: str, headers: dict[str, str], http: int, status: str
) -> None:
    own, body = platform.deliver("order.created", "1")
    answer, said = knock(front, path or shop.webhook_path, ({**own, **headers}, body))
    assert (answer, said["status"]) == (http, status)
