"""Many events asked for again: what was chosen, how far it has come, what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import Account, User


class EventReplay(models.Model):
    """A set of events, fixed when it was asked for, that goes back into the batches of its jobs.

    `ids` in the order they are taken, emptied at the end; `position`: how many of them have
    been. `done` went into a batch, `skipped` could not, `failed` met a fault; `reasons` counts
    the words for both. `touched_at` is the last sign of life of the worker.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="event_replays")
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    words = models.CharField(max_length=500)
    ids = models.JSONField(default=list)
    total = models.PositiveIntegerField()
    position = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    runs = models.JSONField(default=list)
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    cancelled = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(finished_at=None),
                name="one_event_replay_at_a_time",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "-id"], name="event_replays_of_account"),
        ]

    def __str__(self) -> str:
        return f"Replay {self.pk} of {self.total} events"
