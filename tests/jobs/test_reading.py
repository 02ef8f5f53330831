"""What pages and API show: upcoming slots on nights the clocks change, and what became of slots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.enums import JobType
from channels.models import Channel
from jobs.models import EmergencyState, SlotStretch
from jobs.reading import jobs_in_emergency, past_slots, shown_reason, shown_state, upcoming
from tests.jobs import rules
from tests.jobs.platform import Platform
from tests.jobs.rules import job, save
from tests.jobs.stage import Stage


@pytest.fixture(autouse=True)
def _connectors(monkeypatch: pytest.MonkeyPatch, shopfloor: object) -> None:
    rules.install(monkeypatch)


def scheduled(stage: Stage, track: str, zone: str, period: int, delay: int | None) -> Channel:
    """A shop whose Receive Orders runs on a grid of this zone; its delay as its track means it."""
    made = rules.channel(stage, track=track)
    if track == "stable":
        row = {"enabled": True, "period_minutes": period, "delay_minutes": delay}
        save(stage, stable={"receive_orders": row}, account={"timezone": zone})
    else:
        values = {"main_period_minutes": period, "delay_minutes": delay}
        key = (made.pk, "receive_orders")
        save(stage, jobs={key: values}, account={"timezone": zone})
    return made


def shown(stage: Stage, start: datetime, end: datetime) -> list[tuple[str, str]]:
    """(UTC, local with its offset) of each upcoming slot."""
    found = upcoming(rules.world(stage), start, end)
    return [(f"{one.slot_at:%d %H:%M}", f"{one.local:%d %H:%M %z}") for one in found]


@pytest.mark.parametrize(
    ("track", "delay", "expected"),
    [
        ("beta", None, ["00:00", "08:00", "16:00"]),
        ("beta", 60, ["07:00", "15:00", "23:00"]),
        ("stable", None, ["00:00", "08:00", "16:00"]),
        ("stable", 5, ["00:05", "08:05", "16:05"]),
    ],
)
def test_eight_hours_with_the_delays_of_both_tracks(
    stage: Stage, track: str, delay: int | None, expected: list[str]
) -> None:
    scheduled(stage, track, "UTC", 480, delay)
    day = datetime(2026, 3, 5, tzinfo=UTC)
    found = upcoming(rules.world(stage), day, day + timedelta(days=1))
    assert [f"{one.slot_at:%H:%M}" for one in found] == expected


NIGHTS: list[tuple[str, str, int, str, list[str]]] = [
    # Berlin, forward from 02:00 to 03:00 at 01:00 UTC
    (
        "Europe/Berlin",
        "2026-03-28T23:00",
        60,
        "2026-03-29T03:00",
        ["29 00:00 +0100", "29 01:00 +0100", "29 03:00 +0200", "29 04:00 +0200"],
    ),
    (
        "Europe/Berlin",
        "2026-03-28T22:30",
        120,
        "2026-03-29T05:00",
        ["29 00:00 +0100", "29 03:00 +0200", "29 04:00 +0200", "29 06:00 +0200"],
    ),
    # Berlin, back from 03:00 to 02:00 at 01:00 UTC: short periods repeat, long ones do not
    (
        "Europe/Berlin",
        "2026-10-24T23:30",
        60,
        "2026-10-25T03:00",
        ["25 02:00 +0200", "25 02:00 +0100", "25 03:00 +0100"],
    ),
    (
        "Europe/Berlin",
        "2026-10-24T21:30",
        120,
        "2026-10-25T04:00",
        ["25 00:00 +0200", "25 02:00 +0200", "25 04:00 +0100"],
    ),
    # New York, forward at 07:00 UTC, back at 06:00 UTC
    (
        "America/New_York",
        "2026-03-08T06:20",
        30,
        "2026-03-08T07:40",
        ["08 01:30 -0500", "08 03:00 -0400", "08 03:30 -0400"],
    ),
    (
        "America/New_York",
        "2026-11-01T04:30",
        180,
        "2026-11-01T12:00",
        ["01 03:00 -0500", "01 06:00 -0500"],
    ),
    # Lord Howe moves by half an hour, back at 15:00 UTC, forward at 15:30 UTC
    (
        "Australia/Lord_Howe",
        "2026-04-04T14:00",
        20,
        "2026-04-04T15:31",
        [
            "05 01:00 +1100",
            "05 01:20 +1100",
            "05 01:40 +1100",
            "05 01:40 +1030",
            "05 02:00 +1030",
        ],
    ),
    (
        "Australia/Lord_Howe",
        "2026-10-03T13:00",
        120,
        "2026-10-03T18:00",
        ["04 00:00 +1030", "04 02:30 +1100", "04 04:00 +1100"],
    ),
    # Santiago changes at midnight: the first slot of the day is the first instant after the gap
    (
        "America/Santiago",
        "2026-09-05T20:30",
        480,
        "2026-09-06T12:00",
        ["06 01:00 -0300", "06 08:00 -0300"],
    ),
    (
        "America/Santiago",
        "2026-04-04T20:30",
        480,
        "2026-04-05T13:00",
        ["05 00:00 -0400", "05 08:00 -0400"],
    ),
]


@pytest.mark.parametrize("track", ["beta", "stable"])
@pytest.mark.parametrize(("zone", "start", "period", "end", "expected"), NIGHTS)
def test_the_night_the_clocks_change(
    stage: Stage, track: str, zone: str, start: str, period: int, end: str, expected: list[str]
) -> None:
    scheduled(stage, track, zone, period, None)
    since, until = (datetime.fromisoformat(f"{text}+00:00") for text in (start, end))
    found = shown(stage, since, until)
    assert [local for _utc, local in found] == expected


def test_a_delay_moves_the_grid_across_the_change(stage: Stage) -> None:
    """Stable, 2 hours and 30 minutes: 02:30 does not exist that night and runs at 03:00."""
    scheduled(stage, "stable", "Europe/Berlin", 120, 30)
    night = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    found = shown(stage, night, night + timedelta(hours=5))
    assert [local for _utc, local in found] == [
        "29 00:30 +0100",
        "29 03:00 +0200",
        "29 04:30 +0200",
    ]


def test_the_window_is_half_open(stage: Stage) -> None:
    scheduled(stage, "beta", "UTC", 60, None)
    hour = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
    found = upcoming(rules.world(stage), hour, hour + timedelta(hours=1))
    assert [one.slot_at for one in found] == [hour]


def test_all_jobs_in_order_and_none_that_are_suspended(stage: Stage) -> None:
    full = rules.channel(stage)
    other = rules.channel(stage, "full_warehouse")
    values: dict[str, Any] = {"main_period_minutes": 720}
    save(
        stage,
        jobs={
            (full.pk, "receive_orders"): values,
            (full.pk, "receive_order_updates"): {"main_period_minutes": 1440},
            (other.pk, "send_shipments"): values,
        },
    )
    day = datetime(2026, 3, 5, tzinfo=UTC)
    found = upcoming(rules.world(stage), day, day + timedelta(days=1))
    assert [(one.channel, one.type, one.slot_at.hour) for one in found] == [
        (full.pk, "receive_order_updates", 0),
        (full.pk, "receive_orders", 0),
        (other.pk, "send_shipments", 0),
        (full.pk, "receive_orders", 12),
        (other.pk, "send_shipments", 12),
    ]
    save(stage, channels={full.pk: {"enabled": False}})
    found = upcoming(rules.world(stage), day, day + timedelta(days=1))
    assert {one.channel for one in found} == {other.pk}


def told(channel: Channel, start: datetime, end: datetime) -> list[tuple[str, str, int, str]]:
    """(first, last, count, outcome) of past slots."""
    return [
        (f"{one.first_slot_at:%H:%M}", f"{one.last_slot_at:%H:%M}", one.count, one.outcome)
        for one in past_slots(channel, start, end)
    ]


def test_what_became_of_past_slots(stage: Stage, shopfloor: Platform) -> None:
    """Two ran, the clock was away for three, then the channel was disabled for three."""
    full = scheduled(stage, "beta", "UTC", 60, None)
    start = stage.now
    stage.at("13:00").go()
    stage.at("14:00").go()
    stage.at("17:30").go()
    save(stage, channels={full.pk: {"enabled": False}})
    for hour in ("18:00", "19:00", "20:00"):
        stage.at(hour).go()
    assert told(full, start, stage.now + timedelta(minutes=1)) == [
        ("13:00", "13:00", 1, "ran"),
        ("14:00", "14:00", 1, "ran"),
        ("15:00", "16:00", 2, "coalesced"),
        ("17:00", "17:00", 1, "ran"),
        ("18:00", "20:00", 3, "suspended"),
    ]
    found = past_slots(full, start, stage.now + timedelta(minutes=1))
    assert found[2].run == found[3].run
    assert found[4].reason == "the channel is disabled"
    middle = stage.now.replace(hour=16, minute=0)
    assert told(full, middle, middle + timedelta(hours=3)) == [
        ("16:00", "16:00", 1, "coalesced"),
        ("17:00", "17:00", 1, "ran"),
        ("18:00", "18:00", 1, "suspended"),
    ]
    assert told(full, middle + timedelta(minutes=1), middle + timedelta(minutes=59)) == []


def test_a_stretch_of_another_grid_is_answered_whole(stage: Stage) -> None:
    full = scheduled(stage, "beta", "UTC", 60, None)
    SlotStretch.objects.create(
        job=job(full),
        first_slot_at=stage.now,
        last_slot_at=stage.now + timedelta(hours=4),
        count=3,
        outcome="skipped",
    )
    later = stage.now + timedelta(hours=1)
    assert told(full, later, later + timedelta(hours=1)) == [("12:00", "16:00", 3, "skipped")]


def test_a_slot_whose_run_waits_says_so(stage: Stage) -> None:
    full = scheduled(stage, "beta", "UTC", 60, None)
    stage.at("13:00").tick()
    found = past_slots(full, stage.now, stage.now + timedelta(minutes=1))
    assert [(one.outcome, one.reason) for one in found] == [("ran", "its run has not started yet")]


def test_running_overlays_the_emergency_state_while_its_run_is_active(
    stage: Stage, shopfloor: Platform
) -> None:
    full = rules.channel(stage)
    save(stage, channels={full.pk: {"mode": "webhook"}})
    one = job(full)
    assert "next by deadline" in shown_reason(one)
    assert shown_state(one, jobs_in_emergency([one])) == EmergencyState.ARMED
    stage.wait(hours=1).tick()
    one = job(full)
    assert shown_state(one, jobs_in_emergency([one])) == EmergencyState.ARMED, "it waits"

    seen: list[str] = []
    pages = rules.FullShop.pages

    def look(self: rules.FullShop, job_type: JobType, *args: Any) -> Any:
        if job_type == one.type:
            seen.append(shown_state(one, jobs_in_emergency([one])))
        return pages(self, job_type, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules.FullShop, "pages", look)
        stage.work()
    assert seen == ["running"]
    assert shown_state(job(full), jobs_in_emergency([one])) == EmergencyState.ARMED
