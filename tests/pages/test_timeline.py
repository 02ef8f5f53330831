"""The geometry and the words of a timeline: each mark lies where its instant lies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.forecast import Bend, Calls
from jobs.pages import timeline_words as words
from jobs.pages.timeline import SINGLE, draw, place_slots
from jobs.pages.timeline_shapes import Place, Span
from jobs.timetable import Grid, count_between, slots_between, wall_times_moved, zone_changes
from tests.builders import NOW
from tests.jobs.test_forecast import ZONES, moments, settings

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
SPRING = datetime(2026, 3, 28, 18, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 18, tzinfo=UTC)


def instant(place: Place, span: Span) -> datetime:
    """The moment that a place on the line stands for, to the minute."""
    at = span.start + (span.end - span.start) * (place.percent / 100) + 30 * SECOND
    return at.replace(second=0, microsecond=0)


@given(settings(), st.sampled_from(ZONES), moments, st.sampled_from([1, 7]))
def test_the_marks_are_the_slots(
    chosen: tuple[int, int | None], zone: str, at: datetime, days: int
) -> None:
    at = at.replace(second=0, microsecond=0)
    grid, span = Grid(chosen[0], -(chosen[1] or 0), zone), Span(at, days * DAY, zone)
    slots = slots_between(grid, span.now, span.end)
    drawn = place_slots(slots, span)
    if drawn.band is None:
        assert [instant(mark, span) for mark in drawn.marks] == slots
        assert len(slots) <= SINGLE
    else:
        ends = (instant(drawn.band.first, span), instant(drawn.band.last, span))
        assert ends == (slots[0], slots[-1])
        assert drawn.band.count == count_between(grid, span.now, span.end) > SINGLE
        assert drawn.marks == []


@given(moments, st.sampled_from(ZONES), st.sampled_from([1, 7]))
def test_hours_and_days_stand_where_the_clock_reads_them(
    at: datetime, zone: str, days: int
) -> None:
    span = Span(at.replace(second=0, microsecond=0), days * DAY, zone)
    timeline = draw([], span, {})
    for tick in timeline.ticks:
        assert span.local(instant(tick, span)).minute == 0 or "Lord_Howe" in zone
        if tick.label:
            assert f"{span.local(instant(tick, span)):%H:%M}" == tick.label
    midnights = [day for day in timeline.days if day.percent]
    last = span.local(span.end - datetime.resolution)
    assert len(midnights) == (last.date() - span.local(span.start).date()).days
    assert all(f"{span.local(instant(day, span)):%H:%M}" == "00:00" for day in midnights)


def test_now_lies_near_the_left_edge_and_labels_stay_inside() -> None:
    span = Span(NOW, DAY, "Europe/Berlin")
    assert draw([], span, {}).now.label == "13:00"
    assert 0 < span.percent(NOW) < 3
    anchors = [Place(percent).anchor for percent in (0.0, 50.0, 100.0)]
    assert anchors == ["start", "middle", "end"]
    assert span.percent(NOW - DAY) == 0
    assert span.percent(NOW + 9 * DAY) == 100


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (
            Grid(480, -60, "UTC"),
            "Without the Delay: 00:00, 08:00, 16:00. "
            "The window 08:00 to 16:00 becomes 07:00 to 15:00.",
        ),
        (
            Grid(480, 5, "UTC"),
            "Without the Delay: 00:00, 08:00, 16:00. Every run is 5 minutes later.",
        ),
        (Grid(60, -5, "UTC"), "Every run is 5 minutes earlier than the grid of the day."),
        (Grid(1440, -60, "UTC"), "Without the Delay: 00:00. Every run is 1 hour earlier."),
        (Grid(480, 0, "UTC"), ""),
    ],
)
def test_a_delay_is_told_by_what_it_does(grid: Grid, expected: str) -> None:
    assert words.delay_effect(grid) == expected


@pytest.mark.parametrize(
    ("start", "grid", "expected"),
    [
        (SPRING, (480, 120), "02:00 does not exist that day and runs at 03:00."),
        (SPRING, (480, 0), "no slot is touched."),
        (SPRING, (30, 0), "runs go on without a pause, each 30 minutes."),
        (AUTUMN, (480, 150), "02:30 occurs twice and runs the first time only."),
        (AUTUMN, (30, 0), "the time that occurs twice is served twice."),
    ],
)  # fmt: skip
def test_a_change_of_the_clock_is_told_by_what_happens_to_the_slots(
    start: datetime, grid: tuple[int, int], expected: str
) -> None:
    of = Grid(*grid, "Europe/Berlin")
    [change] = zone_changes(of.zone, start, start + DAY)
    told = words.bend_words(Bend(change, tuple(wall_times_moved(of, change))), of)
    day = (
        "Sun 29 Mar, 02:00 becomes 03:00" if start == SPRING else "Sun 25 Oct, 03:00 becomes 02:00"
    )
    assert told == f"{day}: {expected}"


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (Calls(0, 1), "none planned"),
        (Calls(1, 1), "1 run, at least 1 call"),
        (Calls(3, 2, 150.0), "3 runs, at least 6 calls: a run of late read 150 records, 2 calls"),
        (Calls(24, None), "24 runs; calls only where there is something to send"),
        (
            Calls(0, 1, None, 24),
            "at least 1 call for each webhook, "
            "and at most 24 emergency runs if nothing is heard",
        ),
    ],
)  # fmt: skip
def test_what_calls_cost_is_told_as_a_lower_bound(calls: Calls, expected: str) -> None:
    assert words.calls_words(calls) == expected
