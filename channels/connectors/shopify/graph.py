"""The GraphQL Admin API: asking it, what its errors mean, and how its cost budget is kept.

HTTP 200 proves nothing here: the whole request may have failed (`errors`), or what a mutation was
to do (`userErrors` in its payload). https://shopify.dev/docs/api/usage/response-codes
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, NoReturn

import httpx

from channels.connectors.base import Limit, Log, Misconfigured, Permanent, Transient
from channels.connectors.http import call, json_of

VERSION = "2026-10"
"""Stable since 1 October 2026, served until October 2027; a version comes out each quarter.
https://shopify.dev/changelog/release-notes/2026-10"""
LONGEST_PAUSE = 15.0
"""Seconds that a run waits for the budget by itself; for longer it had better end and come back."""
_MARGIN = 0.5
"""Seconds: the budget is told in whole points, and their clock is not ours."""

Json = dict[str, Any]

_OPERATION = re.compile(r"\b(?:query|mutation) (\w+)")
_UNWELL = {"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"}
_AGAIN = {"IDEMPOTENCY_CONCURRENT_REQUEST", "SERVICE_UNAVAILABLE", "THROTTLED"}


class Answer(dict[str, Any]):
    """An object of an answer. One that lacks what was asked for is garbage on the way."""

    def __missing__(self, name: str) -> Any:
        raise Transient(f"Shopify answered without {name}, which was asked for")


@dataclass(frozen=True, slots=True)
class UserError:
    """What a mutation did not take; `path` leads to the input, indexes as digits."""

    message: str
    path: tuple[str, ...]
    code: str

    def __str__(self) -> str:
        return f"{self.message} ({'.'.join(self.path)})" if self.path else self.message


@dataclass(frozen=True, slots=True)
class _Bucket:
    """The budget as the last answer told it: points, points a second, `at` by our own clock."""

    available: float
    capacity: float
    rate: float
    at: float

    def limit(self, cost: float) -> Limit:
        """`cost`: of the call that was told of it."""
        full_in = (self.capacity - self.available) / self.rate
        return Limit(self.available, self.capacity, full_in, self.rate, cost)

    def seconds_until(self, cost: float, now: float) -> float:
        available = min(self.capacity, self.available + self.rate * (now - self.at))
        return max(0.0, (min(cost, self.capacity) - available) / self.rate)


class Graph:
    """`heard` is told the budget after each answer; `pause` waits so many seconds."""

    def __init__(
        self,
        client: httpx.Client,
        address: str,
        token: str,
        log: Log,
        heard: Callable[[Limit], None],
        pause: Callable[[float], None],
    ) -> None:
        if not token:
            raise Misconfigured("enter the app's access token for the Admin API")
        self._client = client
        self._url = f"{address}/admin/api/{VERSION}/graphql.json"
        self._headers = {"X-Shopify-Access-Token": token}
        self._log, self._heard, self._pause = log, heard, pause
        self._bucket: _Bucket | None = None
        self._costs: dict[str, float] = {}

    def ask(self, document: str, variables: Mapping[str, Any]) -> Json:
        """The answer's `data`.

        Raises `Transient` for THROTTLED, with the seconds until the budget suffices, and for
        faults of the platform; `Misconfigured` where a right is missing; else `Permanent`.
        """
        found = _OPERATION.search(document)
        operation = found[1] if found else ""
        self._wait_for_budget(operation)
        response = call(
            self._client,
            "POST",
            self._url,
            headers=self._headers,
            json={"query": document, "variables": dict(variables), "operationName": operation},
        )
        if response.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            raise Misconfigured(
                f"{self._url} answered {response.status_code}: there is no Shopify shop at this "
                "address. Check the shop's name, as in name.myshopify.com"
            )
        answer = _answer(json_of(response))
        if not isinstance(answer, Answer):
            raise Transient(f"{self._url} answered something that is not an object")
        self._note_cost(operation, answer)
        return _data_of(answer, operation)

    def attempt(
        self, document: str, variables: Mapping[str, Any], name: str
    ) -> tuple[Json, list[UserError]]:
        """A mutation's payload, and what it did not take."""
        payload = self.ask(document, variables).get(name)
        if not isinstance(payload, dict):
            raise Transient(f"Shopify answered {name} without a result")
        errors = [_user_error(error) for error in payload.get("userErrors") or ()]
        if any(error.code in _AGAIN for error in errors):
            raise Transient(f"Shopify could not do {name} now: {_joined(errors)}")
        return payload, errors

    def change(self, document: str, variables: Mapping[str, Any], name: str, what: str) -> Json:
        """A mutation's payload; raises `Permanent` where it took anything not."""
        payload, errors = self.attempt(document, variables, name)
        if errors:
            raise Permanent(f"Shopify did not take {what}: {_joined(errors)}")
        return payload

    def walk(
        self, document: str, variables: Mapping[str, Any], path: Sequence[str]
    ) -> Iterator[list[Json]]:
        """All pages of the connection at `path`, each with its answer's nodes.

        The document takes `$after`. Where something on the path is null, there are no pages.
        """
        after: str | None = None
        while True:
            connection: Any = self.ask(document, {**variables, "after": after})
            for name in path:
                connection = (connection or {}).get(name)
            if connection is None:
                return
            nodes, page = connection["nodes"], connection["pageInfo"]
            if nodes:
                yield nodes
            if not page["hasNextPage"]:
                return
            after = page["endCursor"]

    def _wait_for_budget(self, operation: str) -> None:
        """A long list asked for at full speed would be throttled, and its run begin anew."""
        if self._bucket is None or operation not in self._costs:
            return
        seconds = self._bucket.seconds_until(self._costs[operation], monotonic())
        if 0 < seconds <= LONGEST_PAUSE:
            self._pause(seconds + _MARGIN)

    def _note_cost(self, operation: str, answer: Json) -> None:
        extensions = answer.get("extensions") or {}
        for search in extensions.get("search") or ():
            for warning in search.get("warnings") or ():
                self._log("warning", f"Shopify on a search of ours: {warning.get('message')}")
        cost = extensions.get("cost") or {}
        status = cost.get("throttleStatus") or {}
        if cost.get("requestedQueryCost"):
            self._costs[operation] = float(cost["requestedQueryCost"])
        if status.get("restoreRate"):
            self._bucket = _Bucket(
                float(status["currentlyAvailable"]),
                float(status["maximumAvailable"]),
                float(status["restoreRate"]),
                monotonic(),
            )
            self._heard(self._bucket.limit(self._costs.get(operation, 1.0)))


def _answer(value: Any) -> Any:
    if isinstance(value, dict):
        return Answer({name: _answer(one) for name, one in value.items()})
    return [_answer(one) for one in value] if isinstance(value, list) else value


def _data_of(answer: Json, operation: str) -> Json:
    if answer.get("errors"):
        _raise_for(answer, operation)
    data = answer.get("data")
    if not isinstance(data, dict):
        raise Transient(f"Shopify answered {operation} without data")
    return data


def _raise_for(answer: Json, operation: str) -> NoReturn:
    errors = answer["errors"]
    if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
        raise Permanent(f"Shopify refused {operation}: {errors}")
    said = "; ".join(dict.fromkeys(str(error.get("message")) for error in errors))
    codes = {str((error.get("extensions") or {}).get("code") or "") for error in errors}
    if "THROTTLED" in codes or said == "Throttled":
        seconds = _seconds_to_wait(answer)
        raise Transient(f"Shopify's cost budget is used up ({operation})", seconds)
    if "ACCESS_DENIED" in codes:
        raise Misconfigured(
            f"the app may not do {operation}: {said}. {_required(errors)}".strip()
            + " Add the access scope to the app in Shopify and install it again"
        )
    if "SHOP_INACTIVE" in codes:
        raise Misconfigured(f"the shop is not active at Shopify: {said}")
    if codes & _UNWELL:
        raise Transient(f"Shopify failed at {operation}: {said}")
    raise Permanent(f"Shopify refused {operation}: {said}")


def _seconds_to_wait(answer: Json) -> float:
    cost = (answer.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    rate = float(status.get("restoreRate") or 0)
    if not rate:
        return 2.0
    short = float(cost.get("requestedQueryCost") or 0) - float(status["currentlyAvailable"])
    return max(short / rate, 1.0)


def _required(errors: Sequence[Json]) -> str:
    """Shopify names the scope in the error: "`read_orders` access scope."."""
    named = (str((error.get("extensions") or {}).get("requiredAccess") or "") for error in errors)
    required = "; ".join(dict.fromkeys(name for name in named if name))
    return f"Required: {required}" if required else ""


def _user_error(error: Json) -> UserError:
    return UserError(
        message=str(error.get("message") or "refused without a reason"),
        path=tuple(str(part) for part in error.get("field") or ()),
        code=str(error.get("code") or ""),
    )


def _joined(errors: Sequence[UserError]) -> str:
    return "; ".join(str(error) for error in errors)
