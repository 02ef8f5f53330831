"""A channel's webhooks as its platform has them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from channels.enums import JobType
from jobs.subscriptions import Done, Look, State, address_of

STATES = [(state.value, state.value.replace("_", " ")) for state in State]


class WantedSerializer(serializers.Serializer[Any]):
    """A topic that is switched on; `url` is where the platform sends it."""

    topic = serializers.CharField()
    type = serializers.ChoiceField(choices=JobType.choices)
    state = serializers.ChoiceField(choices=STATES)
    url = serializers.CharField(allow_null=True)


class StrangerSerializer(serializers.Serializer[Any]):
    """A webhook that points at the channel and should not."""

    topic = serializers.CharField()
    url = serializers.CharField(allow_null=True)
    active = serializers.BooleanField()


class SubscriptionsSerializer(serializers.Serializer[Any]):
    """`told`: false where the platform cannot say. Addresses are for operators, else null.

    `changed` and `problems` are sentences on what was just done.
    """

    registers = serializers.BooleanField(help_text="Can they be registered from here?")
    told = serializers.BooleanField()
    in_order = serializers.BooleanField()
    address = serializers.CharField(allow_null=True)
    subscriptions = WantedSerializer(many=True)
    strangers = StrangerSerializer(many=True)
    changed = serializers.ListField(child=serializers.CharField())
    problems = serializers.ListField(child=serializers.CharField())


def answer_of(channel: Any, look: Look, done: Done | None, *, operates: bool) -> dict[str, Any]:
    """What `SubscriptionsSerializer` answers."""

    def shown(url: str) -> str | None:
        return url if operates else None

    rows = [
        {"topic": row.topic, "type": row.type, "state": row.state.value, "url": shown(row.url)}
        for row in look.rows
    ]
    strangers = [
        {"topic": one.topic, "url": shown(one.url), "active": one.active} for one in look.strangers
    ]
    answer = {
        "registers": channel.connector_class.registers_webhooks,
        "told": look.told,
        "in_order": look.in_order,
        "address": shown(address_of(channel)),
        "subscriptions": rows,
        "strangers": strangers,
        "changed": done.changed if done else [],
        "problems": done.problems if done else [],
    }
    return dict(SubscriptionsSerializer(answer).data)
