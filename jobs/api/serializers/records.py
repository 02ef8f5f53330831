"""Orders, shipments, products and stock."""

from __future__ import annotations

from rest_framework import serializers

from jobs.api.fields import AnyField, OwnAccount, RowShape
from oms.catalog import SKU_LENGTH
from oms.columns import LARGEST_QUANTITY
from oms.models import (
    Order,
    OrderLine,
    Product,
    ProductReference,
    Shipment,
    ShipmentLine,
    StockLevel,
)


class OrderLineSerializer(RowShape):
    product = serializers.IntegerField(source="product_id")

    class Meta:
        model = OrderLine
        fields = ("id", "external_id", "product", "sku", "name", "quantity", "price", "shipped")


class OrderSerializer(RowShape):
    account = serializers.IntegerField(source="account_id")
    channel = serializers.IntegerField(source="channel_id")
    lines = OrderLineSerializer(many=True)

    class Meta:
        model = Order
        fields = (
            "id",
            "account",
            "channel",
            "external_id",
            "number",
            "status",
            "platform_status",
            "revision_at",
            "placed_at",
            "currency",
            "total",
            "email",
            "ship_to",
            "created_at",
            "lines",
        )


class ShipmentLineSerializer(RowShape):
    order_line = serializers.IntegerField(source="order_line_id")
    sku = serializers.CharField(source="order_line.sku")

    class Meta:
        model = ShipmentLine
        fields = ("id", "order_line", "sku", "quantity", "shipped")


class ShipmentSerializer(RowShape):
    account = serializers.IntegerField(source="account_id")
    channel = serializers.IntegerField(source="channel_id")
    order = serializers.IntegerField(source="order_id")
    order_number = serializers.CharField(source="order.number")
    lines = ShipmentLineSerializer(many=True)

    class Meta:
        model = Shipment
        fields = (
            "id",
            "account",
            "channel",
            "order",
            "order_number",
            "key",
            "external_id",
            "status",
            "carrier",
            "tracking",
            "revision_at",
            "sent_at",
            "shipped_at",
            "created_at",
            "lines",
        )


class ReferenceSerializer(RowShape):
    channel = serializers.IntegerField(source="channel_id")

    class Meta:
        model = ProductReference
        fields = ("channel", "external_id")


class ProductSerializer(RowShape):
    """A product; its SKU is trimmed, and one of its kind without regard to case."""

    account: AnyField = serializers.IntegerField(source="account_id", read_only=True)
    references = ReferenceSerializer(many=True, read_only=True)

    class Meta:
        model = Product
        fields: tuple[str, ...] = (
            "id",
            "account",
            "sku",
            "name",
            "barcode",
            "price",
            "currency",
            "created_at",
            "updated_at",
            "references",
        )
        read_only_fields = ("created_at", "updated_at")

    def validate_sku(self, sku: str) -> str:
        if len(sku.strip()) > SKU_LENGTH:
            raise serializers.ValidationError(f"A SKU has at most {SKU_LENGTH} characters.")
        return sku

    def validate_currency(self, currency: str) -> str:
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            raise serializers.ValidationError("Use the three letters of ISO 4217, such as EUR.")
        return currency


class NewProduct(ProductSerializer):
    """A new product. `account` is needed only by members of several."""

    account = OwnAccount()


class StockLevelSerializer(RowShape):
    """Stock of a product at a warehouse; only `on_hand` can be set."""

    product = serializers.IntegerField(source="product_id", read_only=True)
    sku = serializers.CharField(source="product.sku", read_only=True)
    channel = serializers.IntegerField(source="channel_id", read_only=True)
    on_hand = serializers.IntegerField(min_value=0, max_value=LARGEST_QUANTITY)
    available = serializers.IntegerField(read_only=True)

    class Meta:
        model = StockLevel
        fields = (
            "id",
            "product",
            "sku",
            "channel",
            "on_hand",
            "allocated",
            "available",
            "updated_at",
        )
        read_only_fields = ("allocated", "updated_at")


class StockFile(serializers.Serializer[None]):
    """The text of a CSV file with the columns sku and on_hand."""

    csv = serializers.CharField(trim_whitespace=False)


class StockFileTaken(serializers.Serializer[None]):
    counted = serializers.IntegerField(help_text="How many SKUs were set.")
