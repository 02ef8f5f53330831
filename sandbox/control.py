"""The control API: what a person, a test or an outage drill does to the sandbox.

Everything is GET or POST with a JSON object or a form; a form is answered with a redirect to the
page. No token: the sandbox listens on loopback and refuses calls from other sites' pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox import api, checks
from sandbox.exchange import Answer, Request, as_json, invalid, not_found
from sandbox.place import Place
from sandbox.routes import Routes
from sandbox.shop import order_view, view
from sandbox.store import Entity, Page
from sandbox.warehouse import shipment_view
from sandbox.world import World

MOST_ORDERS = 1_000
LONGEST_LIST = 1_000

routes = Routes()


def respond(world: World, request: Request) -> Answer:
    """Answer a call below `/control`."""
    path = request.path.removeprefix("/control") or "/"
    handler, arguments = routes.find(request.method, path)
    return handler(world, request, **arguments)


# Places


@routes.on("GET", "/")
def everything(world: World, request: Request) -> Answer:
    return as_json(
        {kind: [api.overview(p) for p in world.places(kind)] for kind in ("shops", "warehouses")}
    )


@routes.on("POST", "/{kind}")
def create_named(world: World, request: Request, kind: str) -> Answer:
    """As the next one, with the name among the fields."""
    fields = request.fields()
    return _configured(world, kind, checks.filled(fields.pop("name", ""), "name"), fields, request)


@routes.on("POST", "/{kind}/{name}")
def configure(world: World, request: Request, kind: str, name: str) -> Answer:
    """Make or change a place; `samples` fills it with the sample assortment."""
    return _configured(world, kind, name, request.fields(), request)


def _configured(
    world: World, kind: str, name: str, fields: dict[str, Any], request: Request
) -> Answer:
    if kind not in api.ROUTES:
        raise not_found(f"kind of place {kind}")
    samples = checks.switch(fields.pop("samples", False), "samples")
    with world.store.transaction():
        place, new = world.configure(kind, name, fields, request.at)
        if samples:
            place.add_samples(request.at)
    return as_json(api.overview(place), 201 if new else 200)


@routes.on("GET", "/{kind}/{name}")
def show(world: World, request: Request, kind: str, name: str) -> Answer:
    return as_json(api.overview(world.place(kind, name)))


@routes.on("POST", "/{kind}/{name}/remove")
def remove(world: World, request: Request, kind: str, name: str) -> Answer:
    world.remove(kind, name)
    return as_json({})


@routes.on("POST", "/{kind}/{name}/expire")
def expire(world: World, request: Request, kind: str, name: str) -> Answer:
    """Its tokens expire now, whatever time they had left."""
    world.place(kind, name).expire_tokens(request.at)
    return as_json({})


@routes.on("POST", "/{kind}/{name}/products")
def add_product(world: World, request: Request, kind: str, name: str) -> Answer:
    place = world.assortment(kind, name)
    return as_json(view(place.add_product(request.fields(), request.at)), 201)


@routes.on("POST", "/{kind}/{name}/products/{number:int}/change")
def change_product(world: World, request: Request, kind: str, name: str, number: int) -> Answer:
    place = world.assortment(kind, name)
    return as_json(view(place.change_product(number, request.fields(), request.at)))


# Deliveries


@routes.on("GET", "/{kind}/{name}/deliveries")
def deliveries(world: World, request: Request, kind: str, name: str) -> Answer:
    """The newest first; `?limit=`."""
    limit = checks.whole(request.query.get("limit", 100), "limit", 1, LONGEST_LIST)
    recent = world.outbox.recent(world.place(kind, name).path, limit)
    return as_json({"data": [delivery.view() for delivery in recent]})


@routes.on("POST", "/{kind}/{name}/deliveries/{number:int}/resend")
def resend(world: World, request: Request, kind: str, name: str, number: int) -> Answer:
    """Once more, with the same id and body: a duplicate, or a late delivery if it was dropped."""
    if not world.outbox.resend(world.place(kind, name).path, number, request.at):
        raise not_found(f"settled delivery {number}")
    return as_json({})


# Shops


@routes.on("POST", "/shops/{name}/orders")
def place_orders(world: World, request: Request, name: str) -> Answer:
    """`count` orders of `lines`, or of `sku` and `quantity`; without either they are random."""
    shop, fields = world.shop(name), request.fields()
    count = checks.whole(fields.pop("count", 1), "count", 1, MOST_ORDERS)
    if "sku" in fields:
        fields["lines"] = [{"sku": fields.pop("sku"), "quantity": fields.pop("quantity", 1)}]
    with world.store.transaction():
        orders = [
            shop.place_order(fields, request.at)
            if "lines" in fields
            else shop.random_order(request.at)
            for _ in range(count)
        ]
    return as_json({"data": [order_view(order) for order in orders]}, 201)


@routes.on("POST", "/shops/{name}/orders/{number:int}/change")
def change_order(world: World, request: Request, name: str, number: int) -> Answer:
    order = world.shop(name).change_order(number, request.fields(), request.at)
    return as_json(order_view(order))


@routes.on("POST", "/shops/{name}/orders/{number:int}/cancel")
def cancel_order(world: World, request: Request, name: str, number: int) -> Answer:
    return as_json(order_view(world.shop(name).cancel_order(number, request.at)))


@routes.on("POST", "/shops/{name}/orders/{number:int}/delete")
def delete_order(world: World, request: Request, name: str, number: int) -> Answer:
    world.shop(name).delete_order(number, request.at)
    return as_json({})


# Warehouses


@routes.on("POST", "/warehouses/{name}/shipments/{number:int}/pick")
def pick(world: World, request: Request, name: str, number: int) -> Answer:
    return as_json(shipment_view(world.warehouse(name).pick(number, request.at)))


@routes.on("POST", "/warehouses/{name}/shipments/{number:int}/ship")
def ship(world: World, request: Request, name: str, number: int) -> Answer:
    shipment = world.warehouse(name).ship(number, request.fields(), request.at)
    return as_json(shipment_view(shipment))


@routes.on("POST", "/warehouses/{name}/shipments/{number:int}/cancel")
def cancel_shipment(world: World, request: Request, name: str, number: int) -> Answer:
    return as_json(shipment_view(world.warehouse(name).cancel(number, request.at)))


@routes.on("POST", "/warehouses/{name}/stock")
def set_stock(world: World, request: Request, name: str) -> Answer:
    """`sku` and `on_hand` (absolute)."""
    fields = request.fields()
    if "sku" not in fields or "on_hand" not in fields:
        raise invalid("sku and on_hand are both needed.")
    level = world.warehouse(name).set_stock(fields["sku"], fields["on_hand"], request.at)
    return as_json(view(level))


# What a place holds, newest first, without token and faults

VIEWS: dict[str, Callable[[Entity], dict[str, Any]]] = {
    "orders": order_view,
    "products": view,
    "shipments": shipment_view,
    "stock": view,
}


@routes.on("GET", "/{kind}/{name}/{what}")
def contents(world: World, request: Request, kind: str, name: str, what: str) -> Answer:
    if what not in VIEWS:
        raise not_found(f"list of {what}")
    limit = checks.whole(request.query.get("limit", 100), "limit", 1, LONGEST_LIST)
    place: Place = world.place(kind, name)
    entities = place.list(what, Page(limit=limit, newest=True))
    return as_json({"data": [VIEWS[what](entity) for entity in entities]})
