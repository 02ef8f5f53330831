"""Who listens to a client hears of each call how it went, whatever the connector makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from channels.connectors import http
from channels.connectors.base import Limit, Misconfigured, Transient
from channels.connectors.generic.authentication import authentication

URL = "https://shop.example.com/orders"
OAUTH2 = {"authentication": "oauth2", "token_url": "https://login.example.com", "client_id": "me"}


@dataclass
class Heard:
    """`stops`: keeps calls from being made."""

    calls: list[str] = field(default_factory=list)
    stops: bool = False

    def calling(self) -> None:
        if self.stops:
            raise RuntimeError("not now")
        self.calls.append("calling")

    def answered(self, response: httpx.Response) -> None:
        self.calls.append(str(response.status_code))

    def failed(self, request: httpx.Request, error: Exception) -> None:
        self.calls.append(type(error).__name__)


def client_of(heard: Heard, answer: Any, monkeypatch: pytest.MonkeyPatch) -> httpx.Client:
    """A client as runs have it, with a platform that answers or raises this."""

    def handle(self: object, request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, request=request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    return http.make_client(allow_private=True, listener=heard)


@pytest.mark.parametrize("status", [200, 404, 401, 429, 500])
def test_each_answer_is_heard_also_one_that_is_raised(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    with client_of(heard, status, monkeypatch) as client:
        client.get(URL)
    assert heard.calls == ["calling", str(status)]


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("late"), httpx.RemoteProtocolError("")],
)
def test_what_does_not_come_back_is_heard(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    with client_of(heard, error, monkeypatch) as client, pytest.raises(Transient):
        http.call(client, "GET", URL)
    assert heard.calls == ["calling", type(error).__name__]


def test_a_name_that_is_not_found_is_heard() -> None:
    heard = Heard()
    with (
        http.make_client(allow_private=False, listener=heard) as client,
        pytest.raises(Transient),
    ):
        http.call(client, "GET", "https://nowhere.invalid/orders")
    assert heard.calls == ["calling", "Transient"]


def test_a_refused_login_at_the_token_server_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, auth = Heard(), authentication(OAUTH2, {"client_secret": "s"})
    with client_of(heard, 401, monkeypatch) as client, pytest.raises(Misconfigured):
        http.call(client, "GET", URL, auth=auth)
    assert heard.calls == ["calling", "Misconfigured"]


def test_what_cannot_be_called_at_all_is_no_failure_of_the_platform() -> None:
    heard = Heard()
    with (
        http.make_client(allow_private=True, listener=heard) as client,
        pytest.raises(Misconfigured),
    ):
        http.call(client, "GET", "ftp://shop.example.com/orders")
    assert heard.calls == ["calling"]


def test_a_listener_may_keep_a_call_from_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard(stops=True)
    with client_of(heard, 200, monkeypatch) as client, pytest.raises(RuntimeError, match="not now"):
        http.call(client, "GET", URL)
    assert heard.calls == []


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("32/40", Limit(8, 40)),
        (" 40/40 ", Limit(0, 40)),
        ("41/40", Limit(0, 40)),
        ("40", None),
        ("a/b", None),
    ],
)
def test_shopifys_older_header_counts_what_is_used(text: str, limit: Limit | None) -> None:
    response = httpx.Response(200, headers={"X-Shopify-Shop-Api-Call-Limit": text})
    assert http.limit_of(response) == limit


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({"Retry-After": "120"}, Limit(0, None, 120)),
        ({"Retry-After": "120", "X-RateLimit-Remaining": "5"}, Limit(0, None, 120)),
        ({"X-RateLimit-Remaining": "5"}, Limit(5)),
        ({}, None),
    ],
)
def test_a_platform_that_is_away_for_a_while_says_so_as_one_with_a_limit(
    headers: dict[str, str], limit: Limit | None
) -> None:
    assert http.limit_of(httpx.Response(503, headers=headers)) == limit
