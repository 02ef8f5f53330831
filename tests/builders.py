"""Small things to test with: accounts, channels, products, and what platforms say of orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import Account, Membership, Role, User
from channels.connectors.base import LineData, OrderData, ShipmentData, ShippedLine
from channels.models import Channel, create_channel
from jobs.models import Job
from jobs.spread import spread_of, widest
from oms.catalog import create_product
from oms.models import Product, StockLevel
from oms.stock import ensure_levels
from oms.work import Context

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""The instant tests live at, unless they say otherwise."""
SYNC_FROM = NOW - timedelta(days=30)
PASSWORD = "correct horse battery staple"

_numbers = count(1)


def account(name: str = "Brand", **fields: Any) -> Account:
    return Account.objects.create(name=name, created_at=SYNC_FROM, **fields)


def user(email: str = "", of: Account | None = None, role: str = Role.ADMIN) -> User:
    """A person, and a member of an account if one is given."""
    person = User.objects.create_user(email or f"user{next(_numbers)}@example.com", PASSWORD)
    if of is not None:
        Membership.objects.create(account=of, user=person, role=role)
    return person


def sales_channel(
    of: Account, name: str = "Shop", connector: str = "sandbox_shop", **fields: Any
) -> Channel:
    return create_channel(of, connector, name, SYNC_FROM, **fields)


def warehouse(
    of: Account,
    name: str = "Warehouse",
    connector: str = "sandbox_warehouse",
    *,
    default: bool = True,
    **fields: Any,
) -> Channel:
    """A fulfillment channel with its stock levels, the account's default one unless told not."""
    channel = create_channel(of, connector, name, SYNC_FROM, **fields)
    ensure_levels(of)
    if default:
        of.default_fulfillment_channel = channel
        of.save(update_fields=["default_fulfillment_channel"])
    return channel


def put_off(job: Job, bound_minutes: int, period_minutes: int = 60) -> timedelta:
    """Give a job of which nothing tells yet an id that puts it off well; by how much it does."""
    within = timedelta(minutes=widest(bound_minutes, period_minutes))
    for number in count(1_000_000 + 1000 * job.pk):
        spread = spread_of(number, bound_minutes, period_minutes)
        if within / 4 < spread < within * 3 / 4:
            Job.objects.filter(pk=job.pk).update(id=number)
            return spread
    raise AssertionError("there is always one")


def product(of: Account, sku: str = "MUG", name: str = "", on_hand: int = 0) -> Product:
    """A product with `on_hand` of it at every warehouse that the account has."""
    made = create_product(of, sku, name or sku.title(), SYNC_FROM)
    StockLevel.objects.filter(product=made).update(on_hand=on_hand)
    return made


def line(sku: str = "MUG", quantity: int = 1, external_id: str = "1", **fields: Any) -> LineData:
    return LineData(external_id=external_id, sku=sku, quantity=quantity, **fields)


def order_data(external_id: str = "1001", *lines: LineData, **fields: Any) -> OrderData:
    """An order placed and changed an hour ago, for one MUG unless lines are given."""
    an_hour_ago = NOW - timedelta(hours=1)
    values: dict[str, Any] = {
        "number": f"#{external_id}",
        "changed_at": an_hour_ago,
        "placed_at": an_hour_ago,
        "currency": "EUR",
        "total": Decimal("10.00"),
        "email": "buyer@example.com",
        "ship_to": {"name": "A. Buyer", "city": "Bonn"},
        "platform_status": "processing",
    }
    return OrderData(external_id=external_id, lines=lines or (line(),), **{**values, **fields})


def shipment_data(
    external_id: str = "W-1", reference: object = "", *shipped: tuple[str, int], **fields: Any
) -> ShipmentData:
    """What a warehouse says now: (SKU, quantity) pairs that it shipped of `reference`."""
    values: dict[str, Any] = {"changed_at": NOW, "platform_status": "shipped"}
    return ShipmentData(
        external_id=external_id,
        reference=str(reference),
        lines=tuple(ShippedLine(sku, quantity) for sku, quantity in shipped),
        **{**values, **fields},
    )


@dataclass
class LogBook:
    """A run's log that keeps what it is told."""

    entries: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, level: str, message: str) -> None:
        self.entries.append((level, message))

    def of(self, level: str) -> list[str]:
        return [message for said, message in self.entries if said == level]


def context(channel: Channel, at: datetime = NOW, log: LogBook | None = None) -> Context:
    """What job logic is told of its run; without `log` nothing is kept."""
    return Context(channel, at, log or LogBook())
