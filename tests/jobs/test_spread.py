"""By how much jobs start after their slots: stable, bound, even."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.spread import BOUNDS, NONE, spread_of, widest
from jobs.timetable import PERIODS, Grid, slots_between, zone_changes

SECOND, DAYS = timedelta(seconds=1), timedelta(days=2)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
job_ids = st.integers(min_value=1, max_value=2**63 - 1)


@given(job_ids, st.sampled_from(BOUNDS), st.sampled_from(PERIODS))
def test_it_is_whole_seconds_below_the_bound_and_the_period(
    job_id: int, bound: int, period: int
) -> None:
    spread = spread_of(job_id, bound, period)
    assert NONE <= spread < timedelta(minutes=min(bound, period))
    assert spread % SECOND == NONE


@given(job_ids, st.sampled_from(BOUNDS), st.sampled_from(PERIODS))
def test_it_is_always_the_same(job_id: int, bound: int, period: int) -> None:
    assert spread_of(job_id, bound, period) == spread_of(job_id, bound, period)


def test_it_is_the_same_in_every_process_and_release() -> None:
    """These figures must never change: starts would move without anybody's doing."""
    seconds = [spread_of(job, 30, 60).seconds for job in (1, 2, 3, 1_000_000)]
    assert seconds == [710, 500, 1561, 1188]


@pytest.mark.parametrize(("bound", "period"), [(None, 60), (5, None), (None, None), (0, 60)])
def test_without_a_bound_or_a_period_nothing_is_spread(
    bound: int | None, period: int | None
) -> None:
    assert {spread_of(job, bound, period) for job in range(100)} == {NONE}
    assert widest(bound, period) == 0


@pytest.mark.parametrize(("bound", "period"), [(1, 5), (5, 60), (15, 5), (30, 1440)])
def test_jobs_whose_ids_follow_each_other_are_spread_evenly(bound: int, period: int) -> None:
    """Each tenth of the time gets its tenth of the jobs, give or take what chance allows."""
    jobs, within = 20_000, widest(bound, period) * 60
    tenths = Counter(spread_of(job, bound, period).seconds * 10 // within for job in range(jobs))
    assert sorted(tenths) == list(range(10))
    # Five standard deviations of a fair draw.
    assert all(abs(count - jobs / 10) < 5 * (jobs * 0.09) ** 0.5 for count in tenths.values())


@given(job_ids)
def test_a_wider_bound_than_the_period_changes_nothing(job_id: int) -> None:
    assert spread_of(job_id, 30, 5) == spread_of(job_id, 5, 5)


@given(
    job_ids,
    st.sampled_from(PERIODS),
    st.sampled_from([0, 5, 30, -60]),
    st.sampled_from(["Europe/Berlin", "America/New_York"]),
)
def test_a_run_starts_before_the_next_slot_where_the_clock_changes_too(
    job_id: int, period: int, offset: int, zone: str
) -> None:
    grid = Grid(period, offset if abs(offset) < period else 0, zone)
    spread = spread_of(job_id, max(BOUNDS), period)
    for change in zone_changes(zone, YEAR, YEAR + timedelta(days=365)):
        slots = slots_between(grid, change.at - DAYS, change.at + DAYS)
        assert all(slot + spread < following for slot, following in pairwise(slots))
