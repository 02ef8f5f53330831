"""What a connector asks for and can do."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from channels.connectors.base import Connector
from channels.enums import JobType, Kind
from channels.models import Channel
from jobs.change import modes_of
from jobs.rows import Row, capability_row
from jobs.world import capability


class SettingSerializer(serializers.Serializer[Any]):
    """A field of a channel's settings; `secret` ones go into `secrets`."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, no label
    type = serializers.ChoiceField(
        choices=["text", "url", "integer", "boolean", "choice", "jsonpath"]
    )
    required = serializers.BooleanField()  # type: ignore[assignment]  # as above
    secret = serializers.BooleanField()
    help = serializers.CharField()
    choices = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    default = serializers.JSONField()


class CapabilitySerializer(serializers.Serializer[Row]):
    """How a connector does a job type; minutes. None is always allowed beside them."""

    type = serializers.ChoiceField(choices=JobType.choices)
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, no label
    webhook = serializers.BooleanField()
    by_id = serializers.BooleanField()
    periods = serializers.ListField(child=serializers.IntegerField())
    delays = serializers.ListField(child=serializers.IntegerField())
    topics = serializers.ListField(child=serializers.CharField())


class ConnectorSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, no label
    kind = serializers.ChoiceField(choices=Kind.choices)
    modes = serializers.ListField(child=serializers.CharField())
    custom_topics = serializers.BooleanField()
    settings = SettingSerializer(many=True)
    jobs = CapabilitySerializer(many=True)


def connector_row(connector: type[Connector]) -> dict[str, Any]:
    """A connector with the job types whose logic exists."""
    channel = Channel(connector=connector.id, kind=connector.kind)
    known = [capability(channel, job_type) for job_type in JobType]
    return {
        "id": connector.id,
        "label": connector.label,
        "kind": connector.kind,
        "modes": modes_of(channel),
        "custom_topics": connector.custom_topics,
        "settings": connector.fields,
        "jobs": [capability_row(each) for each in known if each],
    }
