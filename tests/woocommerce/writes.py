"""What the shop does with what is written to it; `now` is its clock."""

from __future__ import annotations

import copy

from tests.woocommerce import fields
from tests.woocommerce.answers import Answer, answer, refusal
from tests.woocommerce.recordings import Json

COUNTED = {"simple", "variable", "variation"}
"""Types of product that may have stock of their own."""


def merged_meta(meta: list[Json], changes: list[Json], next_id: int) -> list[Json]:
    """By key: other keys stay, the first one of the key gets the value."""
    kept = copy.deepcopy(meta)
    for change in changes:
        found = next((entry for entry in kept if entry["key"] == change["key"]), None)
        if found is None:
            kept.append({"id": next_id + len(kept), **change})
        else:
            found["value"] = change["value"]
    return kept


def change_order(order: Json, content: Json, now: str) -> Answer:
    """The date moves with the status; recorded: it does not with an address."""
    if wrong := fields.problem(content, fields.ORDER, new=False):
        return wrong
    status = content.get("status", order["status"])
    if status != order["status"]:
        order.update(date_modified=now, date_modified_gmt=now)
    if status == "completed" and order["status"] != "completed":
        order.update(date_completed=now, date_completed_gmt=now)
    for part in ("shipping", "billing"):
        order[part] = {**order[part], **content.get(part, {})}
    order["meta_data"] = merged_meta(order["meta_data"], content.get("meta_data", []), 772)
    order["status"] = status
    return answer(200, order)


def add_note(notes: list[Json], content: Json, now: str) -> Answer:
    if wrong := fields.problem(content, fields.NOTE, new=True):
        return wrong
    note = {
        "id": 22 + len(notes),
        "author": "WooCommerce",
        "date_created": now,
        "date_created_gmt": now,
        "note": content["note"].replace("&", "&amp;"),
        "customer_note": content.get("customer_note", False),
    }
    notes.append(note)
    return answer(201, note)


def put_fulfillment(fulfillment: Json, content: Json, *, new: bool) -> Answer:
    """Meta data that a change does not name are removed; items are checked as in its data store."""
    if wrong := fields.problem(content, fields.FULFILLMENT, new=new):
        return wrong
    given = {entry["key"]: entry["value"] for entry in content["meta_data"]}
    items = given.get("_items")
    if not items:
        return refusal(400, "0", "The fulfillment should contain at least one item.")
    if not all(type(i["item_id"]) is int and i["qty"] > 0 for i in items):
        return refusal(400, "0", "Invalid item.")
    fulfillment.update(
        status=content.get("status", "unfulfilled"),
        is_fulfilled=content.get("is_fulfilled", False),
        meta_data=[
            {"id": number, "key": key, "value": value}
            for number, (key, value) in enumerate(given.items(), 1)
        ],
    )
    return answer(201 if new else 200, fulfillment)


def change_product(product: Json, content: Json, owners: dict[str, int], now: str) -> Answer:
    """`owners`: ids of the products that are not in the bin, by SKU in lower case."""
    given = {**content, **({"sku": content["sku"].strip()} if "sku" in content else {})}
    owner = owners.get(given.get("sku", "").casefold())
    if owner is not None and owner != product.get("id"):
        unique = f"{given['sku']}-1"
        message = "Invalid or duplicated SKU."
        return refusal(400, "product_invalid_sku", message, resource_id=owner, unique_sku=unique)
    product.update(given, date_modified=now, date_modified_gmt=now)
    if "name" in given:  # WordPress keeps titles as HTML
        product["name"] = given["name"].replace("&", "&amp;")
    if "regular_price" in given:
        product["price"] = given["regular_price"]
    if product.get("type", "variation") not in COUNTED:
        product["manage_stock"] = False
    if not product.get("manage_stock"):
        product["stock_quantity"] = None
    return answer(200, product)


def change_webhook(webhook: Json, content: Json, *, new: bool) -> Answer:
    if wrong := fields.problem(content, fields.WEBHOOK, new=new):
        return wrong
    url: str = content.get("delivery_url") or webhook.get("delivery_url", "")
    if not url.startswith(("http://", "https://")):
        code = "woocommerce_rest_shop_webhook_invalid_delivery_url"
        return refusal(400, code, "Webhook delivery URL must be a valid URL.")
    webhook.update(content)
    shown = {name: value for name, value in webhook.items() if name != "secret"}
    return answer(201 if new else 200, shown)
