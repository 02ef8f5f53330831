"""Accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.relations import PrimaryKeyRelatedField

from accounts.calendar import validate_instant
from accounts.models import Account, ProductSource, Role, validate_zone
from channels.enums import JobType, Kind
from channels.models import Channel
from jobs.api.fields import Choice, Minutes, Shape, Switch
from jobs.api.serializers.jobs import RecurringSettings, types_only
from jobs.world import capability


class OwnChannel(PrimaryKeyRelatedField[Channel]):
    """A channel of the account at hand, by id."""

    default_error_messages = {"does_not_exist": "The account has no channel {pk_value}."}

    def get_queryset(self) -> Any:
        return Channel.objects.present().filter(account=self.context.get("account"))

    def use_pk_only_optimization(self) -> bool:
        return True

    def to_internal_value(self, data: Any) -> Channel:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("incorrect_type", data_type=type(data).__name__)
        return super().to_internal_value(data)  # type: ignore[arg-type]  # ids come in


class AccountFields(Shape):
    """The settings of an account; those named are written.

    `spread_minutes`: runs of slots start within so many minutes after them, null at them.
    """

    name = serializers.CharField(max_length=120, required=False)
    timezone = serializers.CharField(max_length=64, required=False, validators=[validate_zone])
    enabled = Switch(required=False)
    master_product_source = Choice(choices=ProductSource.choices, required=False)
    master_product_channel = OwnChannel(
        queryset=Channel.objects.none(), allow_null=True, required=False
    )
    default_fulfillment_channel = OwnChannel(
        queryset=Channel.objects.none(), allow_null=True, required=False
    )
    automatic_workflow = Switch(required=False)
    disable_at = serializers.DateTimeField(
        allow_null=True, required=False, validators=[validate_instant]
    )
    spread_minutes = Minutes(required=False)

    def validate_disable_at(self, at: datetime | None) -> datetime | None:
        if at is not None and at <= timezone.now():
            raise serializers.ValidationError(
                "This time has passed. Name a later one, or send enabled false to disable now."
            )
        return at

    def validate_default_fulfillment_channel(self, channel: Channel | None) -> Channel | None:
        if channel is not None and channel.kind != Kind.FULFILLMENT:
            raise serializers.ValidationError(f"{channel} is no fulfillment channel.")
        return channel

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Source and channel are one setting: both are looked at where either is sent."""
        if {"master_product_source", "master_product_channel"} & set(attrs):
            self._settle_source(attrs)
        return attrs

    def _settle_source(self, attrs: dict[str, Any]) -> None:
        account: Account = self.context["account"]
        source = attrs.get("master_product_source", account.master_product_source)
        if source == ProductSource.OWN and "master_product_channel" not in attrs:
            attrs["master_product_channel"] = None
        channel = attrs.get("master_product_channel", account.master_product_channel)
        if text := source_error(source, channel):
            raise serializers.ValidationError({"master_product_channel": [text]})


def source_error(source: str, channel: Channel | None) -> str:
    """Why the channel cannot be the Master Product Source; empty where it can."""
    if source == ProductSource.OWN:
        return "Leave it empty: omsauto's own catalogue is the source." if channel else ""
    kind = Kind(source)
    if channel is None or channel.deleted_at is not None:
        return f"Name the {kind.label.lower()} that is the source."
    if channel.kind != kind:
        return f"{channel} is no {kind.label.lower()}."
    if capability(channel, JobType.IMPORT_PRODUCTS) is None:
        return f"{channel} cannot be the source: its connector cannot import products."
    return ""


class AccountSerializer(AccountFields):
    id = serializers.IntegerField(read_only=True)
    role = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": Role.values})
    def get_role(self, account: Account) -> str:
        return str(self.context["roles"][account.pk])


class AccountPreview(AccountFields):
    """A change of an account that is not made yet; `recurring_jobs` by type."""

    recurring_jobs = serializers.DictField(
        child=RecurringSettings(), required=False, validators=[types_only]
    )


def by_column(values: dict[str, Any]) -> dict[str, Any]:
    """Checked values as the engine takes them: channels by the id in their column."""
    return {
        (f"{name}_id" if name.endswith("_channel") else name): getattr(value, "pk", value)
        for name, value in values.items()
    }
