"""The words of the domain that every room uses: kinds, tracks, modes, rows and job types."""

from dataclasses import dataclass

from django.db import models


class Kind(models.TextChoices):
    SALES = "sales", "Sales channel"
    FULFILLMENT = "fulfillment", "Fulfillment channel"


class Track(models.TextChoices):
    STABLE = "stable", "Stable"
    BETA = "beta", "Beta"


class Mode(models.TextChoices):
    WEBHOOK = "webhook", "Webhook"
    RECURRING = "recurring", "Recurring Job"
    RECURRING_BY_ID = "recurring_by_id", "Recurring Job By ID"


class Row(models.TextChoices):
    """Which of its three rows a job shows; see `jobs.plan`."""

    WEBHOOK = "webhook", "Webhook"
    RECURRING = "recurring", "Recurring Job"
    BY_ID = "by_id", "Recurring Job By ID"


class Direction(models.TextChoices):
    PULL = "pull", "Pull"
    PUSH = "push", "Push"
    INTERNAL = "internal", "Internal"


class JobType(models.TextChoices):
    RECEIVE_ORDERS = "receive_orders", "Receive Orders"
    RECEIVE_ORDER_UPDATES = "receive_order_updates", "Receive Order Updates"
    SEND_ORDER_UPDATES = "send_order_updates", "Send Order Updates"
    SYNC_INVENTORY = "sync_inventory", "Synchronize Inventory"
    IMPORT_PRODUCTS = "import_products", "Import Products"
    EXPORT_PRODUCTS = "export_products", "Export Products"
    REFRESH_AUTHORIZATION = "refresh_authorization", "Authorization Refresh"
    SEND_SHIPMENTS = "send_shipments", "Send Shipments"
    RECEIVE_SHIPMENTS = "receive_shipments", "Receive Shipments"
    RECEIVE_INVENTORY = "receive_inventory", "Receive Inventory"


@dataclass(frozen=True, slots=True)
class JobTypeTraits:
    """What holds for a job type on every platform.

    `follows_mode`: True always, None where the connector does the type by webhook or by id.
    """

    kinds: frozenset[Kind]
    direction: Direction
    follows_mode: bool | None
    delay_on_recurring: bool


_SALES, _FULFILLMENT = frozenset({Kind.SALES}), frozenset({Kind.FULFILLMENT})
_BOTH = _SALES | _FULFILLMENT

TRAITS: dict[JobType, JobTypeTraits] = {
    JobType.RECEIVE_ORDERS: JobTypeTraits(_SALES, Direction.PULL, True, True),
    JobType.RECEIVE_ORDER_UPDATES: JobTypeTraits(_SALES, Direction.PULL, True, True),
    JobType.SEND_ORDER_UPDATES: JobTypeTraits(_SALES, Direction.PUSH, False, False),
    JobType.SYNC_INVENTORY: JobTypeTraits(_SALES, Direction.PUSH, False, False),
    JobType.IMPORT_PRODUCTS: JobTypeTraits(_BOTH, Direction.PULL, None, False),
    JobType.EXPORT_PRODUCTS: JobTypeTraits(_BOTH, Direction.PUSH, False, False),
    JobType.REFRESH_AUTHORIZATION: JobTypeTraits(_BOTH, Direction.INTERNAL, False, False),
    JobType.SEND_SHIPMENTS: JobTypeTraits(_FULFILLMENT, Direction.PUSH, False, False),
    JobType.RECEIVE_SHIPMENTS: JobTypeTraits(_FULFILLMENT, Direction.PULL, True, True),
    JobType.RECEIVE_INVENTORY: JobTypeTraits(_FULFILLMENT, Direction.PULL, None, True),
}

PRODUCT_TYPES = frozenset({JobType.IMPORT_PRODUCTS, JobType.EXPORT_PRODUCTS})

MAIN_PERIODS = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
"""Main Job Periods, minutes."""
RECURRING_DELAYS = (5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 360)
"""Delays of recurring and by-ID rows, minutes; None is always allowed too."""
WEBHOOK_DELAYS = (1, 2, 5, 10, 15, 30, 60, 120, 240)
"""Delays of webhook rows, minutes; None is always allowed too."""
EMERGENCY_PERIODS = (5, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
"""Emergency Job Periods, minutes; None is always allowed too."""
DEFAULT_EMERGENCY_PERIOD = 60
