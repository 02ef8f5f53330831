"""What holds for every grid, zone and moment, and an oracle that reads the clock by the minute."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.timetable import (
    PERIODS,
    Grid,
    count_between,
    next_slot,
    previous_slot,
    slots_between,
)

ZONES = [
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",  # changed at 00:01 until 2011
    "Antarctica/Casey",  # three hours at once, also backwards
    "Antarctica/Troll",  # two hours at once
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour
    "Europe/Berlin",
    "Pacific/Apia",  # left out a day in 2011
    "UTC",
]
YEARS = [2001, 2004, 2010, 2011, 2024, 2025, 2038, 2099]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta.resolution


def _offset(zone: str, at: datetime) -> timedelta:
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset


@cache
def _changes(zone: str, year: int) -> list[datetime]:
    """The hours of the year at whose end the zone's offset differs from that at their start."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    hours = [start + HOUR * hour for hour in range(366 * 24)]
    return [b for a, b in pairwise(hours) if _offset(zone, a) != _offset(zone, b)]


class ReadClock:
    """The oracle: what the wall clock of a zone shows at each minute of a stretch.

    Knows nothing of folds, gaps or offsets beyond what a person with a notebook would write down;
    minutes are counted from 1970, in UTC and on the wall alike.
    """

    def __init__(self, zone: str, start: datetime, end: datetime) -> None:
        self.first = (start - EPOCH) // MINUTE - 3 * 1440
        last = (end - EPOCH) // MINUTE + 3 * 1440
        tz = ZoneInfo(zone)
        self.walls = [
            (at.astimezone(tz).replace(tzinfo=UTC) - EPOCH) // MINUTE
            for at in (EPOCH + MINUTE * minute for minute in range(self.first, last))
        ]
        self.seen: dict[int, int] = {}
        for index, wall in enumerate(self.walls):
            self.seen.setdefault(wall, index)
        self.jumps = [
            (before, after, index + 1)
            for index, (before, after) in enumerate(pairwise(self.walls))
            if after > before + 1
        ]

    def slots(self, grid: Grid, start: datetime, end: datetime) -> list[datetime]:
        indices = self._each(grid) if grid.period_minutes <= 60 else self._once_a_day(grid)
        slots = [EPOCH + MINUTE * (self.first + index) for index in sorted(indices)]
        return slots[bisect_left(slots, start) : bisect_left(slots, end)]

    def _each(self, grid: Grid) -> set[int]:
        period, offset = grid.period_minutes, grid.offset_minutes
        return {i for i, wall in enumerate(self.walls) if (wall - offset) % period == 0}

    def _once_a_day(self, grid: Grid) -> set[int]:
        period, offset = grid.period_minutes, grid.offset_minutes
        read = {i for wall, i in self.seen.items() if (wall - offset) % period == 0}
        jumped = {
            index
            for before, after, index in self.jumps
            if any((wall - offset) % period == 0 for wall in range(before + 1, after))
        }
        return read | jumped


@st.composite
def grids(draw: st.DrawFn, periods: tuple[int, ...] = PERIODS) -> Grid:
    period = draw(st.sampled_from(periods))
    offset = draw(st.integers(min_value=1 - period, max_value=period - 1))
    return Grid(period, offset, draw(st.sampled_from(ZONES)))


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """An instant from 2000 to 2100, more often than not close to a change of the zone."""
    changes = _changes(zone, draw(st.sampled_from(YEARS)))
    close = draw(st.integers(0, 3)) > 0
    if changes and close:
        change = draw(st.sampled_from(changes))
        minutes = draw(st.integers(-40 * 60, 40 * 60))
        return change + MINUTE * minutes + draw(st.sampled_from([INSTANT, -INSTANT, 0 * DAY]))
    century = (datetime(2100, 1, 1, tzinfo=UTC) - FIRST) // INSTANT
    return FIRST + INSTANT * draw(st.integers(0, century))


@st.composite
def grids_at(draw: st.DrawFn, periods: tuple[int, ...] = PERIODS) -> tuple[Grid, datetime]:
    grid = draw(grids(periods))
    return grid, draw(moments(grid.zone))


def _stepped(grid: Grid, start: datetime, end: datetime) -> list[datetime]:
    slots, slot = [], next_slot(grid, start - INSTANT)
    while slot < end:
        slots.append(slot)
        slot = next_slot(grid, slot)
    return slots


@given(grids_at())
def test_the_next_slot_is_later_and_nothing_lies_between(case: tuple[Grid, datetime]) -> None:
    grid, at = case

    slot = next_slot(grid, at)

    assert slot > at
    assert previous_slot(grid, slot) == slot
    assert previous_slot(grid, slot - INSTANT) == previous_slot(grid, at)


@given(grids_at())
def test_the_previous_slot_is_not_later_and_nothing_lies_between(
    case: tuple[Grid, datetime],
) -> None:
    grid, at = case

    slot = previous_slot(grid, at)

    assert slot <= at
    assert next_slot(grid, slot - INSTANT) == slot
    assert next_slot(grid, slot) == next_slot(grid, at)


@given(grids_at())
def test_a_slot_shows_the_grid_on_the_wall_or_is_the_first_instant_after_a_jump(
    case: tuple[Grid, datetime],
) -> None:
    grid, at = case

    slot = next_slot(grid, at)

    wall = slot.astimezone(ZoneInfo(grid.zone))
    on_grid = (wall.hour * 60 + wall.minute - grid.offset_minutes) % grid.period_minutes == 0
    jumped = _offset(grid.zone, slot) > _offset(grid.zone, slot - INSTANT)
    assert wall.second == wall.microsecond == 0
    assert on_grid or (grid.period_minutes > 60 and jumped)


@given(grids_at())
def test_silence_never_exceeds_the_period_by_more_than_the_jump_of_the_zone(
    case: tuple[Grid, datetime],
) -> None:
    grid, at = case
    period = MINUTE * grid.period_minutes

    first = next_slot(grid, at)
    second = next_slot(grid, first)

    jump = abs(_offset(grid.zone, second) - _offset(grid.zone, first))
    allowed = 0 * jump if grid.period_minutes <= 60 and not jump % period else jump
    assert second - first <= period + allowed


@given(grids_at(), st.integers(0, 12 * 1440))
def test_the_slots_between_two_moments_are_those_met_by_stepping(
    case: tuple[Grid, datetime], minutes: int
) -> None:
    grid, start = case
    end = start + MINUTE * minutes

    slots = slots_between(grid, start, end)

    assert slots == _stepped(grid, start, end)
    assert count_between(grid, start, end) == len(slots)


@given(grids_at(), st.integers(0, 3 * 1440), st.integers(0, 3 * 1440))
def test_a_stretch_cut_in_two_keeps_its_slots(
    case: tuple[Grid, datetime], before: int, after: int
) -> None:
    grid, middle = case
    start, end = middle - MINUTE * before, middle + MINUTE * after

    whole = slots_between(grid, start, end)

    assert whole == slots_between(grid, start, middle) + slots_between(grid, middle, end)


@given(grids_at())
def test_close_to_any_moment_the_slots_are_those_read_off_the_clock(
    case: tuple[Grid, datetime],
) -> None:
    grid, at = case
    start, end = at - DAY, at + DAY

    expected = ReadClock(grid.zone, start, end).slots(grid, start, end)

    assert slots_between(grid, start, end) == expected
    assert _stepped(grid, start, end) == expected


@pytest.mark.parametrize(
    ("zone", "year"),
    [
        ("America/New_York", 2024),
        ("America/Santiago", 2024),
        ("Antarctica/Casey", 2010),
        ("Australia/Lord_Howe", 2024),
        ("Europe/Berlin", 2024),
        ("Pacific/Apia", 2011),
    ],
)
def test_over_a_whole_year_every_period_has_the_slots_read_off_the_clock(
    zone: str, year: int
) -> None:
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    clock = ReadClock(zone, start, end)
    for number, period in enumerate(PERIODS):
        sign = 1 if number % 2 else -1
        grid = Grid(period, sign * (period // 2), zone)
        expected = clock.slots(grid, start, end)

        assert slots_between(grid, start, end) == expected, grid
        assert count_between(grid, start, end) == len(expected), grid
