"""Accepted webhook deliveries, and the signs of life of the program's parts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Left

from channels.models import Channel
from jobs.models.jobs import Job
from jobs.models.runs import Run
from jobs.querysets import EventQuerySet


class EventStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    HELD = "held", "Held"
    IGNORED = "ignored", "Ignored"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


LONGEST_ENTITY = 120
"""So much of an entity's id is in the index."""


class Event(models.Model):
    """One accepted webhook delivery, with its raw body and headers.

    `entity` is the first of its entities, mostly the only one: what a search by id looks up.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="events", db_index=False)
    job = models.ForeignKey(Job, models.CASCADE, null=True, related_name="events", db_index=False)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="events")
    topic = models.CharField(max_length=100)
    delivery_id = models.CharField(max_length=200)
    delivery_key = models.CharField(max_length=200)
    received_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=EventStatus)
    reason = models.CharField(max_length=250, blank=True)
    entities = models.JSONField(default=list)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    duplicates = models.PositiveIntegerField(default=0)
    entity = models.GeneratedField(
        expression=Left(KeyTextTransform("0", "entities"), LONGEST_ENTITY),
        output_field=models.TextField(null=True),
        db_persist=True,
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "delivery_key"], name="one_event_per_delivery"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["job", "received_at"],
                condition=Q(job__isnull=False),
                name="events_of_job",
            ),
            models.Index(
                fields=["job", "status"],
                condition=Q(status__in=["waiting", "held"]),
                name="events_not_ended",
            ),
            models.Index(fields=["channel", "-id"], name="events_of_channel"),
            models.Index(fields=["received_at", "channel"], name="events_by_age_and_channel"),
            models.Index(fields=["channel", "entity"], name="events_of_entity"),
            models.Index(fields=["channel", "delivery_id"], name="events_by_delivery"),
            models.Index(
                fields=["channel", "status", "-id"],
                condition=Q(status__in=["held", "ignored", "failed"]),
                name="events_not_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.delivery_id}"


class Heartbeat(models.Model):
    """When a part of the program was last seen alive: "clock", "web"."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    details = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
