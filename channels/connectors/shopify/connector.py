"""The Shopify connector."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar

from channels.connectors.base import (
    Authorization,
    Capability,
    Connector,
    Delivery,
    Gone,
    Limit,
    Misconfigured,
    ProductPush,
    PushResult,
    RateLimit,
    Record,
    Refusal,
    Setting,
    ShipmentReport,
    StockTarget,
    Subscription,
)
from channels.connectors.shopify import documents, lists, tokens, webhooks
from channels.connectors.shopify.export import Export
from channels.connectors.shopify.graph import Graph
from channels.connectors.shopify.lists import Lists, granted_scopes
from channels.connectors.shopify.shipments import Shipments
from channels.connectors.shopify.stock import Stock
from channels.connectors.shopify.subscriptions import Subscriptions
from channels.enums import JobType, Kind

ORDER_TYPES = frozenset({JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES})
SCOPES = {
    "read_orders": "orders",
    "write_merchant_managed_fulfillment_orders": "shipped quantities",
    "write_products": "products",
    "write_inventory": "stock",
    "read_locations": "stock",
}
"""The access scopes the app needs, and for what."""
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_OVERLAP = timedelta(minutes=2)
_SAFETY = timedelta(seconds=10)
"""Both margins are for the search behind the lists, which shows a change some seconds late."""


class Shopify(Connector):
    """Orders, shipments, stock and products of one shop.

    Ids are the numbers in the shop's own addresses. A product's record is a variant and has the
    variant's id; a delivery about a product names its variants. `orders/updated` comes for every
    change of an order, paid and edited included, so those have no topics of their own here.
    """

    id = "shopify"
    label = "Shopify"
    kind = Kind.SALES
    fields = (
        Setting("shop", "Shop", help="As in name.myshopify.com, whatever domain buyers see"),
        Setting(
            "url", "Address", "url", required=False, help="Instead of https://name.myshopify.com"
        ),
        Setting(
            "location",
            "Location",
            required=False,
            help="The id of the location whose stock is set; empty for the primary one",
        ),
        Setting(
            "notify_customers",
            "Shopify tells buyers of shipments",
            "boolean",
            required=False,
            default=True,
        ),
        Setting(
            "ship_unpaid",
            "Ship orders whose payment is pending",
            "boolean",
            required=False,
            default=False,
            help="For cash on delivery and payment terms",
        ),
        Setting("access_token", "Admin API access token", secret=True, help="Begins with shp"),
        Setting(
            "webhook_secret",
            "App secret",
            required=False,
            secret=True,
            help="Signs the webhooks; mode Webhook needs it",
        ),
        Setting(
            "previous_webhook_secret",
            "Previous app secret",
            required=False,
            secret=True,
            help="Accepted as well, for as long as it is entered: while the secret is rotated",
        ),
        Setting(
            "client_id",
            "Client id",
            required=False,
            secret=True,
            help="With the client secret: for access tokens that expire",
        ),
        Setting("client_secret", "Client secret", required=False, secret=True),
        Setting("refresh_token", "Refresh token", required=False, secret=True),
    )
    capabilities = (
        Capability(
            JobType.RECEIVE_ORDERS,
            topics=("orders/create",),
            by_id=True,
            overlap=_OVERLAP,
            safety=_SAFETY,
        ),
        Capability(
            JobType.RECEIVE_ORDER_UPDATES,
            topics=("orders/updated", "orders/cancelled", "orders/delete"),
            by_id=True,
            overlap=_OVERLAP,
            safety=_SAFETY,
        ),
        Capability(JobType.SEND_ORDER_UPDATES),
        Capability(JobType.SYNC_INVENTORY),
        Capability(
            JobType.IMPORT_PRODUCTS,
            topics=("products/create", "products/update", "products/delete"),
            by_id=True,
            overlap=_OVERLAP,
            safety=_SAFETY,
        ),
        Capability(JobType.EXPORT_PRODUCTS),
        Capability(JobType.REFRESH_AUTHORIZATION),
    )
    registers_webhooks = True
    stock_batch = 100
    rate_limit = RateLimit(
        100,
        "points",
        1,
        "https://shopify.dev/docs/api/usage/limits",
        "a call costs at least a point, a page of orders many; higher plans have more",
    )
    per_page: ClassVar[int | None] = None
    deepest: ClassVar[int] = lists.DEEPEST
    pause: ClassVar[Callable[[float], None]] = staticmethod(time.sleep)

    # Webhooks

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        names = ("webhook_secret", "previous_webhook_secret")
        webhooks.verify([self.secrets.get(name, "") for name in names], headers, body)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return webhooks.parse(headers, body)

    # Pulling

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        if job_type in ORDER_TYPES:
            return self._lists.orders(since, until)
        if job_type == JobType.IMPORT_PRODUCTS:
            return self._lists.products(since, until)
        return super().pages(job_type, since, until)

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        if job_type in ORDER_TYPES:
            return self._lists.orders_after(last_id)
        if job_type == JobType.IMPORT_PRODUCTS:
            return self._lists.variants_after(last_id)
        return super().pages_after(job_type, last_id)

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        if job_type in ORDER_TYPES:
            return self._lists.order_before(since)
        if job_type == JobType.IMPORT_PRODUCTS:
            return self._lists.variant_before(since)
        return super().first_id_since(job_type, since)

    def recent_ids_start(self, last_id: str) -> str:
        """Where a hundred records back is, `pages_after` asks: it knows of which list."""
        return f"{lists.RECENT}{last_id}" if last_id.isdigit() else last_id

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        if job_type in ORDER_TYPES:
            return self._lists.order(external_id)
        if job_type == JobType.IMPORT_PRODUCTS:
            return self._lists.product(external_id)
        return super().fetch(job_type, external_id)

    # Pushing

    def report_shipment(self, report: ShipmentReport) -> PushResult:
        notify = bool(self.settings.get("notify_customers", True))
        return Shipments(self._graph, self.log, notify).report(report)

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return self._stock.listings(skus)

    def set_stock(self, targets: Sequence[StockTarget]) -> Sequence[Refusal]:
        return self._stock.set(targets)

    def export_product(self, product: ProductPush) -> PushResult:
        def find(sku: str) -> list[str]:
            return self._stock.listings([sku]).get(sku, [])

        return Export(self._graph, find, self.log).push(product)

    # Administration

    def test_connection(self) -> str:
        answer = self._graph.ask(documents.SHOP, {})
        granted = granted_scopes(answer)
        lacking = [f"{name} (for {what})" for name, what in SCOPES.items() if name not in granted]
        said = f"Connected to {answer['shop']['name']}."
        if lacking:
            said += f" The app lacks the access scopes {', '.join(lacking)}."
        if "read_all_orders" not in granted:
            said += " Orders older than 60 days are not shown to it (read_all_orders)."
        return said

    def subscriptions(self) -> Iterable[Subscription]:
        return self._subscriptions.all()

    def subscribe(self, topic: str, url: str) -> Subscription:
        return self._subscriptions.subscribe(topic, url)

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.unsubscribe(subscription)

    def authorization_expires(self) -> bool:
        return tokens.can_renew(self.secrets)

    def refresh_authorization(self, at: datetime) -> Authorization:
        return tokens.renew(self.http, self._address, self.secrets, at)

    # What the parts share

    @cached_property
    def _graph(self) -> Graph:
        token = self.secrets.get("access_token", "")
        return Graph(self.http, self._address, token, self.log, self._heard, type(self).pause)

    @cached_property
    def _lists(self) -> Lists:
        ship_unpaid = bool(self.settings.get("ship_unpaid", False))
        return Lists(
            self._graph, ship_unpaid=ship_unpaid, per_page=self.per_page, deepest=self.deepest
        )

    @property
    def _stock(self) -> Stock:
        return Stock(self._graph, str(self.settings.get("location") or ""))

    @property
    def _subscriptions(self) -> Subscriptions:
        return Subscriptions(self._graph, (topic for topic, _ in self.topics()))

    @cached_property
    def _address(self) -> str:
        """The shop's own address, or the one set instead of it."""
        if url := str(self.settings.get("url") or "").strip():
            return url.rstrip("/")
        shop = str(self.settings.get("shop") or "").strip().lower()
        shop = shop.removeprefix("https://").rstrip("/")
        if not _SHOP.fullmatch(shop):
            raise Misconfigured(
                f"the shop {shop!r} must be given as name.myshopify.com; Shopify shows it under "
                "Settings, Domains"
            )
        return f"https://{shop}"

    def _heard(self, limit: Limit) -> None:
        self.limit = limit
        self.heard(limit)
