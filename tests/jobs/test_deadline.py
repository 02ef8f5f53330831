"""When an emergency job is due: deadline, hard evidence and sweep, as instants in tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.deadline import RESUMED, Timer, next_due


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
