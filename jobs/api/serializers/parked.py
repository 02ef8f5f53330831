"""Parked records, and what is asked of them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from channels.enums import JobType
from jobs.api.fields import Choice, RowShape, Shape
from jobs.api.serializers.runs import RunSerializer
from oms.models import ParkedRecord

LONGEST_NOTE = 500


class ParkedSerializer(RowShape):
    """`note` and `ended_by` say why and by whom it was discarded."""

    account = serializers.IntegerField(source="account_id")
    channel = serializers.IntegerField(source="channel_id")
    run = serializers.IntegerField(source="run_id", allow_null=True)
    ended_by = serializers.CharField(source="ended_by.email", allow_null=True, default=None)

    class Meta:
        model = ParkedRecord
        fields = (
            "id",
            "account",
            "channel",
            "type",
            "external_id",
            "status",
            "reason",
            "payload",
            "run",
            "parked_at",
            "ended_at",
            "ended_by",
            "note",
        )


class DiscardSerializer(Shape):
    note = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NOTE)


class RetryAllSerializer(Shape):
    """Which parked records; of all channels and job types where nothing is said."""

    channel = serializers.IntegerField(required=False, min_value=1)
    type = Choice(choices=JobType.choices, required=False)


class RetriedSerializer(serializers.Serializer[Any]):
    """`records`: how many are asked for; `refused`: sentences on what cannot be now."""

    records = serializers.IntegerField()
    runs = RunSerializer(many=True)
    refused = serializers.ListField(child=serializers.CharField())
