"""A WooCommerce shop for tests: in memory, answering as the recorded one (7.9) did.

`WooShop(orders)` holds orders as the API shows them. Use it through `client()` (no socket) or
`with shop.serve():` (loopback HTTP; `base_url` is then its address). `data` next to this file
holds the recordings.
"""

from __future__ import annotations

import copy
import hmac
import json
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx

DATA = Path(__file__).parent / "data" / "woocommerce"
RECORDED_SECRET = "captured-secret-1"
CONSUMER_SECRET = "cs_test"
API = "/wp-json/wc/v3/"

Json = dict[str, Any]

ORDER_STATUSES = {
    "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed",
    "checkout-draft",
}  # fmt: skip
HIDDEN = {"trash", "auto-draft"}
ORDERINGS = {"id": "id", "date": "date_created_gmt", "modified": "date_modified_gmt"}


def recorded(name: str) -> Json:
    """A recorded API exchange by the beginning of its file name, for example "25_"."""
    [path] = (DATA / "api").glob(f"{name}*.json")
    exchange: Json = json.loads(path.read_text())
    return exchange


def recorded_orders() -> list[Json]:
    """The five orders as they were created: 33 to 37."""
    return [
        order
        for name in ("21_", "22_", "23_")
        for order in recorded(name)["response"]["body"]
        if name != "23_" or order["id"] == 37
    ]


def recorded_deliveries() -> list[tuple[str, dict[str, str], bytes]]:
    """(file name, headers with lower-case names, raw body), in the order they arrived."""
    found = []
    for path in sorted((DATA / "deliveries").glob("*.json")):
        delivery = json.loads(path.read_text())
        headers = {name.lower(): value for name, value in delivery["headers"]}
        found.append((path.stem, headers, b64decode(delivery["body_base64"])))
    return found


def signed_delivery(
    topic: str, content: Json, secret: str = RECORDED_SECRET, delivery_id: str = "d" * 32
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery as the shop sends it."""
    body = json.dumps(content, separators=(",", ":")).encode()
    signature = b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    resource, _, event = topic.partition(".")
    return {
        "user-agent": "WooCommerce/7.9.0 Hookshot (WordPress/6.1.9)",
        "content-type": "application/json",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": event,
        "x-wc-webhook-signature": signature,
        "x-wc-webhook-id": "15",
        "x-wc-webhook-delivery-id": delivery_id,
    }, body


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
    mime = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(status, json.dumps(content).encode(), {**mime, **(headers or {})})


def refusal(status: int, code: str, message: str, **data: Any) -> Answer:
    return answer(status, {"code": code, "message": message, "data": {"status": status, **data}})


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    params: Mapping[str, str]
    authorization: str


class WooShop:
    """`behind_proxy`: TLS ends before the shop, so it takes Basic although the address is http.

    `fail(...)` queues answers given instead of the true ones; `before(n)` is called ahead of the
    n-th request (from 1), so that a test can change the shop between two pages.
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
    ) -> None:
        self.orders = {order["id"]: copy.deepcopy(order) for order in orders}
        self.products = {product["id"]: copy.deepcopy(product) for product in products}
        self.variations = dict(variations or {})
        self.webhooks = {webhook["id"]: dict(webhook) for webhook in webhooks}
        self.base_url, self.key, self.secret = base_url, key, secret
        self.behind_proxy = behind_proxy
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
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self.base_url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        authorization = headers.get("authorization", "")
        with self._lock:
            self.seen.append(Seen(method, parts.path, params, authorization))
            self.before(len(self.seen))
            if self._failures:
                return self._failures.pop(0)
            if not parts.path.startswith(API):
                return refusal(404, "rest_no_route", "No route was found.")
            if not self._may_enter(method, url, params, authorization):
                view = "woocommerce_rest_cannot_view"
                return refusal(401, view, "Sorry, you cannot list resources.")
            return self._route(method, parts.path.removeprefix(API), params, body)

    # Authentication

    def _may_enter(self, method: str, url: str, params: Json, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        if scheme == "Basic":
            over_tls = url.startswith("https:") or self.behind_proxy
            return over_tls and b64decode(credentials).decode() == f"{self.key}:{self.secret}"
        return scheme == "OAuth" and self._signed(method, url, params, credentials)

    def _signed(self, method: str, url: str, params: Json, credentials: str) -> bool:
        """RFC 5849, written apart from the connector's own, on purpose."""
        given = {n: unquote(v) for n, v in re.findall(r'(oauth_\w+)="([^"]*)"', credentials)}
        signature = given.pop("oauth_signature", "")
        merged = {**params, **given}
        pairs = sorted(quote(n, safe="~") + "=" + quote(v, safe="~") for n, v in merged.items())
        base = "&".join(
            [method, quote(url.split("?")[0], safe="~"), quote("&".join(pairs), safe="~")]
        )
        expected = hmac.digest(f"{self.secret}&".encode(), base.encode(), "sha256")
        return given.get("oauth_consumer_key") == self.key and b64decode(signature) == expected

    # The routes

    def _route(self, method: str, path: str, params: Json, body: bytes) -> Answer:
        if method == "POST" and path == "products/batch":
            return self._batch(json.loads(body))
        if match := re.fullmatch(r"products/(\d+)/variations", path):
            return self._list(self.variations.get(int(match[1]), []), params)
        if match := re.fullmatch(r"(orders|products)/(\d+)", path):
            return self._one(match[1], int(match[2]))
        if path in ("orders", "products", "webhooks"):
            return self._list(getattr(self, path).values(), params)
        return refusal(404, "rest_no_route", "No route was found.")

    def _one(self, kind: str, record_id: int) -> Answer:
        found = getattr(self, kind).get(record_id)
        if found is None and kind == "products":
            listed = (record for records in self.variations.values() for record in records)
            found = next((record for record in listed if record["id"] == record_id), None)
        if found is None:
            name = "shop_order" if kind == "orders" else "product"
            return refusal(404, f"woocommerce_rest_{name}_invalid_id", "Invalid ID.")
        return answer(200, found)

    def _batch(self, content: Json) -> Answer:
        """Half of a batch may fail; the answer is 200 all the same."""
        done = []
        for entry in content.get("update", ()):
            product = self.products.get(entry["id"])
            if product is None:
                error = refusal(400, "woocommerce_rest_product_invalid_id", "Invalid ID.")
                done.append({"id": entry["id"], "error": json.loads(error.body)})
            else:
                product.update(entry)
                done.append(product)
        return answer(200, {"update": done})

    def _list(self, records: Iterable[Json], params: Json) -> Answer:
        if problem := _problem(params):
            return problem
        found = [record for record in records if _matches(record, params)]
        column = ORDERINGS[params.get("orderby", "date")]
        found.sort(
            key=lambda record: (
                (record.get(column) or "", record["id"]) if column != "id" else record["id"]
            ),
            reverse=params.get("order", "desc") == "desc",
        )
        size, page = int(params.get("per_page", 10)), int(params.get("page", 1))
        counts = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(ceil(len(found) / size))}
        return answer(200, found[(page - 1) * size : page * size], counts)


def _problem(params: Json) -> Answer | None:
    size = params.get("per_page", "10")
    if not size.isdigit() or not 1 <= int(size) <= 100:
        limits = "per_page must be between 1 (inclusive) and 100 (inclusive)"
        return _invalid("per_page", limits, "rest_out_of_bounds")
    for name, allowed in (("orderby", set(ORDERINGS)), ("order", {"asc", "desc"})):
        if params.get(name, min(allowed)) not in allowed:
            return _invalid(name, f"{name} is not one of {sorted(allowed)}", "rest_not_in_enum")
    statuses = {"any", "all", "active", "paused", "disabled", "trash", "publish", *ORDER_STATUSES}
    if not set(params.get("status", "any").split(",")) <= statuses:
        return _invalid("status", "status[0] is not one of those", "rest_not_in_enum")
    for name in ("after", "before", "modified_after", "modified_before"):
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|", params.get(name, "")):
            return _invalid(name, "Invalid date.", "rest_invalid_date")
    return None


def _invalid(name: str, message: str, code: str) -> Answer:
    details = {name: {"code": code, "message": message, "data": None}}
    said = f"Invalid parameter(s): {name}"
    return refusal(400, "rest_invalid_param", said, params={name: message}, details=details)


def _matches(record: Json, params: Json) -> bool:
    return (
        _has_status(record.get("status", ""), params.get("status", "any").split(","))
        and _has_text(str(record["id"]), params.get("include"))
        and _has_text(record.get("sku") or "", params.get("sku"))
        and _within(record["date_created_gmt"], params.get("after"), params.get("before"))
        and _within(
            record.get("date_modified_gmt") or record["date_created_gmt"],
            params.get("modified_after"),
            params.get("modified_before"),
        )
    )


def _has_status(status: str, wanted: list[str]) -> bool:
    if {"any", "all"} & set(wanted):
        return status not in HIDDEN
    return status in wanted


def _has_text(text: str, wanted: str | None) -> bool:
    return wanted is None or text in wanted.split(",")


def _within(moment: str, after: str | None, before: str | None) -> bool:
    """Whole seconds, strictly on both sides."""
    at = datetime.fromisoformat(moment)
    return (not after or at > datetime.fromisoformat(after)) and (
        not before or at < datetime.fromisoformat(before)
    )


def _handler_for(shop: WooShop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            url = f"http://{self.headers['host']}{self.path}"
            given = shop.handle(self.command, url, dict(self.lower_headers()), body)
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        do_POST = do_GET

        def lower_headers(self) -> Iterator[tuple[str, str]]:
            return ((name.lower(), value) for name, value in self.headers.items())

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read `shop.seen` instead."""

    return Handler
