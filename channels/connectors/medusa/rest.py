"""Medusa's Admin API: where it is, how a key is shown to it, how its lists are read.

https://docs.medusajs.com/api/admin
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import httpx

from channels.connectors.base import Misconfigured, Permanent, Transient
from channels.connectors.http import MAX_ANSWER_BYTES, beginning, call
from channels.connectors.storable import cleaned

Json = dict[str, Any]
Params = Mapping[str, Any]

PAGE_SIZE = 100
_MILLISECOND = timedelta(milliseconds=1)


class Rest:
    """One shop. Names of query parameters that Medusa does not know it ignores without a word."""

    def __init__(
        self, client: httpx.Client, address: str, api_key: str, page_size: int = PAGE_SIZE
    ) -> None:
        self._client = client
        self._root = f"{_checked(address)}/admin"
        self._auth = httpx.BasicAuth(_key(api_key), "")
        self._page_size = page_size

    def one(self, path: str, name: str, fields: str) -> Json | None:
        """One record; None where the shop says that it has none of this id."""
        answer = self._read(self._call("GET", path, params={"fields": fields}))
        return None if answer is None else _record(answer, name, path)

    def page(self, path: str, name: str, params: Params) -> tuple[list[Json], int]:
        """A part of a list, and how many records the whole list has."""
        answer = self._found(self._call("GET", path, params=dict(params)), path)
        records, count = answer.get(name), answer.get("count")
        if not isinstance(records, list) or not all(
            isinstance(r, dict) and "id" in r for r in records
        ):
            raise Transient(f"Medusa's list of {path} makes no sense: it holds no {name}")
        return records, count if isinstance(count, int) else len(records)

    def after(self, path: str, name: str, params: Params, last: str = "") -> Iterator[list[Json]]:
        """All records with an id above `last`, by increasing id: each page begins after the last.

        Whatever leaves or joins the list meanwhile, no record is skipped. For lists that take
        operators on ids.
        """
        while True:
            place = {"id[$gt]": last} if last else {}
            found, _ = self.page(path, name, self._ordered(params) | place)
            if found:
                yield found
                last = str(found[-1]["id"])
            if len(found) < self._page_size:
                return

    def walk(self, path: str, name: str, params: Params) -> Iterator[list[Json]]:
        """All records by increasing id, for lists that are cut by position only.

        A record that leaves the list (deleted, or changed out of a bounded window) moves all later
        ones forward, across the cut. So each page begins with the last record of the one before;
        one that begins further on has lost something, and the walk steps back.
        """
        position, last = 0, ""
        while True:
            start = max(position - 1, 0)
            found, _ = self.page(path, name, self._ordered(params) | {"offset": start})
            if start and not (found and str(found[0]["id"]) <= last):
                position = max(position - self._page_size, 0)
                continue
            if fresh := [record for record in found if str(record["id"]) > last]:
                yield fresh
                last = str(fresh[-1]["id"])
            if len(found) < self._page_size:
                return
            position = start + len(found)

    def send(self, path: str, body: Json, fields: str = "") -> Json:
        """Write something; what Medusa does not find then is `Permanent`."""
        params = {"fields": fields} if fields else {}
        return self._found(self._call("POST", path, params=params, json=body), path)

    def _ordered(self, params: Params) -> dict[str, Any]:
        return {**params, "order": "id", "limit": self._page_size}

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        url = f"{self._root}/{path}"
        return call(self._client, method, url, auth=self._auth, **options)

    def _found(self, response: httpx.Response, path: str) -> Json:
        answer = self._read(response)
        if answer is None:
            raise Permanent(
                f"Medusa does not find what is needed for {path}: {beginning(response)}"
            )
        return answer

    def _read(self, response: httpx.Response) -> Json | None:
        """The answer's object; None for Medusa's own "not found".

        Any other 404 is a wrong address and must not read as "gone": that would cancel orders.
        """
        if len(response.content) > MAX_ANSWER_BYTES:
            raise Permanent(f"{response.request.url} answered more than {MAX_ANSWER_BYTES} bytes")
        missing = response.status_code >= httpx.codes.BAD_REQUEST
        try:
            content = response.content
            read = json.loads(content, parse_float=Decimal, parse_constant=_refuse)
            answer = cleaned(read, content)
        except (ValueError, RecursionError) as error:
            if missing:
                raise _no_medusa(response) from error
            raise Transient(
                f"{response.request.url} answered something that is not JSON"
            ) from error
        if not isinstance(answer, dict):
            raise Transient(f"{response.request.url} answered something that is not an object")
        if missing and answer.get("type") != "not_found":
            raise _no_medusa(response)
        return None if missing else answer


def window(since: datetime, until: datetime) -> dict[str, str]:
    """`updated_at` in [since, until), a millisecond wider: Medusa's instants have milliseconds."""
    return {
        "updated_at[$gte]": _text(since),
        "updated_at[$lt]": _text(until + _MILLISECOND),
    }


def created_since(since: datetime) -> dict[str, str]:
    return {"created_at[$gte]": _text(since)}


def instant(value: Any) -> datetime:
    """An instant of Medusa: ISO 8601 with a Z."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"the instant {value} has no zone")
    return moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    """Rounded down to the millisecond."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _record(answer: Json, name: str, path: str) -> Json:
    record = answer.get(name)
    if not isinstance(record, dict) or "id" not in record:
        raise Transient(f"Medusa's answer on {path} makes no sense: it holds no {name}")
    return record


def _no_medusa(response: httpx.Response) -> Misconfigured:
    return Misconfigured(
        f"{response.request.url} answered {response.status_code}: there is no Medusa Admin API at "
        "this address. Enter the address of the Medusa server, not that of the storefront"
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _checked(address: str) -> str:
    try:
        url = httpx.URL(address.strip())
    except httpx.InvalidURL as error:
        raise Misconfigured(f"Medusa's address {address!r} is not valid: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Misconfigured(f"Medusa's address {address!r} must begin with https:// or http://")
    return str(url.copy_with(query=None, fragment=None)).rstrip("/")


def _key(api_key: str) -> str:
    if not api_key or not api_key.isascii() or not api_key.isprintable():
        raise Misconfigured("the channel's secret API key is missing or cannot be one: enter it")
    return api_key
