"""Topics of an operator's own: mapping, removing, id paths, and what follows for the jobs."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import HistoryEntry
from channels.models import Channel, WebhookMapping, create_channel
from jobs import configure, intake
from jobs.change import Change
from jobs.consequences import Consequence
from jobs.mappings import NewMapping
from jobs.models import Event
from tests.claims.on_http import signed
from tests.http_platform import ADDRESS, SECRET
from tests.jobs.rules import job, refused, save
from tests.jobs.stage import Stage

_numbers = count(1)
UPDATES = "receive_order_updates"


@pytest.fixture
def own(stage: Stage) -> Channel:
    """A generic shop in mode Webhook."""
    made = create_channel(
        stage.account,
        "http",
        "Own shop",
        stage.now,
        settings={"url": ADDRESS},
        secrets={"webhook_secret": SECRET},
    )
    configure.reconcile(stage.account, stage.now)
    save(stage, channels={made.pk: {"mode": "webhook"}})
    HistoryEntry.objects.all().delete()
    return made


def add(stage: Stage, channel: Channel, topic: str, type: str = "", **fields: Any) -> None:
    new = NewMapping(channel.pk, topic, type or "receive_orders", **fields)
    save(stage, new_mappings=[new])


def remove(stage: Stage, channel: Channel, *topics: str) -> list[Consequence]:
    found = channel.mappings.filter(topic__in=topics).values_list("pk", flat=True)
    return save(stage, removed_mappings=list(found))


def deliver(stage: Stage, channel: Channel, body: dict[str, Any]) -> tuple[int, str]:
    """A signed delivery with this body."""
    sent = signed("", "", json.dumps(body), f"msg_{next(_numbers)}")
    fresh = Channel.objects.select_related("account").get(pk=channel.pk)
    receipt = intake.receive(fresh, sent.headers, sent.body, stage.now)
    return receipt.http, receipt.status


def test_a_topic_of_ones_own_starts_its_job(stage: Stage, own: Channel) -> None:
    body = {"type": "invoice.paid", "data": {"id": "a-7"}}
    assert deliver(stage, own, body) == (202, "ignored")
    add(stage, own, "invoice.paid")
    assert deliver(stage, own, {**body, "again": True}) == (202, "waiting")
    event = Event.objects.latest("pk")
    assert (event.job, event.entities) == (job(own), ["a-7"])
    mapping = own.mappings.get(topic="invoice.paid")
    assert (mapping.enabled, mapping.enabled_since, mapping.id_path) == (True, stage.now, "")


def test_a_mapping_says_itself_where_its_bodies_name_the_record(stage: Stage, own: Channel) -> None:
    add(stage, own, "invoice.paid", id_path="$.order_no")
    assert deliver(stage, own, {"type": "invoice.paid", "order_no": 9}) == (202, "waiting")
    assert Event.objects.latest("pk").entities == ["9"]
    mapping = own.mappings.get(topic="invoice.paid")
    save(stage, mappings={mapping.pk: {"id_path": "$.orders[*]"}})
    assert deliver(stage, own, {"type": "invoice.paid", "orders": [1, "b"]}) == (202, "waiting")
    assert Event.objects.latest("pk").entities == ["1", "b"]
    assert deliver(stage, own, {"type": "invoice.paid", "order_no": 9}) == (400, "rejected")


def test_only_connectors_with_topics_of_ones_own_pay_for_the_paths(
    stage: Stage, own: Channel, shop: Channel
) -> None:
    counts = []
    for channel in (shop, own):
        fresh = Channel.objects.get(pk=channel.pk)
        with CaptureQueriesContext(connection) as captured:
            made = fresh.make_connector()
        counts.append((len(captured), len(made.id_paths)))
    assert counts == [(0, 0), (1, own.mappings.count())]


def test_removing_the_last_topic_of_a_job_switches_it_and_its_emergency_job_off(
    stage: Stage, own: Channel
) -> None:
    assert job(own, UPDATES).emergency_state == "armed"
    assert remove(stage, own, "order.updated") == []
    found = remove(stage, own, "order.cancelled")
    assert [one.what for one in found] == ["main_stopped", "emergency_off"]
    assert job(own, UPDATES).listening_since is None
    assert job(own, UPDATES).emergency_state == "off"
    body = {"type": "order.updated", "data": {"id": "a-7"}}
    assert deliver(stage, own, body) == (202, "ignored")


def test_the_first_topic_of_a_job_switches_it_on(stage: Stage, own: Channel) -> None:
    remove(stage, own, "order.updated", "order.cancelled")
    new = NewMapping(own.pk, "order.changed", UPDATES)
    found = save(stage, new_mappings=[new])
    assert [one.what for one in found] == ["main_started", "emergency_on"]
    assert job(own, UPDATES).listening_since == stage.now
    off = NewMapping(own.pk, "order.noted", UPDATES, enabled=False)
    assert save(stage, new_mappings=[off]) == []


def test_a_preview_of_mappings_changes_nothing(stage: Stage, own: Channel) -> None:
    before = list(WebhookMapping.objects.values())
    ids = [row["id"] for row in before if row["type"] == UPDATES]
    change = Change(removed_mappings=ids, new_mappings=[NewMapping(own.pk, "x", "receive_orders")])
    found = configure.preview(stage.account, change, stage.now)
    assert {one.type for one in found} == {UPDATES}
    assert list(WebhookMapping.objects.values()) == before


def test_a_topic_can_start_another_job_in_one_save(stage: Stage, own: Channel) -> None:
    old = own.mappings.get(topic="order.updated")
    new = NewMapping(own.pk, "order.updated", "receive_orders", id_path="$.id")
    save(stage, removed_mappings=[old.pk], new_mappings=[new])
    assert own.mappings.get(topic="order.updated").type == "receive_orders"
    entry = HistoryEntry.objects.get()
    assert entry.channel == own
    assert entry.old == {"order.updated.starts": UPDATES, "order.updated.id_path": None}
    assert entry.new == {
        "order.updated.starts": "receive_orders",
        "order.updated.id_path": "$.id",
    }


def test_the_history_says_in_sentences_what_became_of_topics(stage: Stage, own: Channel) -> None:
    created, cancelled = (
        own.mappings.get(topic=topic).pk for topic in ("order.created", "order.cancelled")
    )
    save(
        stage,
        mappings={created: {"id_path": "$.id"}},
        removed_mappings=[cancelled],
        new_mappings=[NewMapping(own.pk, "invoice.paid", "receive_orders", enabled=False)],
    )
    entry = HistoryEntry.objects.get()
    assert entry.consequences == [
        "The record of order.created is read from $.id.",
        "The topic invoice.paid is added: it starts Receive Orders, once it is switched on.",
        "The topic order.cancelled is removed: its events are stored and ignored.",
    ]


def test_what_was_removed_does_not_come_back(stage: Stage, own: Channel) -> None:
    remove(stage, own, "order.cancelled")
    configure.reconcile(stage.account, stage.now)
    orders = own.mappings.filter(topic__startswith="order.")
    assert set(orders.values_list("topic", flat=True)) == {"order.created", "order.updated"}


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"topic": "order.created"}, "topic", "mapped already: it starts Receive Orders"),
        ({"topic": ""}, "topic", "1 to 100"),
        ({"topic": "x" * 101}, "topic", "1 to 100"),
        ({"topic": "a\x00b"}, "topic", "no topic has"),
        ({"type": "send_order_updates"}, "type", "Receive Orders, Receive Order Updates"),
        ({"type": "receive_shipments"}, "type", "cannot start this"),
        ({"type": "fax"}, "type", "cannot start this"),
        ({"id_path": "data.id"}, "id_path", "JSONPath"),
        ({"id_path": "$..id"}, "id_path", "Filters"),
        ({"channel": 0}, "channel", "no longer exists"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    stage: Stage, own: Channel, fields: dict[str, Any], field: str, sentence: str
) -> None:
    values = {"channel": own.pk, "topic": "x", "type": "receive_orders", **fields}
    errors = refused(stage, new_mappings=[NewMapping(**values)])
    assert list(errors) == [field]
    assert sentence in errors[field][0]


def test_the_same_new_topic_twice_is_refused(stage: Stage, own: Channel) -> None:
    twice = [NewMapping(own.pk, "x", "receive_orders")] * 2
    assert "topic" in refused(stage, new_mappings=twice)


def test_fixed_topics_are_switched_and_nothing_else(stage: Stage, shop: Channel) -> None:
    mapping = shop.mappings.get(topic="order.created")
    new = NewMapping(shop.pk, "x", "receive_orders")
    assert "are fixed" in refused(stage, new_mappings=[new])["topic"][0]
    said = refused(stage, removed_mappings=[mapping.pk])["mapping"][0]
    assert said == "The topics of Test shop are fixed. Switch it off instead."
    changed = {mapping.pk: {"id_path": "$.id"}}
    assert "are fixed" in refused(stage, mappings=changed)["id_path"][0]
    save(stage, mappings={mapping.pk: {"id_path": "", "enabled": False}})
    mapping.refresh_from_db()
    assert not mapping.enabled


def test_only_what_a_mapping_has_can_be_changed(stage: Stage, own: Channel) -> None:
    mapping = own.mappings.get(topic="order.created")
    assert "topic" in refused(stage, mappings={mapping.pk: {"topic": "x"}})
    assert "enabled" in refused(stage, mappings={mapping.pk: {"enabled": "yes"}})
    assert "id_path" in refused(stage, mappings={mapping.pk: {"id_path": None}})
    assert "mapping" in refused(stage, removed_mappings=[0])
    save(stage, removed_mappings=[mapping.pk, mapping.pk])
    assert not own.mappings.filter(pk=mapping.pk).exists()
