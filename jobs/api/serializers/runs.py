"""Runs with their log and rescues, and the events that start some of them."""

from __future__ import annotations

import base64

from rest_framework import serializers

from jobs.api.fields import RowShape
from jobs.masking import masked
from jobs.models import Event, Rescue, Run, RunLog


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
            "not_before",
            "created_at",
            "started_at",
            "finished_at",
            "attempt",
            "window_from",
            "window_until",
            "entities",
            "read",
            "created",
            "updated",
            "unchanged",
            "parked",
            "rescued",
            "error",
        )
        read_only_fields = fields


class RunDetail(RunSerializer):
    log = LogSerializer(many=True)
    rescues = RescueSerializer(many=True)

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "log", "rescues")
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
