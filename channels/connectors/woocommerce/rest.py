"""The shop's REST API (wc/v3): where it is, how a key is shown to it, how its lists are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from math import ceil
from typing import Any

import httpx

from channels.connectors.base import Limit, Misconfigured, Transient
from channels.connectors.http import call, json_of, limit_of
from channels.connectors.woocommerce import answers
from channels.connectors.woocommerce.answers import Json
from channels.connectors.woocommerce.oauth1 import BasicThenOAuth1, OAuth1

Params = Mapping[str, str | int]

PER_PAGE = 100
"""What the API allows at most; it answers 400 to more."""


NO_PARAMS: Params = {}
_REFUSALS = (int(httpx.codes.BAD_REQUEST),)


@dataclass(frozen=True, slots=True)
class Page:
    """`total` counts the whole list, over all pages; None where the shop did not say."""

    records: list[Json]
    total: int | None


class Rest:
    """Requests, their signing and their errors.

    `shop` is the shop's address, `authentication` is "auto" or "basic"; `heard` is told what an
    answer says of a limit: WooCommerce has none, but hosts and proxies in front of shops do.
    """

    def __init__(
        self,
        client: httpx.Client,
        shop: str,
        key: str,
        secret: str,
        authentication: str = "auto",
        per_page: int = PER_PAGE,
        heard: Callable[[Limit], None] = lambda limit: None,
    ) -> None:
        self._client = client
        self._root = f"{_checked(shop)}/wp-json/wc/v3"
        self._auth = _auth(httpx.URL(self._root), key, secret, authentication)
        self._per_page = per_page
        self._heard = heard

    def one(self, path: str) -> Json | None:
        """One record; None where the shop says that it has no such id.

        Any other 404 is a wrong address or a switched-off plugin, and must not read as "gone":
        that would cancel orders.
        """
        response = self._call("GET", path)
        return None if answers.is_gone(response) else answers.record(response)

    def listed(self, path: str) -> list[Json]:
        """A list that has no pages, as the notes of an order. Raises `answers.NoRoute`."""
        response = self._call("GET", path)
        if answers.error_code(response) == "rest_no_route":
            raise answers.NoRoute
        return answers.records(response)

    def fact(self, path: str, name: str) -> str:
        """One field of an answer that is no record; "" where this shop does not tell."""
        response = self._call("GET", path)
        if response.status_code == httpx.codes.NOT_FOUND:
            return ""
        answer = json_of(response)
        return str(answer.get(name) or "") if isinstance(answer, dict) else ""

    def create(self, path: str, content: Json, params: Params = NO_PARAMS) -> Json:
        """POST; the record as the shop has it now. Raises `answers.Refused` for a named 400."""
        response = self._call("POST", path, json=content, params=params, accept=_REFUSALS)
        answers.raise_refusal(response)
        return answers.record(response)

    def change(self, path: str, content: Json, params: Params = NO_PARAMS) -> Json | None:
        """PUT; None where the shop has no such record (any more). Raises `answers.Refused`."""
        response = self._call("PUT", path, json=content, params=params, accept=_REFUSALS)
        if answers.is_gone(response):
            return None
        answers.raise_refusal(response)
        return answers.record(response)

    def batch(self, path: str, updates: list[Json]) -> list[Json]:
        """Change several records, at most 100; each that was refused comes with an `error`."""
        response = self._call("POST", f"{path}/batch", json={"update": updates})
        answers.refuse_missing(response)
        answer = json_of(response)
        done = answer.get("update") if isinstance(answer, dict) else None
        if not isinstance(done, list) or not all(isinstance(record, dict) for record in done):
            raise Transient(f"{response.request.url} answered something that is not a batch")
        return done

    def delete(self, path: str) -> None:
        """For good; nothing where it is gone already."""
        response = self._call("DELETE", path, params={"force": "true"})
        if not answers.is_gone(response):
            answers.refuse_missing(response)

    def page(self, path: str, params: Params, page: int = 1, per_page: int | None = None) -> Page:
        size = per_page or self._per_page
        response = self._call("GET", path, params={**params, "page": page, "per_page": size})
        total = response.headers.get("x-wp-total", "")
        return Page(answers.records(response), int(total) if total.isdigit() else None)

    def walk(self, path: str, params: Params, page: int = 1) -> Iterator[list[Json]]:
        """All pages from `page` on, by increasing id, without a hole while the list shrinks.

        Pages are cut by position. By id a record never changes places, whatever is done to it;
        but one that leaves the list (deleted, binned, or changed out of a bounded window) moves
        all later ones forward, across the cut. That shows as a smaller total, and as many records
        are read again. Some records may therefore come twice.
        """
        total: int | None = None
        while True:
            answer = self.page(path, {**params, "orderby": "id", "order": "asc"}, page)
            if answer.records:
                yield answer.records
            left = (total or 0) - (answer.total or 0)
            total = answer.total
            if page > 1 and left > 0 and total is not None:
                page = max(1, page - ceil(left / self._per_page))
            elif self._is_last(page, answer):
                return
            else:
                page += 1

    def page_after(self, path: str, last_id: int) -> int:
        """A page of `walk` at or before the one on which the ids after `last_id` begin.

        The API has no filter on ids. The ids wanted stand at the end of the list, so it is looked
        at backwards from there, in doubling steps, one record at each.
        """
        total = self.page(path, {}, per_page=1).total
        page, step = ceil((total or 0) / self._per_page), 1
        while page > 1 and self._first_id(path, page) > last_id:
            page, step = page - step, step * 2
        return max(page, 1)

    def _first_id(self, path: str, page: int) -> float:
        position = (page - 1) * self._per_page + 1
        found = self.page(path, {"orderby": "id", "order": "asc"}, position, per_page=1).records
        return int(found[0]["id"]) if found else float("inf")

    def _is_last(self, page: int, answer: Page) -> bool:
        if answer.total is None:
            return len(answer.records) < self._per_page
        return page * self._per_page >= answer.total

    def _call(
        self, method: str, path: str, params: Params = NO_PARAMS, **options: Any
    ) -> httpx.Response:
        return call(
            self._client,
            method,
            f"{self._root}/{path}",
            heard=self._hear,
            params=dict(params),
            auth=self._auth,
            **options,
        )

    def _hear(self, response: httpx.Response) -> None:
        if (limit := limit_of(response)) is not None:
            self._heard(limit)


def _checked(shop: str) -> str:
    try:
        url = httpx.URL(shop.strip())
    except httpx.InvalidURL as error:
        raise Misconfigured(f"the shop's address {shop!r} is not valid: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Misconfigured(f"the shop's address {shop!r} must begin with https:// or http://")
    return str(url.copy_with(query=None, fragment=None)).rstrip("/")


def _auth(url: httpx.URL, key: str, secret: str, authentication: str) -> httpx.Auth:
    if not (key and secret):
        raise Misconfigured("enter the shop's consumer key and consumer secret")
    if url.scheme == "https" or authentication == "basic":
        return httpx.BasicAuth(key, secret)
    return BasicThenOAuth1(key, secret) if _is_loopback(url.host) else OAuth1(key, secret)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
