"""What queries are answered with: the shop's records, their lists as connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.shopify_shop.records import gid
from tests.shopify_shop.search import matching

if TYPE_CHECKING:
    from tests.shopify_shop.shop import ShopifyShop

Json = dict[str, Any]
View = Callable[[Json], Json]

HIDES = {"CLOSED", "CANCELLED", "INCOMPLETE"}
CAN_FULFILL = {"OPEN", "IN_PROGRESS"}
SORT_KEYS = {"ID": "id", "UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt"}


def connection(records: Sequence[Json], view: View) -> Callable[..., Json]:
    """In the order given; a cursor names the record it stands after, as Shopify's do."""

    def page(first: int, after: str | None = None, **_: Any) -> Json:
        start = 0
        if after is not None:
            start = 1 + next(at for at, one in enumerate(records) if one["id"] == after)
        shown = records[start : start + first]
        more = start + first < len(records)
        info: Json = {"hasNextPage": more, "hasPreviousPage": start > 0}
        info["endCursor"] = shown[-1]["id"] if shown else None
        return {"nodes": [view(one) for one in shown], "pageInfo": info}

    return page


class Views:
    """The root of all queries of one shop."""

    def __init__(self, shop: ShopifyShop) -> None:
        self.shop = shop

    def query(self, warnings: list[str]) -> Json:
        shop = self.shop
        return {
            "shop": shop.about,
            "currentAppInstallation": {
                "id": gid("AppInstallation", 1),
                "accessScopes": [{"handle": one, "description": one} for one in shop.scopes],
            },
            "order": lambda id: self._found(shop.visible_orders(), id, self.order),
            "orders": self._list(lambda: shop.visible_orders(), self.order, warnings),
            "product": lambda id: self._found([*shop.products.values()], id, self.product),
            "productByIdentifier": self._by_identifier,
            "products": self._list(lambda: [*shop.products.values()], self.product, warnings),
            "productVariant": lambda id: self._found(shop.variants(), id, self.variant),
            "productVariants": self._list(shop.searched_variants, self.variant, warnings),
            "nodes": lambda ids: [self._found(shop.variants(), id, self.variant) for id in ids],
            "location": self._location,
            "fulfillment": lambda id: self._found(shop.fulfillments(), id, self.fulfillment),
            "fulfillmentOrder": lambda id: self._found(
                shop.fulfillment_orders(), id, self.fulfillment_order
            ),
            "webhookSubscription": lambda id: shop.subscriptions.get(id),
            "webhookSubscriptions": connection([*shop.subscriptions.values()], dict),
        }

    def _found(self, records: Sequence[Json], id: str, view: View) -> Json | None:
        return next((view(one) for one in records if one["id"] == id), None)

    def _list(
        self, records: Callable[[], list[Json]], view: View, warnings: list[str]
    ) -> Callable[..., Json]:
        def listed(
            first: int,
            after: str | None = None,
            query: str | None = None,
            sortKey: str = "ID",
            reverse: bool = False,
        ) -> Json:
            found = matching(records(), query, warnings)
            key = SORT_KEYS[sortKey]
            found.sort(
                key=lambda one: (one[key] if key != "id" else "", int(_number(one))),
                reverse=reverse,
            )
            return connection(found, view)(first, after)

        return listed

    def order(self, record: Json) -> Json:
        fulfillments = [self.fulfillment(one) for one in record["fulfillments"]]
        return {
            **record,
            "lineItems": connection(record["lineItems"], dict),
            "fulfillments": lambda first: fulfillments[:first],
            "fulfillmentOrders": connection(
                record["fulfillmentOrders"] if self.shop.may("fulfillment_orders") else [],
                self.fulfillment_order,
            ),
        }

    def fulfillment(self, record: Json) -> Json:
        return {
            **record,
            "trackingInfo": lambda first: record["trackingInfo"][:first],
            "fulfillmentLineItems": connection(record["fulfillmentLineItems"], dict),
        }

    def fulfillment_order(self, record: Json) -> Json:
        actions = ["CREATE_FULFILLMENT"] if record["status"] in CAN_FULFILL else []
        if record["status"] == "ON_HOLD":
            actions = ["RELEASE_HOLD"]
        location = self.shop.locations.get(record["location"])
        return {
            **record,
            "supportedActions": [{"action": action} for action in actions],
            "assignedLocation": {"name": "Warehouse", "location": location},
            "lineItems": connection(record["lineItems"], dict),
        }

    def product(self, record: Json) -> Json:
        only = [one["title"] for one in record["variants"]] == ["Default Title"]
        return {
            **record,
            "hasOnlyDefaultVariant": only,
            "variants": connection(record["variants"], self.variant),
        }

    def variant(self, record: Json) -> Json:
        owner = next(one for one in self.shop.products.values() if record in one["variants"])
        levels: Json = record["levels"]
        return {
            **record,
            "product": {**owner, "hasOnlyDefaultVariant": len(owner["variants"]) == 1},
            "inventoryItem": {
                "id": record["item"],
                "sku": record["sku"],
                "tracked": record["tracked"],
                "inventoryLevel": lambda locationId: (
                    {"id": gid("InventoryLevel", 1)} if locationId in levels else None
                ),
            },
        }

    def _by_identifier(self, identifier: Json) -> Json | None:
        handle = identifier["handle"]
        found = [one for one in self.shop.products.values() if one["handle"] == handle]
        return self.product(found[0]) if found else None

    def _location(self, id: str | None = None) -> Json | None:
        first = next(iter(self.shop.locations))
        return self.shop.locations.get(id or first)


def _number(record: Json) -> str:
    return str(record["id"]).rpartition("/")[2]
