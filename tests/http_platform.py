"""A pretended in-house shop and warehouse that keep the contract of the generic connectors.

It lives in memory, checks every request and every answer of its own against the OpenAPI document,
and has the habits of real platforms: page limits, 429, an idempotency store that replays refusals,
tokens that expire.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import httpx

from channels.connectors.base import Connector
from tests import http_contract

ADDRESS, ROOT = "https://shop.example.com/api", "/api"
TOKEN_URL = "https://login.example.com/token"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PAGE = 2
"""A page never holds more, whatever limit is asked for: every list has several pages."""

Answer = tuple[int, Any]
Row = dict[str, Any]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class HttpPlatform:
    """`lists` by path, each row with `id`, `updated_at` and, hidden in `made`, its instant."""

    lists: dict[str, list[Row]]
    made: dict[str, str] = field(default_factory=dict)
    auth_header: str = "authorization"
    expected_auth: str | None = None
    tokens: list[str] = field(default_factory=list)
    token_answer: Callable[[int], httpx.Response] | None = None
    extra_headers: dict[str, str] = field(default_factory=dict)
    failures: list[httpx.Response] = field(default_factory=list)
    refused_skus: set[str] = field(default_factory=set)
    replays: dict[str, httpx.Response] = field(default_factory=dict)
    reports: dict[tuple[str, str], Row] = field(default_factory=dict)
    listed_stock: dict[str, int] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.handle))

    def connector(self, made: type[Connector], **settings: Any) -> Connector:
        secrets = {name: settings.pop(name) for name in list(settings) if name in SECRETS}
        values = {"url": ADDRESS, **settings}
        return made(values, {"webhook_secret": SECRET, **secrets}, self.client())

    # HTTP

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if str(request.url) == TOKEN_URL:
            return self._token(request)
        http_contract.check_request(request, ROOT, self.auth_header)
        response = self._checked(request)
        response.headers.update(self.extra_headers)
        http_contract.check_answer(request, response, ROOT)
        return response

    def _checked(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            return self.failures.pop(0)
        shown = request.headers.get(self.auth_header)
        if shown != (f"Bearer {self.tokens[-1]}" if self.tokens else self.expected_auth):
            return problem(401, "Who are you?")
        key = request.headers.get("idempotency-key", "")
        if key not in self.replays:
            answer = self._answer(request)
            if not key:
                return answer
            self.replays[key] = answer
        kept = self.replays[key]
        return httpx.Response(kept.status_code, headers=kept.headers, content=kept.content)

    def _token(self, request: httpx.Request) -> httpx.Response:
        kind, _, value = request.headers["authorization"].partition(" ")
        assert kind == "Basic"
        assert b64decode(value).decode() == "robot:s%3Acret"
        form = parse_qs(request.content.decode())
        assert form == {"grant_type": ["client_credentials"], "scope": ["orders stock"]}
        if self.token_answer:
            return self.token_answer(len(self.tokens))
        self.tokens.append(f"token-{len(self.tokens)}")
        return httpx.Response(200, json={"access_token": self.tokens[-1], "token_type": "Bearer"})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        template, known, values = http_contract.operation(request, ROOT)
        name, query = known["operationId"], request.url.params
        body = json.loads(request.content) if request.content else {}
        if name.startswith("list"):
            return self._list(template.strip("/"), query)
        if name.startswith("read"):
            return self._one(template.split("/")[1], next(iter(values.values())))
        pushes: dict[str, Callable[[], httpx.Response]] = {
            "sendShipment": lambda: self._send_shipment(body),
            "reportShipment": lambda: self._report(values, body),
            "setStock": lambda: self._set_stock(body["items"]),
            "putProduct": lambda: self._put_product(values["sku"], body),
        }
        return pushes[name]()

    # Reading

    def _list(self, kind: str, query: httpx.QueryParams) -> httpx.Response:
        rows = self.lists[kind]
        previous: Row | None = None
        if "updated_since" in query:
            since, before = moment(query["updated_since"]), moment(query["updated_before"])
            rows = [row for row in rows if since <= moment(row["updated_at"]) < before]
            rows = sorted(rows, key=lambda row: moment(row["updated_at"]))
        elif "created_since" in query:
            since = moment(query["created_since"])
            earlier = [row for row in rows if moment(self.made[row["id"]]) < since]
            rows, previous = rows[len(earlier) :], earlier[-1] if earlier else None
        elif "after_id" in query:
            ids = [str(row["id"]) for row in rows]
            if query["after_id"] not in ids:
                return problem(404, "There is no such id.")
            rows = rows[ids.index(query["after_id"]) + 1 :]
        if skus := query.get_list("sku"):
            wanted = {sku.casefold() for sku in skus}
            rows = [row for row in rows if row["sku"].casefold() in wanted]
        start = int(query.get("cursor", "0"))
        end = start + min(PAGE, int(query["limit"]))
        page: Row = {"data": rows[start:end], "next": str(end) if end < len(rows) else None}
        if "created_since" in query:
            page["previous_id"] = previous["id"] if previous else None
        return httpx.Response(200, json=page)

    def _one(self, kind: str, external_id: str) -> httpx.Response:
        row = self.find(kind, external_id, "sku" if kind == "stock" else "id")
        return httpx.Response(200, json=row) if row else problem(404, "There is no such record.")

    def find(self, kind: str, value: str, name: str = "id") -> Row | None:
        return next((row for row in self.lists[kind] if str(row[name]) == value), None)

    # Pushing

    def _send_shipment(self, body: Row) -> httpx.Response:
        known = self.find("shipments", body["reference"], "reference")
        if known:
            return httpx.Response(200, json={"id": known["id"]})
        if unknown := self.refused_skus & {line["sku"] for line in body["lines"]}:
            return problem(422, f"We do not know {', '.join(sorted(unknown))}. Add it first.")
        row = {
            "id": f"wh-{len(self.lists['shipments']) + 1}",
            "reference": body["reference"],
            "updated_at": "2026-03-02T12:00:00Z",
            "lines": [],
        }
        self.lists["shipments"].append(row)
        return httpx.Response(201, json={"id": row["id"]})

    def _report(self, values: dict[str, str], body: Row) -> httpx.Response:
        order = self.find("orders", values["id"])
        if order is None:
            return problem(404, "There is no such order.")
        known = {str(line["id"]) for line in order["lines"]}
        if {line["order_line_id"] for line in body["lines"]} - known:
            return problem(422, "The order has no such line.")
        key = (values["id"], values["reference"])
        made = key not in self.reports
        self.reports[key] = body
        answer = {"id": f"{values['id']}-{values['reference']}"}
        return httpx.Response(201 if made else 200, json=answer)

    def _set_stock(self, items: list[Row]) -> httpx.Response:
        refused = []
        for item in items:
            product = self.find("products", item["product_id"])
            if product is None or product["sku"].casefold() != item["sku"].casefold():
                refused.append({"product_id": item["product_id"], "reason": "No such product."})
            else:
                self.listed_stock[item["product_id"]] = item["quantity"]
        return httpx.Response(200, json={"refused": refused})

    def _put_product(self, sku: str, body: Row) -> httpx.Response:
        assert sku == body["sku"]
        row = next(
            (r for r in self.lists["products"] if r["sku"].casefold() == sku.casefold()), None
        )
        status = 200 if row else 201
        if row is None:
            row = {"id": f"p-{len(self.lists['products']) + 1}"}
            self.lists["products"].append(row)
        row.update({"updated_at": "2026-03-02T12:00:00Z", **row, **body, "id": row["id"]})
        return httpx.Response(status, json={"id": row["id"]})


SECRETS = ("webhook_secret", "password", "token", "client_secret")


def problem(status: int, detail: str, **headers: str) -> httpx.Response:
    content = json.dumps({"title": "Refused", "status": status, "detail": detail})
    kind = {"content-type": "application/problem+json"}
    return httpx.Response(status, headers={**kind, **headers}, content=content)


def order(external_id: Any, updated_at: str = "2026-03-02T10:00:00Z", **fields: Any) -> Row:
    """An order as the contract has it, for two mugs."""
    return {
        "id": external_id,
        "number": f"N{external_id}",
        "updated_at": updated_at,
        "placed_at": "2026-03-01T09:30:00+01:00",
        "lines": [{"id": 7, "sku": " MUG ", "quantity": 2, "name": "Mug", "price": "9.90"}],
        "currency": "EUR",
        "total": "19.80",
        "email": None,
        "ship_to": {"name": "A. Buyer", "city": "Bonn", "company": None},
        "status": "paid",
        **fields,
    }


def product(external_id: Any, sku: str, **fields: Any) -> Row:
    changed = {"updated_at": "2026-03-02T10:00:00Z"}
    return {"id": external_id, "sku": sku, "name": sku.title(), **changed, **fields}


def shipment(external_id: Any, reference: str = "", **fields: Any) -> Row:
    return {
        "id": external_id,
        "reference": reference,
        "updated_at": "2026-03-02T10:00:00Z",
        "lines": [{"sku": "MUG", "quantity": 2}],
        **fields,
    }


def stock(sku: str, on_hand: int, **fields: Any) -> Row:
    return {"sku": sku, "on_hand": on_hand, "updated_at": "2026-03-02T10:00:00Z", **fields}


def shop() -> HttpPlatform:
    """Three orders with opaque ids, two products."""
    return _filled(
        orders=[order("b-9"), order("a-7"), order(12)],
        products=[product("p-x", "MUG", price="9.90", currency="EUR"), product(5, "CUP,BIG")],
    )


def warehouse() -> HttpPlatform:
    return _filled(
        shipments=[shipment("s-3", "key-1"), shipment("s-1"), shipment(4, carrier="DHL")],
        products=[product("p-x", "MUG")],
        stock=[stock("MUG", 5), stock("A/B", 0), stock("CUP", 2)],
    )


def _filled(**lists: list[Row]) -> HttpPlatform:
    """Made one a day from 1 February 2026 on, in the order of the list."""
    made = {
        row["id"]: f"2026-02-{day:02}T08:00:00Z"
        for rows in lists.values()
        for day, row in enumerate(rows, start=1)
        if "id" in row
    }
    return HttpPlatform(lists, made)
