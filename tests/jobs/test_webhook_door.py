"""What the door for platforms refuses before or after it looked at a signature, and keeps out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.test import Client

from channels.connectors.base import Delivery
from channels.connectors.woocommerce import WooCommerce
from channels.models import Channel
from jobs import blind, intake
from jobs.models import Event
from tests import builders
from tests.brand import connect
from tests.builders import NOW
from tests.woocommerce_shop import RECORDED_SECRET, signed_delivery

GOOD = Delivery(key="k", topic="order.created", delivery_id="d", entities=("1",))


@pytest.fixture
def shop(db: None) -> Iterator[Channel]:
    secrets = {"consumer_key": "k", "consumer_secret": "s", "webhook_secret": RECORDED_SECRET}
    with time_machine.travel(NOW, tick=False):
        yield connect(builders.account(), connector="woocommerce", secrets=secrets)


def post(shop: Channel, **headers: str) -> int:
    signed, body = signed_delivery("order.created", {"id": 1})
    answer = Client().post(
        shop.webhook_path, body, "application/json", headers={**signed, **headers}
    )
    return answer.status_code


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "GZIP"])
def test_a_packed_delivery_is_refused_after_the_token(shop: Channel, coding: str) -> None:
    """Nothing is unpacked: the signature is of the bytes that travel."""
    assert post(shop, **{"Content-Encoding": coding}) == 415
    unknown = Client().post("/webhooks/x/", headers={"Content-Encoding": coding})
    assert unknown.status_code == 404
    assert post(shop, **{"Content-Encoding": "identity"}) == 202


def test_a_token_that_cannot_be_one_is_no_fault_of_ours(db: None) -> None:
    """A path with NUL is 404: as a 503 anybody could make us believe that we were blind."""
    blind._mark().unlink(missing_ok=True)
    for path in ("/webhooks/%00/", "/webhooks/a%00b/", "/webhooks/%ff/", f"/webhooks/{'a' * 500}/"):
        assert Client().post(path).status_code == 404
    assert not blind._mark().exists()


def test_headers_are_kept_without_what_the_database_refuses(shop: Channel) -> None:
    assert post(shop, **{"X-Odd": "a\x00b", "X-Latin": "\xe9"}) == 202
    kept = Event.objects.get().headers
    assert (kept["x-odd"], kept["x-latin"]) == ("a?b", "\xe9")


@pytest.mark.parametrize(
    "change",
    [
        {"topic": "order\x00"},
        {"topic": "\ud800"},
        {"delivery_id": "a\x00"},
        {"key": "\udfff"},
        {"entities": ("1", "a\x00b")},
        {"entities": ("x" * (intake.LONGEST_ID + 1),)},
        {"entities": ("",)},
        {"entities": tuple(map(str, range(intake.MOST_ENTITIES + 1)))},
    ],
    ids=lambda change: "-".join(change),
)
def test_what_cannot_be_stored_was_not_understood_whichever_connector_read_it(
    shop: Channel, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.setattr(WooCommerce, "parse", lambda *_: replace(GOOD, **change))
    assert post(shop) == 400
    assert not Event.objects.exists()


def test_the_most_that_a_delivery_may_name_is_stored(
    shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tuple(str(number).rjust(intake.LONGEST_ID, "9") for number in range(50))
    monkeypatch.setattr(WooCommerce, "parse", lambda *_: replace(GOOD, entities=names))
    assert post(shop) == 202
