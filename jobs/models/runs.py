"""Runs, their log, and what they rescued."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import Account
from channels.enums import JobType
from channels.models import Channel
from jobs.models.jobs import Job
from jobs.overlap import Sort, Trigger
from jobs.querysets import RunQuerySet


class RunStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    CANCELLED = "cancelled", "Cancelled"


class Unit(models.TextChoices):
    """What a run's progress counts; parts are those of a long window."""

    RECORDS = "records", "Records"
    ITEMS = "items", "Items"
    PARTS = "parts", "Parts"


TRIGGERS = [(trigger.value, trigger.value.capitalize()) for trigger in Trigger]
SORTS = [(sort.value, sort.value.capitalize()) for sort in Sort]

ACTIVE = Q(status=RunStatus.RUNNING) | Q(status=RunStatus.QUEUED, attempt__gt=0)
WAITING = Q(status=RunStatus.QUEUED, attempt=0)


RUNS_BY_CAUSE = [
    models.Index(
        fields=["account", "created_at", "id"],
        condition=Q(causes_text__contains=f",{trigger.value},"),
        name=f"runs_by_{trigger.value}",
    )
    for trigger in Trigger
]
"""For lists by any cause of a run: one that few runs have is found without reading them all."""


class Run(models.Model):
    """One execution of one job, whose channel and account are its own: that constraint holds both.

    Active from its first claim to its outcome (waits between attempts included), waiting before.
    `spread_seconds`: by how long the start of the slot it carries was put off.
    `not_before` is when the next attempt may start; `wake_at` when the clock sends its message
    (again). `lease` is the fencing token of the worker that runs it. `entities` are ids asked for
    beside those of its events; `unfinished` ones are asked for by the job's next full run.
    `unproven_since`, of emergency runs: up to when the data was proven (or believed) complete as
    the run was asked for. The progress is that of the attempt under way, in `progress_unit`;
    `progress_total` is None where nobody can know it.

    `waits_for`: why a queued run that was due was put back, "" where it was not. A run that
    `gave_way` to others amid an attempt goes on with that attempt; `handled` are the entities it
    need not ask for again, with their outcomes; `place` is the last identifier that a by-ID run
    has come to; `fruitless` counts how often it gave way having come no further.

    Of the indexes, those of open runs are near empty at most times. So that nobody looks one run
    up by reading all that wait, `runs_by_wake` is for those who ask for unfinished runs.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="runs", db_index=False)
    channel = models.ForeignKey(
        Channel, models.CASCADE, related_name="runs", db_index=False, db_constraint=False
    )
    account = models.ForeignKey(
        Account, models.CASCADE, related_name="runs", db_index=False, db_constraint=False
    )
    type = models.CharField(max_length=24, choices=JobType)
    sort = models.CharField(max_length=6, choices=SORTS)
    trigger = models.CharField(max_length=10, choices=TRIGGERS)
    causes_text = models.CharField(max_length=80, default=",")
    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.QUEUED)
    reason = models.CharField(max_length=250, blank=True)
    slot_at = models.DateTimeField(null=True)
    spread_seconds = models.PositiveSmallIntegerField(default=0, db_default=0)
    not_before = models.DateTimeField()
    retry_after_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField()
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    lost_attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    window_from = models.DateTimeField(null=True)
    window_until = models.DateTimeField(null=True)
    unproven_since = models.DateTimeField(null=True)
    entities = models.JSONField(default=list)
    unfinished = models.BooleanField(default=False)
    waits_for = models.CharField(max_length=250, blank=True)
    gave_way = models.BooleanField(default=False)
    fruitless = models.PositiveSmallIntegerField(default=0)
    handled = models.JSONField(default=dict)
    place = models.CharField(max_length=120, blank=True)
    attempt_started_at = models.DateTimeField(null=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True)
    progress_unit = models.CharField(max_length=7, choices=Unit, blank=True)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    parked = models.PositiveIntegerField(default=0)
    rescued = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    actor = models.ForeignKey(
        "accounts.User",
        models.SET_NULL,
        null=True,
        related_name="+",
        editable=False,
        db_index=False,
    )

    asks_by_id = True
    """May there be events of its own, or entities of earlier runs? A claim knows; no column."""

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["job", "slot_at"], name="one_run_per_slot"),
            models.UniqueConstraint(
                fields=["job"], condition=ACTIVE, name="one_active_run_per_job"
            ),
            models.UniqueConstraint(
                fields=["job"],
                condition=WAITING & Q(sort=Sort.FULL.value),
                name="one_waiting_full_run_per_job",
            ),
            models.UniqueConstraint(
                fields=["job"],
                condition=WAITING & Q(sort=Sort.ENTITY.value),
                name="one_waiting_entity_run_per_job",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["wake_at"],
                condition=Q(status="queued", finished_at=None),
                name="runs_by_wake",
            ),
            models.Index(
                fields=["job"],
                condition=Q(status__in=["queued", "running"]),
                name="open_runs_of_job",
            ),
            models.Index(fields=["actor"], condition=~Q(actor=None), name="runs_of_actor"),
            models.Index(
                fields=["lease_until"], condition=Q(status="running"), name="runs_with_a_lease"
            ),
            models.Index(fields=["job"], condition=Q(unfinished=True), name="runs_left_unfinished"),
            models.Index(fields=["account", "-id"], name="runs_of_account"),
            models.Index(fields=["channel", "-id"], name="runs_of_channel"),
            models.Index(
                fields=["account", "-id"], condition=Q(status="failed"), name="runs_failed"
            ),
            models.Index(fields=["job", "-id"], name="runs_of_job"),
            models.Index(fields=["account", "created_at", "id"], name="runs_by_time"),
            models.Index(fields=["channel", "created_at", "id"], name="runs_of_channel_by_time"),
            models.Index(fields=["account", "type", "created_at", "id"], name="runs_of_type"),
            models.Index(fields=["account", "status", "created_at", "id"], name="runs_of_status"),
            *RUNS_BY_CAUSE,
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"

    @property
    def causes(self) -> list[str]:
        """Every trigger that asked for this run, in order; stored as ",schedule,manual,"."""
        return [cause for cause in self.causes_text.split(",") if cause]

    @causes.setter
    def causes(self, causes: list[str]) -> None:
        self.causes_text = f",{','.join(causes)}," if causes else ","

    @property
    def planned_at(self) -> datetime | None:
        """When the slot it carries was to start; None where it carries none."""
        return self.slot_at and self.slot_at + timedelta(seconds=self.spread_seconds)

    @property
    def said_reason(self) -> str:
        """Why it waits, where it was put back; else why it exists or ended."""
        return self.waits_for if self.status == RunStatus.QUEUED and self.waits_for else self.reason

    @property
    def waits_short(self) -> str:
        """The first words of what it waits for."""
        return self.waits_for.partition(":")[0]

    @property
    def is_active(self) -> bool:
        return self.status == RunStatus.RUNNING or (
            self.status == RunStatus.QUEUED and self.attempt > 0
        )

    @property
    def is_over(self) -> bool:
        return self.status not in (RunStatus.QUEUED, RunStatus.RUNNING)


LEVELS = [(level, level.capitalize()) for level in ("info", "warning", "error", "fatal")]


class RunLog(models.Model):
    run = models.ForeignKey(Run, models.CASCADE, related_name="log", db_index=False)
    at = models.DateTimeField()
    level = models.CharField(max_length=7, choices=LEVELS)
    message = models.TextField()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run", "id"], name="log_of_run"),
        ]

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"


class Rescue(models.Model):
    """A record that an event should have announced and did not; an emergency job found it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="rescues", db_index=False)
    job = models.ForeignKey(Job, models.CASCADE, related_name="rescues", db_index=False)
    external_id = models.CharField(max_length=120)
    label = models.CharField(max_length=120, blank=True)
    changed_at = models.DateTimeField()
    rescued_at = models.DateTimeField()
    late_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "external_id"], name="one_rescue_per_record")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["job", "external_id"], name="rescues_of_job"),
            models.Index(fields=["rescued_at"], name="rescues_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.label or self.external_id} rescued by run {self.run_id}"
