"""The Tryton connector. Checked against Tryton 7.0 itself (`tests/real/test_tryton.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from channels.connectors.base import (
    Capability,
    Connector,
    Gone,
    Misconfigured,
    Permanent,
    ProductPush,
    PushResult,
    Record,
    Setting,
    ShipmentRequest,
)
from channels.connectors.tryton import export, products, reading, sending, stock
from channels.connectors.tryton.rpc import PAGE, Row, Rpc, number
from channels.enums import JobType, Kind

OVERLAP = timedelta(minutes=5)
"""Tryton's dates are those of a transaction's beginning: what is seen late was changed earlier."""
SAFETY = timedelta(seconds=2)
READ = (reading.SALE, reading.SHIPMENT, reading.PACKAGE, reading.MOVE)
"""What a user of too few groups cannot read."""
MODULES = ("sale", "stock_package_shipping", "web_shop")


@dataclass(frozen=True, slots=True)
class Source:
    """The ways to read one sort of record."""

    changed: Callable[[Rpc, datetime], Iterator[Sequence[Record]]]
    later_than: Callable[[Rpc, int], Iterator[Sequence[Record]]]
    first_id_since: Callable[[Rpc, datetime], str | None]
    one: Callable[[Rpc, str], Record | Gone]


SOURCES: Mapping[JobType, Source] = {
    JobType.RECEIVE_SHIPMENTS: Source(
        reading.changed, reading.later_than, reading.first_id_since, reading.one
    ),
    JobType.IMPORT_PRODUCTS: Source(
        products.changed, products.later_than, products.first_id_since, products.one
    ),
}


class Tryton(Connector):
    """A warehouse run with Tryton: sales in, shipments, stock and products out.

    It has no webhooks: it is asked. A shipment of ours is a sale there; its external id is the
    sale's id, its key the sale's Web ID.
    """

    id = "tryton"
    label = "Tryton"
    kind = Kind.FULFILLMENT
    fields = (
        Setting("url", "Address", "url", help="For example https://tryton.example.com"),
        Setting("database", "Database", help="As on Tryton's own login page"),
        Setting("username", "User name", help="A user of omsauto's own"),
        Setting("password", "Password", secret=True),
        Setting(
            "warehouse",
            "Warehouse code",
            required=False,
            help="The warehouse that ships; WH in a new Tryton. Empty: the only one there is",
        ),
        Setting(
            "party",
            "Book all orders on",
            required=False,
            help="Name of one party; empty: a party for each customer",
        ),
        Setting(
            "currency",
            "Currency of prices",
            required=False,
            help="ISO code; empty: the company's own",
        ),
        Setting(
            "account_category",
            "Accounting category of new products",
            required=False,
            help="Empty: the only one there is, or none",
        ),
    )
    capabilities = (
        Capability(JobType.SEND_SHIPMENTS),
        Capability(JobType.RECEIVE_SHIPMENTS, by_id=True, overlap=OVERLAP, safety=SAFETY),
        Capability(JobType.RECEIVE_INVENTORY, overlap=OVERLAP, safety=SAFETY),
        Capability(JobType.IMPORT_PRODUCTS, by_id=True, overlap=OVERLAP, safety=SAFETY),
        Capability(JobType.EXPORT_PRODUCTS),
    )
    page_size = PAGE

    # Pulling

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        """Stock is read whole each time: Tryton keeps no date of when a quantity changed."""
        if job_type == JobType.RECEIVE_INVENTORY:
            return stock.on_hand(self._rpc, self._warehouse, until)
        if job_type not in SOURCES:
            return super().pages(job_type, since, until)
        return SOURCES[job_type].changed(self._rpc, since)

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        if job_type not in SOURCES:
            return super().pages_after(job_type, last_id)
        return SOURCES[job_type].later_than(self._rpc, number(last_id) or 0)

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        if job_type not in SOURCES:
            return super().first_id_since(job_type, since)
        return SOURCES[job_type].first_id_since(self._rpc, since)

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        if job_type not in SOURCES:
            return super().fetch(job_type, external_id)
        return SOURCES[job_type].one(self._rpc, external_id)

    # Pushing

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        place = int(self._warehouse["id"])
        return PushResult(sending.send(self._rpc, request, self.settings, place))

    def export_product(self, product: ProductPush) -> PushResult:
        category = str(self.settings.get("account_category") or "").strip()
        return PushResult(export.export(self._rpc, product, category, self.log))

    # Administration

    def test_connection(self) -> str:
        there = self._rpc.rows(
            "ir.module", [["name", "in", list(MODULES)], ["state", "=", "activated"]], ["name"]
        )
        if missing := sorted(set(MODULES) - {str(row["name"]) for row in there}):
            raise Misconfigured(f"activate in Tryton the modules {', '.join(missing)}")
        self._check_rights()
        company = self._rpc.context.get("company.rec_name") or self._rpc.company
        return f"Connected to Tryton, company {company}, warehouse {self._warehouse['name']}."

    def _check_rights(self) -> None:
        for model in READ:
            try:
                self._rpc.row(model, [], ["id"])
            except Permanent as error:
                raise Misconfigured(
                    f"{error} Put the user {self._rpc.user} into the groups Sales and Stock"
                ) from error

    # The one Tryton

    @cached_property
    def _rpc(self) -> Rpc:
        return Rpc(self.http, self.settings, self.secrets.get("password", ""))

    @cached_property
    def _warehouse(self) -> Row:
        return stock.warehouse(self._rpc, str(self.settings.get("warehouse") or "").strip())
