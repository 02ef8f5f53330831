"""HTTP for connectors: a guarded client, its time-outs, and which answer is which error."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx

from channels.connectors.base import ConnectorError, Limit, Misconfigured, Permanent, Transient
from channels.connectors.guard import ENCODINGS, GuardedTransport
from channels.connectors.storable import cleaned

MAX_ANSWER_BYTES = 32 * 1024 * 1024
LONGEST_DETAIL = 1000
LONGEST_RETRY_AFTER = 365 * 24 * 3600.0
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
LONGEST_CALL = 120.0
"""Seconds for one request with its whole answer, however steadily that comes."""
_EARLIEST_INSTANT = 1_000_000_000
"""Seconds since 1970 in 2001: a larger Reset is an instant, a smaller one is a time to wait."""


class Listener(Protocol):
    """Whoever wants to know how each call went, before the connector makes sense of it."""

    def calling(self) -> None:
        """A call is about to be made; what this raises keeps it from being made."""

    def answered(self, response: httpx.Response) -> None:
        """The platform answered, whatever it said."""

    def failed(self, request: httpx.Request, error: Exception) -> None:
        """It did not: connection, time-out, or what authenticates a call did not let it go out."""


class _Client(httpx.Client):
    """Tells a listener of each call, those of authentication as part of what they are for."""

    def __init__(self, listener: Listener | None, **options: Any) -> None:
        super().__init__(**options)
        self._listener = listener

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        if self._listener is None:
            return super().send(request, **options)
        self._listener.calling()
        try:
            response = super().send(request, **options)
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            raise  # nothing was called
        except (httpx.TransportError, httpx.DecodingError, ConnectorError) as error:
            self._listener.failed(request, error)
            raise
        self._listener.answered(response)
        return response


def make_client(*, allow_private: bool, listener: Listener | None = None) -> httpx.Client:
    """A client for one run; redirects are not followed, so the guard sees every address."""
    transport = GuardedTransport(
        allow_private=allow_private, longest=LONGEST_CALL, most=MAX_ANSWER_BYTES
    )
    return _Client(
        listener,
        transport=transport,
        timeout=TIMEOUT,
        headers={"Accept-Encoding": ENCODINGS},
        follow_redirects=False,
        trust_env=False,
    )


def call(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    heard: Callable[[httpx.Response], None] | None = None,
    accept: Collection[int] = (),
    **options: Any,
) -> httpx.Response:
    """One request; answers below 300, 404, 410 and those of `accept` come back, else it raises.

    Raises `Transient` for time-outs, connection errors, 429 and 5xx, `Misconfigured` for 401, 403
    and redirects, `Permanent` for other 4xx. `heard` is shown every answer, also one that is
    raised: what it says of the platform's limit counts all the same.
    """
    try:
        response = client.request(method, url, **options)
    except httpx.InvalidURL as error:
        raise Misconfigured(f"the address {url} is not valid: {error}") from error
    except UnicodeError as error:
        raise Misconfigured(
            f"{url} cannot be called: its name, or a credential, has characters that cannot be sent"
        ) from error
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise Misconfigured(f"{url} cannot be called like this: {error}") from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise Transient(f"{method} {url}: {type(error).__name__} {error}".strip()) from error
    if heard is not None:
        heard(response)
    if response.status_code not in accept:
        _raise_for(response)
    return response


def _raise_for(response: httpx.Response) -> None:
    status = response.status_code
    if status in (404, 410) or status < 300:
        return
    said = f"{response.request.method} {response.request.url} answered {status}"
    excerpt = explained(response)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        limit = limit_of(response)
        raise Transient(f"{said} {excerpt}".strip(), limit.resets_in if limit else None)
    if status >= 500:
        raise Transient(f"{said} {excerpt}".strip(), retry_after(response))
    if status in (401, 403):
        raise Misconfigured(f"{said}: check the channel's credentials and rights. {excerpt}")
    if status < 400:
        raise Misconfigured(f"{said}: it redirects; enter the final address of the platform")
    raise Permanent(f"{said} {excerpt}".strip())


def explained(response: httpx.Response) -> str:
    """What the platform says of a refusal: a problem's detail (RFC 9457), else how it begins."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/problem+json":
        try:
            problem = decoded(response)
        except ValueError:
            problem = None
        if isinstance(problem, dict) and (said := problem.get("detail") or problem.get("title")):
            return str(said)[:LONGEST_DETAIL].strip()
    return beginning(response)


def beginning(response: httpx.Response) -> str:
    """How the answer begins. Its charset is not asked: some name what is no encoding of text."""
    return response.content[:1200].decode("utf-8", "replace")[:300].strip()


def decoded(response: httpx.Response) -> Any:
    """The answer's JSON; raises `ValueError` for what is none, bottomless nesting included."""
    try:
        return cleaned(response.json(), response.content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def retry_after(response: httpx.Response) -> float | None:
    """Seconds of a Retry-After header, either form (RFC 9110, 10.2.3); None if absent or odd.

    At most a year: what asks for more is not worth the exact figure.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_RETRY_AFTER)
    return _until(value)


def _until(date: str) -> float | None:
    """Seconds until a date as HTTP writes it, 0 where it has passed; None where it is none."""
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def limit_of(response: httpx.Response) -> Limit | None:
    """What an answer says of the platform's limit; None where it says nothing that can be read.

    Understood are, in this order: `RateLimit: "name";r=50;t=30` with its `RateLimit-Policy` and the
    older `limit=100, remaining=50, reset=30` (drafts of the IETF's httpapi working group), the
    families `RateLimit-*`, `X-RateLimit-*` and `X-Rate-Limit-*` with Limit, Remaining and Reset,
    and Shopify's `X-Shopify-Shop-Api-Call-Limit: 32/40`, which counts what is used.
    Of several limits the first one named counts. A 429 leaves nothing, until its Retry-After is
    over where it has one; nor does a 503 that has one.
    https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
    """
    found = _structured_limit(response.headers)
    for prefix in ("ratelimit", "x-ratelimit", "x-rate-limit"):
        found = found or _header_family(response.headers, prefix)
    found = found or _used_of(response.headers.get("x-shopify-shop-api-call-limit", ""))
    wait = retry_after(response)
    if not _is_refused(response, wait):
        return found
    if found is None:
        return Limit(0.0, resets_in=wait)
    return replace(found, remaining=0.0, resets_in=found.resets_in if wait is None else wait)


def _is_refused(response: httpx.Response, wait: float | None) -> bool:
    """Is the platform to be left alone, for the time that it says?"""
    status = response.status_code
    return status == httpx.codes.TOO_MANY_REQUESTS or (
        status == httpx.codes.SERVICE_UNAVAILABLE and wait is not None
    )


def _used_of(text: str) -> Limit | None:
    found = re.fullmatch(r"\s*([0-9]{1,9})/([0-9]{1,9})\s*", text)
    if found is None:
        return None
    used, capacity = float(found[1]), float(found[2])
    return Limit(max(capacity - used, 0.0), capacity)


def _structured_limit(headers: httpx.Headers) -> Limit | None:
    text = headers.get("ratelimit", "")
    remaining = _parameter(text, "r", "remaining")
    if remaining is None:
        return None
    policy = _parameter(headers.get("ratelimit-policy", ""), "q")
    return Limit(
        remaining,
        _parameter(text, "limit") if policy is None else policy,
        _parameter(text, "t", "reset"),
    )


def _parameter(text: str, *names: str) -> float | None:
    """The first of `name=number` in a header; numbers are never negative."""
    found = re.search(rf"(?:^|[;,\s])(?:{'|'.join(names)})=([0-9]{{1,15}})(?![0-9])", text)
    return float(found[1]) if found else None


def _header_family(headers: httpx.Headers, prefix: str) -> Limit | None:
    remaining = _first_number(headers.get(f"{prefix}-remaining", ""))
    if remaining is None:
        return None
    return Limit(
        remaining,
        _first_number(headers.get(f"{prefix}-limit", "")),
        _seconds_until(headers.get(f"{prefix}-reset", "")),
    )


def _first_number(text: str) -> float | None:
    """Of `100, 100;w=60` the first: the limit itself; what follows are the windows it is made of.

    Below zero reads as zero: some platforms count on into the red.
    """
    found = re.match(r"\s*(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(?:[,;]|$)", text)
    return max(float(found[1]), 0.0) if found else None


def _seconds_until(text: str) -> float | None:
    """A Reset is seconds from now, an instant since 1970 in (milli)seconds, or a date."""
    number = _first_number(text)
    if number is None:
        return _until(text)
    if number >= _EARLIEST_INSTANT:
        instant = number / 1000 if number >= _EARLIEST_INSTANT * 1000 else number
        number = max(instant - datetime.now(UTC).timestamp(), 0.0)
    return min(number, LONGEST_RETRY_AFTER)


def json_of(response: httpx.Response) -> Any:
    """The answer's JSON; garbage and oversized bodies are `Transient` (the platform is unwell)."""
    if len(response.content) > MAX_ANSWER_BYTES:
        raise Permanent(f"{response.request.url} answered more than {MAX_ANSWER_BYTES} bytes")
    try:
        return decoded(response)
    except ValueError as error:
        raise Transient(f"{response.request.url} answered something that is not JSON") from error
