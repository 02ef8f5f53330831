"""Where a zone's clock changes within a stretch, and which wall times of a grid that touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobs.timetable import Grid, ZoneChange, wall_times_moved, zone_changes

HOUR = timedelta(hours=1)
SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)


def change(zone: str, around: datetime) -> ZoneChange:
    [found] = zone_changes(zone, around - 20 * HOUR, around + 20 * HOUR)
    return found


@pytest.mark.parametrize(
    ("zone", "at", "by", "wall"),
    [
        ("Europe/Berlin", SPRING, HOUR, "02:00"),
        ("Europe/Berlin", AUTUMN, -HOUR, "03:00"),
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC), HOUR, "02:00"),
        ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC), -HOUR, "02:00"),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC), HOUR / 2, "02:00"),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC), -HOUR / 2, "02:00"),
    ],
)
def test_a_change_is_found_with_what_the_clock_read_before_it(
    zone: str, at: datetime, by: timedelta, wall: str
) -> None:
    found = change(zone, at)
    assert (found.at, found.by, f"{found.wall:%H:%M}") == (at, by, wall)


def test_a_stretch_without_a_change_has_none() -> None:
    assert zone_changes("Europe/Berlin", SPRING, SPRING + 100 * HOUR) == []
    assert zone_changes("UTC", SPRING - HOUR, SPRING + HOUR) == []


def test_a_year_has_both_changes() -> None:
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert [found.at for found in zone_changes("Europe/Berlin", *year)] == [SPRING, AUTUMN]


@pytest.mark.parametrize(
    ("at", "offset", "expected"),
    [
        (SPRING, 150, ["02:30"]),
        (SPRING, 120, ["02:00"]),
        (SPRING, 180, []),
        (AUTUMN, 150, ["02:30"]),
        (AUTUMN, 120, ["02:00"]),
        (AUTUMN, 180, []),
    ],
)
def test_wall_times_left_out_or_repeated_are_those_of_the_grid_in_the_jump(
    at: datetime, offset: int, expected: list[str]
) -> None:
    grid = Grid(480, offset, "Europe/Berlin")
    found = wall_times_moved(grid, change("Europe/Berlin", at))
    assert [f"{wall:%H:%M}" for wall in found] == expected
