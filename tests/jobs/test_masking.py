"""What of a delivery's headers is shown."""

from __future__ import annotations

import pytest

from jobs.masking import masked


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
