"""Jobs: the operator's settings, the derived plan, the proof so far, the emergency state."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from channels.enums import DEFAULT_EMERGENCY_PERIOD, JobType, Row
from channels.models import Channel
from jobs.querysets import JobQuerySet


class EmergencyState(models.TextChoices):
    """Stored states; `running` overlays them while an emergency run is active."""

    OFF = "off", "Off"
    ARMED = "armed", "Armed"
    DEGRADED = "degraded", "Degraded"
    SUSPENDED = "suspended", "Suspended"


class Job(models.Model):
    """One job type on one channel: the operator's settings, the derived plan, the proof so far.

    Durations are minutes, None is off. `delay_minutes` is the shift of a beta channel's grid. The
    derived columns are written only by `jobs.configure`, `jobs.slots` and `jobs.fallback`.
    `last_identifier`, `open_after` and `open_errors` are the memory of by-ID runs: the last
    record found at the platform, our key of the last open record asked for, and by external id
    in how many runs in a row an open record could not be read.
    The emergency timer stands still since `frozen_since`, and did in `frozen_spans` (pairs of ISO
    instants): the channel's circuit was open.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="jobs", db_index=False)
    type = models.CharField(max_length=24, choices=JobType)

    webhook_delay_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    emergency_period_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, default=DEFAULT_EMERGENCY_PERIOD
    )
    main_period_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    delay_minutes = models.PositiveSmallIntegerField(null=True, blank=True)

    row = models.CharField(max_length=10, choices=Row, blank=True, editable=False)
    from_account = models.BooleanField(default=False, editable=False)
    period_minutes = models.PositiveSmallIntegerField(null=True, editable=False)
    offset_minutes = models.SmallIntegerField(default=0, editable=False)
    note = models.CharField(max_length=200, blank=True, editable=False)
    suspended = models.BooleanField(default=False, editable=False)
    scheduled_since = models.DateTimeField(null=True, editable=False)
    listening_since = models.DateTimeField(null=True, editable=False)
    next_slot_at = models.DateTimeField(null=True, editable=False)

    emergency_state = models.CharField(
        max_length=10, choices=EmergencyState, default=EmergencyState.OFF, editable=False
    )
    emergency_minutes = models.PositiveSmallIntegerField(null=True, editable=False)
    emergency_automatic = models.BooleanField(default=False, editable=False)
    emergency_reason = models.CharField(max_length=250, blank=True, editable=False)
    emergency_due_at = models.DateTimeField(null=True, editable=False)
    emergency_due_reason = models.CharField(max_length=250, blank=True, editable=False)
    emergency_started_at = models.DateTimeField(null=True, editable=False)
    evidence_at = models.DateTimeField(null=True, editable=False)
    evidence = models.CharField(max_length=250, blank=True, editable=False)
    degraded_at = models.DateTimeField(null=True, editable=False)
    clean_runs = models.PositiveSmallIntegerField(default=0, editable=False)
    frozen_since = models.DateTimeField(null=True, editable=False)
    frozen_spans = models.JSONField(default=list, editable=False)

    proven_until = models.DateTimeField()
    heard_at = models.DateTimeField(null=True, editable=False)
    by_id_at = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    last_identifier = models.CharField(max_length=120, blank=True, editable=False)
    open_after = models.PositiveBigIntegerField(default=0, editable=False)
    open_errors = models.JSONField(default=dict, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "type"], name="one_job_per_type"),
            models.CheckConstraint(
                condition=Q(main_period_minutes=None) | Q(main_period_minutes__gt=0),
                name="job_period_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(main_period_minutes=None)
                | Q(delay_minutes=None)
                | Q(delay_minutes__lt=F("main_period_minutes")),
                name="job_delay_is_shorter_than_its_period",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_slot_at"],
                condition=Q(next_slot_at__isnull=False),
                name="jobs_with_a_slot",
            ),
            models.Index(
                fields=["emergency_due_at"],
                condition=Q(emergency_due_at__isnull=False),
                name="jobs_with_an_emergency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} of {self.channel}"

    @property
    def proof_at(self) -> datetime:
        """How far the data is known or believed to be complete."""
        return max(moment for moment in (self.proven_until, self.heard_at, self.by_id_at) if moment)


class StableJob(models.Model):
    """A row of the account's Recurring Jobs tab: it acts on every stable channel."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="stable_jobs")
    type = models.CharField(max_length=24, choices=JobType)
    enabled = models.BooleanField(default=False)
    period_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    delay_minutes = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "type"], name="one_stable_row_per_type"),
            models.CheckConstraint(
                condition=Q(period_minutes=None) | Q(period_minutes__gt=0),
                name="stable_period_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(period_minutes=None)
                | Q(delay_minutes=None)
                | Q(delay_minutes__lt=F("period_minutes")),
                name="stable_delay_is_shorter_than_its_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} of {self.account}"


class EmergencyTransition(models.Model):
    """One change of a job's emergency state."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="transitions")
    at = models.DateTimeField()
    from_state = models.CharField(max_length=10, choices=EmergencyState)
    to_state = models.CharField(max_length=10, choices=EmergencyState)
    cause = models.CharField(max_length=250)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["job", "-id"], name="transitions_of_job")
        ]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}: {self.cause}"
