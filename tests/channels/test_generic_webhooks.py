"""Deliveries to the generic connectors: signature, topic and ids by the operator's paths."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.connectors.base import BadDelivery, BadSignature, Delivery
from channels.connectors.generic import GenericShop
from tests.claims.on_http import signed
from tests.http_platform import ADDRESS, SECRET

HEADERS = {"webhook-id": "msg_1"}


def parse(
    body: Any, headers: dict[str, str] | None = None, *, of: Any = None, **settings: Any
) -> Delivery:
    connector = GenericShop({"url": ADDRESS, **settings}, {}, id_paths=of)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return connector.parse(HEADERS if headers is None else headers, raw)


def event(external_id: Any, topic: Any = "order.created") -> dict[str, Any]:
    return {"type": topic, "data": {"id": external_id}}


def verify(headers: dict[str, str], body: bytes, secret: str = SECRET, **settings: Any) -> None:
    connector = GenericShop({"url": ADDRESS, **settings}, {"webhook_secret": secret})
    connector.verify(headers, body, datetime.now(UTC))


def test_a_delivery_is_known_by_its_webhook_id() -> None:
    assert parse(event("a-7")) == Delivery("msg_1", "order.created", "msg_1", ("a-7",))


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (7, ("7",)),
        (0, ("0",)),
        ("7", ("7",)),
        (["a", 2, "a"], ("a", "2")),
        ("x" * 120, ("x" * 120,)),
    ],
)
def test_ids_are_texts_numbers_or_a_list(given: Any, ids: tuple[str, ...]) -> None:
    assert parse(event(given)).entities == ids


def test_a_path_may_lead_to_several_ids() -> None:
    body = {"type": "order.created", "orders": [{"no": 1}, {"no": 2}]}
    assert parse(body, id_path="$.orders[*].no").entities == ("1", "2")


def test_topic_and_id_stand_where_the_settings_say() -> None:
    body = {"meta": {"what": "order.created"}, "order": {"ref": "A1"}}
    found = parse(body, topic_path="$.meta.what", id_path="$.order.ref")
    assert (found.topic, found.entities) == ("order.created", ("A1",))


def test_a_mapping_has_its_own_id_path() -> None:
    paths = {"invoice.paid": "$.order_no", "order.created": ""}
    assert parse({"type": "invoice.paid", "order_no": 9}, of=paths).entities == ("9",)
    assert parse(event("a"), of=paths).entities == ("a",)


def test_a_topic_that_nobody_mapped_need_not_name_a_record() -> None:
    assert parse({"type": "newsletter.sent"}).entities == ()
    assert parse({"type": "newsletter.sent", "data": {"id": None}}).entities == ()
    assert parse({"type": "order.created"}, of={"order.updated": ""}).entities == ()
    with pytest.raises(BadDelivery, match="leads to no id"):
        parse({"type": "invoice.paid"}, of={"invoice.paid": ""})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\xff", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ([], "leads to 0 values"),
        ({"type": 5, "data": {"id": 1}}, "Topic path"),
        (event(1, "x" * 101), "Topic path"),
        (event(1, "a\nb"), "characters that no name has"),
        (event(None), "Id path"),
        (event(True), "Id path"),
        (event(1.5), "Id path"),
        (event({"a": 1}), "Id path"),
        (event(""), "Id path"),
        (event("x" * 121), "Id path"),
        (event(10**200), "Id path"),
        (event([]), "no id"),
        (event([[1]]), "Id path"),
        (event(list(range(1001))), "names 1001"),
        (b'{"type": "order.created", "data": {"id": "\\ud800"}}', "characters that no name has"),
    ],
)
def test_a_body_that_cannot_be_understood_says_why(body: Any, sentence: str) -> None:
    with pytest.raises(BadDelivery, match=sentence):
        parse(body)


@pytest.mark.parametrize("name", ["topic_path", "id_path"])
@pytest.mark.parametrize("path", ["type", "$..id", "$[?@.a]", "$["])
def test_a_path_that_is_none_makes_the_delivery_unreadable(name: str, path: str) -> None:
    settings: dict[str, Any] = {name: path}
    with pytest.raises(BadDelivery, match="cannot be used"):
        parse(event(1), HEADERS, of=None, **settings)


def test_a_signed_delivery_needs_its_id() -> None:
    with pytest.raises(BadDelivery, match="webhook-id"):
        parse(event(1), {})


def test_a_standard_webhooks_signature_is_asked_for() -> None:
    sent = signed("order.created", "a-7")
    verify(sent.headers, sent.body)
    with pytest.raises(BadSignature):
        verify(sent.headers, sent.body + b" ")
    with pytest.raises(BadSignature):
        verify(sent.headers, sent.body, "whsec_b3RoZXI=")
    with pytest.raises(BadSignature, match="no webhook secret"):
        verify(sent.headers, sent.body, "")
    with pytest.raises(BadSignature):
        verify({}, sent.body)
    late = str(int((datetime.now(UTC) - timedelta(minutes=6)).timestamp()))
    with pytest.raises(BadSignature):
        verify({**sent.headers, "webhook-timestamp": late}, sent.body)


def test_trap_13_an_unsigned_delivery_is_taken_where_the_channel_says_so() -> None:
    verify({}, b"{}", "", signature="none")
    assert GenericShop.needs_webhook_secret({})
    assert not GenericShop.needs_webhook_secret({"signature": "none"})


def test_unsigned_deliveries_that_look_alike_are_two() -> None:
    first, second = (parse(event(1), {}, signature="none") for _ in range(2))
    assert first.key != second.key
    assert (first.delivery_id, first.entities) == ("", ("1",))


def test_an_unsigned_delivery_with_an_id_is_known_by_it() -> None:
    assert parse(event(1), HEADERS, signature="none").key == "msg_1"
