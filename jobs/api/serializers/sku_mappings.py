"""What a channel calls our products, as rows and as a table."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from jobs.api.fields import AnyField, RowShape, Shape
from oms.catalog import SKU_LENGTH
from oms.models import SkuMapping
from oms.sku_mapping_csv import LARGEST


class SkuMappingSerializer(RowShape):
    """`channel_sku` is the channel's, `sku` that of the product in the catalogue."""

    channel: AnyField = serializers.IntegerField(source="channel_id", read_only=True)
    channel_sku = serializers.CharField(source="external_sku", max_length=SKU_LENGTH)
    sku = serializers.CharField(source="product.sku", max_length=SKU_LENGTH)
    product = serializers.IntegerField(source="product_id", read_only=True)

    class Meta:
        model = SkuMapping
        fields = ("id", "channel", "channel_sku", "sku", "product")

    @property
    def names(self) -> dict[str, str]:
        """What was sent, by the names of the API."""
        sent = self.validated_data
        names = {"channel_sku": sent.get("external_sku"), "sku": sent.get("product", {}).get("sku")}
        return {name: value for name, value in names.items() if value is not None}


class ImportSerializer(Shape):
    """A table, as text in `csv` or as an uploaded `file`, with the columns `channel_sku,sku`."""

    csv = serializers.CharField(required=False, trim_whitespace=False, allow_blank=True)
    file = serializers.FileField(required=False, allow_empty_file=True)
    dry_run = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("csv" in attrs) == ("file" in attrs):
            raise ValidationError({"file": ["Send the table, in `csv` or in `file`."]})
        return attrs

    @property
    def content(self) -> bytes | str:
        sent = self.validated_data
        if "csv" in sent:
            return str(sent["csv"])
        content: bytes = sent["file"].read(LARGEST + 1)
        return content


class FaultSerializer(serializers.Serializer[Any]):
    """`line` counts from 1, the header's; 0 is the table as a whole."""

    line = serializers.IntegerField()
    error = serializers.CharField()


class ImportedSerializer(serializers.Serializer[Any]):
    """What an import did, or as a dry run would do; with `errors` nothing is or would be done."""

    dry_run = serializers.BooleanField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    errors = FaultSerializer(many=True)  # type: ignore[assignment]  # a field, not the property
    runs = serializers.ListField(
        child=serializers.IntegerField(), help_text="Runs that ask again for parked records."
    )
