"""The platforms' own APIs: what a connector talks to, behind a token, a rate and the faults."""

from __future__ import annotations

from typing import Any

from sandbox import checks, listing
from sandbox.exchange import Answer, Request, as_json, not_found
from sandbox.place import Place
from sandbox.routes import Routes
from sandbox.shop import Shop, order_view, view
from sandbox.warehouse import Warehouse, shipment_view
from sandbox.world import World

shop_routes = Routes()
warehouse_routes = Routes()
ROUTES = {"shops": shop_routes, "warehouses": warehouse_routes}


def respond(world: World, request: Request) -> Answer:
    """Answer a call below `/shops/NAME` or `/warehouses/NAME`."""
    _, kind, name, *rest = request.path.split("/", 3)
    place = world.place(kind, name)
    if place.settings.slow_ms:
        world.stopped.wait(place.settings.slow_ms / 1000)
    instead = place.admit(request)
    if instead is not None:
        return instead
    handler, arguments = ROUTES[kind].find(request.method, f"/{''.join(rest)}")
    return handler(place, request, **arguments)


@shop_routes.on("GET", "/")
@warehouse_routes.on("GET", "/")
def about(place: Place, request: Request) -> Answer:
    return as_json({"name": place.name, "kind": place.kind.removesuffix("s")})


@shop_routes.on("GET", "/webhooks")
@warehouse_routes.on("GET", "/webhooks")
def webhooks(place: Place, request: Request) -> Answer:
    """The one webhook a place can have, if it is set."""
    settings = place.settings
    one = {"id": 1, "url": settings.webhook_url, "active": settings.webhook_active}
    data = [{**one, "topics": list(place.topics)}] if settings.webhook_url else []
    return as_json({"data": data, "next": None})


# Shop


@shop_routes.on("GET", "/orders")
def list_orders(shop: Shop, request: Request) -> Answer:
    return listing.answer(shop, "orders", request.query, order_view)


@shop_routes.on("POST", "/orders")
def place_order(shop: Shop, request: Request) -> Answer:
    return as_json(order_view(shop.place_order(request.fields(), request.at)), 201)


@shop_routes.on("GET", "/orders/{number:int}")
def get_order(shop: Shop, request: Request, number: int) -> Answer:
    return as_json(order_view(shop.get("orders", number)))


@shop_routes.on("PATCH", "/orders/{number:int}")
def change_order(shop: Shop, request: Request, number: int) -> Answer:
    return as_json(order_view(shop.change_order(number, request.fields(), request.at)))


@shop_routes.on("POST", "/orders/{number:int}/cancel")
def cancel_order(shop: Shop, request: Request, number: int) -> Answer:
    return as_json(order_view(shop.cancel_order(number, request.at)))


@shop_routes.on("POST", "/orders/{number:int}/fulfilments")
def fulfil(shop: Shop, request: Request, number: int) -> Answer:
    fulfilment, new = shop.fulfil(number, request.fields(), request.at)
    return as_json(fulfilment, 201 if new else 200)


@shop_routes.on("GET", "/products")
def list_products(shop: Shop, request: Request) -> Answer:
    return listing.answer(shop, "products", request.query, view)


@shop_routes.on("POST", "/products")
def add_product(shop: Shop, request: Request) -> Answer:
    return as_json(view(shop.add_product(request.fields(), request.at)), 201)


@shop_routes.on("GET", "/products/{number:int}")
def get_product(shop: Shop, request: Request, number: int) -> Answer:
    return as_json(view(shop.get("products", number)))


@shop_routes.on("PATCH", "/products/{number:int}")
def change_product(shop: Shop, request: Request, number: int) -> Answer:
    return as_json(view(shop.change_product(number, request.fields(), request.at)))


@shop_routes.on("POST", "/stock")
def set_stock_levels(shop: Shop, request: Request) -> Answer:
    """`levels`: up to 200 of sku and available (absolute); all or nothing."""
    with shop.store.transaction():
        levels = [
            view(shop.set_stock(row.get("sku", ""), row.get("available"), request.at))
            for row in checks.rows(request.fields().get("levels"), "levels")
        ]
    return as_json({"data": levels})


@shop_routes.on("PUT", "/stock/{sku}")
def set_stock_level(shop: Shop, request: Request, sku: str) -> Answer:
    return as_json(view(shop.set_stock(sku, request.fields().get("available"), request.at)))


# Warehouse


@warehouse_routes.on("GET", "/shipments")
def list_shipments(warehouse: Warehouse, request: Request) -> Answer:
    return listing.answer(warehouse, "shipments", request.query, shipment_view)


@warehouse_routes.on("POST", "/shipments")
def receive(warehouse: Warehouse, request: Request) -> Answer:
    shipment, new = warehouse.receive(request.fields(), request.at)
    return as_json(shipment_view(shipment), 201 if new else 200)


@warehouse_routes.on("GET", "/shipments/{number:int}")
def get_shipment(warehouse: Warehouse, request: Request, number: int) -> Answer:
    return as_json(shipment_view(warehouse.get("shipments", number)))


@warehouse_routes.on("POST", "/shipments/{number:int}/cancel")
def cancel_shipment(warehouse: Warehouse, request: Request, number: int) -> Answer:
    return as_json(shipment_view(warehouse.cancel(number, request.at)))


# Stock is read in the same way at both.


@shop_routes.on("GET", "/stock")
@warehouse_routes.on("GET", "/stock")
def list_stock(place: Place, request: Request) -> Answer:
    return listing.answer(place, "stock", request.query, view)


@shop_routes.on("GET", "/stock/{sku}")
@warehouse_routes.on("GET", "/stock/{sku}")
def get_stock(place: Place, request: Request, sku: str) -> Answer:
    level = place.by_key("stock", sku)
    if level is None:
        raise not_found(f"stock of {sku} in {place.path}")
    return as_json(view(level))


def overview(place: Place) -> dict[str, Any]:
    """What the control API says of a place."""
    kinds = ("orders", "products") if isinstance(place, Shop) else ("shipments", "stock")
    return {
        **place.state(),
        "path": f"/{place.path}",
        "counts": {kind: place.store.count(place.path, kind) for kind in kinds},
    }
