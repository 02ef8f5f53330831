"""The page at `/`: one shop and one warehouse side by side, plain forms, no script."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox import columns
from sandbox.exchange import Answer, Request
from sandbox.markup import esc
from sandbox.place import Place
from sandbox.routes import Routes
from sandbox.shop import Shop
from sandbox.warehouse import Warehouse
from sandbox.world import World

ASSETS = Path(__file__).parent / "assets"
LIVE_SECONDS = 3
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
SAID = {
    "orders": "Placed.",
    "products": "Product added.",
    "change": "Changed.",
    "cancel": "Cancelled.",
    "delete": "Deleted.",
    "pick": "Picked.",
    "ship": "Shipped.",
    "stock": "Stock set.",
    "expire": "Expired.",
    "resend": "On its way again.",
    "remove": "Removed.",
}

routes = Routes()


def respond(world: World, request: Request) -> Answer:
    handler, arguments = routes.find(request.method, request.path)
    return handler(world, request, **arguments)


@cache
def _asset(name: str) -> bytes:
    return (ASSETS / name).read_bytes()


@routes.on("GET", "/style.css")
def style(world: World, request: Request) -> Answer:
    return Answer(200, _asset("style.css"), "text/css; charset=utf-8", SAFE)


@routes.on("GET", "/favicon.svg")
def favicon(world: World, request: Request) -> Answer:
    return Answer(200, _asset("favicon.svg"), "image/svg+xml", SAFE)


@routes.on("GET", "/")
def overview(world: World, request: Request) -> Answer:
    query = request.query
    live = "live" in query
    shops, warehouses = world.places("shops"), world.places("warehouses")
    with world.store.transaction():
        text = Template(_asset("page.html").decode()).substitute(
            live=f'<meta http-equiv="refresh" content="{LIVE_SECONDS}">' if live else "",
            links=_links(query, live),
            said=_said(query),
            shop=columns.shop(_chosen(shops, query.get("shop")), _switch(shops, query), request),
            warehouse=columns.warehouse(
                _chosen(warehouses, query.get("warehouse")), _switch(warehouses, query), request
            ),
        )
    return Answer(200, text.encode(), "text/html; charset=utf-8", SAFE)


def _chosen(places: list[Place], name: str | None) -> Shop | Warehouse | None:
    chosen = next((p for p in places if p.name == name), places[0] if places else None)
    return chosen if isinstance(chosen, Shop | Warehouse) else None


def _address(query: Mapping[str, str], **changes: str | None) -> str:
    """The page's address with the same choices but for the changes (None takes one out)."""
    kept = {name: query[name] for name in ("shop", "warehouse", "live") if name in query}
    values = {name: value for name, value in {**kept, **changes}.items() if value is not None}
    return f"/?{urlencode(values)}" if values else "/"


def _switch(places: list[Place], query: Mapping[str, str]) -> str:
    """Links to all places of a kind, the chosen one marked; nothing where there is no choice."""
    if len(places) < 2:
        return ""
    key = places[0].kind.removesuffix("s")
    chosen = _chosen(places, query.get(key))
    return "".join(
        f'<a class="chip" href="{esc(_address(query, **{key: place.name}))}"'
        f"{' aria-current=true' if place is chosen else ''}>{esc(place.name)}</a>"
        for place in places
    )


def _links(query: Mapping[str, str], live: bool) -> str:
    word, value = ("Stop following", None) if live else ("Follow live", "1")
    return (
        f'<a href="{esc(_address(query))}">Refresh</a>'
        f'<a href="{esc(_address(query, live=value))}">{word}</a>'
    )


def _said(query: Mapping[str, str]) -> str:
    for name, style in (("said", "said"), ("failed", "said failed")):
        if name in query:
            return f'<p class="{style}" role="status">{esc(query[name][:300])}</p>'
    return ""


def back(request: Request, message: str = "", *, failed: bool = False) -> Answer:
    """Redirect a form to the page it came from, on the place it was about, with a message."""
    _, _, kind, *rest = request.path.split("/")
    query = dict(parse_qsl(urlsplit(request.headers.get("referer", "")).query))
    name = rest[0] if rest else request.fields().get("name", "")
    if kind in ("shops", "warehouses") and name:
        query[kind.removesuffix("s")] = name
    said = message or SAID.get(request.path.rsplit("/", 1)[1], "Saved.")
    location = _address(query, **{"failed" if failed else "said": said})
    return Answer(303, headers={"Location": location})
