"""Channels: what is answered, what a new one needs, what may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from channels.connectors.base import Connector
from channels.connectors.registry import CONNECTORS
from channels.enums import Kind, Mode, Track
from channels.models import SIGNED_WITH, Channel
from channels.settings_form import Cleaned, clean_secrets, clean_settings
from jobs.api.fields import AnyField, Choice, Document, Instant, OwnAccount, RowShape, Switch
from jobs.change import modes_of
from jobs.models import ChannelBudget, Circuit
from jobs.models.traffic import STATES
from jobs.saving import secrets_of
from jobs.webhook_secrets import LONGEST_GRACE_MINUTES

Clean = Callable[[type[Connector], Mapping[str, Any], bool], Cleaned]


class CircuitShape(RowShape):
    """`reason`: the error that opened it, or that the last probe met."""

    state = Choice(choices=STATES)

    class Meta:
        model = Circuit
        fields = ("state", "since", "next_probe_at", "reason")
        read_only_fields = fields


class BudgetShape(RowShape):
    """In the platform's own unit; `resets_at`: when all of it is there again."""

    class Meta:
        model = ChannelBudget
        fields = ("remaining", "capacity", "told_at", "resets_at")
        read_only_fields = fields


class ChannelFields(RowShape):
    """What create and change share. Secrets are taken and never answered."""

    account: AnyField = serializers.IntegerField(source="account_id", read_only=True)
    kind = Choice(choices=Kind.choices, required=False)
    track = Choice(choices=Track.choices, required=False)
    connector = serializers.CharField()
    enabled = Switch(required=False)
    mode = Choice(choices=Mode.choices, required=False)
    settings = Document(required=False)
    secrets = Document(write_only=True, required=False)
    sync_from = Instant(required=False)
    former_webhook_secret_until = serializers.SerializerMethodField()
    secrets_set = serializers.SerializerMethodField()
    modes = serializers.SerializerMethodField()
    webhook_url = serializers.SerializerMethodField()
    needs_attention = serializers.SerializerMethodField()
    circuit = serializers.SerializerMethodField()
    budget = serializers.SerializerMethodField()

    class Meta:
        model = Channel
        fields: tuple[str, ...] = (
            "id",
            "account",
            "name",
            "kind",
            "track",
            "connector",
            "enabled",
            "mode",
            "modes",
            "settings",
            "secrets",
            "secrets_set",
            "former_webhook_secret_until",
            "webhook_url",
            "needs_attention",
            "circuit",
            "budget",
            "sync_from",
            "created_at",
        )
        read_only_fields: tuple[str, ...] = ("created_at",)

    def get_secrets_set(self, channel: Channel) -> list[str]:
        """Names of the secrets that have a value."""
        return sorted(secrets_of(channel))

    def get_former_webhook_secret_until(self, channel: Channel) -> datetime | None:
        """Until when deliveries may be signed with the secret before the present one."""
        holds = channel.holds_former_secret(timezone.now())
        return channel.former_secret_until if holds else None

    def get_modes(self, channel: Channel) -> list[str]:
        """The modes the channel offers."""
        return [mode.value for mode in modes_of(channel)]

    def get_webhook_url(self, channel: Channel) -> str | None:
        """The path deliveries are posted to; its token is a credential, so not for viewers."""
        return channel.webhook_path if channel.account_id in self.context["operates"] else None

    def get_needs_attention(self, channel: Channel) -> str | None:
        return channel.attention(timezone.now()) or None

    @extend_schema_field(CircuitShape)
    def get_circuit(self, channel: Channel) -> Mapping[str, Any]:
        """Whether its platform is asked now; open, its runs wait for the next probe."""
        row = getattr(channel, "circuit", None) or Circuit()
        shown: Mapping[str, Any] = CircuitShape(row).data
        return shown

    @extend_schema_field(BudgetShape(allow_null=True))
    def get_budget(self, channel: Channel) -> Mapping[str, Any] | None:
        """What its platform last said of its limit; null where it has said nothing."""
        row = getattr(channel, "budget", None)
        shown: Mapping[str, Any] | None = BudgetShape(row).data if row else None
        return shown

    def validate_sync_from(self, moment: datetime) -> datetime:
        if moment > timezone.now():
            raise serializers.ValidationError("This instant lies in the future.")
        return moment

    def clean_documents(
        self, connector: type[Connector], attrs: dict[str, Any], *, partial: bool
    ) -> None:
        """Replace both documents by what is to be stored; errors of both come together."""
        errors = {}
        checks: dict[str, Clean] = {"settings": clean_settings, "secrets": clean_secrets}
        for name, clean in checks.items():
            if name in attrs or not partial:
                attrs[name], wrong = clean(connector, attrs.get(name, {}), partial)
                errors.update({name: wrong} if wrong else {})
        if errors:
            raise serializers.ValidationError(errors)


class ChannelSerializer(ChannelFields):
    """A channel; kind, connector and account never change."""

    fixed = ("id", "account", "kind", "connector")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        channel = cast(Channel, self.instance)
        for name in ("kind", "connector"):
            attrs.pop(name, None)
        self.clean_documents(channel.connector_class, attrs, partial=True)
        return attrs


class ChannelDetail(ChannelSerializer):
    """One channel, with why webhooks may not reach it."""

    warnings = serializers.SerializerMethodField()
    webhook_secret_grace_minutes = serializers.IntegerField(
        write_only=True,
        required=False,
        min_value=0,
        max_value=LONGEST_GRACE_MINUTES,
        help_text="How long the former webhook secret still holds where secrets replace it.",
    )

    class Meta(ChannelSerializer.Meta):
        fields = (*ChannelFields.Meta.fields, "warnings", "webhook_secret_grace_minutes")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        name = "webhook_secret_grace_minutes"
        if name in attrs and SIGNED_WITH not in attrs.get("secrets", {}):
            text = "Send it together with the new webhook_secret in secrets."
            raise serializers.ValidationError({name: [text]})
        return super().validate(attrs)

    def get_warnings(self, channel: Channel) -> list[str]:
        found: list[str] = self.context.get("warnings", [])
        return found


class NewChannel(ChannelFields):
    """A new channel. `account` is needed only by members of several."""

    account = OwnAccount()

    def validate_connector(self, name: str) -> str:
        if name not in CONNECTORS:
            known = ", ".join(CONNECTORS)
            raise serializers.ValidationError(
                f"There is no connector of this name. Choose one of: {known}."
            )
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        connector = CONNECTORS[attrs["connector"]]
        if attrs.pop("kind", connector.kind) != connector.kind:
            text = f"{connector.label} is a {connector.kind.label.lower()}."
            raise serializers.ValidationError({"kind": [text]})
        self.clean_documents(connector, attrs, partial=False)
        return attrs
