"""The shop itself: what tests do to it and how it is reached."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.woocommerce import keys
from tests.woocommerce.answers import Answer, refusal
from tests.woocommerce.recordings import RECORDED_SECRET, Json, recorded
from tests.woocommerce.routes import Routes
from tests.woocommerce.server import served

API = "/wp-json/wc/v3/"
CONSUMER_SECRET = "cs_test"


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    params: Mapping[str, str]
    authorization: str


class WooShop(Routes):
    """`behind_proxy`: TLS ends before the shop, so it takes Basic although the address is http.

    `fail(...)` queues answers given instead of the true ones; `before(n)` is called ahead of the
    n-th request (from 1), so that a test can change the shop between two pages. `allowance`: how
    many requests the host in front of the shop still lets through, None for any number.
    """

    def __init__(
        self,
        orders: Iterable[Json] = (),
        *,
        products: Iterable[Json] = (),
        variations: Mapping[int, list[Json]] | None = None,
        webhooks: Iterable[Json] = (),
        base_url: str = "https://shop.example",
        key: str = "ck_test",
        secret: str = CONSUMER_SECRET,
        behind_proxy: bool = False,
        read_only: bool = False,
        fulfillments: bool = False,
        barcodes: bool = False,
    ) -> None:
        super().__init__(fulfillments=fulfillments, barcodes=barcodes)
        self.orders = {order["id"]: copy.deepcopy(order) for order in orders}
        self.products = {product["id"]: copy.deepcopy(product) for product in products}
        self.variations = copy.deepcopy(dict(variations or {}))
        self.webhooks = {webhook["id"]: dict(webhook) for webhook in webhooks}
        self.base_url, self.key, self.secret = base_url, key, secret
        self.behind_proxy, self.read_only = behind_proxy, read_only
        self.allowance: int | None = None
        self.before: Callable[[int], None] = lambda number: None
        self.seen: list[Seen] = []
        self._failures: list[Answer] = []
        self._lock = threading.RLock()

    # What tests do to the shop

    @property
    def settings(self) -> dict[str, str]:
        return {"url": self.base_url}

    @property
    def secrets(self) -> dict[str, str]:
        return {
            "consumer_key": self.key,
            "consumer_secret": self.secret,
            "webhook_secret": RECORDED_SECRET,
        }

    @property
    def written(self) -> list[str]:
        """What was asked to change, in order, as "PUT orders/33"."""
        return [
            f"{seen.method} {seen.path.removeprefix(API)}"
            for seen in self.seen
            if seen.method != "GET"
        ]

    def place(self, order_id: int, at: str, **fields: Any) -> Json:
        """A new order like the first recorded one; `at` is "2026-11-23T05:21:18", UTC."""
        order = copy.deepcopy(recorded("25_")["response"]["body"])
        dates = dict.fromkeys(("date_created_gmt", "date_modified_gmt"), at)
        order.update(id=order_id, number=str(order_id), **dates)
        with self._lock:
            self.orders[order_id] = order | fields
        return self.orders[order_id]

    def change(self, order_id: int, at: str, **fields: Any) -> None:
        with self._lock:
            self.orders[order_id].update(fields, date_modified_gmt=at)

    def trash(self, order_id: int, at: str) -> None:
        self.change(order_id, at, status="trash")

    def delete(self, order_id: int) -> None:
        with self._lock:
            del self.orders[order_id]

    def fail(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        times: int = 1,
    ) -> None:
        self._failures += [Answer(status, body, headers or {})] * times

    # How the shop is reached

    def client(self) -> httpx.Client:
        def handle(request: httpx.Request) -> httpx.Response:
            given = self.handle(request.method, str(request.url), request.headers, request.content)
            return httpx.Response(given.status, content=given.body, headers=dict(given.headers))

        return httpx.Client(transport=httpx.MockTransport(handle))

    @contextmanager
    def serve(self) -> Iterator[WooShop]:
        with served(self) as self.base_url:
            yield self

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        authorization = headers.get("authorization", "")
        with self._lock:
            self.seen.append(Seen(method, parts.path, params, authorization))
            self.before(len(self.seen))
            if self._failures:
                return self._failures.pop(0)
            if self.allowance == 0:
                body = b"<html>Too Many Requests</html>"
                return Answer(429, body, {"Retry-After": "17", **self._limit()})
            self.allowance = None if self.allowance is None else self.allowance - 1
            given = self._answer(method, url, parts.path, params, authorization, body)
            return Answer(given.status, given.body, {**given.headers, **self._limit()})

    def _limit(self) -> dict[str, str]:
        if self.allowance is None:
            return {}
        return {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": str(self.allowance)}

    def _answer(
        self, method: str, url: str, path: str, params: Json, authorization: str, body: bytes
    ) -> Answer:
        if not path.startswith(API):
            return refusal(404, "rest_no_route", "No route was found.")
        known = keys.may_enter(
            method,
            url,
            params,
            authorization,
            key=self.key,
            secret=self.secret,
            tls=self.behind_proxy,
        )
        if not known:
            view = "woocommerce_rest_cannot_view"
            return refusal(401, view, "Sorry, you cannot list resources.")
        if self.read_only and method != "GET":
            message = "The API key provided does not have write permissions."
            return refusal(401, "woocommerce_rest_authentication_error", message)
        return self.route(method, path.removeprefix(API), params, body)
