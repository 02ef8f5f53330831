"""The WooCommerce connector. Checked against recorded traffic of WooCommerce 7.9."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar

from channels.connectors.base import (
    Capability,
    Connector,
    Delivery,
    Gone,
    Limit,
    ProductPush,
    PushResult,
    Record,
    Refusal,
    ShipmentReport,
    StockTarget,
    Subscription,
)
from channels.connectors.woocommerce import deliveries
from channels.connectors.woocommerce.catalogue import Catalogue
from channels.connectors.woocommerce.export import Export
from channels.connectors.woocommerce.reading import Reading, window
from channels.connectors.woocommerce.rest import PER_PAGE, Rest
from channels.connectors.woocommerce.settings import FIELDS
from channels.connectors.woocommerce.shipments import Shipments
from channels.connectors.woocommerce.stock import Stock
from channels.connectors.woocommerce.subscriptions import Subscriptions
from channels.enums import JobType, Kind

ORDER_TYPES = frozenset({JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES})
_OVERLAP = timedelta(seconds=30)
"""The strict filter and the whole seconds are met by `window`; this is for web hosts whose clock
runs a little behind ours."""


class WooCommerce(Connector):
    """Orders, their updates, shipments, stock and products of one shop.

    Every status is received, with the status in `platform_status`, but for carts (`checkout-draft`
    and the drafts of the shop's staff), which no one has ordered yet and which read as gone.
    `pending` and `on-hold` are orders whose payment is awaited: they are placed, may be cancelled,
    and become `processing` under the same id, so hiding them would lose those paid days later
    in a by-ID run; whether an unpaid order may be shipped is for the order logic to say.

    Windows read by id, bounded on both sides (`Rest.walk` says why). Orders in the bin are in no
    list but that of status `trash`, which is read for order updates as well. What moves no
    modification date in the shop (an address changed over the API, for one) is seen through its
    webhook only: no window can find it.

    Products cannot be listed by id: variations stand in no list of their own, so one made later
    for an old product would never come. Stock in the shop is net of paid orders, as ours is: it is
    set as it comes.
    """

    id = "woocommerce"
    label = "WooCommerce"
    kind = Kind.SALES
    fields = FIELDS
    capabilities = (
        Capability(JobType.RECEIVE_ORDERS, topics=("order.created",), by_id=True, overlap=_OVERLAP),
        Capability(
            JobType.RECEIVE_ORDER_UPDATES,
            topics=("order.updated", "order.deleted", "order.restored"),
            by_id=True,
            overlap=_OVERLAP,
        ),
        Capability(
            JobType.IMPORT_PRODUCTS,
            topics=(
                "product.created",
                "product.updated",
                "product.deleted",
                "product.restored",
            ),
            overlap=_OVERLAP,
        ),
        Capability(JobType.SEND_ORDER_UPDATES),
        Capability(JobType.SYNC_INVENTORY),
        Capability(JobType.EXPORT_PRODUCTS),
    )
    registers_webhooks = True
    stock_batch = 50
    """The API takes 100 in a batch, but saves each product with all that plug-ins hang on it: more
    would often outlast our time-out."""
    page_size = PER_PAGE
    per_page: ClassVar[int] = PER_PAGE

    # Webhooks

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        return deliveries.is_ping(headers, body)

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        deliveries.verify(self._webhook_secret, headers, body)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return deliveries.parse(headers, body)

    # Pulling

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        between = window("modified_after", since) | window("modified_before", until)
        if job_type in ORDER_TYPES:
            yield from self._reading.orders(between)
            if job_type == JobType.RECEIVE_ORDER_UPDATES:
                yield from self._reading.orders({**between, "status": "trash"})
        elif job_type == JobType.IMPORT_PRODUCTS:
            yield from self._reading.products(between)
        else:
            yield from super().pages(job_type, since, until)

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        """Ids need not be dense: WordPress numbers orders, products, pages and pictures in one."""
        if job_type not in ORDER_TYPES:
            yield from super().pages_after(job_type, last_id)
        yield from self._reading.orders_after(int(last_id or 0))

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        if job_type not in ORDER_TYPES:
            return super().first_id_since(job_type, since)
        first = self._reading.first_order_since(since)
        return None if first is None else str(first - 1)

    def recent_ids_start(self, last_id: str) -> str:
        """A thousand back: of a hundred ids few are orders, and a cart holds its id for minutes
        before it becomes an order."""
        return str(max(int(last_id) - 1000, 0)) if last_id.isdigit() else last_id

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        if job_type in ORDER_TYPES:
            return self._reading.order(external_id)
        if job_type == JobType.IMPORT_PRODUCTS:
            return self._reading.product(external_id)
        return super().fetch(job_type, external_id)

    # Pushing

    def report_shipment(self, report: ShipmentReport) -> PushResult:
        return PushResult(self._shipments.report(report))

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        return self._catalogue.listings(skus)

    def set_stock(self, targets: Sequence[StockTarget]) -> Sequence[Refusal]:
        return Stock(self._rest, self._catalogue).set(targets)

    def export_product(self, product: ProductPush) -> PushResult:
        return PushResult(self._export.product(product))

    # Administration

    def test_connection(self) -> str:
        total = self._rest.page("orders", {}, per_page=1).total
        known = "answers" if total is None else f"answers and has {total} orders"
        return f"Connected: the shop {known}."

    def subscriptions(self) -> Iterable[Subscription]:
        return self._subscriptions.all()

    def subscribe(self, topic: str, url: str) -> Subscription:
        return self._subscriptions.register(topic, url)

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.remove(subscription)

    # Parts, made when they are first needed: bad settings are an error of the call, not of making

    @cached_property
    def _rest(self) -> Rest:
        return Rest(
            self.http,
            str(self.settings.get("url") or ""),
            self.secrets.get("consumer_key", ""),
            self.secrets.get("consumer_secret", ""),
            str(self.settings.get("authentication") or "auto"),
            self.per_page,
            self._hear,
        )

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self._rest, self.log)

    @cached_property
    def _shipments(self) -> Shipments:
        note = str(self.settings.get("shipment_note") or "customer")
        return Shipments(self._rest, self.log, note)

    @property
    def _catalogue(self) -> Catalogue:
        return Catalogue(self._rest)

    @cached_property
    def _export(self) -> Export:
        status = str(self.settings.get("new_product_status") or "publish")
        return Export(self._rest, self._catalogue, self.log, status)

    @property
    def _subscriptions(self) -> Subscriptions:
        return Subscriptions(self._rest, self._webhook_secret)

    @property
    def _webhook_secret(self) -> str:
        return self.secrets.get("webhook_secret", "")

    def _hear(self, limit: Limit) -> None:
        self.limit = limit
