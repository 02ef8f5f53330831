"""OAuth 1.0a, one-legged, with HMAC-SHA256: how a key signs where there is no TLS.

WooCommerce takes Basic authentication over HTTPS only; over plain HTTP it wants every request
signed, so that the secret never travels (RFC 5849, section 3.4).
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import b64encode
from collections.abc import Generator, Iterable
from urllib.parse import quote

import httpx

Flow = Generator[httpx.Request, httpx.Response, None]


def _escape(text: str) -> str:
    """RFC 5849, 3.6: everything but the unreserved characters."""
    return quote(text, safe="-._~")


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """RFC 5849, 3.4.1. `url` is without query; `parameters` holds the query's and OAuth's own."""
    escaped = sorted((_escape(name), _escape(value)) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in escaped)
    return "&".join(_escape(part) for part in (method.upper(), url, joined))


def signature(base: str, consumer_secret: str) -> str:
    """RFC 5849, 3.4.2 with SHA-256; there is no token, so the key ends with the ampersand."""
    key = f"{_escape(consumer_secret)}&".encode()
    return b64encode(hmac.digest(key, base.encode(), "sha256")).decode()


def header(request: httpx.Request, key: str, secret: str, timestamp: int, nonce: str) -> str:
    """The Authorization header for this request, query included."""
    oauth = {
        "oauth_consumer_key": key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(timestamp),
        "oauth_version": "1.0",
    }
    url = str(request.url.copy_with(query=None, fragment=None))
    base = base_string(request.method, url, [*request.url.params.multi_items(), *oauth.items()])
    oauth["oauth_signature"] = signature(base, secret)
    return "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in oauth.items())


class OAuth1(httpx.Auth):
    """Signs each request anew; in the header, so that no key stands in logged addresses."""

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret

    def auth_flow(self, request: httpx.Request) -> Flow:
        request.headers["Authorization"] = header(
            request, self._key, self._secret, int(time.time()), secrets.token_hex(16)
        )
        yield request


class BasicThenOAuth1(httpx.Auth):
    """For a shop on this machine: Basic (TLS ends in front of it), if refused a signature."""

    def __init__(self, key: str, secret: str) -> None:
        self._basic, self._signed = httpx.BasicAuth(key, secret), OAuth1(key, secret)

    def auth_flow(self, request: httpx.Request) -> Flow:
        response = yield next(self._basic.auth_flow(request))
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._signed.auth_flow(request)
