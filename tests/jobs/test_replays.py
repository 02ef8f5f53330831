"""Asking again for many parked records: one run for each job, the rest is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.models import Channel
from jobs import control, replays
from oms.models import ParkedRecord, ParkedStatus
from tests import builders
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


def park(stage: Stage, channel: Channel, external_id: str, **fields: object) -> ParkedRecord:
    values: dict[str, object] = {
        "account": stage.account,
        "channel": channel,
        "type": "receive_orders",
        "external_id": external_id,
        "reason": "?",
        "parked_at": stage.now,
    }
    return ParkedRecord.objects.create(**{**values, **fields})


def test_each_job_gets_one_run_for_all_its_records(
    stage: Stage, shop: Channel, warehouse: Channel, shopfloor: Platform
) -> None:
    for number in ("1000", "1001"):
        shopfloor.place(stage.now, number)
        park(stage, shop, number)
    park(stage, warehouse, "W-1", type="receive_shipments")
    park(stage, shop, "1002", status=ParkedStatus.DISCARDED)
    done = replays.retry_all(ParkedRecord.objects.all(), stage.now)
    assert [(run.type, run.entities) for run in done.runs] == [
        ("receive_orders", ["1000", "1001"]),
        ("receive_shipments", ["W-1"]),
    ]
    assert (done.records, done.refused) == (3, [])
    assert done.sentence == "3 parked records are asked for again."
    stage.wait(minutes=1).work()
    states = dict(ParkedRecord.objects.values_list("external_id", "status"))
    assert states["1000"] == states["1001"] == "resolved"
    assert states["1002"] == "discarded"


def test_a_second_request_joins_the_waiting_run(stage: Stage, shop: Channel) -> None:
    park(stage, shop, "1000")
    first = replays.retry_all(ParkedRecord.objects.all(), stage.now)
    park(stage, shop, "1001")
    again = replays.retry_all(ParkedRecord.objects.all(), stage.now)
    assert [run.pk for run in again.runs] == [run.pk for run in first.runs]
    assert again.runs[0].entities == ["1000", "1001"]


def test_a_disabled_channel_is_told_and_does_not_stop_the_others(
    stage: Stage, shop: Channel, warehouse: Channel
) -> None:
    park(stage, shop, "1000")
    park(stage, warehouse, "W-1", type="receive_shipments")
    park(stage, warehouse, "W-2", type="import_products")
    stage.save(shop, enabled=False)
    done = replays.retry_all(ParkedRecord.objects.all(), stage.now)
    assert [run.type for run in done.runs] == ["receive_shipments"]
    assert done.refused == [
        "Shop, Receive Orders: The channel is disabled: enable it first.",
        "The channel no longer does this job.",
    ]


def test_where_nothing_is_parked_nothing_starts(stage: Stage, shop: Channel) -> None:
    done = replays.retry_all(ParkedRecord.objects.all(), stage.now)
    assert done.runs == []
    assert done.sentence == "Nothing is parked here that could be asked for again."


def test_a_discarded_record_keeps_who_when_and_why(stage: Stage, shop: Channel) -> None:
    parked, actor = park(stage, shop, "1000"), builders.user("op@example.com", of=stage.account)
    later = stage.now + timedelta(hours=1)
    control.discard(parked, later, actor, "a test order")
    parked.refresh_from_db()
    assert (parked.status, parked.note, parked.ended_by, parked.ended_at) == (
        "discarded", "a test order", actor, later,
    )  # fmt: skip
    with pytest.raises(control.NotNow):
        control.discard(parked, later, actor, "again")
    parked.refresh_from_db()
    assert parked.note == "a test order"


@pytest.mark.parametrize(
    ("payload", "waits"),
    [
        ({"lines": [{"sku": "tea"}, {"sku": " CUP"}]}, True),
        ({"sku": "Cup", "on_hand": 3}, True),
        ({"order": {"lines": [{"item": {"sku": "CUP"}}]}}, True),
        ({"lines": [{"sku": "CUPBOARD", "name": "CUP"}]}, False),
        ({"lines": [{"sku": None}], "note": "CUP"}, False),
        ({}, False),
    ],
)
def test_a_record_waits_for_a_sku_that_its_payload_names(
    stage: Stage, shop: Channel, payload: dict[str, object], waits: bool
) -> None:
    park(stage, shop, "1000", payload=payload)
    done = replays.retry_waiting_for(shop, ["CUP"], stage.now)
    assert done.records == waits
