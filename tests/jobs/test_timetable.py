"""Slots as tables: this grid, from here to there, these moments on the wall clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from jobs.timetable import (
    PERIODS,
    Grid,
    count_between,
    next_slot,
    previous_slot,
    slots_between,
)

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
SANTIAGO = "America/Santiago"
LORD_HOWE = "Australia/Lord_Howe"
APIA = "Pacific/Apia"
TROLL = "Antarctica/Troll"
CASEY = "Antarctica/Casey"
KOLKATA = "Asia/Kolkata"

HOUR = timedelta(hours=1)
INSTANT = timedelta.resolution


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _local(zone: str, slots: list[datetime]) -> list[str]:
    """Wall time and UTC offset of each slot, without the date: `02:30+01:00`."""
    return [slot.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")[11:] for slot in slots]


def _day(grid: Grid, day: str) -> list[datetime]:
    """The slots of one local day."""
    first = date.fromisoformat(day)
    start, end = (
        datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(grid.zone))
        for d in (first, first + timedelta(days=1))
    )
    return slots_between(grid, start, end)


@pytest.mark.parametrize(
    ("period", "offset", "expected"),
    [
        pytest.param(480, 0, ["00:00", "08:00", "16:00"], id="no delay"),
        pytest.param(480, -60, ["07:00", "15:00", "23:00"], id="beta, delay of 1 hour"),
        pytest.param(480, 5, ["00:05", "08:05", "16:05"], id="stable, minimal 5 minutes"),
        pytest.param(720, -360, ["06:00", "18:00"], id="beta, half a period"),
        pytest.param(1440, -60, ["23:00"], id="beta, daily, an hour before midnight"),
        pytest.param(1440, 45, ["00:45"], id="stable, daily, 45 minutes after midnight"),
        pytest.param(360, 240, ["04:00", "10:00", "16:00", "22:00"], id="stable, 4 of 6 hours"),
        pytest.param(360, -120, ["04:00", "10:00", "16:00", "22:00"], id="beta, 2 of 6 hours"),
        pytest.param(240, 0, ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"], id="4 hours"),
    ],
)
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE, SANTIAGO, KOLKATA, "UTC"])
def test_an_ordinary_day_shows_the_grid_on_the_wall_clock(
    zone: str, period: int, offset: int, expected: list[str]
) -> None:
    slots = _day(Grid(period, offset, zone), "2024-06-12")

    assert [text[:5] for text in _local(zone, slots)] == expected


def test_a_beta_shift_moves_the_window_from_8_to_16_to_7_to_15() -> None:
    plain, shifted = Grid(480, 0, BERLIN), Grid(480, -60, BERLIN)
    noon = _at("2024-06-12T12:00+02:00")

    assert _local(BERLIN, [previous_slot(plain, noon), next_slot(plain, noon)]) == [
        "08:00+02:00",
        "16:00+02:00",
    ]
    assert _local(BERLIN, [previous_slot(shifted, noon), next_slot(shifted, noon)]) == [
        "07:00+02:00",
        "15:00+02:00",
    ]


@pytest.mark.parametrize("period", PERIODS)
def test_every_period_fills_an_ordinary_day_evenly_from_midnight(period: int) -> None:
    slots = _day(Grid(period, 0, KOLKATA), "2024-06-12")

    assert slots[0] == _at("2024-06-12T00:00+05:30")
    assert len(slots) == 1440 // period
    assert {b - a for a, b in pairwise(slots)} <= {timedelta(minutes=period)}


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_longest_delay_of_every_period_is_allowed_and_the_period_itself_is_not(
    period: int, sign: int
) -> None:
    longest = sign * (period - 1)

    slot = next_slot(Grid(period, longest, "UTC"), _at("2024-06-11T23:59:59+00:00"))

    assert slot == _at("2024-06-12T00:00+00:00") + timedelta(minutes=longest % period)
    with pytest.raises(ValueError, match=f"{period} minutes is not shorter"):
        Grid(period, sign * period, "UTC")


CHANGES = [
    # Forward: 02:00 becomes 03:00.
    (BERLIN, 30, 0, "2024-03-31T01:00+01:00", "2024-03-31T04:00+02:00",
     ["01:00+01:00", "01:30+01:00", "03:00+02:00", "03:30+02:00"]),
    (BERLIN, 60, 30, "2024-03-31T01:00+01:00", "2024-03-31T05:00+02:00",
     ["01:30+01:00", "03:30+02:00", "04:30+02:00"]),
    (BERLIN, 120, 0, "2024-03-31T00:00+01:00", "2024-03-31T07:00+02:00",
     ["00:00+01:00", "03:00+02:00", "04:00+02:00", "06:00+02:00"]),
    (BERLIN, 120, 60, "2024-03-31T00:00+01:00", "2024-03-31T07:00+02:00",
     ["01:00+01:00", "03:00+02:00", "05:00+02:00"]),
    (BERLIN, 180, -30, "2024-03-30T23:00+01:00", "2024-03-31T09:00+02:00",
     ["23:30+01:00", "03:00+02:00", "05:30+02:00", "08:30+02:00"]),
    (BERLIN, 1440, 150, "2024-03-30T00:00+01:00", "2024-04-02T00:00+02:00",
     ["02:30+01:00", "03:00+02:00", "02:30+02:00"]),
    (NEW_YORK, 240, 120, "2024-03-10T00:00-05:00", "2024-03-11T00:00-04:00",
     ["03:00-04:00", "06:00-04:00", "10:00-04:00", "14:00-04:00", "18:00-04:00", "22:00-04:00"]),
    # Back: 03:00 becomes 02:00 (Berlin), 02:00 becomes 01:00 (New York).
    (BERLIN, 60, 0, "2024-10-27T01:00+02:00", "2024-10-27T04:00+01:00",
     ["01:00+02:00", "02:00+02:00", "02:00+01:00", "03:00+01:00"]),
    (NEW_YORK, 30, 0, "2024-11-03T01:00-04:00", "2024-11-03T02:30-05:00",
     ["01:00-04:00", "01:30-04:00", "01:00-05:00", "01:30-05:00", "02:00-05:00"]),
    (NEW_YORK, 20, -15, "2024-11-03T01:00-04:00", "2024-11-03T02:00-05:00",
     ["01:05-04:00", "01:25-04:00", "01:45-04:00", "01:05-05:00", "01:25-05:00", "01:45-05:00"]),
    (BERLIN, 120, 0, "2024-10-27T00:00+02:00", "2024-10-27T07:00+01:00",
     ["00:00+02:00", "02:00+02:00", "04:00+01:00", "06:00+01:00"]),
    (NEW_YORK, 1440, 90, "2024-11-02T00:00-04:00", "2024-11-05T00:00-05:00",
     ["01:30-04:00", "01:30-04:00", "01:30-05:00"]),
    # Half an hour: 02:00 becomes 02:30, and back 02:00 becomes 01:30.
    (LORD_HOWE, 60, 0, "2024-10-06T01:00+10:30", "2024-10-06T04:30+11:00",
     ["01:00+10:30", "03:00+11:00", "04:00+11:00"]),
    (LORD_HOWE, 20, 0, "2024-10-06T01:40+10:30", "2024-10-06T03:01+11:00",
     ["01:40+10:30", "02:40+11:00", "03:00+11:00"]),
    (LORD_HOWE, 120, 0, "2024-10-06T00:00+10:30", "2024-10-06T05:00+11:00",
     ["00:00+10:30", "02:30+11:00", "04:00+11:00"]),
    (LORD_HOWE, 60, 0, "2024-04-07T01:00+11:00", "2024-04-07T03:30+10:30",
     ["01:00+11:00", "02:00+10:30", "03:00+10:30"]),
    (LORD_HOWE, 60, 45, "2024-04-07T01:00+11:00", "2024-04-07T03:00+10:30",
     ["01:45+11:00", "01:45+10:30", "02:45+10:30"]),
    (LORD_HOWE, 180, 105, "2024-04-07T00:00+11:00", "2024-04-07T08:00+10:30",
     ["01:45+11:00", "04:45+10:30", "07:45+10:30"]),
    # At midnight: 00:00 becomes 01:00, and back 24:00 becomes 23:00.
    (SANTIAGO, 1440, 0, "2024-09-07T00:00-04:00", "2024-09-10T00:00-03:00",
     ["00:00-04:00", "01:00-03:00", "00:00-03:00"]),
    (SANTIAGO, 30, 0, "2024-09-07T23:00-04:00", "2024-09-08T02:00-03:00",
     ["23:00-04:00", "23:30-04:00", "01:00-03:00", "01:30-03:00"]),
    (SANTIAGO, 1440, 0, "2024-04-06T00:00-03:00", "2024-04-09T00:00-04:00",
     ["00:00-03:00", "00:00-04:00", "00:00-04:00"]),
    (SANTIAGO, 720, -30, "2024-04-06T11:00-03:00", "2024-04-07T12:00-04:00",
     ["11:30-03:00", "23:30-03:00", "11:30-04:00"]),
    (SANTIAGO, 60, 0, "2024-04-06T22:00-03:00", "2024-04-07T01:00-04:00",
     ["22:00-03:00", "23:00-03:00", "23:00-04:00", "00:00-04:00"]),
    # Two hours forward, 01:00 becomes 03:00: both wall times fall to one instant.
    (TROLL, 120, 60, "2024-03-30T23:00+00:00", "2024-03-31T08:00+02:00",
     ["23:00+00:00", "03:00+02:00", "05:00+02:00", "07:00+02:00"]),
    # Three hours back: 02:00 becomes 23:00 the day before.
    (CASEY, 120, 0, "2010-03-04T22:00+11:00", "2010-03-05T05:00+08:00",
     ["22:00+11:00", "00:00+11:00", "02:00+08:00", "04:00+08:00"]),
    # 30 December 2011 did not happen.
    (APIA, 480, 0, "2011-12-29T08:00-10:00", "2011-12-31T17:00+14:00",
     ["08:00-10:00", "16:00-10:00", "00:00+14:00", "08:00+14:00", "16:00+14:00"]),
    (APIA, 480, -60, "2011-12-29T08:00-10:00", "2011-12-31T17:00+14:00",
     ["15:00-10:00", "23:00-10:00", "00:00+14:00", "07:00+14:00", "15:00+14:00"]),
    (APIA, 60, 30, "2011-12-29T22:00-10:00", "2011-12-31T02:00+14:00",
     ["22:30-10:00", "23:30-10:00", "00:30+14:00", "01:30+14:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "period", "offset", "start", "end", "expected"), CHANGES)
def test_slots_through_a_change_of_the_zone(
    zone: str, period: int, offset: int, start: str, end: str, expected: list[str]
) -> None:
    grid = Grid(period, offset, zone)

    slots = slots_between(grid, _at(start), _at(end))

    assert _local(zone, slots) == expected
    assert count_between(grid, _at(start), _at(end)) == len(expected)


@pytest.mark.parametrize(("zone", "period", "offset", "start", "end", "expected"), CHANGES)
def test_stepping_through_a_change_meets_the_same_slots_both_ways(
    zone: str, period: int, offset: int, start: str, end: str, expected: list[str]
) -> None:
    grid = Grid(period, offset, zone)
    forward, backward = (
        [next_slot(grid, _at(start) - INSTANT)],
        [previous_slot(grid, _at(end) - INSTANT)],
    )
    for _ in expected[1:]:
        forward.append(next_slot(grid, forward[-1]))
        backward.append(previous_slot(grid, backward[-1] - INSTANT))

    assert _local(zone, forward) == expected
    assert _local(zone, backward[::-1]) == expected


def test_inside_the_second_pass_a_long_period_looks_past_what_was_read_in_the_first() -> None:
    grid, second_pass = Grid(120, 30, BERLIN), _at("2024-10-27T02:10+01:00")

    assert next_slot(grid, second_pass) == _at("2024-10-27T04:30+01:00")
    assert previous_slot(grid, second_pass) == _at("2024-10-27T02:30+02:00")


def test_inside_the_second_pass_a_short_period_runs_again() -> None:
    grid, second_pass = Grid(60, 30, BERLIN), _at("2024-10-27T02:10+01:00")

    assert next_slot(grid, second_pass) == _at("2024-10-27T02:30+01:00")
    assert previous_slot(grid, second_pass) == _at("2024-10-27T02:30+02:00")


@pytest.mark.parametrize(
    ("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-12", 24)]
)
def test_short_periods_follow_the_true_length_of_the_day(day: str, hours: int) -> None:
    for period in (p for p in PERIODS if p <= 60):
        assert len(_day(Grid(period, 0, BERLIN), day)) == hours * 60 // period


@pytest.mark.parametrize("day", ["2024-03-31", "2024-10-27", "2024-06-12"])
def test_long_periods_run_as_often_as_on_any_day(day: str) -> None:
    for period in (p for p in PERIODS if p > 60):
        assert len(_day(Grid(period, 0, BERLIN), day)) == 1440 // period


def test_the_leap_day_is_a_day_like_any_other() -> None:
    grid = Grid(720, 5, NEW_YORK)

    slots = slots_between(grid, _at("2024-02-28T12:30-05:00"), _at("2024-03-01T12:00-05:00"))

    assert slots == [
        _at("2024-02-29T00:05-05:00"),
        _at("2024-02-29T12:05-05:00"),
        _at("2024-03-01T00:05-05:00"),
    ]


def test_a_year_of_daily_slots_has_a_slot_for_each_day() -> None:
    for zone in (BERLIN, NEW_YORK, LORD_HOWE, SANTIAGO, KOLKATA, "UTC"):
        year = (_at("2024-01-01T12:00+00:00"), _at("2025-01-01T12:00+00:00"))
        assert count_between(Grid(1440, 0, zone), *year) == 366


def test_the_year_without_its_30th_of_december_has_one_daily_slot_less() -> None:
    tz = ZoneInfo(APIA)
    year = (datetime(2011, 1, 1, tzinfo=tz), datetime(2012, 1, 1, tzinfo=tz))

    assert count_between(Grid(1440, 0, APIA), *year) == 364


def test_next_is_strictly_after_and_previous_includes_its_instant() -> None:
    grid, slot = Grid(60, 0, KOLKATA), _at("2024-06-12T10:00+05:30")

    assert next_slot(grid, slot) == slot + HOUR
    assert next_slot(grid, slot - INSTANT) == slot
    assert previous_slot(grid, slot) == slot
    assert previous_slot(grid, slot - INSTANT) == slot - HOUR


def test_a_stretch_includes_its_start_and_excludes_its_end() -> None:
    grid, slot = Grid(60, 0, "UTC"), _at("2024-06-12T10:00+00:00")

    assert slots_between(grid, slot, slot + HOUR) == [slot]
    assert slots_between(grid, slot + INSTANT, slot + HOUR) == []
    assert slots_between(grid, slot, slot + INSTANT) == [slot]


@pytest.mark.parametrize("back", [timedelta(0), HOUR])
def test_an_empty_or_reversed_stretch_has_no_slots(back: timedelta) -> None:
    grid, at = Grid(5, 0, BERLIN), _at("2024-10-27T02:00+01:00")

    assert slots_between(grid, at, at - back) == []
    assert count_between(grid, at, at - back) == 0


@pytest.mark.parametrize("function", [next_slot, previous_slot])
def test_any_aware_time_is_understood_and_the_answer_is_in_utc(
    function: Callable[[Grid, datetime], datetime],
) -> None:
    grid = Grid(480, 0, NEW_YORK)
    at = _at("2024-06-12T10:00+00:00")
    zones = [UTC, ZoneInfo(BERLIN), ZoneInfo(NEW_YORK), timezone(timedelta(hours=-9, minutes=-30))]

    answers = [function(grid, at.astimezone(zone)) for zone in zones]

    assert len(set(answers)) == 1
    assert all(answer.tzinfo is UTC for answer in answers)


def test_the_two_readings_of_a_repeated_wall_time_are_told_apart() -> None:
    tz = ZoneInfo(BERLIN)
    first = datetime(2024, 10, 27, 2, 15, tzinfo=tz)

    assert next_slot(Grid(30, 0, BERLIN), first) == _at("2024-10-27T02:30+02:00")
    assert next_slot(Grid(30, 0, BERLIN), first.replace(fold=1)) == _at("2024-10-27T02:30+01:00")


@pytest.mark.parametrize("period", [-5, 0, 1, 7, 45, 61, 300, 2880])
def test_a_period_that_is_not_offered_is_refused_and_the_offered_ones_are_named(
    period: int,
) -> None:
    with pytest.raises(ValueError, match=rf"A period of {period} minutes .* 5, 10, 15, .* 1440"):
        Grid(period, 0, "UTC")


def test_a_delay_as_long_as_the_period_is_refused_naming_both() -> None:
    with pytest.raises(ValueError, match=r"delay of 90 minutes .* period of 60 minutes"):
        Grid(60, -90, "UTC")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "America", "../Europe/Berlin", "/etc/hosts"])
def test_an_unknown_zone_is_refused_by_name(zone: str) -> None:
    with pytest.raises(ValueError, match=r"time zone '.*' is not known; choose an IANA name"):
        Grid(60, 0, zone)


def test_a_naive_time_is_refused_everywhere() -> None:
    grid, aware = Grid(60, 0, BERLIN), _at("2024-06-12T10:00+00:00")
    naive = aware.replace(tzinfo=None)

    for call in (
        lambda: next_slot(grid, naive),
        lambda: previous_slot(grid, naive),
        lambda: slots_between(grid, naive, aware),
        lambda: slots_between(grid, aware, naive),
        lambda: count_between(grid, naive, aware),
    ):
        with pytest.raises(ValueError, match="2024-06-12T10:00:00 has no time zone"):
            call()
