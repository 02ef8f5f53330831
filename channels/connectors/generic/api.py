"""The platform's REST API: one address, one way to authenticate, lists by cursor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from channels.connectors.base import Limit, Misconfigured, Permanent, Transient
from channels.connectors.generic.reading import readable
from channels.connectors.http import call, explained, json_of, limit_of

Params = Mapping[str, str | list[str]]

PAGE_SIZE = 100
PROBLEM = "application/problem+json"


class Api:
    """`hear` is told what the platform says of its limit."""

    def __init__(
        self,
        client: httpx.Client,
        address: str,
        auth: httpx.Auth | None,
        hear: Callable[[Limit], None],
    ) -> None:
        self._client, self._auth, self._hear = client, auth, hear
        self._address = address.rstrip("/")

    def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON at a path; None where the platform says that there is no such record."""
        response = self._send("GET", path, params=dict(params or {}))
        return None if _is_gone(response) else json_of(response)

    def walk(self, path: str, params: Params) -> Iterator[list[Any]]:
        """Every page of a list that has records."""
        cursor = ""
        while True:
            place = {"cursor": cursor} if cursor else {}
            page = self.page(path, {**params, "limit": str(PAGE_SIZE), **place})
            with readable(path):
                rows, following = list(page["data"]), page["next"]
            if rows:
                yield rows
            if following is None:
                return
            if not isinstance(following, str) or following in ("", cursor):
                raise Transient(f"the platform's list of {path} does not move on")
            cursor = following

    def page(self, path: str, params: Params) -> Any:
        """One page of a list."""
        page = self.get(path, params)
        if page is None:
            raise Misconfigured(self._not_there(path, 404))
        return page

    def write(self, method: str, path: str, body: Any, key: str = "") -> Any:
        """A push. With a `key` it is idempotent: the header holds it and a hash of the body.

        Servers keep the first answer of a key, many a refusal too. So a changed request has
        another hash, and a refused one is asked once more under a key of its own: the cause may
        have been mended at the platform since. What is made twice is made once even so, since
        the reference in the body is unique there.
        """
        content = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        if not key:
            return self._push(method, path, content, {})
        kept = f"{key}-{hashlib.sha256(content).hexdigest()[:32]}"
        try:
            return self._push(method, path, content, {"Idempotency-Key": kept})
        except Permanent:
            fresh = f"{kept}-{uuid4().hex[:8]}"
            return self._push(method, path, content, {"Idempotency-Key": fresh})

    def _push(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Any:
        json_headers = {"Content-Type": "application/json", **headers}
        response = self._send(method, path, content=content, headers=json_headers)
        if _is_gone(response):
            said = explained(response)
            raise Permanent(f"{method} {path} answered {response.status_code} {said}")
        return json_of(response)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """What was found, or what says that it is gone; a wrong address is raised."""
        url = f"{self._address}/{path}"
        headers = {"Accept": f"application/json, {PROBLEM}", **options.pop("headers", {})}
        auth = self._auth or httpx.USE_CLIENT_DEFAULT
        response = call(
            self._client, method, url, heard=self._note_limit, headers=headers, auth=auth, **options
        )
        if response.status_code >= 300 and not _is_gone(response):
            raise Misconfigured(self._not_there(path, response.status_code))
        return response

    def _note_limit(self, response: httpx.Response) -> None:
        if limit := limit_of(response):
            self._hear(limit)

    def _not_there(self, path: str, status: int) -> str:
        return (
            f"{self._address}/{path} answered {status}: it is not there. Check the channel's "
            "Address; docs/connectors/http.md says what a platform must offer"
        )


def segment(value: str) -> str:
    """An id or SKU as one step of a path; one of dots alone would lead somewhere else."""
    if not value.strip("."):
        raise Permanent(f"{value!r} cannot stand in an address")
    return quote(value, safe="")


def _is_gone(response: httpx.Response) -> bool:
    """Only a 404 with a problem document, or 410, says that a record is gone.

    Any other 404 is a wrong address, and must not read as "gone": that would cancel orders.
    """
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    gone: bool = response.status_code == httpx.codes.GONE
    return gone or (response.status_code == httpx.codes.NOT_FOUND and kind == PROBLEM)
