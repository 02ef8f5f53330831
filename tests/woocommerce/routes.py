"""The routes of the shop's API (wc/v3) over what it keeps."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from tests.woocommerce import fields, writes
from tests.woocommerce.answers import Answer, answer, no_route, refusal
from tests.woocommerce.lists import page_of
from tests.woocommerce.recordings import Json, recorded

Route = Callable[..., Answer]


class Routes:
    """`fulfillments` and `barcodes`: of later versions than the recorded one."""

    def __init__(self, *, fulfillments: bool, barcodes: bool) -> None:
        self.orders: dict[int, Json] = {}
        self.products: dict[int, Json] = {}
        self.variations: dict[int, list[Json]] = {}
        self.webhooks: dict[int, Json] = {}
        self.notes: dict[int, list[Json]] = {}
        self.refunds: dict[int, list[Json]] = {}
        self.fulfillments: dict[int, list[Json]] = {}
        self.currency = "USD"
        self.now = "2026-11-23T06:00:00"
        self.ignored: list[str] = []
        self.barcodes, self.has_fulfillments = barcodes, fulfillments

    def route(self, method: str, path: str, params: Json, body: bytes) -> Answer:
        for pattern, routes in self._table().items():
            if (match := re.fullmatch(pattern, path)) and (found := routes.get(method)):
                ids = [int(number) for number in match.groups()]
                if method in ("POST", "PUT"):
                    return found(*ids, json.loads(body))
                return found(*ids, params)
        return no_route()

    def _table(self) -> Mapping[str, Mapping[str, Route]]:
        order, product = r"orders/(\d+)", r"products/(\d+)"
        table: dict[str, dict[str, Route]] = {
            "orders": {"GET": self._orders},
            order: {"GET": self._order, "PUT": self._change_order, "DELETE": self._bin_order},
            f"{order}/refunds": {"GET": self._refunds},
            f"{order}/notes": {"GET": self._notes, "POST": self._add_note},
            "products": {"GET": self._list_products, "POST": self._add_product},
            "products/batch": {"POST": self._batch},
            product: {"GET": self._product, "PUT": self._change_product},
            f"{product}/variations": {"GET": self._list_variations},
            f"{product}/variations/batch": {"POST": self._variation_batch},
            rf"{product}/variations/(\d+)": {"PUT": self._change_variation},
            "webhooks": {"GET": self._list_webhooks, "POST": self._add_webhook},
            r"webhooks/(\d+)": {"PUT": self._change_webhook, "DELETE": self._delete_webhook},
            "data/currencies/current": {"GET": self._currency},
        }
        if self.has_fulfillments:
            listed = f"{order}/fulfillments"
            table[listed] = {"GET": self._fulfillments, "POST": self._add_fulfillment}
            table[rf"{listed}/(\d+)"] = {"PUT": self._change_fulfillment}
        return table

    # Orders

    def _orders(self, params: Json) -> Answer:
        return page_of("orders", self.orders.values(), params)

    def _order(self, order_id: int, params: Json) -> Answer:
        order = self.orders.get(order_id)
        return answer(200, order) if order else unknown("shop_order", 404)

    def _change_order(self, order_id: int, content: Json) -> Answer:
        self._notice(content, fields.ORDER)
        order = self.orders.get(order_id)
        if order is None:
            return unknown("shop_order", 400)
        return writes.change_order(order, content, self.now)

    def _bin_order(self, order_id: int, params: Json) -> Answer:
        """Into the bin; the answer still shows it as it was."""
        before = copy.deepcopy(self.orders[order_id])
        self.orders[order_id].update(status="trash", date_modified_gmt=self.now)
        return answer(200, before)

    def _refunds(self, order_id: int, params: Json) -> Answer:
        return answer(200, self.refunds.get(order_id, []))

    def _notes(self, order_id: int, params: Json) -> Answer:
        return answer(200, list(reversed(self.notes.get(order_id, []))))

    def _add_note(self, order_id: int, content: Json) -> Answer:
        self._notice(content, fields.NOTE)
        if order_id not in self.orders:
            return unknown("order", 404)
        return writes.add_note(self.notes.setdefault(order_id, []), content, self.now)

    def _fulfillments(self, order_id: int, params: Json) -> Answer:
        if order_id not in self.orders:
            return unknown("order", 404)
        return answer(200, self.fulfillments.get(order_id, []))

    def _add_fulfillment(self, order_id: int, content: Json) -> Answer:
        self._notice(content, fields.FULFILLMENT)
        kept = self.fulfillments.setdefault(order_id, [])
        made: Json = {"id": len(kept) + 1, "entity_id": str(order_id), "date_deleted": None}
        given = writes.put_fulfillment(made, content, new=True)
        if given.status == 201:
            kept.append(made)
        return given

    def _change_fulfillment(self, order_id: int, number: int, content: Json) -> Answer:
        self._notice(content, fields.FULFILLMENT)
        found = next((f for f in self.fulfillments[order_id] if f["id"] == number), None)
        if found is None:
            return refusal(400, "0", "Invalid fulfillment ID.")
        return writes.put_fulfillment(found, content, new=False)

    # Products

    def _list_products(self, params: Json) -> Answer:
        """Variations stand in the list only where it is asked for SKUs."""
        variations = self._shown_variations() if params.get("sku") else []
        products = [self._shown(product) for product in self.products.values()]
        return page_of("products", [*products, *variations], params)

    def _product(self, product_id: int, params: Json) -> Answer:
        shown = [self._shown(product) for product in self.products.values()]
        for record in chain(shown, self._shown_variations()):
            if record["id"] == product_id:
                return answer(200, record)
        return unknown("product", 404)

    def _add_product(self, content: Json) -> Answer:
        known = self._notice(content, fields.PRODUCT)
        if wrong := fields.problem(content, known, new=True):
            return wrong
        made: Json = copy.deepcopy(recorded("09_")["response"]["body"])
        made.update(id=max(self._ids(), default=100) + 1, sku="", regular_price="", price="")
        made.update(name="Product", date_created_gmt=self.now, manage_stock=False)
        given = writes.change_product(made, self._taken(content), self._owners(), self.now)
        if given.status == 200:
            self.products[made["id"]] = made
            return answer(201, self._shown(made))
        return given

    def _change_product(self, product_id: int, content: Json) -> Answer:
        known = self._notice(content, fields.PRODUCT)
        product = self.products.get(product_id)
        if product is None:
            return self._not_a_product(product_id)
        return self._change(product, content, known)

    def _not_a_product(self, product_id: int) -> Answer:
        if any(record["id"] == product_id for record in self._shown_variations()):
            to_use = "To manipulate product variations you should use the "
            message = to_use + "/products/<product_id>/variations/<id> endpoint."
            return refusal(404, "woocommerce_rest_invalid_product_id", message)
        return unknown("product", 400)

    def _list_variations(self, parent: int, params: Json) -> Answer:
        return page_of("variations", self.variations.get(parent, []), params)

    def _change_variation(self, parent: int, number: int, content: Json) -> Answer:
        known = self._notice(content, fields.VARIATION)
        found = next((v for v in self.variations.get(parent, []) if v["id"] == number), None)
        if found is None:
            return unknown("product_variation", 400)
        return self._change(found, content, known)

    def _change(self, product: Json, content: Json, known: Mapping[str, fields.Field]) -> Answer:
        if wrong := fields.problem(content, known, new=False):
            return wrong
        given = writes.change_product(product, self._taken(content), self._owners(), self.now)
        return answer(200, self._shown(product)) if given.status == 200 else given

    def _batch(self, content: Json) -> Answer:
        return self._batch_of(content, self._change_product)

    def _variation_batch(self, parent: int, content: Json) -> Answer:
        return self._batch_of(content, lambda n, entry: self._change_variation(parent, n, entry))

    def _batch_of(self, content: Json, change: Callable[[int, Json], Answer]) -> Answer:
        """Half of a batch may fail; the answer is 200 all the same."""
        entries = content.get("update", [])
        if len(entries) > 100:
            code = "woocommerce_rest_request_entity_too_large"
            return refusal(413, code, "Unable to accept more than 100 items for this request.")
        done: list[Any] = []
        for entry in entries:
            given = change(entry["id"], entry)
            shown = json.loads(given.body)
            done.append(shown if given.status == 200 else {"id": entry["id"], "error": shown})
        return answer(200, {"update": done})

    def _shown(self, product: Json) -> Json:
        return (
            {**product, "global_unique_id": product.get("global_unique_id", "")}
            if (self.barcodes)
            else product
        )

    def _shown_variations(self) -> list[Json]:
        """As the route of products shows them: with type, parent and name."""
        return [
            self._shown({**record, "type": "variation", "parent_id": parent, "name": "Variation"})
            for parent, records in self.variations.items()
            for record in records
        ]

    def _ids(self) -> list[int]:
        return [*self.products, *(record["id"] for record in self._shown_variations())]

    def _owners(self) -> dict[str, int]:
        records = [*self.products.values(), *self._shown_variations()]
        kept = [record for record in records if record["sku"] and record["status"] != "trash"]
        return {record["sku"].casefold(): record["id"] for record in kept}

    def _taken(self, content: Json) -> Json:
        known = {**fields.PRODUCT, **(fields.BARCODE if self.barcodes else {})}
        return {name: value for name, value in content.items() if name in known}

    # Webhooks and the rest

    def _list_webhooks(self, params: Json) -> Answer:
        shown = [
            {n: v for n, v in hook.items() if n != "secret"} for hook in self.webhooks.values()
        ]
        return page_of("webhooks", shown, params)

    def _add_webhook(self, content: Json) -> Answer:
        self._notice(content, fields.WEBHOOK)
        dates = {"date_created_gmt": self.now, "date_modified_gmt": None}
        made: Json = {"id": max(self.webhooks, default=14) + 1, "status": "active", **dates}
        given = writes.change_webhook(made, content, new=True)
        if given.status == 201:
            self.webhooks[made["id"]] = made
        return given

    def _change_webhook(self, number: int, content: Json) -> Answer:
        self._notice(content, fields.WEBHOOK)
        if number not in self.webhooks:
            return unknown("shop_webhook", 400)
        return writes.change_webhook(self.webhooks[number], content, new=False)

    def _delete_webhook(self, number: int, params: Json) -> Answer:
        if params.get("force") != "true":
            message = "Webhooks do not support trashing."
            return refusal(501, "woocommerce_rest_trash_not_supported", message)
        hook = self.webhooks.pop(number, None)
        return answer(200, hook) if hook else unknown("shop_webhook", 404)

    def _currency(self, params: Json) -> Answer:
        return answer(200, {"code": self.currency, "name": "", "symbol": ""})

    def _notice(
        self, content: Json, known: Mapping[str, fields.Field]
    ) -> Mapping[str, fields.Field]:
        """The fields that are known; unknown ones are ignored, and kept for tests to see."""
        if self.barcodes and known in (fields.PRODUCT, fields.VARIATION):
            known = {**known, **fields.BARCODE}
        self.ignored += [name for name in content if name not in known]
        return known


def unknown(kind: str, status: int) -> Answer:
    return refusal(status, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")
