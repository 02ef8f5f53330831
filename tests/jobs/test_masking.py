"""What of a delivery's headers and of a platform's words is shown."""

from __future__ import annotations

import pytest

from jobs.masking import masked, without_secrets


@pytest.mark.parametrize(
    "name",
    [
        "authorization", "cookie", "x-wc-webhook-signature", "webhook-signature",
        "x-shopify-hmac-sha256", "x-api-key", "x_access_key", "X-Auth-Token", "x-csrf-token",
    ],
)  # fmt: skip
def test_credentials_and_signatures_are_hidden(name: str) -> None:
    assert masked({name: "abcdef"}) == {name: "(hidden, 6 characters)"}


@pytest.mark.parametrize(
    "name", ["webhook-id", "x-wc-webhook-topic", "content-type", "idempotency-key", "user-agent"]
)
def test_what_an_operator_needs_is_shown(name: str) -> None:
    assert masked({name: "abcdef"}) == {name: "abcdef"}


def test_what_was_not_kept_says_so_and_names_are_in_order() -> None:
    shown = masked({"b": "1", "authorization": "(not kept)"})
    assert list(shown.items()) == [("authorization", "(not kept)"), ("b", "1")]


SECRETS = {"key": "ck_1/2+3", "secret": "cs_a b&c", "short": "t"}


@pytest.mark.parametrize(
    "said",
    [
        "401: the key ck_1/2+3 is not known",
        "GET https://shop.example/?key=ck_1%2F2%2B3 timed out",
        "GET https://shop.example/?secret=cs_a+b%26c timed out",
        "the header was Basic Y2tfMS8yKzM6Y3NfYSBiJmM=",
    ],
)
def test_a_secret_that_a_platform_quotes_is_hidden_in_every_form(said: str) -> None:
    hidden = without_secrets(said, SECRETS)
    assert "(hidden)" in hidden
    assert not any(part in hidden for part in ("ck_1", "cs_a", "Y2tf"))


def test_what_is_no_secret_is_told_as_it_was() -> None:
    said = "401: that is not the right one"
    assert without_secrets(said, SECRETS) == said
