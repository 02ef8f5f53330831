"""Webhook mappings as operators change them: switches, id paths, topics of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from channels.connectors import json_paths
from channels.connectors.registry import CONNECTORS
from channels.enums import JobType
from channels.models import Channel, WebhookMapping
from jobs.world import World, capability

MAPPING_FIELDS = ("enabled", "id_path")
LONGEST_TOPIC = 100

Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class NewMapping:
    """A topic to be mapped on a channel (its id). `id_path` "": the channel's own."""

    channel: int
    topic: str
    type: str
    id_path: str = ""
    enabled: bool = True


def takes_topics(channel: Channel) -> bool:
    """May operators map topics of their own on it?"""
    known = CONNECTORS.get(channel.connector)
    return known is not None and known.custom_topics


def mappable_types(channel: Channel) -> list[JobType]:
    """The job types that a webhook can start on a channel."""
    return [t for t in JobType if (known := capability(channel, t)) and known.webhook]


def change(world: World, mapping: WebhookMapping, values: Mapping[str, Any]) -> Errors:
    """Set fields of a mapping in a world; answers with sentences where one does not fit."""
    if unknown := sorted(set(values) - set(MAPPING_FIELDS)):
        known = ", ".join(MAPPING_FIELDS)
        return {name: [f"There is no such setting. Choose of: {known}."] for name in unknown}
    errors: Errors = {}
    if "enabled" in values and not isinstance(values["enabled"], bool):
        errors["enabled"] = ["Send true or false."]
    channel = world.channels[mapping.channel_id]
    if "id_path" in values and values["id_path"] != mapping.id_path:
        errors |= {"id_path": [_fixed(channel)]} if not takes_topics(channel) else {}
        errors |= _path_errors(values["id_path"])
    if not errors:
        for name, value in values.items():
            setattr(mapping, name, value)
    return errors


def remove(world: World, mapping_id: int) -> Errors:
    """Take a mapping out of a world."""
    channel = world.channels[world.mappings[mapping_id].channel_id]
    if not takes_topics(channel):
        return {"mapping": [f"{_fixed(channel)} Switch it off instead."]}
    del world.mappings[mapping_id]
    return {}


def add(world: World, new: NewMapping) -> Errors:
    """Put a mapping into a world, under a key below zero: it has no id yet."""
    channel = world.channels[new.channel]
    errors = _new_errors(world, channel, new)
    if not errors:
        world.mappings[min(0, *world.mappings, 0) - 1] = WebhookMapping(
            channel=channel,
            topic=new.topic,
            type=new.type,
            id_path=new.id_path,
            enabled=new.enabled,
        )
    return errors


def _new_errors(world: World, channel: Channel, new: NewMapping) -> Errors:
    if not takes_topics(channel):
        return {"topic": [_fixed(channel)]}
    errors = _topic_errors(world, new) | _path_errors(new.id_path)
    offered = mappable_types(channel)
    if new.type not in offered:
        able = ", ".join(job_type.label for job_type in offered)
        errors["type"] = [f"A webhook cannot start this here. Choose one of: {able}."]
    return errors


def _topic_errors(world: World, new: NewMapping) -> Errors:
    if not 1 <= len(new.topic) <= LONGEST_TOPIC:
        return {"topic": [f"A topic has 1 to {LONGEST_TOPIC} characters."]}
    if not new.topic.isprintable():
        return {"topic": ["This holds characters that no topic has."]}
    for known in world.mappings.values():
        if (known.channel_id, known.topic) == (new.channel, new.topic):
            starts = JobType(known.type).label
            return {"topic": [f"This topic is mapped already: it starts {starts}."]}
    return {}


def _path_errors(path: object) -> Errors:
    """A blank path is the channel's own."""
    if not isinstance(path, str):
        return {"id_path": ["This must be text."]}
    try:
        if path:
            json_paths.compiled(path)
    except json_paths.BadPath as bad:
        return {"id_path": [str(bad)]}
    return {}


def _fixed(channel: Channel) -> str:
    known = CONNECTORS.get(channel.connector)
    return f"The topics of {known.label if known else channel} are fixed."


def sentences(old: World, new: World) -> Iterator[str]:
    """What a change does to mappings, beside what follows for the jobs."""
    for key, mapping in new.mappings.items():
        was = old.mappings.get(key)
        label = JobType(mapping.type).label
        if was is None:
            off = "" if mapping.enabled else ", once it is switched on"
            yield f"The topic {mapping.topic} is added: it starts {label}{off}."
        elif was.id_path != mapping.id_path:
            where = mapping.id_path or "the channel's Id path"
            yield f"The record of {mapping.topic} is read from {where}."
    for key, mapping in old.mappings.items():
        if key not in new.mappings:
            yield f"The topic {mapping.topic} is removed: its events are stored and ignored."
