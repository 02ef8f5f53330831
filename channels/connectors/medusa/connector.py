"""The Medusa connector. Checked against Medusa 2.21.2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar
from urllib.parse import quote

from channels.connectors import standard_webhooks
from channels.connectors.base import (
    Capability,
    Connector,
    Delivery,
    Gone,
    OrderData,
    ProductPush,
    PushResult,
    Record,
    Refusal,
    Setting,
    ShipmentReport,
    StockTarget,
    Transient,
)
from channels.connectors.medusa import orders, webhooks
from channels.connectors.medusa.products import PRODUCT_ID, Products
from channels.connectors.medusa.rest import (
    PAGE_SIZE,
    Json,
    Params,
    Rest,
    created_since,
    instant,
    window,
)
from channels.connectors.medusa.shipping import Shipping
from channels.connectors.medusa.stock import Stock
from channels.enums import JobType, Kind

ORDER_TYPES = frozenset({JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES})
_OVERLAP = timedelta(seconds=30)
"""The filter includes its lower end; this is for hosts whose clock runs a little behind ours, and
for changes that Medusa stamps before they can be read."""
_RECENT = 100


class Medusa(Connector):
    """Orders, shipments, stock and products of one Medusa server (version 2).

    Every order but drafts is received. Orders of a window are read by increasing id, each page
    beginning after the last id of the one before. A payment moves no order's date, so a window of
    updates also reads the orders whose payments changed in it.

    A product is a variant, under the variant's id; stock is set on inventory items, under theirs:
    that is what Medusa counts, and what several variants may share.
    """

    id = "medusa"
    label = "Medusa"
    kind = Kind.SALES
    fields = (
        Setting(
            "url",
            "Server address",
            "url",
            help="Of the Medusa server, for example https://api.shop.example.com",
        ),
        Setting("api_key", "Secret API key", secret=True, help="Begins with sk_"),
        Setting(
            "webhook_secret",
            "Webhook secret",
            required=False,
            secret=True,
            help="Begins with whsec_; the subscriber file signs with it. Mode Webhook needs it",
        ),
        Setting(
            "location",
            "Stock location",
            required=False,
            help="Its id, which begins with sloc_. Where stock is set and goods leave from; "
            "empty: stock is set at the first location, goods leave from where Medusa says",
        ),
        Setting(
            "currency",
            "Currency of prices",
            required=False,
            help="For example EUR; empty: the default currency of the shop",
        ),
    )
    capabilities = (
        Capability(
            JobType.RECEIVE_ORDERS, topics=webhooks.ORDER_PLACED, by_id=True, overlap=_OVERLAP
        ),
        Capability(
            JobType.RECEIVE_ORDER_UPDATES,
            topics=(*webhooks.ORDER_CHANGED, *webhooks.ABOUT_AN_ORDER),
            by_id=True,
            overlap=_OVERLAP,
        ),
        Capability(JobType.SEND_ORDER_UPDATES),
        Capability(JobType.SYNC_INVENTORY),
        Capability(
            JobType.IMPORT_PRODUCTS,
            topics=(*webhooks.PRODUCT, *webhooks.VARIANT),
            overlap=_OVERLAP,
        ),
        Capability(JobType.EXPORT_PRODUCTS),
    )
    page_size: ClassVar[int] = PAGE_SIZE

    # Webhooks

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        standard_webhooks.verify(self.secrets.get("webhook_secret", ""), headers, body)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return webhooks.parse(headers, body)

    # Pulling

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        with understood("its records"):
            if job_type in ORDER_TYPES:
                yield from self._orders(window(since, until))
                if job_type == JobType.RECEIVE_ORDER_UPDATES:
                    yield from self._paid(since, until)
            elif job_type == JobType.IMPORT_PRODUCTS:
                yield from self._products.pages(since, until)
            else:
                yield from super().pages(job_type, since, until)

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        if job_type not in ORDER_TYPES:
            yield from super().pages_after(job_type, last_id)
        with understood("its orders"):
            yield from self._orders({}, last_id)

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        """Ids begin with the time of their making (ULID), so they sort by it."""
        if job_type not in ORDER_TYPES:
            return super().first_id_since(job_type, since)
        first = {**created_since(since), "order": "id", "limit": 1, "fields": "id"}
        found, _ = self._rest.page("orders", "orders", first)
        return str(found[0]["id"])[:-1] if found else None

    def recent_ids_start(self, last_id: str) -> str:
        """The id 100 orders before: an order's id is made before others can see the order."""
        if not last_id:
            return last_id
        before = {"id[$lte]": last_id, "order": "-id", "fields": "id"}
        found, _ = self._rest.page("orders", "orders", {**before, "offset": _RECENT, "limit": 1})
        return str(found[0]["id"]) if found else ""

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        with understood(external_id):
            if job_type == JobType.IMPORT_PRODUCTS:
                return self._products.fetch(external_id)
            if job_type not in ORDER_TYPES:
                return super().fetch(job_type, external_id)
            path = f"orders/{quote(external_id, safe='')}"
            record = self._rest.one(path, "order", orders.FIELDS)
            if record is None or orders.is_draft(record):
                return Gone(external_id)
            return orders.order(record, self.log)

    def fetch_all(self, job_type: JobType, external_id: str) -> Sequence[Record | Gone]:
        """An event may name a product; what is sold and counted are its variants."""
        if job_type != JobType.IMPORT_PRODUCTS or not external_id.startswith(PRODUCT_ID):
            return super().fetch_all(job_type, external_id)
        with understood(external_id):
            return self._products.variants_of(external_id)

    # Pushing

    def report_shipment(self, report: ShipmentReport) -> PushResult:
        with understood(f"order {report.order_number}"):
            return Shipping(self._rest, self._location, self.log).report(report)

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Ids of inventory items, which `set_stock` needs; not those of products or variants."""
        with understood("its inventory items"):
            return self._stock.listings(skus)

    def set_stock(self, targets: Sequence[StockTarget]) -> Sequence[Refusal]:
        with understood("its stock"):
            return self._stock.set(targets)

    def export_product(self, product: ProductPush) -> PushResult:
        with understood(product.sku):
            return self._products.export(product)

    # Administration

    def test_connection(self) -> str:
        _, total = self._rest.page("orders", "orders", {"limit": 1, "fields": "id"})
        location = self._stock.location
        return f"Connected: the shop answers and has {total} orders; stock is set at {location}."

    # Reading

    @property
    def _location(self) -> str:
        return str(self.settings.get("location") or "").strip()

    @cached_property
    def _rest(self) -> Rest:
        address = str(self.settings.get("url") or "")
        return Rest(self.http, address, self.secrets.get("api_key", ""), self.page_size)

    @cached_property
    def _stock(self) -> Stock:
        return Stock(self._rest, self._location)

    @cached_property
    def _products(self) -> Products:
        return Products(self._rest, str(self.settings.get("currency") or ""))

    def _orders(self, params: Params, last_id: str = "") -> Iterator[list[OrderData]]:
        asked = {**params, "fields": orders.FIELDS}
        for found in self._rest.after("orders", "orders", asked, last_id):
            yield self._read(found)

    def _paid(self, since: datetime, until: datetime) -> Iterator[list[OrderData]]:
        """Orders that were paid in the window and not changed otherwise."""
        fields = "id,updated_at,payment_collection.order.id,payment_collection.order.updated_at"
        changed = {**window(since, until), "fields": fields}
        for payments in self._rest.walk("payments", "payments", changed):
            found = [(payment.get("payment_collection") or {}).get("order") for payment in payments]
            ids = {str(o["id"]) for o in found if o and instant(o["updated_at"]) < since}
            if ids:
                asked = {"id[]": sorted(ids), "limit": len(ids), "fields": orders.FIELDS}
                yield self._read(self._rest.page("orders", "orders", asked)[0])

    def _read(self, records: list[Json]) -> list[OrderData]:
        return [orders.order(record, self.log) for record in records if not orders.is_draft(record)]


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Whatever does not look as it should: the platform is unwell, ask again later."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Transient(f"Medusa's answer on {what} makes no sense: {error!r}") from error
