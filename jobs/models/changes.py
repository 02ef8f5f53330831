"""Which run made or changed a record: what a trace cannot learn from the records themselves."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from channels.enums import JobType
from channels.models import Channel
from jobs.models.runs import Run
from oms.work import Outcome


class RecordChange(models.Model):
    """One record that a run created, changed or sent; written in the run's own transaction.

    `external_id` is what the run knows the record by: the channel's id where it reads, our key
    where it sends. `state` is the record's status afterwards, where the job says it.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="changes")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    type = models.CharField(max_length=24, choices=JobType)
    external_id = models.CharField(max_length=120)
    outcome = models.CharField(
        max_length=10, choices=[(one.value, one.value.capitalize()) for one in Outcome]
    )
    state = models.CharField(max_length=16, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "external_id"], name="changes_of_record"),
            models.Index(fields=["at"], name="changes_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} {self.outcome} by run {self.run_id}"
