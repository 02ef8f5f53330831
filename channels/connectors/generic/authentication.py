"""How requests prove who asks: nothing, Basic, a bearer token, a header, OAuth 2."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from typing import Any
from urllib.parse import quote_plus

import httpx

from channels.connectors.base import Misconfigured, Transient
from channels.connectors.http import decoded, retry_after

Settings = Mapping[str, Any]
Secrets = Mapping[str, str]
Flow = Generator[httpx.Request, httpx.Response, None]

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.1)."""


class FixedHeader(httpx.Auth):
    """The same header with every request."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def auth_flow(self, request: httpx.Request) -> Flow:
        request.headers[self._name] = self._value
        yield request


class ClientCredentials(httpx.Auth):
    """OAuth 2 client credentials (RFC 6749, 4.4), one token for the life of a connector.

    The token is asked for with the client that sends the request itself, so that time-outs and
    the guard against private addresses hold for the token URL too. It lives as long as its run
    and is seen by nobody else; a 401 fetches it anew once, which covers expiry without clocks.

    httpx-auth is not used for this: its cache is one for the process and never forgets, its lock
    makes every tenant wait for the slowest token server, it writes the client's id and secret
    into the client it is given as credentials of every later request, an opaque token without
    `expires_in` (optional in RFC 6749) breaks it, and a refused token is never fetched anew.
    """

    requires_response_body = True

    def __init__(self, token_url: str, client_id: str, client_secret: str, scope: str) -> None:
        self._url, self._scope = token_url, scope
        credentials = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
        self._basic = "Basic " + b64encode(credentials.encode()).decode()
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Flow:
        fresh = not self._token
        if fresh:
            yield from self._fetch(request)
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and not fresh:
            yield from self._fetch(request)
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _fetch(self, request: httpx.Request) -> Flow:
        self._token = ""
        data = {"grant_type": "client_credentials"} | (
            {"scope": self._scope} if self._scope else {}
        )
        response = yield httpx.Request(
            "POST",
            self._url,
            data=data,
            headers={"Authorization": self._basic, "Accept": "application/json"},
            extensions={k: v for k, v in request.extensions.items() if k == "timeout"},
        )
        self._token = _token(response)


def _token(response: httpx.Response) -> str:
    """The token of a token server's answer. What it says is not quoted: it may hold secrets."""
    status = response.status_code
    said = f"the token URL {response.request.url} answered {status}"
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
        raise Transient(said, retry_after(response))
    if status != httpx.codes.OK:
        raise Misconfigured(f"{said}: check Token URL, Client ID, Client secret and Scope")
    try:
        answer = decoded(response)
        token, kind = answer["access_token"], answer.get("token_type", "bearer")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Transient(f"{said} without a token that can be read") from error
    if not _is_printable(token) or str(kind).lower() != "bearer":
        raise Misconfigured(f"{said} with something that is no bearer token")
    return str(token)


def _is_printable(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()


def authentication(settings: Settings, secrets: Secrets) -> httpx.Auth | None:
    """What the channel's settings choose; `Misconfigured` names the field that lacks."""
    chosen = str(settings.get("authentication") or "none")
    if chosen not in _MAKERS:
        raise Misconfigured(f"the channel's Authentication {chosen!r} is not known: choose another")
    return _MAKERS[chosen](settings, secrets)


def _needed(values: Mapping[str, Any], name: str, label: str) -> str:
    value = str(values.get(name) or "")
    if not value:
        raise Misconfigured(f"the channel's Authentication needs {label}: enter it")
    return value


def _sendable(secrets: Secrets, name: str, label: str) -> str:
    value = _needed(secrets, name, label)
    if not _is_printable(value):
        raise Misconfigured(f"{label} has characters that no header can carry: enter it again")
    return value


def _basic(settings: Settings, secrets: Secrets) -> httpx.Auth:
    username = _needed(settings, "username", "Username")
    return httpx.BasicAuth(username, _needed(secrets, "password", "Password"))


def _bearer(settings: Settings, secrets: Secrets) -> httpx.Auth:
    return FixedHeader("Authorization", f"Bearer {_sendable(secrets, 'token', 'Token')}")


def _header(settings: Settings, secrets: Secrets) -> httpx.Auth:
    name = _needed(settings, "header_name", "Header name")
    if not _FIELD_NAME.fullmatch(name):
        raise Misconfigured("Header name is not the name of a header: enter it, as X-Api-Key")
    return FixedHeader(name, _sendable(secrets, "token", "Token"))


def _oauth2(settings: Settings, secrets: Secrets) -> httpx.Auth:
    return ClientCredentials(
        _needed(settings, "token_url", "Token URL"),
        _needed(settings, "client_id", "Client ID"),
        _needed(secrets, "client_secret", "Client secret"),
        str(settings.get("scope") or ""),
    )


_MAKERS: dict[str, Callable[[Settings, Secrets], httpx.Auth | None]] = {
    "none": lambda settings, secrets: None,
    "basic": _basic,
    "bearer": _bearer,
    "header": _header,
    "oauth2": _oauth2,
}
