"""The records that jobs read and write: products, stock, orders, shipments, parked records."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Account, User
from channels.enums import JobType
from channels.models import Channel


def sku_key(sku: str) -> str:
    """The identity of a SKU: trimmed, compared without case."""
    return sku.strip().casefold()


class Product(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="products")
    sku = models.CharField(max_length=120)
    sku_key = models.CharField(max_length=360, editable=False)  # a folded letter may be three
    name = models.CharField(max_length=250, blank=True)
    barcode = models.CharField(max_length=60, blank=True)
    price = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["sku_key"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "sku_key"], name="one_product_per_sku"),
            models.CheckConstraint(condition=~Q(sku_key=""), name="product_has_a_sku"),
        ]

    def __str__(self) -> str:
        return self.sku

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sku = self.sku.strip()
        self.sku_key = sku_key(self.sku)
        super().save(*args, **kwargs)


class ProductReference(models.Model):
    """What a channel calls a product.

    `revision_at`: the platform's last-changed instant that was taken over; `exported_at`: the
    product's own `updated_at` that the platform was last told of.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="references")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="product_references")
    external_id = models.CharField(max_length=120)
    revision_at = models.DateTimeField(null=True)
    exported_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "external_id"], name="one_product_per_channel_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product} is {self.external_id} on {self.channel}"


class SkuMapping(models.Model):
    """A channel's own SKU of a product; a product may have several on one channel."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="sku_mappings")
    external_sku = models.CharField(max_length=120)
    external_sku_key = models.CharField(max_length=360, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="sku_mappings")

    class Meta:
        ordering: ClassVar[list[str]] = ["external_sku_key", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "external_sku_key"], name="one_product_per_channel_sku"
            ),
            models.CheckConstraint(condition=~Q(external_sku_key=""), name="mapping_has_a_sku"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "product", "id"], name="skus_of_product_at_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.external_sku} is {self.product} on {self.channel}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.external_sku = self.external_sku.strip()
        self.external_sku_key = sku_key(self.external_sku)
        super().save(*args, **kwargs)


class StockLevel(models.Model):
    """Stock of a product at one fulfillment channel.

    `counted_at`: when the warehouse last counted it, by the warehouse's own clock where it says.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="stock_levels")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="stock_levels")
    on_hand = models.IntegerField(default=0)
    allocated = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["product", "channel"], name="one_level_per_channel")
        ]

    def __str__(self) -> str:
        return f"{self.available} of {self.product} at {self.channel}"

    @property
    def available(self) -> int:
        """May be negative; what is sent to a platform never is."""
        return self.on_hand - self.allocated


class ListedStock(models.Model):
    """How far a sales channel knows what is available of a product.

    `version` moves with every change of the available quantity; `sent_version` is the one the
    platform acknowledged last, as `quantity`, at `sent_at`. `listed`: the platform sells it.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="listed_stock")
    product = models.ForeignKey(Product, models.CASCADE, related_name="listed_stock")
    version = models.PositiveBigIntegerField(default=1)
    sent_version = models.PositiveBigIntegerField(default=0)
    quantity = models.PositiveIntegerField(null=True)
    sent_at = models.DateTimeField(null=True)
    listed = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["product", "channel"], name="one_listed_stock_per_channel"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "product"],
                condition=Q(version__gt=F("sent_version"), listed=True),
                name="listed_stock_to_send",
            ),
            models.Index(fields=["channel", "sent_at"], name="listed_stock_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product} on {self.channel}"


class OrderStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    APPROVED = "approved", "Approved"
    FULFILLING = "fulfilling", "Fulfilling"
    SHIPPED = "shipped", "Shipped"
    CANCEL_REQUESTED = "cancel_requested", "Cancel Requested"
    CANCELLED = "cancelled", "Cancelled"


OPEN_ORDER_STATUSES = (
    OrderStatus.DRAFT,
    OrderStatus.APPROVED,
    OrderStatus.FULFILLING,
    OrderStatus.CANCEL_REQUESTED,
)
"""The platform may still change what becomes of the order; the others are final."""


class Order(models.Model):
    """An order of one sales channel.

    `revision_at` is the platform's last-changed instant; `awaits_payment` what the platform said
    of the order then.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="orders")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="orders")
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=120)
    status = models.CharField(max_length=16, choices=OrderStatus, default=OrderStatus.APPROVED)
    platform_status = models.CharField(max_length=60, blank=True)
    awaits_payment = models.BooleanField(default=False)
    revision_at = models.DateTimeField()
    placed_at = models.DateTimeField()
    currency = models.CharField(max_length=3, blank=True)
    total = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    email = models.CharField(max_length=254, blank=True)
    ship_to = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "external_id"], name="one_order_per_channel_id"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "-id"], name="orders_of_account"),
            models.Index(fields=["account", "number"], name="orders_by_number"),
            models.Index(
                fields=["channel", "id"],
                condition=Q(status__in=OPEN_ORDER_STATUSES),
                name="orders_open_at_channel",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    external_id = models.CharField(max_length=120)
    product = models.ForeignKey(Product, models.PROTECT, related_name="order_lines")
    sku = models.CharField(max_length=120)
    name = models.CharField(max_length=250, blank=True)
    quantity = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    shipped = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["order", "external_id"], name="one_line_per_order_id"),
            models.CheckConstraint(
                condition=Q(shipped__lte=F("quantity")), name="line_ships_at_most_what_was_ordered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"


class ShipmentStatus(models.TextChoices):
    BACKORDERED = "backordered", "Backordered"
    READY = "ready", "Ready"
    SENT = "sent", "Sent"
    SHORT_SHIPPED = "short_shipped", "Short Shipped"
    SHIPPED = "shipped", "Shipped"
    CANCELLED = "cancelled", "Cancelled"


class Shipment(models.Model):
    """What one warehouse is to ship of an order.

    `key` is the idempotency key at the warehouse. `done`: the warehouse will ship nothing more,
    so what a short shipment lacks is no longer kept for it. `unreported`: the sales channel is
    still to be told what has shipped, or another tracking number; `report_id` is what it calls
    what it was told last.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="shipments")
    order = models.ForeignKey(Order, models.CASCADE, related_name="shipments")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="shipments")
    key = models.UUIDField(unique=True, default=uuid.uuid4)
    external_id = models.CharField(max_length=120, null=True)  # noqa: DJ001  # unique once known
    status = models.CharField(max_length=16, choices=ShipmentStatus, default=ShipmentStatus.READY)
    carrier = models.CharField(max_length=120, blank=True)
    tracking = models.CharField(max_length=120, blank=True)
    done = models.BooleanField(default=False)
    revision_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    unreported = models.BooleanField(default=False)
    report_id = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "external_id"], name="one_shipment_per_channel_id"
            ),
            models.CheckConstraint(
                condition=Q(done=False) | Q(status__in=["short_shipped", "shipped"]),
                name="done_is_what_has_shipped",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "-id"], name="shipments_of_account"),
            models.Index(
                fields=["channel", "id"],
                condition=Q(status__in=["ready", "sent", "short_shipped"], done=False),
                name="shipments_open_at_channel",
            ),
            models.Index(
                fields=["channel", "id"],
                condition=Q(status="backordered"),
                name="shipments_backordered",
            ),
            models.Index(
                fields=["order"], condition=Q(unreported=True), name="shipments_unreported"
            ),
        ]

    def __str__(self) -> str:
        return f"Shipment {self.pk} of order {self.order.number}"


class ShipmentLine(models.Model):
    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="shipment_lines")
    quantity = models.PositiveIntegerField()
    shipped = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["shipment", "order_line"], name="one_shipment_line_per_order_line"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.order_line.sku}"


class ParkedStatus(models.TextChoices):
    PARKED = "parked", "Parked"
    RESOLVED = "resolved", "Resolved"
    DISCARDED = "discarded", "Discarded"


class ParkedRecord(models.Model):
    """One record that could not be taken over, kept until an operator has mended the cause.

    `note` and `ended_by` say why and by whom it was discarded.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="parked")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="parked")
    type = models.CharField(max_length=24, choices=JobType)
    external_id = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=ParkedStatus, default=ParkedStatus.PARKED)
    reason = models.TextField()
    payload = models.JSONField(default=dict)
    run_id = models.PositiveBigIntegerField(null=True)
    parked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "type", "external_id"],
                condition=Q(status="parked"),
                name="parked_once",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "-id"], name="parked_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.external_id}: {self.reason}"
