"""Whatever is delivered, with or without a right signature: no fault of ours, and no forgery."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count

import pytest
import time_machine
from django.test import Client
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.models import Account
from channels.connectors.registry import CONNECTORS
from jobs.models import Event, Job
from tests import builders
from tests.builders import NOW
from tests.fuzz.nasty import ODD_BODIES, bodies, fuzzed, one_byte_changed, values, written
from tests.fuzz.platforms import SIGNING, SILENT, Listening, known, listening

VISIBLE = bytes(range(0x20, 0x7F))
LATIN = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=300
)
"""What a header's value can be on its way through the server."""

pytestmark = pytest.mark.django_db


@pytest.fixture
def to(db: None, name: str) -> Iterator[Listening]:
    platform = known(name)
    with time_machine.travel(NOW, tick=False):
        yield listening(builders.account(), name, platform)


def post(to: Listening, headers: Mapping[str, str], body: bytes) -> int:
    """The status of a delivery, whose answer has the shape it always has."""
    kind = headers.get("content-type", "application/json")
    response = Client().generic(
        "POST", to.channel.webhook_path, body, content_type=kind, headers=dict(headers)
    )
    said = json.loads(response.content)
    assert set(said) == {"event", "status"}
    stored = response.status_code == 202 or said["status"] == "duplicate"
    assert (said["event"] is not None) == stored
    return response.status_code


def judged(statuses: set[int], status: int) -> None:
    assert status in statuses, status
    doubts = Job.objects.exclude(evidence="").exclude(evidence__contains="signatures in a row")
    assert not doubts.exists(), "no delivery makes us doubt our own intake"


def shown(account: Account) -> None:
    """What was taken can be shown, in the API and on its pages."""
    client = Client()
    client.force_login(builders.user(of=account))
    assert client.get("/api/v1/events/", {"limit": 50}).status_code == 200
    assert client.get(f"/events/?account={account.pk}").status_code == 200
    for event in Event.objects.order_by("-pk")[:5]:
        assert client.get(f"/api/v1/events/{event.pk}/").status_code == 200
        assert client.get(f"/events/{event.pk}/").status_code == 200


@pytest.mark.parametrize("name", SIGNING)
def test_what_is_rightly_signed_is_stored_or_not_understood(name: str, to: Listening) -> None:
    numbers = count()

    @fuzzed()
    @given(body=bodies(to.sample.body), topic=LATIN | st.just(""), number=LATIN | st.none())
    def deliver(body: bytes, topic: str, number: str | None) -> None:
        named = f"n-{next(numbers)}" if number is None else number
        judged({200, 202, 400, 401, 413}, post(to, to.signed(body, named, topic), body))

    for body in ODD_BODIES:
        judged({200, 202, 400, 401, 413}, post(to, to.signed(body, "odd"), body))
    deliver()
    shown(to.channel.account)


@pytest.mark.parametrize("name", SIGNING)
def test_the_sample_is_taken_and_one_changed_byte_of_its_body_is_not(
    name: str, to: Listening
) -> None:
    headers = to.signed(to.sample.body, "sample")
    assert post(to, headers, to.sample.body) == 202

    @fuzzed()
    @given(body=one_byte_changed(to.sample.body))
    def forge(body: bytes) -> None:
        assume(body != to.sample.body)
        judged({401}, post(to, headers, body))

    forge()
    assert Event.objects.count() == 1


@pytest.mark.parametrize("name", SIGNING)
def test_one_changed_byte_of_a_signed_header_is_not_taken(name: str, to: Listening) -> None:
    headers = to.signed(to.sample.body, "sample-1")

    @fuzzed()
    @given(data=st.data(), name=st.sampled_from(to.signed_headers))
    def forge(data: st.DataObject, name: str) -> None:
        good = headers[name].encode()
        changed = data.draw(one_byte_changed(good, VISIBLE)).decode().strip()
        assume(changed != headers[name])
        judged({401}, post(to, {**headers, name: changed}, to.sample.body))

    forge()
    assert not Event.objects.exists()


@pytest.mark.parametrize("name", SIGNING)
def test_a_header_that_is_left_out_is_not_taken(name: str, to: Listening) -> None:
    headers = to.signed(to.sample.body, "sample-1")
    for left_out in to.signed_headers:
        rest = {name: value for name, value in headers.items() if name != left_out}
        assert post(to, rest, to.sample.body) == 401


@pytest.mark.parametrize("name", [*SIGNING, *SILENT])
def test_what_anybody_sends_is_refused(name: str, to: Listening) -> None:
    names = st.sampled_from([*to.signed_headers, "content-type", "x-shopify-topic", "x-a"])

    @fuzzed()
    @given(headers=st.dictionaries(names, LATIN, max_size=4), body=values.map(written))
    def send(headers: dict[str, str], body: bytes) -> None:
        judged({401}, post(to, headers, body))

    for body in ODD_BODIES:
        pinged = body == b"webhook_id=15" and name == "woocommerce"
        form = {"content-type": "application/x-www-form-urlencoded"}
        judged({200} if pinged else {401, 413}, post(to, form, body))
    send()
    assert not Event.objects.exists()


def test_every_connector_is_fuzzed() -> None:
    assert {*SIGNING, *SILENT} == set(CONNECTORS)
