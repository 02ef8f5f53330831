"""Orders and products read from the shop: by window, by id, and one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from channels.connectors.base import Gone, OrderData, Permanent, ProductData
from channels.connectors.shopify import documents, records
from channels.connectors.shopify.graph import Graph, Json
from channels.connectors.shopify.ids import gid, moment

ORDERS_PER_PAGE = 10
PRODUCTS_PER_PAGE = 20
VARIANTS_PER_PAGE = 100
DEEPEST = 20_000
"""Shopify pages through 25,000 records of one list at most; before that the list begins anew.
https://shopify.dev/docs/api/usage/limits"""


RECENT = "recent:"
"""Before an id: begin a hundred records before that one. Ids are given out over all shops, so a
hundred records of one shop are no hundred numbers."""


class Lists:
    """`per_page` overrides all page sizes, `deepest` the depth."""

    def __init__(
        self, graph: Graph, *, ship_unpaid: bool, per_page: int | None, deepest: int = DEEPEST
    ) -> None:
        self._graph, self._ship_unpaid = graph, ship_unpaid
        self._per_page, self._deepest = per_page, deepest

    # Orders

    def orders(self, since: datetime, until: datetime) -> Iterator[list[OrderData]]:
        def pages(start: str) -> Iterator[list[Json]]:
            return self._order_pages(_changed(start, until), "UPDATED_AT")

        for nodes in self._deep(pages, _floor(since), lambda node: str(node["updatedAt"])):
            yield [self._order(node) for node in nodes]

    def orders_after(self, last_id: str) -> Iterator[list[OrderData]]:
        def pages(start: str) -> Iterator[list[Json]]:
            return self._order_pages(f"id:>{int(start or 0)}", "ID")

        start = self._start(last_id, documents.RECENT_ORDERS)
        for nodes in self._deep(pages, start, lambda node: str(node["legacyResourceId"])):
            yield [self._order(node) for node in nodes]

    def order_before(self, since: datetime) -> str | None:
        first = self._first_order(f"created_at:>='{_floor(since)}'")
        return None if first is None else str(first - 1)

    def order(self, external_id: str) -> OrderData | Gone:
        """Raises `Permanent` where it may only be too old for this app to see."""
        if not _is_number(external_id):
            return Gone(external_id)
        found = self._graph.ask(documents.ORDER, {"id": gid("Order", external_id)})["order"]
        if found is not None:
            return self._order(found)
        self._refuse_hidden(external_id)
        return Gone(external_id)

    def _refuse_hidden(self, external_id: str) -> None:
        """Without read_all_orders an order of more than 60 days reads as if it did not exist.

        To take that for "gone" would cancel it. Orders are numbered in time, so one whose id is
        below all that the app may see is out of sight, or cannot be told from it.
        """
        if "read_all_orders" in granted_scopes(self._graph.ask(documents.SHOP, {})):
            return
        first = self._first_order(None)
        if first is None or int(external_id) < first:
            raise Permanent(
                f"Shopify does not show order {external_id}: it was deleted, or it is older than "
                "the 60 days an app may see. Give the app the access scope read_all_orders"
            )

    def _first_order(self, query: str | None) -> int | None:
        nodes = self._graph.ask(documents.ORDER_IDS, {"query": query})["orders"]["nodes"]
        return int(nodes[0]["legacyResourceId"]) if nodes else None

    def _order_pages(self, query: str, sort_key: str) -> Iterator[list[Json]]:
        variables = {"query": query, "sortKey": sort_key, "first": self._size(ORDERS_PER_PAGE)}
        return self._graph.walk(documents.ORDERS, variables, ["orders"])

    def _order(self, record: Json) -> OrderData:
        def translate() -> OrderData:
            return records.order(record, self._lines(record), self._ship_unpaid)

        return records.read(record, translate)

    def _lines(self, record: Json) -> list[Json]:
        """Of a long order the lines are read anew, all of them."""
        first: Json = record["lineItems"]
        if not first["pageInfo"]["hasNextPage"]:
            return list(first["nodes"])
        variables = {"id": gid("Order", record["legacyResourceId"])}
        pages = self._graph.walk(documents.ORDER_LINES, variables, ["order", "lineItems"])
        return [line for page in pages for line in page]

    # Products

    def products(self, since: datetime, until: datetime) -> Iterator[list[ProductData]]:
        """A change of a variant moves its product's date, so products are what is asked for."""

        def pages(start: str) -> Iterator[list[Json]]:
            query = _changed(start, until)
            variables = {"query": query, "first": self._size(PRODUCTS_PER_PAGE)}
            return self._graph.walk(documents.PRODUCTS, variables, ["products"])

        currency = ""
        for nodes in self._deep(pages, _floor(since), lambda node: str(node["updatedAt"])):
            currency = currency or self.currency()
            yield [
                self._product(variant, parent, currency)
                for parent in nodes
                for variant in self._variants(parent)
            ]

    def variants_after(self, last_id: str) -> Iterator[list[ProductData]]:
        def pages(start: str) -> Iterator[list[Json]]:
            return self._variant_pages(f"id:>{int(start or 0)}")

        currency = self.currency()
        start = self._start(last_id, documents.RECENT_VARIANTS)
        for nodes in self._deep(pages, start, lambda node: str(node["legacyResourceId"])):
            yield [self._product(node, node["product"], currency) for node in nodes]

    def variant_before(self, since: datetime) -> str | None:
        """Variants cannot be searched by their creation; those created were changed since, too."""
        for nodes in self._variant_pages(f"updated_at:>='{_floor(since)}'"):
            for node in nodes:
                if moment(node["createdAt"]) >= since:
                    return str(int(node["legacyResourceId"]) - 1)
        return None

    def product(self, external_id: str) -> ProductData | Gone:
        """By a variant's id; by a product's own id, its first variant."""
        if not _is_number(external_id):
            return Gone(external_id)
        variables = {"variant": gid("ProductVariant", external_id)}
        variables["product"] = gid("Product", external_id)
        found = self._graph.ask(documents.VARIANT_OR_PRODUCT, variables)
        currency = str(found["shop"]["currencyCode"])
        if variant := found["productVariant"]:
            return self._product(variant, variant["product"], currency)
        parent = found["product"]
        if not parent or not parent["variants"]["nodes"]:
            return Gone(external_id)
        return self._product(parent["variants"]["nodes"][0], parent, currency)

    def currency(self) -> str:
        return str(self._graph.ask(documents.SHOP, {})["shop"]["currencyCode"])

    def _variant_pages(self, query: str) -> Iterator[list[Json]]:
        variables = {"query": query, "first": self._size(VARIANTS_PER_PAGE)}
        return self._graph.walk(documents.VARIANTS, variables, ["productVariants"])

    def _variants(self, parent: Json) -> list[Json]:
        first: Json = parent["variants"]
        if not first["pageInfo"]["hasNextPage"]:
            return list(first["nodes"])
        variables = {"id": parent["id"]}
        pages = self._graph.walk(documents.PRODUCT_VARIANTS, variables, ["product", "variants"])
        return [variant for page in pages for variant in page]

    def _product(self, variant: Json, parent: Json, currency: str) -> ProductData:
        return records.read(variant, lambda: records.product(variant, parent, currency))

    # Paging

    def _start(self, last_id: str, document: str) -> str:
        """Of "recent:N" the id to begin after, so that what came late is not passed over."""
        number = last_id.removeprefix(RECENT)
        if number == last_id:
            return last_id
        nodes = self._graph.ask(document, {"query": f"id:<={int(number)}"})["recent"]["nodes"]
        oldest = min((int(node["legacyResourceId"]) for node in nodes), default=int(number) + 1)
        return str(oldest - 1)

    def _deep(
        self, pages: Callable[[str], Iterator[list[Json]]], start: str, key: Callable[[Json], str]
    ) -> Iterator[list[Json]]:
        """All pages of a list in the order of `key`, begun anew where it gets too deep.

        A list that begins at a date begins with the last records again; these come twice.
        """
        while True:
            read, last = 0, start
            for nodes in pages(start):
                yield nodes
                read, last = read + len(nodes), key(nodes[-1])
                if read >= self._deepest and last != start:
                    break
            else:
                return
            start = last

    def _size(self, usual: int) -> int:
        return self._per_page or usual


def granted_scopes(shop: Json) -> set[str]:
    """Of an answer to `documents.SHOP`; what may be written may be read."""
    installation = shop.get("currentAppInstallation") or {}
    handles = {str(scope["handle"]) for scope in installation.get("accessScopes") or ()}
    return handles | {name.replace("write_", "read_", 1) for name in handles}


def _changed(start: str, until: datetime) -> str:
    """`start` is in the text form of the API; its dates have whole seconds."""
    end = _floor(until + timedelta(microseconds=999_999))
    return f"updated_at:>='{start}' AND updated_at:<'{end}'"


def _floor(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_number(external_id: str) -> bool:
    return external_id.isascii() and external_id.isdigit()
