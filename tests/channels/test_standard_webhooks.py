"""Signatures of Standard Webhooks: the scheme's own vector, and secrets in either form."""

from __future__ import annotations

import hmac
from base64 import b64encode
from datetime import UTC, datetime

import pytest
import time_machine

from channels.connectors import standard_webhooks
from channels.connectors.base import BadSignature

# The vector that the scheme's libraries are tested with.
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
SENT = datetime.fromtimestamp(1614265330, UTC)


def accepts(secret: str, headers: dict[str, str] = HEADERS, body: bytes = BODY) -> bool:
    with time_machine.travel(SENT, tick=False):
        try:
            standard_webhooks.verify(secret, headers, body)
        except BadSignature:
            return False
    return True


def signed(key: bytes) -> dict[str, str]:
    content = f"{HEADERS['webhook-id']}.{HEADERS['webhook-timestamp']}.".encode() + BODY
    signature = b64encode(hmac.digest(key, content, "sha256")).decode()
    return {**HEADERS, "webhook-signature": f"v1,{signature}"}


@pytest.mark.parametrize("secret", [SECRET, f"whsec_{SECRET}", f" {SECRET} "])
def test_the_vector_is_accepted_with_and_without_the_prefix(secret: str) -> None:
    assert accepts(secret)


def test_several_signatures_may_stand_in_the_header() -> None:
    both = f"v1,AAAA {HEADERS['webhook-signature']}"

    assert accepts(SECRET, {**HEADERS, "webhook-signature": both})


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "AAAA", "whsec_!", "an-other", "é"])
def test_another_secret_or_none_is_refused(secret: str) -> None:
    assert not accepts(secret)


def test_a_changed_body_is_refused() -> None:
    assert not accepts(SECRET, body=BODY + b" ")


def test_a_plain_text_secret_signs_as_it_is() -> None:
    assert accepts("our-own-secret", signed(b"our-own-secret"))
    assert accepts(SECRET, signed(SECRET.encode()))


def test_what_is_marked_as_base64_is_not_taken_for_plain_text() -> None:
    marked = f"whsec_{SECRET}"

    assert not accepts(marked, signed(marked.encode()))
    assert not accepts(marked, signed(SECRET.encode()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-timestamp", "1614265330.5"),
        ("webhook-timestamp", "01614265330"),
        ("webhook-timestamp", "1_614265330"),
        ("webhook-timestamp", "\u0661614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF="),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3u!FJELVlNIOLJ1OE="),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=="),
    ],
)
def test_another_way_to_write_instant_or_signature_is_refused(name: str, value: str) -> None:
    """The library reads the same from most of them; no sender writes them."""
    assert not accepts(SECRET, {**HEADERS, name: value})
