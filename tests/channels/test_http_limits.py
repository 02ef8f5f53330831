"""What answers say of a platform's limit, in the spellings that are in use."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
import time_machine

from channels.connectors import http
from channels.connectors.base import Limit, Permanent, Transient

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
URL = "https://shop.example/orders"


def limit_of(headers: dict[str, str], status: int = 200) -> Limit | None:
    return http.limit_of(httpx.Response(status, headers=headers))


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        (
            {"RateLimit-Limit": "100", "RateLimit-Remaining": "40", "RateLimit-Reset": "30"},
            Limit(40, 100, 30),
        ),
        (
            {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"},
            Limit(0, 60, 7),
        ),
        ({"X-Rate-Limit-Limit": "60", "X-Rate-Limit-Remaining": "59"}, Limit(59, 60)),
        ({"X-RateLimit-Remaining": "12"}, Limit(12)),
        ({"X-RateLimit-Remaining": "1.5", "X-RateLimit-Limit": "2.0"}, Limit(1.5, 2)),
        ({"X-RateLimit-Remaining": "-3"}, Limit(0)),
        (
            {"RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": "40, 900"},
            Limit(40, 100),
        ),
        ({"RateLimit": '"default";r=50;t=30'}, Limit(50, None, 30)),
        (
            {"RateLimit": '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60'},
            Limit(50, 100, 30),
        ),
        ({"RateLimit": '"burst";r=5;t=1, "day";r=999;t=9999'}, Limit(5, None, 1)),
        ({"RateLimit": "limit=100, remaining=50, reset=5"}, Limit(50, 100, 5)),
    ],
)
def test_spellings_of_a_limit(headers: dict[str, str], limit: Limit) -> None:
    assert limit_of(headers) == limit


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        (str(int(NOW.timestamp()) + 90), 90),
        (str((int(NOW.timestamp()) + 90) * 1000), 90),
        (str(int(NOW.timestamp()) - 90), 0),
        ("Mon, 02 Mar 2026 12:01:30 GMT", 90),
        ("999999999", http.LONGEST_RETRY_AFTER),
        ("2026-03-02T12:01:30Z", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_reset_is_a_wait_an_instant_or_a_date(reset: str, seconds: float | None) -> None:
    with time_machine.travel(NOW, tick=False):
        found = limit_of({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": reset})
    assert found == Limit(1, None, seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-RateLimit-Limit": "100"},
        {"X-RateLimit-Remaining": ""},
        {"X-RateLimit-Remaining": "many"},
        {"X-RateLimit-Remaining": "40%"},
        {"X-RateLimit-Remaining": "nan"},
        {"X-RateLimit-Remaining": "9" * 400},
        {"RateLimit": "nothing=1"},
        {"RateLimit": "r=-5"},
        {"Retry-After": "30"},
    ],
)
def test_what_says_nothing_that_can_be_read(headers: dict[str, str]) -> None:
    assert limit_of(headers) is None


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({}, Limit(0)),
        ({"Retry-After": "30"}, Limit(0, None, 30)),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "9"}, Limit(0, None, 9)),
        ({"X-RateLimit-Remaining": "5", "Retry-After": "30"}, Limit(0, None, 30)),
    ],
)
def test_too_many_requests_leaves_nothing(headers: dict[str, str], limit: Limit) -> None:
    assert limit_of(headers, status=429) == limit


def answering(status: int) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(status)))


@pytest.mark.parametrize("status", [200, 404, 429, 503])
def test_every_answer_is_heard_even_one_that_is_raised(status: int) -> None:
    heard: list[int] = []
    try:
        http.call(answering(status), "GET", URL, heard=lambda answer: heard.append(status))
    except Transient:
        assert status in (429, 503)
    assert heard == [status]


def test_an_accepted_refusal_comes_back_and_others_are_raised() -> None:
    assert http.call(answering(400), "POST", URL, accept=(400,)).status_code == 400
    with pytest.raises(Permanent):
        http.call(answering(422), "POST", URL, accept=(400,))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "30", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}, 30),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}, 9),
        ({"X-RateLimit-Remaining": "0"}, None),
    ],
)
def test_the_wait_after_too_many_requests_is_that_of_retry_after_or_of_the_limit(
    headers: dict[str, str], wait: float | None
) -> None:
    client = httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(429, headers=headers))
    )
    with pytest.raises(Transient) as refused:
        http.call(client, "GET", URL)
    assert refused.value.retry_after == wait
