"""What became of slots without a run of their own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from channels.enums import JobType
from channels.models import Channel
from jobs.models.jobs import Job
from jobs.models.runs import Run


class SlotOutcome(models.TextChoices):
    SKIPPED = "skipped", "Skipped"
    COALESCED = "coalesced", "Coalesced"
    SUSPENDED = "suspended", "Suspended"


class SlotStretch(models.Model):
    """Neighbouring slots that did not get a run of their own, and why.

    Account, channel and type are its job's, kept here as on runs, so that lists can be read by
    an index; `save` fills them in.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="stretches")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    type = models.CharField(max_length=24, choices=JobType)
    first_slot_at = models.DateTimeField()
    last_slot_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=SlotOutcome)
    reason = models.CharField(max_length=250, blank=True)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="stretches")

    class Meta:
        ordering: ClassVar[list[str]] = ["first_slot_at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(count__gt=0), name="stretch_is_not_empty"),
            models.CheckConstraint(
                condition=Q(first_slot_at__lte=F("last_slot_at")), name="stretch_runs_forward"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["job", "last_slot_at"], name="stretches_of_job"),
            models.Index(fields=["account", "last_slot_at", "id"], name="stretches_by_time"),
            models.Index(fields=["channel", "last_slot_at", "id"], name="stretches_of_channel"),
            models.Index(
                fields=["account", "type", "last_slot_at", "id"], name="stretches_of_type"
            ),
            models.Index(
                fields=["account", "outcome", "last_slot_at", "id"], name="stretches_of_outcome"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} slots {self.outcome}"

    def save(self, *args: Any, **options: Any) -> None:
        if self._state.adding:
            self.account_id = self.job.channel.account_id
            self.channel_id, self.type = self.job.channel_id, self.job.type
        super().save(*args, **options)
