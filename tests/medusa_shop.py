"""A Medusa for tests: in memory, answering as the real one (2.21.2) did, to its Admin API.

    shop = MedusaShop()
    shop.books.add_product("TEA-1")
    order = shop.books.place({"TEA-1": 2})

`client()` reaches it without a socket. It is stricter than the real one, which ignores query
parameters and operators it does not know, so that a misspelled filter answers everything: here
they are refused. Of `fields`, it shows what was asked for and nothing else.
"""

from __future__ import annotations

import copy
import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from channels.connectors.base import Log, silent
from channels.connectors.medusa import Medusa
from tests.medusa_books import Books, Json, Refused, invalid

SECRET = "whsec_bWVkdXNhLXRlc3Qtc2VjcmV0LTAxMjM0NTY="
URL = "https://api.shop.example"

LISTS = {
    "orders": "orders",
    "payments": "payments",
    "products": "products",
    "product-variants": "variants",
    "inventory-items": "inventory_items",
    "stock-locations": "stock_locations",
    "shipping-profiles": "shipping_profiles",
    "stores": "stores",
}
"""Paths of lists, and what their answers call the list."""
OPERATORS = ("$gt", "$gte", "$lt", "$lte")
LABEL = {"tracking_number", "tracking_url", "label_url"}
PRICE = {"id", "currency_code", "amount", "min_quantity", "max_quantity", "rules"}
VARIANT = {"title", "sku", "barcode", "options", "manage_inventory", "prices"}
LEVEL = {"inventory_item_id", "location_id", "stocked_quantity"}
BODIES: Mapping[str, tuple[set[str], set[str]]] = {
    "fulfillments": ({"items"}, {"location_id", "metadata"}),
    "shipments": ({"items"}, {"labels"}),
    "levels": (set(), {"create", "update"}),
    "product": (
        {"title"},
        {"handle", "status", "options", "variants", "sales_channels", "shipping_profile_id"},
    ),
    "product change": (set(), {"title"}),
    "variant change": (set(), VARIANT - {"options", "manage_inventory"}),
}
"""What each body must and may have."""
PARTS = {
    "items": ({"id", "quantity"}, set()),
    "labels": (LABEL, set()),
    "create": (LEVEL, set()),
    "update": (LEVEL, set()),
    "variants": ({"title", "sku", "prices", "options"}, VARIANT),
    "prices": ({"currency_code", "amount"}, PRICE),
}


class MedusaShop:
    """`fail(...)` queues answers given instead of the true ones; `before(n)` is called ahead of
    the n-th request (from 1), so that a test can change the shop between two of them."""

    def __init__(self, api_key: str = "sk_test") -> None:
        self.books = Books()
        self.api_key = api_key
        self.before: Callable[[int], None] = lambda number: None
        self.after: Callable[[int], None] = lambda number: None
        self.seen: list[httpx.Request] = []
        self._failures: list[httpx.Response] = []

    def connector(
        self, /, kind: type[Medusa] = Medusa, log: Log = silent, **settings: str
    ) -> Medusa:
        secrets = {"api_key": self.api_key, "webhook_secret": SECRET}
        return kind({"url": URL, **settings}, secrets, self.client(), log)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.handle))

    def fail(self, status: int, content: Any = None, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._failures.append(httpx.Response(status, json=content, headers=named))

    def asked(self, method: str, end: str = "") -> int:
        """How many such requests have come, by the end of their path."""
        return sum(one.method == method and one.url.path.endswith(end) for one in self.seen)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        self.before(len(self.seen))
        if self._failures:
            return self._failures.pop(0)
        if request.headers.get("authorization") != _basic(self.api_key):
            return httpx.Response(401, json={"message": "Unauthorized"})
        if not request.url.path.startswith("/admin/"):
            return _no_such_page(request)
        try:
            answer = self._route(request, request.url.path.removeprefix("/admin/"))
        except Refused as error:
            said = {"type": error.kind, "message": str(error)}
            return httpx.Response(error.status, json=said)
        self.after(len(self.seen))
        return _no_such_page(request) if answer is None else httpx.Response(200, json=answer)

    def _route(self, request: httpx.Request, path: str) -> Json | None:
        if request.method == "GET" and path in LISTS:
            return self._list(path, request)
        if request.method == "GET":
            return self._one(path, request)
        body = json.loads(request.content)
        if path == "inventory-items/location-levels/batch":
            return self.books.set_levels(_checked("levels", body))
        if path == "products":
            return self._product(self.books.make_product(_checked("product", body)))
        if match := re.fullmatch(r"products/(\w+)", path):
            changed = self.books.change_product(match[1], _checked("product change", body))
            return self._product(changed)
        if match := re.fullmatch(r"products/(\w+)/variants/(\w+)", path):
            changes = _checked("variant change", body)
            return self._product(self.books.change_variant(match[1], match[2], changes))
        return self._order_action(request, path, body)

    def _order_action(self, request: httpx.Request, path: str, body: Json) -> Json | None:
        if match := re.fullmatch(r"orders/(\w+)/fulfillments", path):
            order = self.books.fulfill(match[1], _checked("fulfillments", body))
        elif match := re.fullmatch(r"orders/(\w+)/fulfillments/(\w+)/shipments", path):
            order = self.books.ship(match[1], match[2], _checked("shipments", body))
        else:
            return None
        return {"order": _shown(order, request.url.params["fields"])}

    def _product(self, product: Json) -> Json:
        variants = self.books.variants.values()
        own = [
            {"id": v["id"], "sku": v["sku"]} for v in variants if v["product_id"] == product["id"]
        ]
        return {"product": {"id": product["id"], "variants": own}}

    def _one(self, path: str, request: httpx.Request) -> Json | None:
        kind, _, record_id = path.partition("/")
        name = {"orders": "order", "stock-locations": "stock_location"}.get(kind)
        if name is None:
            return None
        found = next((one for one in self._records(kind) if one["id"] == record_id), None)
        if found is None:
            raise Refused(404, "not_found", f"{name} id not found: {record_id}")
        return {name: _shown(found, request.url.params["fields"])}

    def _list(self, path: str, request: httpx.Request) -> Json:
        params = request.url.params
        found = [record for record in self._records(path) if _matches(path, record, params)]
        column = params.get("order", "id")
        found.sort(key=lambda record: record[column.lstrip("-")], reverse=column.startswith("-"))
        limit, offset = int(params.get("limit", 20)), int(params.get("offset", 0))
        if limit > 100:
            raise invalid("our own rule: at most 100")
        part = [_shown(one, params["fields"]) for one in found[offset : offset + limit]]
        return {LISTS[path]: part, "count": len(found), "offset": offset, "limit": limit}

    def _records(self, path: str) -> list[Json]:
        books = self.books
        if path == "payments":
            return [
                {**one, "payment_collection": {"order": books.orders[one["order_id"]]}}
                for one in books.payments.values()
            ]
        if path == "products":
            return [
                {**one, "variants": [v for v in books.variants.values() if v["product"] is one]}
                for one in books.products.values()
            ]
        kept: Mapping[str, Mapping[str, Json]] = {
            "orders": books.orders,
            "product-variants": books.variants,
            "inventory-items": books.inventory,
            "stock-locations": books.locations,
            "shipping-profiles": books.profiles,
            "stores": {"": books.store},
        }
        return list(kept[path].values())


def _basic(key: str) -> str:
    return "Basic " + b64encode(f"{key}:".encode()).decode()


def _no_such_page(request: httpx.Request) -> httpx.Response:
    said = f"<pre>Cannot {request.method} {request.url.path}</pre>"
    return httpx.Response(404, text=f"<!DOCTYPE html>\n{said}")


# Bodies


def _checked(kind: str, body: Json) -> Json:
    _check_object(kind, body, *BODIES[kind])
    return body


def _check_object(where: str, body: Json, required: set[str], allowed: set[str]) -> None:
    if unknown := sorted(set(body) - required - allowed):
        raise invalid(f"Invalid request: Unrecognized fields: '{', '.join(unknown)}' in {where}")
    if missing := sorted(required - set(body)):
        raise invalid(f"Invalid request: Field '{', '.join(missing)}' is required in {where}")
    for name in PARTS.keys() & body.keys():
        for part in body[name]:
            _check_object(name, part, *PARTS[name])
    for name in ("quantity", "stocked_quantity", "amount"):
        if name in body and (not isinstance(body[name], int | float) or body[name] < 0):
            raise invalid(f"Invalid request: Value for field '{name}' too small or no number")


# Queries


def _matches(path: str, record: Json, params: httpx.QueryParams) -> bool:
    return all(
        _holds(path, record, name, values)
        for name in params
        if name not in ("fields", "order", "limit", "offset")
        for values in [params.get_list(name)]
    )


def _holds(path: str, record: Json, name: str, values: list[str]) -> bool:
    if name == "q":
        return values[0].lower() in str(record["sku"]).lower()
    if name in ("id", "id[]", "sku", "sku[]"):
        return record[name.removesuffix("[]")] in values
    match = re.fullmatch(r"(id|created_at|updated_at)\[(\$\w+)\]", name)
    if match is None or match[2] not in OPERATORS:
        raise invalid(f"our own rule: there is no parameter {name}")
    if match[1] == "id" and path != "orders":
        raise invalid("Invalid request: Expected type: 'string, array' for field 'id'")
    return _compare(record[match[1]], match[2], values[0])


def _compare(value: str, operator: str, wanted: str) -> bool:
    left: Any = value
    right: Any = wanted
    if not re.match(r"[a-z]", value):
        left, right = datetime.fromisoformat(value), datetime.fromisoformat(wanted)
    holds = {
        "$gt": left > right,
        "$gte": left >= right,
        "$lt": left < right,
        "$lte": left <= right,
    }
    return bool(holds[operator])


def _shown(record: Json, fields: str) -> Json:
    """The fields asked for: `name`, `name.part`, `*name` (all of a relation), `*name.part`."""
    shown: Json = {"id": record["id"]}
    for field in fields.split(","):
        path = field.lstrip("*").split(".")
        _copy(record, shown, path, whole=field.startswith("*"))
    return shown


def _copy(source: Json, target: Json, path: list[str], *, whole: bool) -> None:
    name, *rest = path
    if name not in source:
        raise invalid(f"our own rule: there is no field {name}")
    value = source[name]
    nested = isinstance(value, dict | list) and bool(rest or whole)
    if not nested:
        target[name] = copy.deepcopy(value) if not isinstance(value, dict | list) else None
        return
    many = value if isinstance(value, list) else [value]
    blank = [_plain(one) if whole and not rest else {} for one in many]
    have = target.get(name) or (blank if isinstance(value, list) else blank[0])
    target[name] = have
    for one, to in zip(many, have if isinstance(have, list) else [have], strict=True):
        if rest:
            _copy(one, to, rest, whole=whole)
        else:
            to.update(_plain(one))


def _plain(record: Json) -> Json:
    """A relation's own columns; what it relates to has to be asked for by name.

    `metadata` and `rules` are columns that hold objects.
    """
    columns = ("metadata", "rules")
    return {
        name: copy.deepcopy(value)
        for name, value in record.items()
        if name in columns or not isinstance(value, dict | list)
    }


def signed(
    topic: str, data: Json, secret: str = SECRET, at: datetime | None = None
) -> tuple[dict[str, str], bytes]:
    """Headers and body as the subscriber file posts them; the signature is written apart."""
    body = json.dumps({"type": topic, "data": data}, separators=(",", ":")).encode()
    number = f"msg_{uuid4()}"
    moment = str(int((at or datetime.now().astimezone()).timestamp()))
    key = b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, f"{number}.{moment}.".encode() + body, "sha256")
    return {
        "content-type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }, body
