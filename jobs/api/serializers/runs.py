"""Runs with their log and rescues, and the events that start some of them."""

from __future__ import annotations

import base64
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.api.fields import Instant, RowShape
from jobs.masking import masked
from jobs.models import Event, Rescue, Run, RunAttempt, RunLog, Unit

PROGRESS = {
    "type": "object",
    "description": "How far the attempt under way is, or the last one was; total null: unknown.",
    "required": ["done", "total", "unit"],
    "properties": {
        "done": {"type": "integer"},
        "total": {"type": "integer", "nullable": True},
        "unit": {"type": "string", "enum": list(Unit.values), "nullable": True},
    },
}


class LogSerializer(RowShape):
    class Meta:
        model = RunLog
        fields = ("at", "level", "message")


class RescueSerializer(RowShape):
    """A record that no event had announced; `late_at` where its event came after all."""

    class Meta:
        model = Rescue
        fields = ("external_id", "label", "changed_at", "rescued_at", "late_at")


class RunSerializer(RowShape):
    """A run; `trigger` opened it, `causes` are all that asked for it."""

    account = serializers.IntegerField(source="account_id")
    channel = serializers.IntegerField(source="channel_id")
    causes = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField(
        source="said_reason",
        help_text="Why it exists, waits or ended; of one that was put back, what it waits for.",
    )
    planned_at = Instant(
        read_only=True,
        allow_null=True,
        help_text="When its slot was to start: later than the slot where starts are spread.",
    )
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "id",
            "account",
            "channel",
            "type",
            "sort",
            "trigger",
            "causes",
            "status",
            "reason",
            "slot_at",
            "planned_at",
            "not_before",
            "created_at",
            "started_at",
            "finished_at",
            "attempt",
            "window_from",
            "window_until",
            "entities",
            "progress",
            "read",
            "created",
            "updated",
            "unchanged",
            "parked",
            "rescued",
            "error",
        )
        read_only_fields = fields

    @extend_schema_field(PROGRESS)
    def get_progress(self, run: Run) -> dict[str, Any]:
        return {
            "done": run.progress_done,
            "total": run.progress_total,
            "unit": run.progress_unit or None,
        }


class AttemptSerializer(RowShape):
    """One attempt that is over; `next_at` where another was to follow."""

    class Meta:
        model = RunAttempt
        fields = ("number", "started_at", "ended_at", "outcome", "error", "next_at")


class RunDetail(RunSerializer):
    attempts = AttemptSerializer(many=True)
    log = LogSerializer(many=True)
    rescues = RescueSerializer(many=True)

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "attempts", "log", "rescues")
        read_only_fields = fields


class EventSerializer(RowShape):
    """One webhook delivery. A body that is no UTF-8 text is answered in base64."""

    channel = serializers.IntegerField(source="channel_id")
    type = serializers.CharField(source="job.type", default=None, allow_null=True)
    run = serializers.IntegerField(source="run_id", allow_null=True)
    headers = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    body_encoding = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = (
            "id",
            "channel",
            "type",
            "topic",
            "delivery_id",
            "received_at",
            "status",
            "reason",
            "run",
            "entities",
            "duplicates",
            "headers",
            "body",
            "body_encoding",
        )
        read_only_fields = fields

    def get_headers(self, event: Event) -> dict[str, str]:
        """Without credentials and signatures."""
        return masked(event.headers)

    def get_body(self, event: Event) -> str:
        text = _text(event)
        return base64.b64encode(event.body).decode() if text is None else text

    def get_body_encoding(self, event: Event) -> str:
        return "base64" if _text(event) is None else "utf-8"


def _text(event: Event) -> str | None:
    try:
        return bytes(event.body).decode()
    except UnicodeDecodeError:
        return None
