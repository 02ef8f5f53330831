"""What a channel's platform lets us ask for, and whether it answers: shared by all workers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from channels.models import Channel
from jobs.circuit import State

STATES = [(state.value, state.value.replace("_", " ").capitalize()) for state in State]


class ChannelBudget(models.Model):
    """What is left of the platform's limit, in its own unit; a row only where it told one.

    The columns are those of `jobs.budget.Bucket`. `version` grows with each write, so that who
    writes knows that nobody else did meanwhile.
    """

    channel = models.OneToOneField(Channel, models.CASCADE, primary_key=True, related_name="budget")
    remaining = models.FloatField()
    told_at = models.DateTimeField()
    capacity = models.FloatField(null=True)
    resets_at = models.DateTimeField(null=True)
    restores = models.FloatField(default=0.0)
    cost = models.FloatField(default=1.0)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Budget of channel {self.channel_id}: {self.remaining:g} left"


class Circuit(models.Model):
    """The circuit breaker of a channel; a row only where a call ever failed.

    The columns are those of `jobs.circuit.Breaker`. `reason` is the error that opened it, or that
    its last probe met. `wake_at` is when the clock asks a worker for a probe (again).
    """

    channel = models.OneToOneField(
        Channel, models.CASCADE, primary_key=True, related_name="circuit"
    )
    state = models.CharField(max_length=9, choices=STATES, default=State.CLOSED.value)
    failures = models.PositiveIntegerField(default=0)
    probes = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(null=True)
    next_probe_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(state="closed", since=None, next_probe_at=None, wake_at=None)
                | Q(
                    ~Q(state="closed"),
                    since__isnull=False,
                    next_probe_at__isnull=False,
                    wake_at__isnull=False,
                ),
                name="an_open_circuit_knows_its_next_probe",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["wake_at"], condition=Q(wake_at__isnull=False), name="circuits_to_probe"
            )
        ]

    def __str__(self) -> str:
        return f"Circuit of channel {self.channel_id}: {self.state}"

    @property
    def is_closed(self) -> bool:
        return self.state == State.CLOSED
