"""What is left of a platform's limit, and who may take of it: tables and properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.connectors.values import Limit
from jobs.budget import Bucket, Lane, available, is_plentiful, lane_of, take, told
from jobs.deadline import SWEEP

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RESERVE = 0.2
WINDOW = Bucket(remaining=100, told_at=NOW, capacity=100, resets_at=NOW + timedelta(seconds=60))
POINTS = Bucket(remaining=1000, told_at=NOW, capacity=1000, restores=50, cost=100)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("causes", "reason", "lane"),
    [
        (["manual"], "", Lane.MANUAL),
        (["retry"], "retry of run 3", Lane.MANUAL),
        (["webhook"], "", Lane.WEBHOOK),
        (["change"], "", Lane.WEBHOOK),
        (["emergency"], "deadline: no proof", Lane.EMERGENCY),
        (["emergency"], SWEEP, Lane.SWEEP),
        (["schedule"], "", Lane.SCHEDULE),
        (["schedule", "emergency"], SWEEP, Lane.SCHEDULE),
        (["schedule", "manual"], "", Lane.MANUAL),
        ([], "", Lane.SCHEDULE),
    ],
)
def test_a_run_takes_the_best_lane_of_its_causes(
    causes: list[str], reason: str, lane: Lane
) -> None:
    assert lane_of(causes, reason) == lane


@pytest.mark.parametrize(
    ("bucket", "seconds", "left"),
    [
        (replace(WINDOW, remaining=3), 0, 3),
        (replace(WINDOW, remaining=3), 59, 3),
        (replace(WINDOW, remaining=3), 60, 100),
        (replace(WINDOW, remaining=0, capacity=None), 59, 0),
        (replace(WINDOW, remaining=0, capacity=None), 60, None),
        (replace(WINDOW, remaining=3, resets_at=None), 29, 3),
        (replace(WINDOW, remaining=3, resets_at=None), 30, None),
        (replace(WINDOW, remaining=3, resets_at=later(86_400)), 3599, 3),
        (replace(WINDOW, remaining=3, resets_at=later(86_400)), 3600, None),
        (replace(POINTS, remaining=100), 0, 100),
        (replace(POINTS, remaining=100), 2, 200),
        (replace(POINTS, remaining=100), 60, 1000),
    ],
)
def test_what_is_left_after_a_while(bucket: Bucket, seconds: float, left: float | None) -> None:
    assert available(bucket, later(seconds)) == left


@pytest.mark.parametrize(
    ("lane", "least"),
    [
        (Lane.MANUAL, 1),
        (Lane.WEBHOOK, 6),
        (Lane.EMERGENCY, 21),
        (Lane.SCHEDULE, 31),
        (Lane.SWEEP, 41),
    ],
)
def test_each_lane_leaves_some_to_those_above_it(lane: Lane, least: int) -> None:
    enough = take(replace(WINDOW, remaining=least), lane, NOW, RESERVE)
    assert (enough.wait_until, enough.bucket.remaining) == (None, least - 1)
    short = take(replace(WINDOW, remaining=least - 1), lane, NOW, RESERVE)
    assert (short.wait_until, short.bucket.remaining) == (WINDOW.resets_at, least - 1)


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("capacity", [1, 2, 40])
def test_a_full_bucket_serves_every_lane_however_small_it_is(lane: Lane, capacity: int) -> None:
    full = replace(WINDOW, remaining=capacity, capacity=capacity)
    assert take(full, lane, NOW, 1.0).wait_until is None


@pytest.mark.parametrize(
    ("bucket", "lane", "seconds"),
    [
        (replace(POINTS, remaining=0), Lane.MANUAL, 2),
        (replace(POINTS, remaining=100), Lane.WEBHOOK, 1),
        # 200 for the reserve and 100 for the call, and half of what is above that: 350 more.
        (replace(POINTS, remaining=100), Lane.EMERGENCY, (200 + 350) / 50),
        (replace(WINDOW, remaining=0, resets_at=None), Lane.MANUAL, 30),
        (replace(WINDOW, remaining=0, resets_at=later(86_400)), Lane.MANUAL, 3600),
        (replace(WINDOW, remaining=0, resets_at=later(0.1)), Lane.MANUAL, 1),
    ],
)
def test_when_it_is_worth_to_ask_again(bucket: Bucket, lane: Lane, seconds: float) -> None:
    assert take(bucket, lane, NOW, RESERVE).wait_until == later(seconds)


def test_the_first_to_take_after_the_end_of_a_window_opens_the_next() -> None:
    taken = take(replace(WINDOW, remaining=0), Lane.SCHEDULE, later(61), RESERVE)
    assert taken.wait_until is None
    assert taken.bucket == replace(WINDOW, remaining=99, told_at=later(61), resets_at=None)


def test_without_any_knowledge_nothing_is_refused() -> None:
    old = replace(WINDOW, remaining=0)
    assert take(old, Lane.SWEEP, later(7200), RESERVE).wait_until is None


@pytest.mark.parametrize(
    ("bucket", "limit", "remaining", "resets_in"),
    [
        (None, Limit(7, 100, 30), 7, 30),
        # Within one window the lower figure counts, whoever said it.
        (replace(WINDOW, remaining=5), Limit(7, 100, 60), 5, 60),
        (replace(WINDOW, remaining=9), Limit(7, 100, 59), 7, 59),
        # Another window, or none that can be told apart: what was said last.
        (replace(WINDOW, remaining=5), Limit(99, 100, 90), 99, 90),
        (replace(WINDOW, remaining=5), Limit(7, 100), 7, None),
        # Refused for two seconds: that is no reason to wait for the end of the window.
        (replace(WINDOW, remaining=50), Limit(0, 100, 2), 0, 2),
    ],
)
def test_what_the_platform_says(
    bucket: Bucket | None, limit: Limit, remaining: float, resets_in: float | None
) -> None:
    found = told(bucket, limit, NOW)
    assert found.remaining == remaining
    assert found.resets_at == (None if resets_in is None else later(resets_in))


def test_points_that_come_back_are_counted_from_the_lower_figure() -> None:
    first = take(POINTS, Lane.MANUAL, NOW, RESERVE).bucket
    found = told(first, Limit(980, 1000, 1, restores=50, cost=20), later(1))
    assert (found.remaining, found.cost) == (950, 20)


@pytest.mark.parametrize(("left", "plenty"), [(50, True), (49, False)])
def test_half_of_it_is_plenty(left: int, plenty: bool) -> None:
    assert is_plentiful(replace(WINDOW, remaining=left), NOW) is plenty
    assert not is_plentiful(replace(WINDOW, remaining=left, capacity=None), NOW)


figures = st.floats(0, 1000, allow_nan=False)
buckets = st.builds(
    Bucket,
    remaining=figures,
    told_at=st.just(NOW),
    capacity=st.none() | figures,
    resets_at=st.none() | st.integers(0, 100_000).map(later),
    restores=st.just(0.0) | st.floats(0.01, 100),
    cost=st.floats(0.1, 200),
)
lanes = st.sampled_from(Lane)
moments = st.integers(0, 10_000).map(later)


@given(buckets, lanes, moments, st.floats(0, 1))
def test_whoever_waits_waits_for_a_time_to_come_and_not_for_ever(
    bucket: Bucket, lane: Lane, at: datetime, reserve: float
) -> None:
    answer = take(bucket, lane, at, reserve)
    if answer.wait_until is not None:
        assert at < answer.wait_until <= at + timedelta(hours=1, seconds=1)
        assert answer.bucket == bucket


@given(buckets, lanes, moments, st.floats(0, 1))
def test_nothing_is_taken_that_is_not_there(
    bucket: Bucket, lane: Lane, at: datetime, reserve: float
) -> None:
    before, answer = available(bucket, at), take(bucket, lane, at, reserve)
    after = available(answer.bucket, at)
    if before is not None and after is not None:
        assert 0 <= after <= before


@given(buckets, moments, st.floats(0, 1))
def test_what_a_lane_may_take_those_above_it_may_too(
    bucket: Bucket, at: datetime, reserve: float
) -> None:
    waits = [take(bucket, lane, at, reserve).wait_until is not None for lane in Lane]
    assert waits == sorted(waits)


@given(st.integers(1, 200), st.lists(lanes, max_size=300))
def test_a_window_is_never_overdrawn(capacity: int, asking: list[Lane]) -> None:
    bucket = replace(WINDOW, remaining=capacity, capacity=capacity)
    taken = 0
    for lane in asking:
        answer = take(bucket, lane, NOW, RESERVE)
        bucket, taken = answer.bucket, taken + (answer.wait_until is None)
    assert taken <= capacity
