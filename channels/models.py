"""Channels: one configured connection to a platform each, and which of its topics start what."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import Account
from accounts.sealing import SealedField
from channels import vault
from channels.connectors.registry import CONNECTORS
from channels.enums import JobType, Kind, Mode, Track
from channels.settings_form import merged

if TYPE_CHECKING:
    from channels.connectors.base import Connector


SIGNED_WITH = "webhook_secret"
"""The secret that signs a platform's deliveries, by one name on every connector."""


def new_webhook_token() -> str:
    return random.token_urlsafe(32)


class ChannelQuerySet(models.QuerySet["Channel"]):
    def present(self) -> ChannelQuerySet:
        """Without deleted channels, which stay only for the sake of their records."""
        return self.filter(deleted_at=None)


class Channel(models.Model):
    """One configured connection.

    `sync_from`: nothing last changed before it is ever pulled. `rejected_signatures` counts the
    bad signatures in a row since the last good one; `signed_at` is None until the first good one.
    `authorization_expires_at`: when its credentials expire, as far as the platform has said.
    `secrets_changed_at`: ISO instants by the names of secrets. After a rotation deliveries may be
    signed with the sealed `former_webhook_secret` until `former_secret_until`;
    `former_secret_used_at` is when one was, to the minute. Likewise `former_webhook_token` leads
    here until `former_token_until`; None there: it has ended, and only tells ours at the platform.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="channels")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind)
    track = models.CharField(max_length=6, choices=Track, default=Track.BETA)
    connector = models.CharField(max_length=40)
    enabled = models.BooleanField(default=True)
    mode = models.CharField(max_length=16, choices=Mode, default=Mode.RECURRING)
    settings = models.JSONField(default=dict, blank=True)
    secrets_encrypted = SealedField(default="", blank=True)
    secrets_changed_at = models.JSONField(default=dict, editable=False)
    former_webhook_secret = SealedField(default="", editable=False)
    former_secret_until = models.DateTimeField(null=True, editable=False)
    former_secret_used_at = models.DateTimeField(null=True, editable=False)
    webhook_token = models.CharField(max_length=64, unique=True, default=new_webhook_token)
    former_webhook_token = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001 - unique, where there is one
    former_token_until = models.DateTimeField(null=True, editable=False)
    former_token_used_at = models.DateTimeField(null=True, editable=False)
    sync_from = models.DateTimeField(default=timezone.now)
    needs_attention = models.TextField(default="", blank=True)
    authorization_expires_at = models.DateTimeField(null=True, editable=False)
    signed_at = models.DateTimeField(null=True, editable=False)
    rejected_signatures = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["former_secret_until"],
                condition=models.Q(former_secret_until__isnull=False),
                name="former_secrets_by_end",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def connector_class(self) -> type[Connector]:
        return CONNECTORS[self.connector]

    @property
    def secrets(self) -> dict[str, str]:
        return vault.open_secrets(self.secrets_encrypted)

    @secrets.setter
    def secrets(self, values: dict[str, str]) -> None:
        self.secrets_encrypted = vault.seal_secrets(values)

    def change_secrets(self, changed: Mapping[str, str | None], at: datetime) -> None:
        """Put these over the sealed ones, None removing one; what no key opens is given up."""
        try:
            stored = self.secrets
        except vault.Unreadable:
            stored = {}
        self.secrets = merged(stored, changed)
        moments = {name: at.isoformat() if value else None for name, value in changed.items()}
        self.secrets_changed_at = merged(self.secrets_changed_at, moments)

    def holds_former_secret(self, at: datetime) -> bool:
        """May a delivery still be signed with the webhook secret before the present one?"""
        until = self.former_secret_until
        return bool(self.former_webhook_secret) and until is not None and at < until

    @property
    def webhook_path(self) -> str:
        return f"/webhooks/{self.webhook_token}/"

    @property
    def accepted_tokens(self) -> list[str]:
        """Those that lead here now: the present one, and a former one in its time of grace."""
        former = self.former_webhook_token if self.former_token_until else None
        return [self.webhook_token, *([former] if former else [])]

    def names_in(self, url: str) -> bool:
        """Does the address have a token of this channel, present or former?"""
        tokens = (self.webhook_token, self.former_webhook_token)
        return any(token in url for token in tokens if token)

    @property
    def runs_jobs(self) -> bool:
        """May jobs of this channel run at all?"""
        return self.enabled and self.deleted_at is None and self.account.enabled

    def attention(self, at: datetime) -> str:
        """Why an operator has to look after this channel, "" where nothing is wrong."""
        expired = self.authorization_expires_at
        if self.needs_attention or expired is None or expired > at:
            return self.needs_attention
        return (
            f"The channel's authorization expired at {expired:%Y-%m-%d %H:%M} UTC. Give its "
            "Authorization Refresh a period, or run it now; if it fails, enter new credentials."
        )

    def make_connector(self, **options: Any) -> Connector:
        """The id paths of mappings cost a query, paid only where the connector reads them."""
        made = self.connector_class
        if made.custom_topics:
            options["id_paths"] = dict(self.mappings.values_list("topic", "id_path"))
        return made(self.settings, self.secrets, **options)

    def make_former_connector(self) -> Connector:
        """One that knows the former webhook secret only, to verify with; it names no records."""
        former = vault.open_secrets(self.former_webhook_secret)
        return self.connector_class(self.settings, former)


class WebhookMapping(models.Model):
    """A topic of the platform and the job type it starts on this channel.

    `id_path`: where a body of this topic names its record (JSONPath); "" is the channel's own.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="mappings")
    topic = models.CharField(max_length=100)
    type = models.CharField(max_length=24, choices=JobType)
    id_path = models.CharField(max_length=200, default="", blank=True)
    enabled = models.BooleanField(default=True)
    enabled_since = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "topic"], name="one_job_type_per_topic")
        ]

    def __str__(self) -> str:
        return f"{self.topic} starts {self.get_type_display()}"


def create_channel(
    account: Account, connector: str, name: str, at: datetime, **fields: Any
) -> Channel:
    """A new channel, its secrets sealed; its jobs and mappings are set up by `jobs.configure`."""
    secrets = fields.pop("secrets", {})
    made = CONNECTORS[connector]
    channel = Channel(
        account=account, connector=connector, name=name, kind=made.kind, created_at=at, **fields
    )
    if "sync_from" not in fields:
        channel.sync_from = at
    channel.change_secrets(secrets, at)
    channel.save()
    return channel
