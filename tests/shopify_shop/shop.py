"""The pretended shop: its records, its HTTP, its rights and its budget."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.shopify_shop import records
from tests.shopify_shop.changes import Changes
from tests.shopify_shop.execution import Request
from tests.shopify_shop.language import Wrong, parse_operation
from tests.shopify_shop.loopback import listening
from tests.shopify_shop.records import gid
from tests.shopify_shop.views import Views

Json = dict[str, Any]

SECRET = "shpss_app_secret"
VERSION = "2026-10"
CAPACITY, RATE, DEAREST = 2000.0, 100.0, 1000
SCOPES = (
    "read_all_orders", "read_orders", "write_merchant_managed_fulfillment_orders",
    "write_products", "write_inventory", "read_locations",
)  # fmt: skip
NEEDS = {
    "order": "read_orders",
    "orders": "read_orders",
    "product": "read_products",
    "products": "read_products",
    "productVariants": "read_products",
    "location": "read_locations",
    "fulfillmentCreate": "write_merchant_managed_fulfillment_orders",
    "inventorySetQuantities": "write_inventory",
    "productSet": "write_products",
}
KEYED = {"inventoryActivate", "inventorySetQuantities"}


class ShopifyShop:
    """`fail(...)` queues answers given instead of the true ones; `seen` are the operations asked.

    `says`: payloads that mutations give instead of doing anything, by name. `bundles`: variants
    whose stock cannot be set. `unsearchable`: SKUs that the search does not know yet.
    `hidden_before`: what an app without read_all_orders does not see. `now`: when mutations happen.
    """

    def __init__(self) -> None:
        self.orders: dict[int, Json] = {}
        self.products: dict[int, Json] = {}
        self.subscriptions: dict[str, Json] = {}
        self.locations = {
            gid("Location", number): {
                "id": gid("Location", number),
                "name": f"Warehouse {number}",
                "isActive": True,
            }
            for number in (61, 62)
        }
        self.about = {"id": gid("Shop", 1), "name": "Lamps of Ada", "currencyCode": "EUR"}
        self.scopes = [*SCOPES]
        self.bundles: set[str] = set()
        self.unsearchable: set[str] = set()
        self.token, self.refresh_token = "shpat_first", "shprt_first"
        self.client = {"client_id": "app-id", "client_secret": SECRET}
        self.now, self.hidden_before = "2026-11-23T12:00:00Z", ""
        self.available, self.notified = CAPACITY, 0
        self.seen: list[str] = []
        self.base_url = ""
        self.keys: dict[str, tuple[Json, Json]] = {}
        self.waited: list[float] = []
        self.says: dict[str, Json] = {}
        self.views, self._changes = Views(self), Changes(self)
        self._failures: list[httpx.Response] = []
        self._last_id = 900_000

    # What tests do to the shop

    @property
    def settings(self) -> Json:
        address = {"url": self.base_url} if self.base_url else {}
        return {"shop": "lamps.myshopify.com", **address}

    @property
    def secrets(self) -> dict[str, str]:
        return {"access_token": self.token, "webhook_secret": SECRET}

    def place(
        self, number: int, at: str, lines: Sequence[tuple[str | None, int]] = (("LAMP", 2),),
        **fields: Any,
    ) -> Json:  # fmt: skip
        made = records.order(number, at, lines, gid("Location", 61))
        self.orders[number] = made | fields
        return self.orders[number]

    def stock_up(
        self, number: int, at: str, variants: Sequence[tuple[int, str, str]], **fields: Any
    ) -> Json:
        """A product whose variants are stocked at location 61."""
        made = records.product(number, at, variants) | fields
        for variant in made["variants"]:
            variant["levels"][gid("Location", 61)] = 3
        self.products[number] = made
        return made

    def fail(self, status: int = 200, content: Any = None, **headers: str) -> None:
        self._failures.append(httpx.Response(status, json=content, headers=headers))

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.available = min(CAPACITY, self.available + RATE * seconds)

    def delivery(
        self, topic: str, content: Json, webhook_id: str = "wh-1", secret: str = SECRET
    ) -> tuple[dict[str, str], bytes]:
        body = json.dumps(content, separators=(",", ":")).encode()
        return {
            "content-type": "application/json",
            "x-shopify-topic": topic,
            "x-shopify-hmac-sha256": b64encode(
                hmac.digest(secret.encode(), body, "sha256")
            ).decode(),
            "x-shopify-shop-domain": "lamps.myshopify.com",
            "x-shopify-api-version": VERSION,
            "x-shopify-webhook-id": webhook_id,
            "x-shopify-event-id": "ev-1",
            "x-shopify-triggered-at": "2026-11-23T12:00:00.000000000Z",
        }, body

    # What the shop's own parts ask

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def may(self, what: str) -> bool:
        return any(what in scope for scope in self.scopes)

    def visible_orders(self) -> list[Json]:
        since = "" if "read_all_orders" in self.scopes else self.hidden_before
        return [one for one in self.orders.values() if one["createdAt"] >= since]

    def variants(self) -> list[Json]:
        return [one for product in self.products.values() for one in product["variants"]]

    def searched_variants(self) -> list[Json]:
        return [one for one in self.variants() if one["sku"] not in self.unsearchable]

    def item(self, id: str) -> Json | None:
        return next((one for one in self.variants() if one["item"] == id), None)

    def fulfillments(self) -> list[Json]:
        return [one for order in self.orders.values() for one in order["fulfillments"]]

    def fulfillment_orders(self) -> list[Json]:
        return [one for order in self.orders.values() for one in order["fulfillmentOrders"]]

    # HTTP

    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._handle))

    @contextmanager
    def serve(self) -> Iterator[ShopifyShop]:
        """On loopback; `settings` then say where."""
        with listening(self._handle) as self.base_url:
            yield self

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if self._failures:
            return self._failures.pop(0)
        if request.method == "POST" and request.url.path == "/admin/oauth/access_token":
            return self._renew(dict(parse_qsl(request.content.decode())))
        if request.url.path != f"/admin/api/{VERSION}/graphql.json" or request.method != "POST":
            return httpx.Response(404, json={"errors": "Not Found"})
        if request.headers.get("x-shopify-access-token") != self.token:
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return httpx.Response(401, json={"errors": said})
        return httpx.Response(200, json=self._graphql(json.loads(request.content)))

    def _renew(self, form: dict[str, str]) -> httpx.Response:
        wanted: dict[str, str] = {**self.client, "grant_type": "client_credentials"}
        if form.get("grant_type") == "refresh_token":
            wanted.update(grant_type="refresh_token", refresh_token=self.refresh_token)
        if form != wanted:
            said = "This request requires an active refresh_token"
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": said})
        self.token = f"shpat_{self.next_id()}"
        answer: Json = {"access_token": self.token, "scope": ",".join(self.scopes)}
        answer["expires_in"] = 86399
        if form["grant_type"] == "refresh_token":
            self.refresh_token = f"shprt_{self.next_id()}"
            answer |= {"expires_in": 3600, "refresh_token": self.refresh_token}
        return httpx.Response(200, json=answer)

    # GraphQL

    def _graphql(self, sent: Json) -> Json:
        cost = 0
        warnings: list[str] = []
        answer: Json = {}
        try:
            operation = parse_operation(sent["query"])
            self.seen.append(operation.name)
            request = Request(operation, sent.get("variables") or {})
            cost = request.cost()
            self._afford(cost)
            self._permit(request)
            answer["data"] = self._answer(request, warnings)
            self.available -= _objects(answer["data"])
        except Wrong as wrong:
            extensions = {"code": wrong.code, **wrong.extensions}
            answer = {"errors": [{"message": str(wrong), "extensions": extensions}]}
        status = {"maximumAvailable": CAPACITY, "currentlyAvailable": self.available}
        answer["extensions"] = {
            "cost": {"requestedQueryCost": cost, "throttleStatus": {**status, "restoreRate": RATE}},
        }
        if warnings:
            said = [{"field": "query", "message": text} for text in warnings]
            answer["extensions"]["search"] = [{"path": ["list"], "warnings": said}]
        return answer

    def _afford(self, cost: int) -> None:
        if cost > DEAREST:
            raise Wrong(f"Query cost is {cost}, the limit is {DEAREST}", "MAX_COST_EXCEEDED")
        if cost > self.available:
            raise Wrong("Throttled", "THROTTLED")

    def _permit(self, request: Request) -> None:
        granted = {*self.scopes, *(one.replace("write_", "read_") for one in self.scopes)}
        for selection in request.operation.selections:
            needed = NEEDS.get(selection.name)
            if needed and needed not in granted:
                raise Wrong(
                    f"Access denied for {selection.name} field.",
                    "ACCESS_DENIED",
                    requiredAccess=f"`{needed}` access scope.",
                )

    def _answer(self, request: Request, warnings: list[str]) -> Json:
        """A key used before gets the first answer again; with other input it is refused."""
        if request.root == "Query":
            return request.answer(self.views.query(warnings))
        [selection] = request.operation.selections
        if selection.name in self.says:
            payload = self.says[selection.name]
            return request.answer({selection.name: lambda **_: payload})
        if selection.name not in KEYED:
            return request.answer(self._changes.mutation())
        key = request.plain(selection.directives.get("idempotent", {}).get("key"))
        if not key:
            raise Wrong(f"The @idempotent directive is required for {selection.name}")
        given = request.arguments(selection)
        if key not in self.keys:
            self.keys[key] = given, request.answer(self._changes.mutation())
        if self.keys[key][0] != given:
            raise Wrong("Idempotency key mismatch", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
        return self.keys[key][1]


def _objects(value: Any) -> int:
    """What a request costs in the end: the objects it found."""
    if isinstance(value, list):
        return sum(_objects(one) for one in value)
    if isinstance(value, dict):
        return 1 + sum(_objects(one) for one in value.values())
    return 0
