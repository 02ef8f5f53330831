"""Messages on their way: to real receivers, to broken ones, and never inside."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, repeat

import pytest
from django.core import mail
from pytest_django.fixtures import Settings

from accounts.models import HistoryEntry, Role
from notifications import addresses, outbox, saving, sending
from notifications.messages import test_message as message_to_try
from notifications.models import Delivery, DeliveryStatus, Destination
from notifications.sending import Message, send
from tests import builders
from tests.notifications.conftest import Watched, address_of
from tests.scripted_server import HEAD, scripted
from tests.webhook_receiver import WebhookReceiver

DEAD = "json://127.0.0.1:9/hush-hush"
"""Nothing listens on the discard port."""


@pytest.fixture
def refusing() -> Iterator[WebhookReceiver]:
    with WebhookReceiver([500] * 50) as made:
        yield made


@pytest.fixture
def log() -> Iterator[list[str]]:
    """All that the program's own handlers would write, whatever its level."""
    lines: list[str] = []
    handler, root = logging.Handler(logging.DEBUG), logging.getLogger()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(level)
    root.removeHandler(handler)


def message(brand: Watched) -> Message:
    return message_to_try(brand.account, "Team chat")


def test_a_message_arrives_with_its_words(brand: Watched) -> None:
    assert send(brand.destination(), message(brand)) == ""
    (got,) = brand.receiver.received
    said = json.loads(got.body)
    assert said["title"] == "Tea & Co: test of Team chat"
    assert said["type"] == "info"


def test_a_refusal_is_told_without_the_secret(brand: Watched, refusing: WebhookReceiver) -> None:
    error = send(brand.destination(address=address_of(refusing)), message(brand))
    assert "500" in error
    assert "hush-hush" not in error


def test_a_private_address_is_not_called_unless_allowed(brand: Watched, settings: Settings) -> None:
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = False
    error = send(brand.destination(), message(brand))
    assert "private host" in error
    assert brand.receiver.received == []
    assert socket.getaddrinfo("127.0.0.1", 80), "nothing else is guarded"


def test_a_redirect_is_not_followed(brand: Watched) -> None:
    with WebhookReceiver([302]) as elsewhere:
        assert send(brand.destination(address=address_of(elsewhere)), message(brand)) != ""
        assert len(elsewhere.received) == 1


def json_address(url: str) -> str:
    return url.replace("http://", "json://") + "hush-hush"


def test_an_answer_that_never_ends_is_cut(brand: Watched) -> None:
    endless = chain([HEAD, b"\r\n"], repeat(b"x" * 65536))
    with scripted(endless) as url:
        begun = time.monotonic()
        assert send(brand.destination(address=json_address(url)), message(brand)) != ""
    assert time.monotonic() - begun < 10


def test_an_answer_that_unpacks_to_gigabytes_is_cut(brand: Watched) -> None:
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(100)) + packer.flush()
    with scripted([HEAD, b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n", bomb]) as url:
        assert send(brand.destination(address=json_address(url)), message(brand)) != ""


def test_an_answer_that_drips_holds_no_thread_when_its_time_is_over(
    brand: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each piece comes before the time-out of a single read."""
    monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.5)
    hung_up = threading.Event()

    def drip() -> Iterator[bytes]:
        yield HEAD
        try:
            yield from repeat(b"X-More: and more\r\n")
        finally:
            hung_up.set()

    with scripted(drip(), wait=0.02) as url:
        error = send(brand.destination(address=json_address(url)), message(brand))
        assert "did not answer within" in error
        assert hung_up.wait(5), "the connection was cut"


def test_a_destination_that_is_broken_holds_up_no_other(
    brand: Watched, refusing: WebhookReceiver
) -> None:
    brand.rule(
        brand.destination("A broken one", address_of(refusing)),
        brand.destination("B dead one", DEAD),
        brand.destination("C good one"),
    )
    brand.fail()
    assert brand.later() == 1
    assert brand.told() == ["Tea & Co: Shop: A job fails"]
    broken, dead, good = Destination.objects.order_by("name")
    assert [broken.last_ok, dead.last_ok, good.last_ok] == [False, False, True]


def test_a_failed_message_is_tried_again_with_growing_waits(brand: Watched) -> None:
    with WebhookReceiver([500, 500]) as once_ill:
        brand.rule(brand.destination(address=address_of(once_ill)))
        brand.fail()
        sent = [brand.later() for _minute in range(6)]
        assert len(once_ill.received) == 3
    assert sent == [0, 0, 0, 1, 0, 0]
    (delivery,) = brand.deliveries()
    assert (delivery.status, delivery.attempts, delivery.error) == (DeliveryStatus.SENT, 3, "")


def test_a_message_is_given_up_after_its_last_attempt(
    brand: Watched, refusing: WebhookReceiver
) -> None:
    brand.rule(brand.destination(address=address_of(refusing)))
    brand.fail()
    for _attempt in range(15):
        brand.later(61)
    assert len(refusing.received) == outbox.MOST_ATTEMPTS
    (delivery,) = brand.deliveries()
    assert delivery.status == DeliveryStatus.FAILED
    assert "500" in delivery.error


def test_waits_grow_to_an_hour() -> None:
    minutes = [outbox.wait_after(attempts) / timedelta(minutes=1) for attempts in (1, 2, 3, 7, 9)]
    assert minutes == [1, 2, 4, 60, 60]


def test_a_message_whose_pass_died_is_sent_by_a_later_one(brand: Watched) -> None:
    brand.rule()
    brand.fail()
    Destination.objects.update(enabled=True)
    brand.later()
    Delivery.objects.update(
        status=DeliveryStatus.WAITING, attempts=1, next_attempt_at=brand.now + outbox.CLAIM
    )
    assert [brand.later(4), brand.later(1)] == [0, 1]


@pytest.mark.parametrize(
    ("kind", "reached"),
    [
        ("admins", {"admin@example.com"}),
        ("operators", {"admin@example.com", "operator@example.com"}),
        ("members", {"admin@example.com", "operator@example.com", "viewer@example.com"}),
    ],
)
def test_members_are_reached_by_e_mail(brand: Watched, kind: str, reached: set[str]) -> None:
    for role in Role:
        builders.user(f"{role}@example.com", of=brand.account, role=role)
    gone = builders.user("gone@example.com", of=brand.account)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    builders.user("stranger@example.com", of=builders.account("Other"))
    made = Destination.objects.create(account=brand.account, name="Mail", kind=kind)
    assert send(made, message(brand)) == ""
    (sent,) = mail.outbox
    assert set(sent.to) == reached


def test_e_mail_to_nobody_says_so(brand: Watched) -> None:
    made = Destination.objects.create(account=brand.account, name="Mail", kind="admins")
    assert "Nobody has this role" in send(made, message(brand))


@pytest.mark.parametrize(
    "address",
    [
        "syslog://",
        "dbus://",
        "macosx://",
        "windows://",
        "gnome://",
        "file:///etc/passwd",
        "slack://token-a/token-b/token-c?template=/etc/passwd",
        "mailto://me:pw@example.com?pgpprv=/etc/key",
        "https://example.com/page",
        "json://[bad/",
        "no address",
        "json://example.com/" + "x" * 1000,
    ],
)
def test_an_address_that_must_not_be_taken_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(addresses.BadAddress) as refused:
        addresses.open_address(address)
    assert address not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "Discord"),
        ("tgram://123456789:abcdefghijklmnop_abcdefghijklmnop/12315544", "Telegram"),
        ("opsgenie://abcd1234", "Opsgenie"),
        ("jsons://example.com/path", "JSON"),
        ("mailtos://user:pw@example.com?smtp=smtp.example.com&to=you@example.com", "E-Mail"),
    ],
)
def test_usual_addresses_are_known(address: str, service: str) -> None:
    assert addresses.service_name(addresses.open_address(address)) == service


def test_the_secret_is_in_no_row_history_or_log(
    brand: Watched, refusing: WebhookReceiver, log: list[str]
) -> None:
    actor = builders.user(of=brand.account)
    values = {"name": "Chat", "kind": "address", "enabled": True, "address": address_of(refusing)}
    saved = saving.save_destination(Destination(account=brand.account), values, brand.now, actor)
    brand.rule(saved)
    brand.fail()
    brand.later()
    saving.try_destination(saved, brand.now)
    saving.save_destination(saved, {"address": DEAD}, brand.now, actor)
    saving.delete_destination(Destination.objects.get(), brand.now, actor)
    stored = [str(list(model.objects.values())) for model in (Destination, Delivery, HistoryEntry)]
    assert "hush-hush" not in "".join(stored + log)
    logging.getLogger("notifications.outbox").debug("the log is listened to")
    assert log[-1] == "the log is listened to"
    subjects = [entry.subject for entry in HistoryEntry.objects.order_by("pk")]
    assert subjects == ["destination Chat created", "destination Chat", "destination Chat deleted"]


def test_without_mail_nobody_is_said_to_be_told(brand: Watched, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    admins = Destination.objects.create(account=brand.account, name="Admins", kind="admins")
    assert "No e-mail is set up on this installation" in saving.try_destination(admins, brand.now)
    assert Delivery.objects.get().status == DeliveryStatus.FAILED


def test_a_test_with_long_names_is_kept(brand: Watched) -> None:
    brand.account.name = "A" * 120
    brand.account.save()
    to = brand.destination("D" * 80)
    assert saving.try_destination(to, brand.now) == ""
    assert len(Delivery.objects.get().title) == 200
