"""What the engine and the pages ask the tables for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from jobs.models import Event, Job, Run  # noqa: F401  # the names in the bases below


class JobQuerySet(models.QuerySet["Job"]):
    def with_channel(self) -> JobQuerySet:
        return self.select_related("channel__account")

    def slot_due(self, at: datetime) -> JobQuerySet:
        return self.filter(next_slot_at__lte=at).order_by("next_slot_at")

    def emergency_due(self, at: datetime) -> JobQuerySet:
        return self.filter(emergency_due_at__lte=at).order_by("emergency_due_at")


class RunQuerySet(models.QuerySet["Run"]):
    def active(self) -> RunQuerySet:
        return self.filter(Q(status="running") | Q(status="queued", attempt__gt=0))

    def waiting(self) -> RunQuerySet:
        return self.filter(status="queued", attempt=0)

    def by_wake(self) -> RunQuerySet:
        """Those whose messages the clock is to send, the next one first, by an index of theirs."""
        return self.filter(status="queued", finished_at=None).order_by("wake_at")

    def to_send(self, at: datetime) -> RunQuerySet:
        return self.by_wake().filter(wake_at__lte=at)

    def caused_by(self, trigger: str) -> RunQuerySet:
        """Runs with this trigger among their causes."""
        return self.filter(causes_text__contains=f",{trigger},")

    def lease_over(self, at: datetime) -> RunQuerySet:
        return self.filter(status="running", lease_until__lt=at)

    def of_page(self) -> RunQuerySet:
        return self.select_related("channel", "job")


class EventQuerySet(models.QuerySet["Event"]):
    def without_body(self) -> EventQuerySet:
        return self.defer("body", "headers")
