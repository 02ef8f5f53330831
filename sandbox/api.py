"""The platforms' own APIs: what a connector talks to, behind a token, a rate and the faults."""

from __future__ import annotations

from typing import Any

from sandbox import checks, hooks, listing
from sandbox.exchange import Answer, Refused, Request, as_json, invalid, not_found
from sandbox.place import Place
from sandbox.products import MOST_SKUS, Assortment
from sandbox.routes import Routes
from sandbox.shop import Shop, order_view, view
from sandbox.warehouse import Warehouse, shipment_view
from sandbox.world import World

shop_routes = Routes()
warehouse_routes = Routes()
ROUTES = {"shops": shop_routes, "warehouses": warehouse_routes}


TOKEN_PATH = "/token"  # noqa: S105 - a path; who calls it may have no token that still works


def respond(world: World, request: Request) -> Answer:
    """Answer a call below `/shops/NAME` or `/warehouses/NAME`."""
    _, kind, name, *rest = request.path.split("/", 3)
    place = world.place(kind, name)
    if place.settings.slow_ms:
        world.stopped.wait(place.settings.slow_ms / 1000)
    instead = place.admit(request)
    if instead is not None:
        return instead
    path = f"/{''.join(rest)}"
    if path != TOKEN_PATH:
        place.authorize(request)
    handler, arguments = ROUTES[kind].find(request.method, path)
    return handler(place, request, **arguments)


@shop_routes.on("GET", "/")
@warehouse_routes.on("GET", "/")
def about(place: Place, request: Request) -> Answer:
    return as_json({"name": place.name, "kind": place.kind.removesuffix("s")})


@shop_routes.on("POST", TOKEN_PATH)
@warehouse_routes.on("POST", TOKEN_PATH)
def renew_token(place: Place, request: Request) -> Answer:
    fields = request.fields()
    if fields.get("grant_type") != "refresh_token":
        raise Refused(400, "unsupported_grant_type", "grant_type must be refresh_token.")
    refresh_token = checks.filled(fields.get("refresh_token"), "refresh_token")
    return as_json(place.renew_token(refresh_token, request.at))


@shop_routes.on("GET", "/webhooks")
@warehouse_routes.on("GET", "/webhooks")
def webhooks(place: Place, request: Request) -> Answer:
    return as_json({"data": hooks.listed(place), "next": None})


@shop_routes.on("POST", "/webhooks")
@warehouse_routes.on("POST", "/webhooks")
def register_webhook(place: Place, request: Request) -> Answer:
    hook, new = hooks.register(place, request.fields(), request.at)
    return as_json(hook, 201 if new else 200)


@shop_routes.on("DELETE", "/webhooks/{number:int}/{topic}")
@warehouse_routes.on("DELETE", "/webhooks/{number:int}/{topic}")
def remove_webhook(place: Place, request: Request, number: int, topic: str) -> Answer:
    hooks.remove(place, number, topic)
    return as_json({})


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


@shop_routes.on("PATCH", "/orders/{number:int}/fulfilments/{which:int}")
def change_fulfilment(shop: Shop, request: Request, number: int, which: int) -> Answer:
    return as_json(shop.change_fulfilment(number, which, request.fields(), request.at))


@shop_routes.on("POST", "/stock")
def set_stock_levels(shop: Shop, request: Request) -> Answer:
    """`levels`: up to 200, each of a product's id or a SKU, and available (absolute).

    All or nothing; or `partial`: those that cannot be set are the `errors`, by index.
    """
    fields = request.fields()
    partial = checks.switch(fields.get("partial", False), "partial")
    data, errors = [], []
    with shop.store.transaction():
        for index, row in enumerate(checks.rows(fields.get("levels"), "levels")):
            try:
                data.append(view(shop.set_level(row, request.at)))
            except Refused as refused:
                if not partial:
                    raise
                errors.append({"index": index, "code": refused.code, "message": str(refused)})
    return as_json({"data": data, "errors": errors})


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


# Products are kept, and stock is read, in the same way at both.


@shop_routes.on("GET", "/products")
@warehouse_routes.on("GET", "/products")
def list_products(place: Assortment, request: Request) -> Answer:
    return listing.answer(place, "products", request.query, view)


@shop_routes.on("POST", "/products")
@warehouse_routes.on("POST", "/products")
def add_product(place: Assortment, request: Request) -> Answer:
    return as_json(view(place.add_product(request.fields(), request.at)), 201)


@shop_routes.on("GET", "/products/{number:int}")
@warehouse_routes.on("GET", "/products/{number:int}")
def get_product(place: Assortment, request: Request, number: int) -> Answer:
    return as_json(view(place.get("products", number)))


@shop_routes.on("PATCH", "/products/{number:int}")
@warehouse_routes.on("PATCH", "/products/{number:int}")
def change_product(place: Assortment, request: Request, number: int) -> Answer:
    return as_json(view(place.change_product(number, request.fields(), request.at)))


@shop_routes.on("POST", "/products/search")
@warehouse_routes.on("POST", "/products/search")
def find_products(place: Assortment, request: Request) -> Answer:
    """All products with one of up to 200 `skus`, compared without case; not in pages."""
    skus = request.fields().get("skus")
    if not isinstance(skus, list) or not 1 <= len(skus) <= MOST_SKUS:
        raise invalid(f"skus must be a list of 1 to {MOST_SKUS} texts.")
    return as_json({"data": [view(product) for product in place.products_with(skus)]})


@shop_routes.on("GET", "/stock")
@warehouse_routes.on("GET", "/stock")
def list_stock(place: Place, request: Request) -> Answer:
    return listing.answer(place, "stock", request.query, view)


@shop_routes.on("GET", "/stock/{sku}")
@warehouse_routes.on("GET", "/stock/{sku}")
def get_stock(place: Place, request: Request, sku: str) -> Answer:
    level = place.stock_of(sku)
    if level is None:
        raise not_found(f"stock of {sku} in {place.path}")
    return as_json(view(level))


def overview(place: Place) -> dict[str, Any]:
    """What the control API says of a place."""
    first = "orders" if isinstance(place, Shop) else "shipments"
    kinds = (first, "products", "stock")
    return {
        **place.state(),
        "path": f"/{place.path}",
        "hooks": hooks.listed(place),
        "counts": {kind: place.store.count(place.path, kind) for kind in kinds},
    }
