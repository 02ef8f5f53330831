"""The WooCommerce connector. Checked against recorded traffic of WooCommerce 7.9."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import ClassVar, TypeVar

from channels.connectors.base import (
    Capability,
    Connector,
    Delivery,
    Gone,
    OrderData,
    ProductData,
    Record,
    Setting,
    Subscription,
    Transient,
)
from channels.connectors.woocommerce import records, webhooks
from channels.connectors.woocommerce.rest import PER_PAGE, Json, Params, Rest
from channels.enums import JobType, Kind

T = TypeVar("T")

ORDER_TYPES = frozenset({JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES})
_SECOND = timedelta(seconds=1)
_OVERLAP = timedelta(seconds=30)
"""The strict filter and the whole seconds are met by `_window`; this is for web hosts whose clock
runs a little behind ours."""


class WooCommerce(Connector):
    """Orders, their updates and products of one shop.

    Every status is received, with the status in `platform_status`, but for carts (`checkout-draft`
    and the drafts of the shop's staff), which no one has ordered yet and which read as gone.
    `pending` and `on-hold` are orders whose payment is awaited: they are placed, may be cancelled,
    and become `processing` under the same id, so hiding them would lose those paid days later
    in a by-ID run; whether an unpaid order may be shipped is for the order logic to say.

    Windows read by id, bounded on both sides (`Rest.walk` says why). Orders in the bin are in no
    list but that of status `trash`, which is read for order updates as well. What moves no
    modification date in the shop (an address changed over the API, for one) is seen through its
    webhook only: no window can find it.
    """

    id = "woocommerce"
    label = "WooCommerce"
    kind = Kind.SALES
    fields = (
        Setting("url", "Shop address", "url", help="For example https://shop.example.com"),
        Setting("consumer_key", "Consumer key", secret=True, help="Begins with ck_"),
        Setting("consumer_secret", "Consumer secret", secret=True, help="Begins with cs_"),
        Setting(
            "webhook_secret",
            "Webhook secret",
            required=False,
            secret=True,
            help="The secret entered with each webhook in the shop; mode Webhook needs it",
        ),
        Setting(
            "authentication",
            "Authentication",
            "choice",
            required=False,
            help="Basic over plain HTTP shows the secret to the network: only where TLS ends at "
            "a proxy in front of the shop",
            choices=(
                ("auto", "Basic over HTTPS, signed requests over HTTP"),
                ("basic", "Always Basic"),
            ),
            default="auto",
        ),
    )
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
    )
    per_page: ClassVar[int] = PER_PAGE

    # Webhooks

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        return webhooks.is_ping(headers, body)

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        webhooks.verify(self.secrets.get("webhook_secret", ""), headers, body)

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        return webhooks.parse(headers, body)

    # Pulling

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        window = _window("modified_after", since) | _window("modified_before", until)
        if job_type in ORDER_TYPES:
            yield from self._orders(window)
            if job_type == JobType.RECEIVE_ORDER_UPDATES:
                yield from self._orders({**window, "status": "trash"})
        elif job_type == JobType.IMPORT_PRODUCTS:
            yield from self._products(window)
        else:
            yield from super().pages(job_type, since, until)

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        """Ids need not be dense: WordPress numbers orders, products, pages and pictures in one."""
        if job_type not in ORDER_TYPES:
            yield from super().pages_after(job_type, last_id)
        last = int(last_id or 0)
        start = self._rest.page_after("orders", last) if last else 1
        for found in self._orders({}, start):
            if later := [record for record in found if int(record.external_id) > last]:
                yield later

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        if job_type not in ORDER_TYPES:
            return super().first_id_since(job_type, since)
        params = {**_window("after", since), "orderby": "id", "order": "asc"}
        found = self._rest.page("orders", params, per_page=1).records
        return str(int(found[0]["id"]) - 1) if found else None

    def recent_ids_start(self, last_id: str) -> str:
        """A thousand back: of a hundred ids few are orders, and a cart holds its id for minutes
        before it becomes an order."""
        return str(max(int(last_id) - 1000, 0)) if last_id.isdigit() else last_id

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        """An order in the bin comes as cancelled; a product in the bin, and a cart, as gone."""
        translate: Callable[[Json], Record] = self._order
        path, absent = "orders", records.is_cart
        if job_type == JobType.IMPORT_PRODUCTS:
            path, absent, translate = "products", records.is_in_bin, self._product
        elif job_type not in ORDER_TYPES:
            return super().fetch(job_type, external_id)
        record = self._rest.one(f"{path}/{external_id}") if external_id.isdigit() else None
        return Gone(external_id) if record is None or absent(record) else translate(record)

    # Administration

    def test_connection(self) -> str:
        total = self._rest.page("orders", {}, per_page=1).total
        known = "answers" if total is None else f"answers and has {total} orders"
        return f"Connected: the shop {known}."

    def subscriptions(self) -> Iterable[Subscription]:
        return [
            _read(record, _subscription)
            for found in self._rest.walk("webhooks", {"status": "all"})
            for record in found
        ]

    # Reading

    @cached_property
    def _rest(self) -> Rest:
        return Rest(
            self.http,
            str(self.settings.get("url") or ""),
            self.secrets.get("consumer_key", ""),
            self.secrets.get("consumer_secret", ""),
            str(self.settings.get("authentication") or "auto"),
            self.per_page,
        )

    def _order(self, record: Json) -> OrderData:
        return _read(record, lambda order: records.order(order, self.log))

    def _product(self, record: Json) -> ProductData:
        return _read(record, records.product)

    def _orders(self, params: Params, start: int = 1) -> Iterator[list[OrderData]]:
        for found in self._rest.walk("orders", params, start):
            yield [self._order(record) for record in found if not records.is_cart(record)]

    def _products(self, params: Params) -> Iterator[list[ProductData]]:
        """A variable product comes with all its variations: they are what is sold and counted,
        they stand in no list of their own, and a change of one changes its parent's date."""
        for found in self._rest.walk("products", params):
            for parent in found:
                yield [self._product(parent)]
                if parent.get("type") == "variable":
                    yield from self._variations(parent)

    def _variations(self, parent: Json) -> Iterator[list[ProductData]]:
        for found in self._rest.walk(f"products/{parent['id']}/variations", {}):
            yield [
                _read(record, lambda variation: records.variation(variation, parent))
                for record in found
            ]


def _window(name: str, moment: datetime) -> dict[str, str]:
    """The API compares whole seconds, strictly: one second is added on either side."""
    widened = moment - _SECOND if name.endswith("after") else moment + _SECOND
    return {
        name: widened.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "dates_are_gmt": "true",
    }


def _subscription(record: Json) -> Subscription:
    return Subscription(
        external_id=str(record["id"]),
        topic=str(record["topic"]),
        url=str(record["delivery_url"]),
        active=record["status"] == "active",
    )


def _read(record: Json, translate: Callable[[Json], T]) -> T:
    """A record that lacks what every shop sends is garbage on the way, not a fact of the shop."""
    try:
        return translate(record)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Transient(
            f"the shop's record {record.get('id')} cannot be read ({error!r}); "
            "a plug-in may be changing what its API answers"
        ) from error
