"""Jobs, their slots, the Recurring Jobs tab, and what a change would do."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from channels.enums import JobType, Mode, Row, Track
from channels.models import WebhookMapping
from jobs.api.fields import Choice, Instant, Minutes, RowShape, Shape, Switch
from jobs.models import EmergencyState, SlotOutcome
from jobs.reading import UpcomingSlot

WHAT = (
    "main_started",
    "main_stopped",
    "main_moved",
    "emergency_on",
    "emergency_off",
    "emergency_changed",
    "suspended",
    "resumed",
    "run_now",
    "offered",
    "withdrawn",
    "held_replayed",
)
STATES = [*EmergencyState.choices, ("running", "Running")]
OUTCOMES = [("ran", "Ran"), *SlotOutcome.choices]


class EmergencySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=STATES)
    period_minutes = serializers.IntegerField(allow_null=True)
    automatic = serializers.BooleanField()
    due_at = Instant(allow_null=True)
    reason = serializers.CharField()


class JobSettings(Shape):
    """The four durations of a job; those named are written."""

    webhook_delay_minutes = Minutes(required=False)
    emergency_period_minutes = Minutes(required=False)
    main_period_minutes = Minutes(required=False)
    delay_minutes = Minutes(required=False)


class JobSerializer(JobSettings):
    """A job. `row` is null where the job is not offered now; its settings are kept.

    `next_start_at`: when the run of the next slot starts, later than it where starts are spread.
    """

    type = serializers.ChoiceField(choices=JobType.choices, read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # a field, no label
    row = serializers.ChoiceField(choices=Row.choices, read_only=True, allow_null=True)
    source = serializers.ChoiceField(choices=["channel", "account"], read_only=True)  # type: ignore[assignment]  # as above
    next_slot_at = Instant(read_only=True, allow_null=True)
    next_start_at = Instant(read_only=True, allow_null=True)
    proven_until = Instant(read_only=True)
    heard_at = Instant(read_only=True, allow_null=True)
    proof_at = Instant(read_only=True)
    last_success_at = Instant(read_only=True, allow_null=True)
    note = serializers.CharField(read_only=True)
    emergency = EmergencySerializer(read_only=True)


class RecurringSettings(Shape):
    enabled = Switch(required=False)
    period_minutes = Minutes(required=False)
    delay_minutes = Minutes(required=False)


class ActedOnSerializer(serializers.Serializer[Any]):
    """A stable channel; `note` says where its platform makes it run otherwise."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    note = serializers.CharField()


class RecurringSerializer(RecurringSettings):
    """A row of the account's Recurring Jobs; `warning` where it has no effect now."""

    type = serializers.ChoiceField(choices=JobType.choices, read_only=True)
    label = serializers.CharField(read_only=True)  # type: ignore[assignment]  # a field, no label
    periods = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    delays = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    channels = ActedOnSerializer(many=True, read_only=True)
    warning = serializers.CharField(read_only=True, required=False)


class MappingSerializer(RowShape):
    """A topic of the platform and the job type it starts.

    `id_path` is where a body of this topic names its record (JSONPath), blank for the channel's
    own; only connectors with `custom_topics` take one.
    """

    enabled = Switch()
    id_path = serializers.CharField(required=False, allow_blank=True)
    fixed = ("id", "topic", "type")

    class Meta:
        model = WebhookMapping
        fields = ("id", "topic", "type", "id_path", "enabled")
        read_only_fields = ("id", "topic", "type")


class NewMappingShape(Shape):
    """A topic of the operator's own."""

    topic = serializers.CharField()
    type = Choice(choices=JobType.choices)
    id_path = serializers.CharField(required=False, allow_blank=True)
    enabled = Switch(required=False)


class ConsequenceSerializer(serializers.Serializer[Any]):
    channel = serializers.IntegerField()
    type = serializers.ChoiceField(choices=JobType.choices)
    what = serializers.ChoiceField(choices=WHAT)
    sentence = serializers.CharField()


class ChangesSerializer(serializers.Serializer[Any]):
    changes = ConsequenceSerializer(many=True)


def types_only(jobs: dict[Any, Any]) -> None:
    """Refuse what is no job type, under its own name."""
    known = ", ".join(JobType.values)
    errors = {
        name: [f"There is no such job type. Known are: {known}."]
        for name in jobs
        if name not in JobType.values
    }
    if errors:
        raise serializers.ValidationError(errors)


class ChannelPreview(Shape):
    """A change of a channel that is not made yet; `jobs` by type."""

    mode = Choice(choices=Mode.choices, required=False)
    enabled = Switch(required=False)
    track = Choice(choices=Track.choices, required=False)
    jobs = serializers.DictField(child=JobSettings(), required=False, validators=[types_only])


class UpcomingSerializer(serializers.Serializer[Any]):
    """`local` is the slot in the account's zone, with its offset.

    `start_at`: when its run starts, later than the slot where the account spreads starts.
    """

    type = serializers.ChoiceField(choices=JobType.choices)
    slot_at = Instant()
    start_at = Instant()
    local = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "format": "date-time"})
    def get_local(self, slot: UpcomingSlot) -> str:
        return slot.local.isoformat()


class PastSlotsSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=JobType.choices)
    first_slot_at = Instant()
    last_slot_at = Instant()
    count = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    reason = serializers.CharField()
    run = serializers.IntegerField(allow_null=True)
