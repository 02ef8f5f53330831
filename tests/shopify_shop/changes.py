"""The mutations: what they refuse they say in `userErrors`, and then they change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.shopify_shop.records import gid, variant
from tests.shopify_shop.views import CAN_FULFILL

if TYPE_CHECKING:
    from tests.shopify_shop.shop import ShopifyShop

Json = dict[str, Any]


def refused(message: str, *path: str, code: str = "INVALID") -> Json:
    return {"userErrors": [{"field": list(path), "message": message, "code": code}]}


class Changes:
    """The root of all mutations of one shop."""

    def __init__(self, shop: ShopifyShop) -> None:
        self.shop = shop

    def mutation(self) -> Json:
        return {
            "fulfillmentCreate": self._fulfill,
            "fulfillmentTrackingInfoUpdate": self._track,
            "inventoryActivate": self._activate,
            "inventorySetQuantities": self._set_quantities,
            "productSet": self._make_product,
            "productUpdate": self._update_product,
            "productVariantsBulkUpdate": self._update_variants,
            "webhookSubscriptionCreate": self._subscribe,
            "webhookSubscriptionUpdate": self._resubscribe,
            "webhookSubscriptionDelete": self._unsubscribe,
        }

    # Fulfillments

    def _fulfill(self, fulfillment: Json) -> Json:
        known = {one["id"]: one for one in self.shop.fulfillment_orders()}
        taken: list[tuple[Json, int]] = []
        locations = set()
        for entry in fulfillment["lineItemsByFulfillmentOrder"]:
            owner = known.get(entry["fulfillmentOrderId"])
            if owner is None or owner["status"] not in CAN_FULFILL:
                return refused("Fulfillment order has an unfulfillable status", "fulfillment")
            locations.add(owner["location"])
            lines = {one["id"]: one for one in owner["lineItems"]}
            for wanted in entry["fulfillmentOrderLineItems"]:
                line = lines.get(wanted["id"])
                if line is None or not 0 < wanted["quantity"] <= line["remainingQuantity"]:
                    return refused("Invalid fulfillment order line item quantity", "fulfillment")
                taken.append((line, wanted["quantity"]))
        if len(locations) != 1:
            return refused("All fulfillment orders must have the same assigned location")
        return {"fulfillment": self._make_fulfillment(fulfillment, taken), "userErrors": []}

    def _make_fulfillment(self, given: Json, taken: list[tuple[Json, int]]) -> Json:
        number = self.shop.next_id()
        tracking = given.get("trackingInfo")
        made = {
            "id": gid("Fulfillment", number),
            "legacyResourceId": str(number),
            "status": "SUCCESS",
            "trackingInfo": [{"company": None, "number": None, **tracking}] if tracking else [],
            "fulfillmentLineItems": [
                {"id": gid("Part", index), "quantity": quantity, "lineItem": line["lineItem"]}
                for index, (line, quantity) in enumerate(taken)
            ],
        }
        for line, quantity in taken:
            line["remainingQuantity"] -= quantity
            line["lineItem"]["unfulfilledQuantity"] -= quantity
        for order in self.shop.orders.values():
            if any(line["lineItem"] in order["lineItems"] for line, _ in taken):
                order["fulfillments"].append(made)
                self._settle(order)
        self.shop.notified += bool(given.get("notifyCustomer"))
        return made

    def _settle(self, order: Json) -> None:
        for one in order["fulfillmentOrders"]:
            if not any(line["remainingQuantity"] for line in one["lineItems"]):
                one["status"] = "CLOSED"
        open_lines = any(line["unfulfilledQuantity"] for line in order["lineItems"])
        order["displayFulfillmentStatus"] = "PARTIALLY_FULFILLED" if open_lines else "FULFILLED"

    def _track(
        self,
        fulfillmentId: str,
        trackingInfoInput: Json,
        notifyCustomer: bool = False,
    ) -> Json:
        found = next((one for one in self.shop.fulfillments() if one["id"] == fulfillmentId), None)
        if found is None:
            return refused("Fulfillment does not exist", "fulfillmentId")
        found["trackingInfo"] = [{"company": None, "number": None, **trackingInfoInput}]
        self.shop.notified += notifyCustomer
        return {"fulfillment": found, "userErrors": []}

    # Stock

    def _activate(self, inventoryItemId: str, locationId: str) -> Json:
        item = self.shop.item(inventoryItemId)
        if item is None:
            return refused("The product couldn't be stocked because it wasn't found.")
        item["levels"].setdefault(locationId, 0)
        return {"inventoryLevel": {"id": gid("InventoryLevel", 1)}, "userErrors": []}

    def _set_quantities(self, input: Json) -> Json:
        problems: list[Json] = []
        for index, entry in enumerate(input["quantities"]):
            path = ("input", "quantities", str(index))
            item = self.shop.item(entry["inventoryItemId"])
            if item is None:
                problems += refused("The specified inventory item could not be found.", *path)[
                    "userErrors"
                ]
            elif "changeFromQuantity" not in entry:
                problems += refused("changeFromQuantity is required", *path)["userErrors"]
            elif item["id"] in self.shop.bundles:
                problems += refused("The inventory item is a bundle.", *path)["userErrors"]
        if input["name"] not in ("available", "on_hand") or input["reason"] != "correction":
            problems += refused("The reason or name is invalid", "input")["userErrors"]
        if not problems:
            for entry in input["quantities"]:
                item = self.shop.item(entry["inventoryItemId"])
                if item is not None and entry["locationId"] in item["levels"]:
                    item["levels"][entry["locationId"]] = entry["quantity"]
        return {"inventoryAdjustmentGroup": None, "userErrors": problems}

    # Products

    def _make_product(self, input: Json, synchronous: bool = True) -> Json:
        if any(one["handle"] == input["handle"] for one in self.shop.products.values()):
            return refused("Handle already in use", "input", "handle", code="HANDLE_NOT_UNIQUE")
        number = self.shop.next_id()
        at = self.shop.now
        made = {
            "id": gid("Product", number),
            "legacyResourceId": str(number),
            "title": input["title"],
            "handle": input["handle"],
            "status": input.get("status", "ACTIVE"),
            "createdAt": at,
            "updatedAt": at,
            "variants": [],
        }
        for given in input["variants"]:
            item = given.get("inventoryItem") or {}
            fields = {name: given[name] for name in ("price", "barcode") if name in given}
            made["variants"].append(variant(self.shop.next_id(), at, sku=item.get("sku"), **fields))
        self.shop.products[number] = made
        return {"product": self.shop.views.product(made), "userErrors": []}

    def _update_product(self, product: Json) -> Json:
        for one in self.shop.products.values():
            if one["id"] == product["id"]:
                one.update(product)
                return {"product": None, "userErrors": []}
        return refused("Product does not exist", "id")

    def _update_variants(self, productId: str, variants: list[Json]) -> Json:
        owner = next((one for one in self.shop.products.values() if one["id"] == productId), None)
        if owner is None:
            return refused("Product does not exist", "productId")
        known = {one["id"]: one for one in owner["variants"]}
        for index, given in enumerate(variants):
            if given.get("id") not in known:
                return refused("Product variant does not exist", "variants", str(index), "id")
        for given in variants:
            item = given.pop("inventoryItem", {})
            known[given["id"]].update(given, **item)
        return {"product": None, "productVariants": None, "userErrors": []}

    # Webhooks

    def _subscribe(self, topic: str, webhookSubscription: Json) -> Json:
        problem = self._problem(topic, webhookSubscription, "")
        if problem:
            return problem
        made: Json = {
            "id": gid("WebhookSubscription", self.shop.next_id()),
            "topic": topic,
            "format": "JSON",
            "filter": "",
            "includeFields": [],
            **webhookSubscription,
        }
        self.shop.subscriptions[made["id"]] = made
        return {"webhookSubscription": made, "userErrors": []}

    def _resubscribe(self, id: str, webhookSubscription: Json) -> Json:
        found = self.shop.subscriptions.get(id)
        if found is None:
            return refused("Webhook subscription does not exist", "id")
        if problem := self._problem(found["topic"], webhookSubscription, id):
            return problem
        found.update(webhookSubscription)
        return {"webhookSubscription": found, "userErrors": []}

    def _problem(self, topic: str, given: Json, id: str) -> Json | None:
        if not given["uri"].startswith("https://"):
            return refused("Address protocol http:// is not supported", "uri")
        others = [one for one in self.shop.subscriptions.values() if one["id"] != id]
        if any((one["topic"], one["uri"]) == (topic, given["uri"]) for one in others):
            return refused("Address for this topic has already been taken", "uri")
        return None

    def _unsubscribe(self, id: str) -> Json:
        if self.shop.subscriptions.pop(id, None) is None:
            return refused("Webhook subscription does not exist", "id")
        return {"deletedWebhookSubscriptionId": id, "userErrors": []}
