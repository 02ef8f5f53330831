"""ShipEngine's HTTP API: one key in a header, lists in numbered pages, errors as JSON.

https://docs.shipstation.com/apis/shipengine/docs (the vendor's present name of ShipEngine).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from channels.connectors import http
from channels.connectors.base import Misconfigured, Transient

PAGE_SIZE = 100
Json = Mapping[str, Any]


class Api:
    """`address` has no slash at its end. Over 200 calls a minute it answers 429, Retry-After."""

    def __init__(self, client: httpx.Client, address: str, key: str) -> None:
        self._client = client
        self._address = address
        self._headers = {"API-Key": key}

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Json | None:
        """The JSON object there; None where ShipEngine says in its own words there is none."""
        return self._call("GET", path, params=dict(params or {}))

    def post(self, path: str, body: Json) -> Json:
        answer = self._call("POST", path, json=body)
        if answer is None:
            raise self._elsewhere(path)
        return answer

    def listed(self, path: str, key: str, params: Mapping[str, str]) -> Iterator[list[Json]]:
        """All pages of a window that has ended, the last one first.

        A row that changes meanwhile leaves the window and those behind it move forward: read
        from the end, one may come twice, none is passed over.
        """
        first, last = self._page(path, key, params, 1)
        for number in range(last, 1, -1):
            yield self._page(path, key, params, number)[0]
        yield self._page(path, key, params, 1)[0] if last > 1 else first

    def _page(
        self, path: str, key: str, params: Mapping[str, str], number: int
    ) -> tuple[list[Json], int]:
        """Its rows, and how many pages there are."""
        place = {"page": str(number), "page_size": str(PAGE_SIZE)}
        answer = self.get(path, {**params, **place})
        if answer is None:
            raise self._elsewhere(path)
        with understood(path):
            return [dict(row) for row in answer[key]], int(answer["pages"])

    def _call(self, method: str, path: str, **options: Any) -> Json | None:
        url = f"{self._address}{path}"
        response = http.call(self._client, method, url, headers=self._headers, **options)
        if response.status_code in (404, 410):
            if _is_error(response):
                return None
            raise self._elsewhere(path)
        answer = http.json_of(response)
        if not isinstance(answer, dict):
            raise Transient(f"ShipEngine's answer on {path} is no JSON object")
        return answer

    def _elsewhere(self, path: str) -> Misconfigured:
        return Misconfigured(
            f"{self._address}{path} is not known there: check the channel's address, it is "
            "https://api.shipengine.com unless ShipEngine told you otherwise"
        )


def _is_error(response: httpx.Response) -> bool:
    """Has it the shape of ShipEngine's own errors? Any web server can answer 404."""
    try:
        answer = http.decoded(response)
    except ValueError:
        return False
    return isinstance(answer, dict) and isinstance(answer.get("errors"), list)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Whatever does not look as it should: the platform is unwell, ask again later."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise Transient(f"ShipEngine's answer on {what} makes no sense: {error!r}") from error


def instant(text: str) -> datetime:
    """ISO 8601 with any number of digits of a second; always UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment_text(moment: datetime, *, up: bool = False) -> str:
    """To the millisecond, as the vendor's examples have it; finer parts cut off or rounded `up`."""
    rest = timedelta(microseconds=moment.microsecond % 1000)
    if up and rest:
        moment += timedelta(milliseconds=1) - rest
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
