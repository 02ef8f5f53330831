"""How the generic connectors show who asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from channels.connectors import http
from channels.connectors.base import Connector, Misconfigured, Transient
from channels.connectors.generic import GenericShop
from channels.enums import JobType
from tests.http_platform import ADDRESS, TOKEN_URL, HttpPlatform, shop

OAUTH2 = {
    "authentication": "oauth2",
    "token_url": TOKEN_URL,
    "client_id": "robot",
    "client_secret": "s:cret",
    "scope": "orders stock",
}


def ask(connector: Connector) -> object:
    return connector.fetch(JobType.RECEIVE_ORDERS, "12")


@pytest.mark.parametrize(
    ("header", "value", "settings"),
    [
        ("authorization", None, {}),
        ("authorization", None, {"authentication": "none", "token": "unused"}),
        (
            "authorization",
            "Basic cm9ib3Q6czpjcmV0",
            {"authentication": "basic", "username": "robot", "password": "s:cret"},
        ),
        ("authorization", "Bearer t0ken", {"authentication": "bearer", "token": "t0ken"}),
        (
            "x-api-key",
            "t0ken",
            {"authentication": "header", "header_name": "X-Api-Key", "token": "t0ken"},
        ),
    ],
)
def test_the_chosen_authentication_is_shown(
    header: str, value: str | None, settings: dict[str, str]
) -> None:
    platform = shop()
    platform.auth_header, platform.expected_auth = header, value
    assert ask(platform.connector(GenericShop, **settings))


def test_refused_credentials_are_for_an_operator() -> None:
    platform = shop()
    platform.expected_auth = "Bearer right"
    connector = platform.connector(GenericShop, authentication="bearer", token="wrong")
    with pytest.raises(Misconfigured, match="credentials") as caught:
        ask(connector)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"authentication": "basic", "password": "p"}, "Username"),
        ({"authentication": "basic", "username": "u"}, "Password"),
        ({"authentication": "bearer"}, "Token"),
        ({"authentication": "bearer", "token": "sécret\n"}, "Token has characters"),
        ({"authentication": "header", "token": "t"}, "Header name"),
        ({"authentication": "header", "header_name": "X-Key"}, "Token"),
        ({"authentication": "header", "header_name": "X Key:", "token": "t"}, "Header name"),
        ({k: v for k, v in OAUTH2.items() if k != "token_url"}, "Token URL"),
        ({k: v for k, v in OAUTH2.items() if k != "client_id"}, "Client ID"),
        ({k: v for k, v in OAUTH2.items() if k != "client_secret"}, "Client secret"),
        ({"authentication": "magic"}, "magic"),
    ],
)
def test_a_missing_piece_is_named(settings: dict[str, Any], field: str) -> None:
    platform = shop()
    with pytest.raises(Misconfigured, match=field) as caught:
        ask(platform.connector(GenericShop, **settings))
    assert "sécret" not in str(caught.value)
    assert not platform.requests


def token_calls(platform: HttpPlatform) -> int:
    return sum(str(request.url) == TOKEN_URL for request in platform.requests)


def test_a_token_is_fetched_once_for_all_requests_of_a_run() -> None:
    platform = shop()
    platform.expected_auth = "nothing else will do"
    connector = platform.connector(GenericShop, **OAUTH2)
    assert ask(connector)
    assert ask(connector)
    assert token_calls(platform) == 1
    ask(platform.connector(GenericShop, **OAUTH2))
    assert token_calls(platform) == 2


def test_a_token_that_expired_is_fetched_anew_and_the_push_repeated_whole() -> None:
    platform = shop()
    connector = platform.connector(GenericShop, **OAUTH2)
    ask(connector)
    platform.tokens.append("the old one is void")
    platform.token_answer = None
    platform.requests.clear()
    assert connector.listings(["MUG"]) == {"MUG": ["p-x"]}
    paths = [request.url.path for request in platform.requests]
    assert paths == ["/api/products", "/token", "/api/products"]


def test_a_fresh_token_that_is_refused_is_not_fetched_again() -> None:
    platform = shop()

    def other(count: int) -> httpx.Response:
        platform.tokens.append("what the platform wants")
        return httpx.Response(200, json={"access_token": "another"})

    platform.token_answer = other
    with pytest.raises(Misconfigured, match="401"):
        ask(platform.connector(GenericShop, **OAUTH2))
    assert token_calls(platform) == 1


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), Misconfigured, "Client secret"),
        (httpx.Response(400, json={"error": "invalid_scope"}), Misconfigured, "Scope"),
        (httpx.Response(302, headers={"location": "/login"}), Misconfigured, "302"),
        (httpx.Response(503, headers={"retry-after": "9"}), Transient, "503"),
        (httpx.Response(200, html="<p>hello</p>"), Transient, "cannot|can be read"),
        (httpx.Response(200, json=["access_token"]), Transient, "can be read"),
        (httpx.Response(200, json={"access_token": ""}), Misconfigured, "no bearer token"),
        (httpx.Response(200, json={"access_token": "a\nb"}), Misconfigured, "no bearer token"),
        (
            httpx.Response(200, json={"access_token": "a", "token_type": "mac"}),
            Misconfigured,
            "no bearer token",
        ),
    ],
)
def test_a_token_server_that_gives_none_is_told_apart(
    answer: httpx.Response, error: type[Exception], sentence: str
) -> None:
    platform = shop()
    platform.token_answer = lambda count: answer
    with pytest.raises(error, match=sentence) as caught:
        ask(platform.connector(GenericShop, **OAUTH2))
    assert "s:cret" not in str(caught.value)
    assert getattr(caught.value, "retry_after", None) == (9 if answer.status_code == 503 else None)


@pytest.mark.parametrize("token_url", ["http://127.0.0.1/token", "http://10.0.0.1/token"])
def test_a_token_url_on_a_private_address_is_not_called(token_url: str) -> None:
    settings = {"url": ADDRESS, **OAUTH2, "token_url": token_url}
    with http.make_client(allow_private=False) as client:
        connector = GenericShop(settings, {"client_secret": "x"}, client)
        with pytest.raises(Misconfigured, match="private address"):
            ask(connector)


def test_the_token_is_asked_for_with_the_clients_time_outs() -> None:
    seen: list[Any] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions.get("timeout"))
        return httpx.Response(200, json={"access_token": "t", "id": 1})

    client = httpx.Client(transport=httpx.MockTransport(handle), timeout=http.TIMEOUT)
    settings = {"url": ADDRESS, **OAUTH2}
    with pytest.raises(Transient):
        ask(GenericShop(settings, {"client_secret": "x"}, client))
    assert seen == [http.TIMEOUT.as_dict()] * 2


def test_tokens_of_one_channel_are_never_shown_to_another() -> None:
    seen: list[str] = []

    def making(name: str) -> Callable[[httpx.Request], httpx.Response]:
        def handle(request: httpx.Request) -> httpx.Response:
            if str(request.url) == TOKEN_URL:
                return httpx.Response(200, json={"access_token": name})
            seen.append(request.headers["authorization"])
            return httpx.Response(410)

        return handle

    for name in ("one", "two"):
        client = httpx.Client(transport=httpx.MockTransport(making(name)))
        ask(GenericShop({"url": ADDRESS, **OAUTH2}, {"client_secret": "x"}, client))
    assert seen == ["Bearer one", "Bearer two"]
