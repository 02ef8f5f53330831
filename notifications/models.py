"""Whom to tell, when, and what was told: destinations, rules, incidents, deliveries.

State moves by conditional updates whose row count is looked at, so that two passes at once tell
everything once.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Account
from accounts.sealing import SealedField
from channels import vault
from channels.enums import JobType
from channels.models import Channel


class Level(models.TextChoices):
    """How grave a cause is, as in the log of runs."""

    WARNING = "warning", "Warning"
    ERROR = "error", "Error"
    FATAL = "fatal", "Fatal"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class CauseKind(models.TextChoices):
    CLOCK_SILENT = "clock_silent", "The clock is silent"
    INTAKE_SILENT = "intake_silent", "No web process takes webhooks"
    WORKER_SILENT = "worker_silent", "No worker gives a sign of life"
    RUNS_WAIT = "runs_wait", "Due runs wait for a worker"
    ACCOUNT_DISABLED = "account_disabled", "The account is disabled"
    ATTENTION = "attention", "A channel's settings or credentials are refused"
    EXPIRED = "expired", "A channel's authorization expired"
    CIRCUIT_OPEN = "circuit_open", "A channel's platform does not answer as it should"
    FAILING = "failing", "A job fails"
    SUBSCRIPTION_LOST = "subscription_lost", "A webhook is missing at the platform"
    DEGRADED = "degraded", "Webhooks were or may be lost"
    PARKED = "parked", "Records are parked"
    CONFIGURATION = "configuration", "A setting keeps a job from its work"


class DestinationKind(models.TextChoices):
    ADDRESS = "address", "An address: chat, incident tool, webhook, e-mail by your own server"
    ADMINS = "admins", "E-mail to this account's admins"
    OPERATORS = "operators", "E-mail to its admins and operators"
    MEMBERS = "members", "E-mail to all its members"


class Destination(models.Model):
    """Where messages go.

    `sealed` holds the address, which is as good as a password: encrypted, and never shown again.
    `service` is the name of what it leads to. `last_*`: how the newest attempt to send ended.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="destinations")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=DestinationKind, default=DestinationKind.ADDRESS)
    service = models.CharField(max_length=60, blank=True)
    sealed = SealedField(blank=True)
    enabled = models.BooleanField(default=True)
    last_at = models.DateTimeField(null=True, editable=False)
    last_ok = models.BooleanField(null=True, editable=False)
    last_error = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "name"], name="one_destination_per_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Raises `channels.vault.Unreadable` where the key it was sealed with is gone."""
        return vault.open_secrets(self.sealed).get("address", "")

    @address.setter
    def address(self, address: str) -> None:
        self.sealed = vault.seal_secrets({"address": address})


class Rule(models.Model):
    """Which causes are told to whom, and when.

    Without channels, types or kinds: all of them. `after_failures`: a failing job counts from
    this many failed runs in a row. `quiet_minutes`: only what is still broken after this long.
    `reminder_minutes`: how often it is told again; None is never.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="rules")
    name = models.CharField(max_length=80)
    enabled = models.BooleanField(default=True)
    destinations = models.ManyToManyField(Destination, related_name="rules")
    channels = models.ManyToManyField(Channel, related_name="+", blank=True)
    types = models.JSONField(default=list, blank=True)
    kinds = models.JSONField(default=list, blank=True)
    least_level = models.CharField(max_length=7, choices=Level, default=Level.WARNING)
    after_failures = models.PositiveSmallIntegerField(default=1)
    quiet_minutes = models.PositiveSmallIntegerField(default=0)
    reminder_minutes = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "name"], name="one_rule_per_name"),
            models.CheckConstraint(
                condition=Q(after_failures__gte=1), name="rule_counts_from_one_failure"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Incident(models.Model):
    """One cause under one rule, from the pass that first saw it to the one that no longer did.

    `since`: when it broke, where that is known. Its words are those of the last look at it.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="incidents")
    rule = models.ForeignKey(Rule, models.CASCADE, related_name="incidents")
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=CauseKind)
    level = models.CharField(max_length=7, choices=Level)
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, related_name="+")
    type = models.CharField(max_length=24, choices=JobType, blank=True)
    sentence = models.TextField()
    todo = models.TextField(blank=True)
    path = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    last_told_at = models.DateTimeField(null=True)
    told_count = models.PositiveIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["rule", "key"],
                condition=Q(closed_at=None),
                name="one_open_incident_per_cause",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["account"], condition=Q(closed_at__isnull=True), name="incidents_open"
            ),
            models.Index(fields=["closed_at"], name="incidents_by_end"),
        ]

    def __str__(self) -> str:
        return self.sentence


class DeliverySort(models.TextChoices):
    OPENED = "opened", "New"
    REMINDER = "reminder", "Reminder"
    OVER = "over", "Over"
    TEST = "test", "Test"


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


class Delivery(models.Model):
    """One message to one destination, written with the move of the incidents it tells of.

    `next_attempt_at` is also the claim of the pass that sends it: it is moved on before sending.
    """

    destination = models.ForeignKey(Destination, models.CASCADE, related_name="deliveries")
    incidents = models.ManyToManyField(Incident, related_name="deliveries")
    sort = models.CharField(max_length=8, choices=DeliverySort)
    level = models.CharField(max_length=7, choices=Level)
    title = models.CharField(max_length=200)
    body = models.TextField()
    status = models.CharField(max_length=8, choices=DeliveryStatus, default=DeliveryStatus.WAITING)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status="waiting"),
                name="deliveries_to_send",
            ),
            models.Index(fields=["created_at"], name="deliveries_by_age"),
        ]

    def __str__(self) -> str:
        return self.title
