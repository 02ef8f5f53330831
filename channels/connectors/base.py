"""What a connector is: plain values in, plain values out.

A connector translates one platform. It knows nothing of jobs, runs or the database; the job
logic in `oms` calls it, and it answers with the dataclasses below or raises one of the three
connector errors. Adding a connector touches one module and one line of the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx

from channels.enums import MAIN_PERIODS, RECURRING_DELAYS, JobType, Kind


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
    type: str = "text"  # text, url, integer, boolean, choice
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


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook delivery, understood.

    `key` is what identifies it at its platform (at most 200 characters), `delivery_id` what the
    platform calls it, `entities` the external ids it is about.
    """

    key: str
    topic: str
    delivery_id: str
    entities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineData:
    external_id: str
    sku: str
    quantity: int
    name: str = ""
    price: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderData:
    """An order as the platform has it now.

    `changed_at`: the platform's last-changed instant; it is also the revision. `cancelled`: the
    platform says so, or has put the order into its bin. `final`: nothing more will happen to it.
    `awaits_payment`: it is not to be shipped yet.
    """

    external_id: str
    number: str
    changed_at: datetime
    placed_at: datetime
    lines: tuple[LineData, ...]
    currency: str = ""
    total: Decimal = Decimal(0)
    email: str = ""
    ship_to: Mapping[str, str] = field(default_factory=dict)
    platform_status: str = ""
    cancelled: bool = False
    final: bool = False
    awaits_payment: bool = False


@dataclass(frozen=True, slots=True)
class ShippedLine:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShipmentData:
    """A shipment as the warehouse has it now; `reference` is the key we sent it under.

    `done`: the warehouse will ship nothing more of it.
    """

    external_id: str
    reference: str
    changed_at: datetime
    lines: tuple[ShippedLine, ...]
    platform_status: str = ""
    carrier: str = ""
    tracking: str = ""
    shipped_at: datetime | None = None
    done: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class ProductData:
    external_id: str
    sku: str
    name: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StockData:
    sku: str
    on_hand: int
    changed_at: datetime | None = None

    @property
    def external_id(self) -> str:
        return self.sku


@dataclass(frozen=True, slots=True)
class Gone:
    """The platform no longer has the entity, or has it only in its bin."""

    external_id: str


Record = OrderData | ShipmentData | ProductData | StockData


@dataclass(frozen=True, slots=True)
class ShipmentRequest:
    """One shipment to send to a warehouse; `key` is the idempotency key and our reference."""

    key: str
    order_number: str
    lines: tuple[LineData, ...]
    ship_to: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PushResult:
    """What the platform made of a push: its id of the thing."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """One webhook as registered at the platform."""

    external_id: str
    topic: str
    url: str
    active: bool


Log = Callable[[str, str], None]
"""(level, message): level is info, warning, error or fatal."""


def silent(level: str, message: str) -> None:
    """The log of callers that keep none."""


class Connector:
    """Base of all connectors. Instances are cheap and used by one run only.

    `settings` and `secrets` hold the channel's values by the names of `fields`. `http` is made
    by the caller with time-outs and the guard against private addresses.
    """

    id: ClassVar[str]
    label: ClassVar[str]
    kind: ClassVar[Kind]
    fields: ClassVar[tuple[Setting, ...]] = ()
    capabilities: ClassVar[tuple[Capability, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if getattr(cls, "kind", None) == Kind.SALES and NEW_ORDER_STATUS not in cls.fields:
            cls.fields = (*cls.fields, NEW_ORDER_STATUS)

    def __init__(
        self,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        http: httpx.Client | None = None,
        log: Log = silent,
    ) -> None:
        self.settings = settings
        self.secrets = secrets
        self.log = log
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

    # Pushing.

    def send_shipment(self, request: ShipmentRequest) -> PushResult:
        """Idempotent under `request.key`."""
        raise Permanent(f"{self.label} cannot take shipments")

    # Administration.

    def test_connection(self) -> str:
        """One cheap authenticated call; answers with a sentence for the operator."""
        raise Permanent(f"{self.label} offers no connection test")

    def subscriptions(self) -> Iterable[Subscription] | None:
        """The webhooks registered at the platform; None where it cannot tell."""
        return None
