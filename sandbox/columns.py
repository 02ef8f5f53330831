"""The two columns of the page: what a shop and a warehouse hold, and what one can do to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox import catalogue
from sandbox.exchange import Request
from sandbox.markup import (
    button,
    card,
    choice,
    clock,
    drawer,
    esc,
    form,
    hidden,
    line,
    number,
    table,
)
from sandbox.panels import NAME_RULE, ROWS, common, heading, status
from sandbox.shop import CLOSED, Shop, order_view
from sandbox.store import Page
from sandbox.warehouse import Warehouse, shipment_view


def _lines(lines: Iterable[str]) -> str:
    return "".join(f'<div class="nowrap">{line}</div>' for line in lines)


def _named(name: object, row: dict[str, Any]) -> str:
    return f'<div class="nowrap">{esc(name)}</div><small>{clock(row["created_at"])}</small>'


def shop(place: Any, switch: str, request: Request) -> str:
    if not isinstance(place, Shop):
        return _create("shops", "Shop")
    parts = (
        heading("Shop", place, switch, request, ("orders", "products", "stock")),
        _place_order(place),
        card("Newest orders", _orders(place)),
        drawer("Stock for sale", _for_sale(place)),
        *common(place, request, "Places a random order each time"),
    )
    return f'<section class="place" aria-label="Shop">{"".join(parts)}</section>'


def warehouse(place: Any, switch: str, request: Request) -> str:
    if not isinstance(place, Warehouse):
        return _create("warehouses", "Warehouse")
    parts = (
        heading("Warehouse", place, switch, request, ("shipments", "products", "stock")),
        _set_stock(place),
        card("Newest shipments", _shipments(place)),
        *common(place, request, "Ships in full what was received so long ago"),
    )
    return f'<section class="place" aria-label="Warehouse">{"".join(parts)}</section>'


def _create(kind: str, title: str) -> str:
    content = line("Name", "name", "demo", NAME_RULE)
    content += hidden(samples="1") + button("Create", "main")
    about = f'<p class="soft">There is none yet. It starts with a small {esc(_stock_of(kind))}.</p>'
    inner = card(f"Create a {title.lower()}", about + form(f"/control/{kind}", content))
    return f'<section class="place" aria-label="{title}"><h2>{title}</h2>{inner}</section>'


def _stock_of(kind: str) -> str:
    return "assortment" if kind == "shops" else "stock of the same assortment"


# Shop


def _place_order(place: Shop) -> str:
    products = [entity.data for entity in place.list("products", Page(limit=250))]
    options = [(p["sku"], f"{p['sku']} - {p['name']}") for p in products or catalogue.samples()]
    action = f"/control/{place.path}/orders"
    one = choice("Product", "sku", options) + number("Quantity", "quantity", 1, 1)
    many = number("Random orders", "count", 1, 1, 1_000) + button("Place random")
    content = form(action, one + button("Place order", "main")) + form(action, many)
    return card("Place orders", content)


def _orders(place: Shop) -> str:
    rows = []
    for order in map(order_view, place.list("orders", Page(limit=ROWS, newest=True))):
        lines = _lines(
            f"{each['quantity']} x {esc(each['sku'])}"
            + (f" <small>{each['fulfilled']} fulfilled</small>" if each["fulfilled"] else "")
            for each in order["lines"]
        ) + _lines(map(_fulfilment, order["fulfilments"]))
        state = status(order["status"])
        rows.append((_named(order["number"], order), lines, state, _acts(place, order)))
    return table("Orders", ("Order", "Lines", "Status", ""), rows, "No orders so far.")


def _fulfilment(each: dict[str, Any]) -> str:
    """What a channel reported: pieces, carrier and tracking number."""
    pieces = sum(row["quantity"] for row in each["lines"])
    way = " ".join(part for part in (each["carrier"], each["tracking"]) if part)
    return f"<small>Fulfilment {each['id']}: {pieces} by {esc(way or 'nobody named')}</small>"


def _for_sale(place: Shop) -> str:
    levels = [entity.data for entity in place.list("stock", Page(limit=250))]
    rows = [
        (esc(each["sku"]), esc(each.get("product") or ""), f"{each['available']}")
        for each in levels
    ]
    heads = ("SKU", "Product", "Available")
    drawn = table("Stock for sale", heads, rows, "None so far: it comes when a channel sends it.")
    sku = line("SKU", "stock_refused", place.settings.stock_refused, "required")
    return drawn + form(f"/control/{place.path}", sku + button("Refuse its stock"))


def _aside(title: str, content: str) -> str:
    inner = f'<div class="acts">{content}</div>'
    return f'<details class="aside"><summary>{title}</summary>{inner}</details>'


def _acts(place: Shop, order: dict[str, Any]) -> str:
    base = f"/control/{place.path}/orders/{order['id']}"
    delete = form(f"{base}/delete", button("Delete", "small"), "")
    if order["status"] in CLOSED:
        return f'<div class="acts">{delete}</div>'
    first = order["lines"][0]
    label = f"Quantity of {first['sku']} in order {order['id']}"
    quantity = (
        f'<input type="number" name="quantity" value="{first["quantity"]}" min="1"'
        f' max="1000000" aria-label="{esc(label)}">'
    )
    change = form(f"{base}/change", quantity + button("Change", "small"), "")
    cancel = form(f"{base}/cancel", button("Cancel", "small"), "")
    return f'<div class="acts">{change}{cancel}</div>{_aside("More", delete)}'


# Warehouse


def _set_stock(place: Warehouse) -> str:
    levels = [entity.data for entity in place.list("stock", Page(limit=250))]
    known = [level["sku"] for level in levels] or [p["sku"] for p in catalogue.samples()]
    listed = "".join(f'<option value="{esc(sku)}">' for sku in known)
    sku = line("SKU", "sku", known[0], 'list="skus" required')
    fields = sku + number("On hand", "on_hand", 100) + button("Set stock", "main")
    shelves = [
        (esc(each["sku"]), f'<span class="nowrap">{each["on_hand"]}</span>') for each in levels
    ]
    inner = form(f"/control/{place.path}/stock", f'<datalist id="skus">{listed}</datalist>{fields}')
    drawn = table("Stock", ("SKU", "On hand"), shelves, "No stock so far.")
    return card("Stock", f"{inner}<details><summary>On the shelves</summary>{drawn}</details>")


def _shipments(place: Warehouse) -> str:
    rows = []
    for each in map(shipment_view, place.list("shipments", Page(limit=ROWS, newest=True))):
        lines = _lines(
            f"{row['shipped']} of {row['quantity']} x {esc(row['sku'])}" for row in each["lines"]
        )
        name = f"{each['id']} for {each['order_number']}" if each["order_number"] else each["id"]
        rows.append((_named(name, each), lines, status(each["status"]), _ways(place, each)))
    heads = ("Shipment", "Lines", "Status", "")
    return table("Shipments", heads, rows, "None so far: they come when a channel sends them.")


def _ways(place: Warehouse, shipment: dict[str, Any]) -> str:
    if shipment["status"] == "cancelled":
        return ""
    base = f"/control/{place.path}/shipments/{shipment['id']}"
    single = sum(row["quantity"] for row in shipment["lines"]) == 1
    ways = [("over", "Too many"), ("zero", "Zero")]
    ways[:0] = [] if single else [("short", "Short"), ("part", "A part")]
    if shipment["status"] == "shipped":
        return _aside("Correct", _ship(base, [("full", "In full"), *ways]))
    pick = form(f"{base}/pick", button("Pick", "small"), "")
    cancel = form(f"{base}/cancel", button("Cancel", "small"), "")
    others = (pick if shipment["status"] == "received" else "") + _ship(base, ways) + cancel
    return f'<div class="acts">{_ship(base, [("full", "Ship")])}</div>{_aside("More", others)}'


def _ship(base: str, ways: list[tuple[str, str]]) -> str:
    buttons = (button(word, "small", "how", how) for how, word in ways)
    return form(f"{base}/ship", "".join(buttons), "acts")
