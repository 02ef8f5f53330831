"""When an emergency job is due: deadline, hard evidence and sweep, as instants in tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.deadline import RESUMED, Timer, next_due, passed, thawed


def clock(text: str) -> datetime:
    """An instant of the day everything here happens on; hours may pass 24."""
    hour, minute, *second = (int(part) for part in text.split(":"))
    day = datetime(2026, 3, 2, tzinfo=UTC)
    return day + timedelta(hours=hour, minutes=minute, seconds=second[0] if second else 0)


POLLED = Timer(
    period=timedelta(hours=1),
    webhook_delay=timedelta(0),
    listening=False,
    degraded_at=None,
    proof_at=clock("12:00"),
    proven_until=clock("12:00"),
    last_start=None,
    evidence_at=None,
    evidence="",
    sweep_minimum=timedelta(hours=1),
)
LISTENING = replace(POLLED, listening=True, proven_until=clock("11:00"))


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        (POLLED, "13:00"),
        (replace(POLLED, last_start=clock("11:00")), "13:00"),
        (replace(POLLED, last_start=clock("12:30")), "13:30"),
        (replace(POLLED, period=timedelta(hours=26)), "38:00"),
        (LISTENING, "13:00"),
        (replace(LISTENING, webhook_delay=timedelta(minutes=10)), "13:10"),
        (replace(LISTENING, webhook_delay=timedelta(hours=4)), "17:00"),
        (replace(LISTENING, webhook_delay=timedelta(hours=2), last_start=clock("13:30")), "15:00"),
        (replace(LISTENING, last_start=clock("12:30")), "13:30"),
        (replace(LISTENING, last_start=clock("12:00")), "13:00"),
    ],
)
def test_the_deadline_is_a_period_after_the_proof_and_after_the_last_start(
    timer: Timer, due: str
) -> None:
    assert next_due(timer).at == clock(due)
    assert "deadline" in next_due(timer).reason


BUSY = replace(LISTENING, proof_at=clock("20:00"), proven_until=clock("12:00"))
"""A stream of good events: the deadline is far, single lost ones hide behind it."""


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        (BUSY, "16:00"),
        (replace(BUSY, webhook_delay=timedelta(minutes=30)), "16:30"),
        (replace(BUSY, last_start=clock("15:30")), "16:30"),
        (replace(BUSY, last_start=clock("14:00")), "16:00"),
        # four periods, at least an hour
        (replace(BUSY, period=timedelta(minutes=5)), "13:00"),
        (replace(BUSY, period=timedelta(minutes=15)), "13:00"),
        (replace(BUSY, period=timedelta(minutes=30)), "14:00"),
        (replace(BUSY, period=timedelta(minutes=5), sweep_minimum=timedelta(hours=2)), "14:00"),
        # and at most a day
        (replace(BUSY, period=timedelta(hours=6), proof_at=clock("40:00")), "36:00"),
        (replace(BUSY, period=timedelta(hours=8), proof_at=clock("40:00")), "36:00"),
        (replace(BUSY, period=timedelta(hours=24), proof_at=clock("40:00")), "36:00"),
    ],
)
def test_the_sweep_finds_what_later_good_events_hide(timer: Timer, due: str) -> None:
    assert next_due(timer).at == clock(due)
    assert next_due(timer).reason == "sweep"


def test_no_sweep_where_no_events_are_awaited() -> None:
    """Else a period of a day would be swept before its slot comes."""
    daily = replace(POLLED, period=timedelta(hours=26), proven_until=clock("0:00"))
    assert next_due(daily).at == clock("38:00")


EVIDENCE = replace(LISTENING, evidence_at=clock("12:20"), evidence="three rejected signatures")


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        (EVIDENCE, "12:20"),
        (replace(EVIDENCE, last_start=clock("12:00")), "12:20"),
        (replace(EVIDENCE, last_start=clock("12:19:30")), "12:20:30"),
        (replace(EVIDENCE, last_start=clock("12:20")), "12:21"),
        (replace(EVIDENCE, last_start=clock("12:19")), "12:20"),
    ],
)
def test_hard_evidence_is_due_at_once_but_not_within_a_minute_of_the_last_start(
    timer: Timer, due: str
) -> None:
    assert next_due(timer).at == clock(due)
    assert next_due(timer).reason == "three rejected signatures"


def test_evidence_does_not_postpone_a_deadline_that_comes_first() -> None:
    late = replace(LISTENING, evidence_at=clock("14:00"), evidence="blind")
    assert next_due(late).at == clock("13:00")
    assert "deadline" in next_due(late).reason


def test_a_resumed_channel_need_not_rest() -> None:
    resumed = replace(EVIDENCE, evidence=RESUMED, last_start=clock("12:19:30"))
    assert next_due(resumed).at == clock("12:20")


def test_degraded_it_is_due_a_period_after_each_start_whatever_arrives() -> None:
    degraded = replace(BUSY, degraded_at=clock("12:05"), last_start=clock("12:00"))
    assert next_due(degraded).at == clock("13:00")
    assert "degraded" in next_due(degraded).reason
    assert next_due(replace(degraded, proof_at=clock("23:00"))).at == clock("13:00")


def test_degraded_without_any_start_it_is_due_a_period_after_the_loss_was_proven() -> None:
    """As after a manual run that rescued: good events must not postpone it for ever."""
    degraded = replace(BUSY, degraded_at=clock("12:05"))
    assert next_due(degraded).at == clock("13:05")


def test_a_resumed_channel_is_due_for_that_reason_though_its_deadline_passed_long_ago() -> None:
    resumed = replace(LISTENING, evidence=RESUMED, evidence_at=clock("36:00"))
    due = next_due(replace(resumed, degraded_at=clock("12:00"), last_start=clock("35:59:30")))
    assert (due.at, due.reason) == (clock("36:00"), "resumed")


def test_evidence_spread_over_minutes_is_not_overtaken_by_the_degraded_state() -> None:
    """Many jobs hear of it at once; each waits for its turn, though its last start is long past."""
    spread = replace(BUSY, degraded_at=clock("15:00"), evidence_at=clock("15:04"), evidence="blind")
    assert next_due(replace(spread, last_start=clock("10:00"))).at == clock("15:04")


FROZEN = ((clock("12:10"), clock("12:40")), (clock("12:50"), clock("14:50")))
"""Twice the platform could not be asked: half an hour and two hours."""


@pytest.mark.parametrize(
    ("timer", "due"),
    [
        (POLLED, "15:30"),
        (replace(POLLED, last_start=clock("12:45")), "15:45"),
        (replace(POLLED, proof_at=clock("12:30")), "15:40"),
        (replace(POLLED, proof_at=clock("14:00")), "15:50"),
        (replace(POLLED, proof_at=clock("15:00")), "16:00"),
        (replace(POLLED, period=timedelta(minutes=10)), "12:10"),
        (replace(LISTENING, proof_at=clock("20:00")), "17:30"),
        (replace(LISTENING, degraded_at=clock("12:45"), proof_at=clock("20:00")), "15:45"),
        (replace(POLLED, evidence_at=clock("13:00"), evidence="three rejected"), "13:00"),
    ],
)
def test_time_in_which_the_platform_could_not_be_asked_is_no_silence(
    timer: Timer, due: str
) -> None:
    assert next_due(replace(timer, frozen=FROZEN)).at == clock(due)


@pytest.mark.parametrize(
    ("since", "until", "spans"),
    [
        ("15:00", "16:00", (*FROZEN, (clock("15:00"), clock("16:00")))),
        ("14:00", "16:00", (FROZEN[0], (clock("12:50"), clock("16:00")))),
        ("12:00", "16:00", ((clock("12:00"), clock("16:00")),)),
        ("15:00", "15:00", FROZEN),
    ],
)
def test_a_further_frozen_time_joins_what_it_overlaps(
    since: str, until: str, spans: tuple[tuple[datetime, datetime], ...]
) -> None:
    assert thawed(FROZEN, clock(since), clock(until)) == spans


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 100)), max_size=6),
    st.integers(0, 600),
    st.integers(0, 300),
)
def test_passed_time_is_the_time_outside_the_frozen_spans(
    gaps: list[tuple[int, int]], start: int, length: int
) -> None:
    minute, spans, at = timedelta(minutes=1), list[tuple[datetime, datetime]](), clock("0:00")
    for gap, width in gaps:
        since = at + (gap + 1) * minute
        at = since + width * minute
        spans.append((since, at))
    began = clock("0:00") + start * minute
    end = passed(began, length * minute, spans)
    inside = sum(
        (max(min(until, end) - max(since, began), timedelta(0)) for since, until in spans),
        timedelta(0),
    )
    assert end - began - inside == length * minute
