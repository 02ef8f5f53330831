"""The attempts of a run: when each began and ended, how, and what followed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jobs.models.runs import Run


class AttemptOutcome(models.TextChoices):
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    LOST = "lost", "Worker lost"
    CANCELLED = "cancelled", "Cancelled"


class RunAttempt(models.Model):
    """One attempt that is over; the one under way stands on its run.

    `next_at`: when the next attempt was to start, None where none followed.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=AttemptOutcome)
    error = models.TextField(blank=True)
    next_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "number"], name="one_row_per_attempt")
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number} of run {self.run_id}: {self.outcome}"
