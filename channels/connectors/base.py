"""What a connector is: plain values in, plain values out.

A connector translates one platform. It knows nothing of jobs, runs or the database; the job
logic in `oms` calls it, and it answers with the dataclasses below or raises one of the three
connector errors. Adding a connector touches one module and one line of the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from channels.connectors.values import (
    Authorization,
    Delivery,
    Gone,
    Limit,
    LineData,
    OrderData,
    ProductData,
    ProductPush,
    PushResult,
    RateLimit,
    Record,
    Refusal,
    ReportedLine,
    ShipmentData,
    ShipmentReport,
    ShipmentRequest,
    ShippedLine,
    StockData,
    StockTarget,
    Subscription,
)
from channels.enums import MAIN_PERIODS, RECURRING_DELAYS, JobType, Kind

__all__ = [
    "DUPLICATE_SKUS",
    "INVENTORY_MODE",
    "NEW_ORDER_STATUS",
    "Authorization",
    "BadDelivery",
    "BadSignature",
    "Capability",
    "Connector",
    "ConnectorError",
    "Delivery",
    "Gone",
    "Limit",
    "LineData",
    "Log",
    "Misconfigured",
    "OrderData",
    "Permanent",
    "ProductData",
    "ProductPush",
    "PushResult",
    "RateLimit",
    "Record",
    "Refusal",
    "ReportedLine",
    "Setting",
    "ShipmentData",
    "ShipmentReport",
    "ShipmentRequest",
    "ShippedLine",
    "StockData",
    "StockTarget",
    "Subscription",
    "Transient",
    "silent",
]


class ConnectorError(Exception):
    """Base of the three errors; the text is shown to operators."""


class Transient(ConnectorError):
    """Worth another try: time-out, connection, 5xx, 429.

    `retry_after`: seconds the platform asked us to wait, if it said so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Permanent(ConnectorError):
    """The same request will fail again: the platform refused what was asked."""


class Misconfigured(ConnectorError):
    """An operator must act: wrong address, credentials or rights."""


class BadSignature(Exception):
    """A delivery is unsigned, wrongly signed or signed at an instant outside tolerance."""


class BadDelivery(Exception):
    """A delivery whose signature holds but whose body cannot be understood."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a channel's settings form; `secret` ones are stored encrypted, write only."""

    name: str
    label: str
    type: str = "text"  # text, url, integer, boolean, choice, jsonpath
    required: bool = True
    secret: bool = False
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    default: Any = None


NEW_ORDER_STATUS = Setting(
    "new_order_status",
    "New orders become",
    "choice",
    required=False,
    choices=(("approved", "Approved"), ("draft", "Draft, to be looked at first")),
    default="approved",
)
"""A setting of every sales channel, whatever its platform."""

INVENTORY_MODE = Setting(
    "inventory_mode",
    "Inventory",
    "choice",
    required=False,
    help="Synchronizing by hand sends everything in every mode.",
    choices=(
        ("none", "Do not synchronize"),
        ("realtime", "Real-time: send each change at once"),
        ("fulfillment", "With the fulfillment channel: send when a warehouse was synchronized"),
    ),
    default="none",
)
DUPLICATE_SKUS = Setting(
    "duplicate_skus",
    "Several listings with one SKU",
    "choice",
    required=False,
    choices=(
        ("all", "All of them get the quantity"),
        ("first", "The first one gets it"),
        ("park", "Set it aside for a decision"),
    ),
    default="all",
)
"""Settings of every sales channel that takes stock."""


@dataclass(frozen=True, slots=True)
class Capability:
    """How a connector does one job type.

    `topics`: the platform's webhook topics that announce it, empty if it cannot by webhook.
    `periods`, `delays`: minutes allowed on the recurring row. `overlap`, `safety`: how far a
    window reaches back over the last one and stays behind now.
    """

    type: JobType
    topics: tuple[str, ...] = ()
    by_id: bool = False
    periods: tuple[int, ...] = MAIN_PERIODS
    delays: tuple[int, ...] = RECURRING_DELAYS
    overlap: timedelta = timedelta(seconds=5)
    safety: timedelta = timedelta(seconds=2)

    @property
    def webhook(self) -> bool:
        return bool(self.topics)


Log = Callable[[str, str], None]
"""(level, message): level is info, warning, error or fatal."""


def silent(level: str, message: str) -> None:
    """The log of callers that keep none."""


class Connector:
    """Base of all connectors. Instances are cheap and used by one run only.

    `settings` and `secrets` hold the channel's values by the names of `fields`. `http` is made
    by the caller with time-outs and the guard against private addresses. `limit` is what the
    platform last said of its limit; `heard` is told of it too where that is not in the headers of
    its answers, which the caller's client hears itself. `id_paths` are JSONPath expressions by
    topic, where the connector has `custom_topics`: of every mapped topic, "" where the channel's
    own path holds.
    """

    id: ClassVar[str]
    label: ClassVar[str]
    kind: ClassVar[Kind]
    fields: ClassVar[tuple[Setting, ...]] = ()
    capabilities: ClassVar[tuple[Capability, ...]] = ()
    registers_webhooks: ClassVar[bool] = False
    """Are `subscribe` and `unsubscribe` there?"""
    custom_topics: ClassVar[bool] = False
    """May operators map topics of their own, and say where a body names the record?"""
    stock_batch: ClassVar[int] = 50
    """How many listings one call of `set_stock` may take."""
    page_size: ClassVar[int | None] = None
    """How many records a call of a list answers with at most; None where that varies."""
    rate_limit: ClassVar[RateLimit | None] = None
    """The limit that the platform publishes; None where it publishes none or is self-hosted."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        common = [NEW_ORDER_STATUS] if getattr(cls, "kind", None) == Kind.SALES else []
        if cls.capability(JobType.SYNC_INVENTORY):
            common += [INVENTORY_MODE, DUPLICATE_SKUS]
        missing = [field for field in common if field not in cls.fields]
        if missing:
            cls.fields = (*cls.fields, *missing)

    def __init__(
        self,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        http: httpx.Client | None = None,
        log: Log = silent,
        id_paths: Mapping[str, str] | None = None,
        heard: Callable[[Limit], None] = lambda limit: None,
    ) -> None:
        self.settings = settings
        self.secrets = secrets
        self.log = log
        self.limit: Limit | None = None
        self.id_paths = id_paths or {}
        self.heard = heard
        self._http = http

    @property
    def http(self) -> httpx.Client:
        if self._http is None:
            raise RuntimeError("this connector was made without an HTTP client")
        return self._http

    @classmethod
    def capability(cls, job_type: str) -> Capability | None:
        return next((c for c in cls.capabilities if c.type == job_type), None)

    @classmethod
    def topics(cls) -> Iterator[tuple[str, JobType]]:
        """Every (topic, job type) the connector proposes as webhook mapping."""
        return ((topic, c.type) for c in cls.capabilities for topic in c.topics)

    @classmethod
    def needs_webhook_secret(cls, settings: Mapping[str, Any]) -> bool:
        """Is every delivery rejected until the channel has a webhook secret?"""
        return any(field.name == "webhook_secret" for field in cls.fields)

    # Webhooks: no network, no database, constant-time comparison on the raw bytes.

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Is this the platform's set-up ping, by its exact shape? Header names are lower case."""
        return False

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
        """Raise `BadSignature` unless the raw body was signed with the channel's secret."""
        raise BadSignature("this connector takes no webhooks")

    def parse(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Raise `BadDelivery` where the body cannot be understood."""
        raise BadDelivery("this connector takes no webhooks")

    # Pulling. Pages come in an order in which a later page never hides an earlier one.

    def pages(
        self, job_type: JobType, since: datetime, until: datetime
    ) -> Iterator[Sequence[Record]]:
        """Records last changed in [since, until); may yield more, never less."""
        raise Permanent(f"{self.label} cannot list records for {job_type.label}")

    def pages_after(self, job_type: JobType, last_id: str) -> Iterator[Sequence[Record]]:
        """Records with an identifier greater than `last_id` ("" = from the first one)."""
        raise Permanent(f"{self.label} cannot list records by id for {job_type.label}")

    def first_id_since(self, job_type: JobType, since: datetime) -> str | None:
        """The identifier just before the smallest one created since then; None if none was."""
        raise Permanent(f"{self.label} cannot list records by id for {job_type.label}")

    def recent_ids_start(self, last_id: str) -> str:
        """The identifier 100 before `last_id`: each by-ID run asks again for the last 100."""
        return str(max(int(last_id) - 100, 0)) if last_id.isdigit() else last_id

    def fetch(self, job_type: JobType, external_id: str) -> Record | Gone:
        """One record as it is now."""
        raise Permanent(f"{self.label} cannot read one record for {job_type.label}")

    def fetch_all(self, job_type: JobType, external_id: str) -> Sequence[Record | Gone]:
        """All records that an identifier of a delivery names: of a product, its variants."""
        return [self.fetch(job_type, external_id)]

    # Pushing. A push may be repeated after a crash: use the platform's idempotency key, and where
    # it has none read back first what it has. Success is what the platform shows, not its status.

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        """Idempotent under `request.key`."""
        raise Permanent(f"{self.label} cannot take shipments")

    def report_shipment(self, report: ShipmentReport) -> PushResult:
        """Make the platform show this shipment with these totals and this tracking number.

        Repeating it changes nothing; what the platform shows already is not sent again.
        """
        raise Permanent(f"{self.label} takes no shipped quantities")

    def listings(self, skus: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The platform's ids of its listings with each of these SKUs, compared without case.

        At most `stock_batch` SKUs; one that the platform does not know may be left out.
        """
        raise Permanent(f"{self.label} takes no stock")

    def set_stock(self, targets: Sequence[StockTarget]) -> Sequence[Refusal]:
        """Set absolute quantities, at most `stock_batch`; answers with those not taken.

        Where the platform keeps on hand and reserved apart, `quantity` is what a buyer can have:
        its own reservations for open orders are counted in before on hand is set.
        """
        raise Permanent(f"{self.label} takes no stock")

    def export_product(self, product: ProductPush) -> PushResult:
        """Make or change one product; where its id is not known it is looked up by SKU first."""
        raise Permanent(f"{self.label} takes no products")

    # Administration.

    def test_connection(self) -> str:
        """One cheap authenticated call; answers with a sentence for the operator."""
        raise Permanent(f"{self.label} offers no connection test")

    def subscriptions(self) -> Iterable[Subscription] | None:
        """The webhooks registered at the platform; None where it cannot tell."""
        return None

    def subscribe(self, topic: str, url: str) -> Subscription:
        """Register a webhook for the topic, signed with the channel's webhook secret.

        One that is there for this topic and address, whatever became of it, is put in order
        instead: active, with the present secret.
        """
        raise Permanent(f"{self.label} has no webhooks that can be registered from here")

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a webhook at the platform; nothing where it is gone already."""
        raise Permanent(f"{self.label} has no webhooks that can be removed from here")

    def authorization_expires(self) -> bool:
        """Do the channel's present credentials expire unless they are renewed?"""
        return False

    def refresh_authorization(self, at: datetime) -> Authorization:
        """Renew the credentials; what is answered replaces the channel's stored secrets."""
        raise Permanent(f"{self.label} has no credentials that expire")
