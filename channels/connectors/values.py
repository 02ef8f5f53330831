"""The plain values that connectors take and give; `base` hands them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


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
    """A product as the platform sells and counts it: of a product with variants, each variant.

    `price`: None where the platform does not say; `currency`: its ISO 4217 code, "" as well.
    """

    external_id: str
    sku: str
    name: str
    changed_at: datetime
    barcode: str = ""
    price: Decimal | None = None
    currency: str = ""


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
class ReportedLine:
    """`quantity`: shipped with this shipment in all; `order_quantity`: of the order's line in all.

    `external_id` is the platform's id of the order's line.
    """

    external_id: str
    sku: str
    quantity: int
    order_quantity: int


@dataclass(frozen=True, slots=True)
class ShipmentReport:
    """What has left the house of one shipment of a platform's order.

    `key`: the same for every report of this shipment, with more quantity or another tracking
    number each time; `external_id`: what the platform called the last one, "" before the first.
    `complete`: with this one everything ordered has shipped.
    """

    key: str
    order_id: str
    order_number: str
    lines: tuple[ReportedLine, ...]
    carrier: str
    tracking: str
    shipped_at: datetime
    complete: bool
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class ProductPush:
    """A product to be made or changed; `external_id` "" where the platform's is not known."""

    sku: str
    name: str
    barcode: str = ""
    price: Decimal | None = None
    currency: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class StockTarget:
    """What one listing is to show as available, never below zero."""

    external_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """One item of a batch that the platform did not take while it took others."""

    external_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """Renewed credentials: the secrets that changed, by name, and when the new ones expire."""

    secrets: Mapping[str, str]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Limit:
    """What the platform said of its limit with its last answer, in its own unit.

    `remaining` of `capacity`, `resets_in` seconds until it is full again, `restores` units that
    come back each second; None where it did not say. `cost`: what one call takes.
    """

    remaining: float
    capacity: float | None = None
    resets_in: float | None = None
    restores: float | None = None
    cost: float = 1.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a platform publishes of its limit: `amount` of `unit` (requests, points) in `seconds`.

    `source`: the vendor's page that says so. `note`: for whom it is another one, in words.
    """

    amount: int
    unit: str
    seconds: int
    source: str
    note: str = ""


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
