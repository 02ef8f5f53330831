"""A ShipEngine account for tests: in memory, as strict as the vendor's published description.

`Account()` has one warehouse and one carrier. Use it through `client()`. What a packer does in
ShipEngine's own pages is `buy_label`, `void` and `cancel`; `fail` queues answers given instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import httpx

from channels.connectors.shipengine import ShipEngine

Json = dict[str, Any]

KEY = "TEST_key"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PATHS = re.compile(
    r"/v1/(?:shipments(?:/(?P<shipment>se-[^/]+)|/external_shipment_id/(?P<external>[^/]+))?"
    r"|(?P<labels>labels)|warehouses/(?P<warehouse>[^/]+))"
)
ADDRESS = {
    "name": "Hall Three", "phone": "+44 117 496 0000", "company_name": None,
    "address_line1": "3 Dock Road", "address_line2": None, "city_locality": "Bristol",
    "state_province": "Bristol", "postal_code": "BS1 6XN", "country_code": "GB",
    "address_residential_indicator": "no",
}  # fmt: skip
ADDRESS_NEEDS = set(ADDRESS) - {"company_name", "address_line2"}
SHIPMENT_NEEDS = {"carrier_id", "service_code", "ship_to", "ship_from"}
SHIPMENT_MAY = {
    "external_shipment_id", "external_order_id", "shipment_number", "warehouse_id", "items",
    "packages", "validate_address",
}  # fmt: skip
ITEM_MAY = {"name", "sku", "quantity", "external_order_id", "external_order_item_id"}
LISTS = {
    "shipments": {"modified_at_start", "modified_at_end", "shipment_status"},
    "labels": {"created_at_start", "created_at_end", "shipment_id", "label_status"},
}
PAGING = {"page", "page_size", "sort_by", "sort_dir"}


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def check(fits: bool, message: str) -> None:
    if not fits:
        raise Refused(400, message)


class Account:
    """`largest_page`: ShipEngine gives no more rows than that, whatever is asked for.

    `before(n)` is called ahead of the n-th request (from 1); `calls` are their paths.
    """

    def __init__(self, largest_page: int = 100) -> None:
        self.largest_page = largest_page
        self.shipments: list[Json] = []
        self.labels: list[Json] = []
        self.calls: list[str] = []
        self.before: Callable[[int], None] = lambda number: None
        self.now = START
        self._failures: list[httpx.Response] = []

    @property
    def settings(self) -> Json:
        return {"warehouse_id": "se-1", "carrier_id": "se-7", "service_code": "ups_ground"}

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def connector(self, **settings: Any) -> ShipEngine:
        return ShipEngine({**self.settings, **settings}, {"api_key": KEY}, self.client())

    # What people do

    def tick(self, seconds: float = 1) -> str:
        """Time passes; answers with the new instant, with more digits than we keep."""
        self.now += timedelta(seconds=seconds)
        return f"{self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond:06}1Z"

    def by_id(self, number: str) -> Json:
        return next(row for row in self.shipments if row["shipment_id"] == number)

    def touch(self, number: str) -> None:
        self.by_id(number)["modified_at"] = self.tick()

    def buy_label(self, number: str, *, unnoticed: bool = False, **values: Any) -> Json:
        """`unnoticed`: without a change of the shipment's own."""
        label = {
            "label_id": f"se-9{len(self.labels)}", "shipment_id": number, "status": "completed",
            "created_at": self.tick(), "carrier_code": "ups", "voided": False,
            "is_return_label": False, "tracking_number": f"1Z{len(self.labels)}", **values,
        }  # fmt: skip
        self.labels.append(label)
        if not unnoticed:
            self.by_id(number).update(shipment_status="label_purchased", modified_at=self.tick())
        return label

    def void(self, label: Json) -> None:
        label.update(voided=True, status="voided")
        self.touch(label["shipment_id"])

    def cancel(self, number: str) -> None:
        self.by_id(number).update(shipment_status="cancelled", modified_at=self.tick())

    def fail(self, status: int, headers: Mapping[str, str] | None = None, text: str = "") -> None:
        self._failures.append(httpx.Response(status, headers=headers, text=text))

    # Answering

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        self.before(len(self.calls))
        if self._failures:
            return self._failures.pop(0)
        try:
            return httpx.Response(200, json=self._found(request))
        except Refused as refused:
            error = {"error_source": "shipengine", "message": str(refused)}
            body = {"request_id": "aa3d8e8e", "errors": [error]}
            return httpx.Response(refused.status, json=body)

    def _found(self, request: httpx.Request) -> Json:
        match = PATHS.fullmatch(request.url.path)
        if match is None:
            raise Refused(404, "No such address.")
        if request.headers.get("api-key") != KEY:
            raise Refused(401, "The API key is invalid.")
        named = match.groupdict()
        if request.method == "POST":
            return self._create(json.loads(request.content))
        if named["warehouse"]:
            return self._one([{"warehouse_id": "se-1", "name": "Hall", "origin_address": ADDRESS}],
                             "warehouse_id", named["warehouse"])  # fmt: skip
        if named["shipment"]:
            return self._one(self.shipments, "shipment_id", named["shipment"])
        if named["external"]:
            return self._one(self.shipments, "external_shipment_id", named["external"])
        return self._list("labels" if named["labels"] else "shipments", dict(request.url.params))

    def _one(self, rows: list[Json], field: str, value: str) -> Json:
        for row in rows:
            if row[field] == value:
                return row
        raise Refused(404, f"There is no {field} {value}.")

    def _create(self, body: Json) -> Json:
        check(set(body) == {"shipments"} and len(body["shipments"]) == 1, "shipments is needed.")
        (row,) = body["shipments"]
        self._check(row)
        known = [each["external_shipment_id"] for each in self.shipments]
        check(row["external_shipment_id"] not in known, "external_shipment_id is taken.")
        numbers = [each["shipment_number"] for each in self.shipments]
        check(row["shipment_number"] not in numbers, "shipment_number is taken.")
        made_at = self.tick()
        made = {
            **row, "shipment_id": f"se-{1000 + len(self.shipments)}", "shipment_status": "pending",
            "created_at": made_at, "modified_at": made_at,
        }  # fmt: skip
        self.shipments.append(made)
        return {"has_errors": False, "shipments": [made]}

    def _check(self, row: Json) -> None:
        check(set(row) >= SHIPMENT_NEEDS, f"{SHIPMENT_NEEDS - set(row)} are needed.")
        check(set(row) <= SHIPMENT_NEEDS | SHIPMENT_MAY, "There is a field that is not known.")
        for address in (row["ship_to"], row["ship_from"]):
            check(set(address) >= ADDRESS_NEEDS, f"{ADDRESS_NEEDS - set(address)} are needed.")
            check(set(address) <= set(ADDRESS), "An address has a field that is not known.")
            check(all(address.values()), "An address has an empty field.")
        check(len(row["external_shipment_id"]) <= 50, "external_shipment_id is too long.")
        check(len(row["shipment_number"]) <= 50, "shipment_number is too long.")
        check(all(set(item) <= ITEM_MAY for item in row["items"]), "An item is wrong.")
        weights = [package["weight"]["value"] for package in row.get("packages", [])]
        check(all(value > 0 for value in weights), "A weight must be more than zero.")

    def _list(self, kind: str, params: dict[str, str]) -> Json:
        check(set(params) <= LISTS[kind] | PAGING, "There is a parameter that is not known.")
        field = "modified_at" if kind == "shipments" else "created_at"
        rows = list(self.shipments if kind == "shipments" else self.labels)
        if f"{field}_start" in params:
            start, end = (
                datetime.fromisoformat(params[f"{field}_{edge}"]) for edge in ("start", "end")
            )
            rows = [row for row in rows if start <= datetime.fromisoformat(row[field]) <= end]
        if "shipment_id" in params:
            rows = [row for row in rows if row["shipment_id"] == params["shipment_id"]]
        rows.sort(key=lambda row: str(row[field]), reverse=params.get("sort_dir") != "asc")
        size, number = min(int(params["page_size"]), self.largest_page), int(params["page"])
        check(number >= 1, "page begins with 1.")
        page = rows[(number - 1) * size : number * size]
        pages = max(ceil(len(rows) / size), 1)
        return {kind: page, "total": len(rows), "page": number, "pages": pages, "links": {}}
