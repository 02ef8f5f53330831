"""Which causes a rule covers, and the life of an incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.causes import Cause
from notifications.messages import duration
from notifications.models import CauseKind, Level
from notifications.rules import Move, Scope, State, Timing, covers, next_move, told_next
from tests.builders import NOW

MINUTE = timedelta(minutes=1)


def cause(**fields: object) -> Cause:
    values = {
        "kind": CauseKind.FAILING,
        "key": "failing:1",
        "level": Level.ERROR,
        "sentence": "It failed.",
        "todo": "",
        "path": "/",
        "channel": 1,
        "type": "receive_orders",
        "failures": 2,
    }
    return Cause(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), True),
        (Scope(channels={1}), True),
        (Scope(channels={2}), False),
        (Scope(types=["receive_orders"]), True),
        (Scope(types=["send_shipments"]), False),
        (Scope(kinds=["failing"]), True),
        (Scope(kinds=["parked"]), False),
        (Scope(least_level=Level.ERROR), True),
        (Scope(least_level=Level.FATAL), False),
        (Scope(after_failures=2), True),
        (Scope(after_failures=3), False),
    ],
)
def test_a_rule_covers_what_it_names(scope: Scope, expected: bool) -> None:
    assert covers(scope, cause()) is expected


def test_what_concerns_the_whole_account_is_covered_by_a_rule_for_one_channel() -> None:
    silent = cause(kind=CauseKind.CLOCK_SILENT, channel=None, type="", failures=0)
    assert covers(Scope(channels={7}, types=["send_shipments"], after_failures=9), silent)


NEVER_TOLD, TOLD = State(NOW), State(NOW, NOW + 5 * MINUTE)


@pytest.mark.parametrize(
    ("state", "timing", "minutes", "broken", "covered", "expected"),
    [
        (NEVER_TOLD, Timing(), 0, True, True, Move.TELL),
        (NEVER_TOLD, Timing(quiet=5 * MINUTE), 4, True, True, Move.WAIT),
        (NEVER_TOLD, Timing(quiet=5 * MINUTE), 5, True, True, Move.TELL),
        (NEVER_TOLD, Timing(), 9, False, True, Move.DROP),
        (NEVER_TOLD, Timing(), 9, True, False, Move.DROP),
        (TOLD, Timing(), 999, True, True, Move.WAIT),
        (TOLD, Timing(reminder=30 * MINUTE), 34, True, True, Move.WAIT),
        (TOLD, Timing(reminder=30 * MINUTE), 35, True, True, Move.REMIND),
        (TOLD, Timing(), 6, False, True, Move.OVER),
        (TOLD, Timing(), 6, True, False, Move.DROP),
    ],
)
def test_an_incident_moves(
    state: State, timing: Timing, minutes: int, broken: bool, covered: bool, expected: Move
) -> None:
    at = NOW + minutes * MINUTE
    assert next_move(state, timing, at, broken=broken, covered=covered) == expected


def test_an_incident_waits_while_nobody_would_hear_of_it() -> None:
    still = {"broken": True, "covered": True, "heard": False}
    assert next_move(NEVER_TOLD, Timing(), NOW, **still) == Move.WAIT


timings = st.builds(
    Timing,
    quiet=st.integers(0, 30).map(lambda n: n * MINUTE),
    reminder=st.none() | st.integers(1, 60).map(lambda n: n * MINUTE),
)


@given(timings, st.lists(st.tuples(st.integers(1, 90), st.booleans()), max_size=40))
def test_each_opening_is_told_once_and_ends_with_one_notice_if_it_was_told(
    timing: Timing, passes: list[tuple[int, bool]]
) -> None:
    """Whatever the passes see, at whatever pace they come."""
    at, state, story = NOW, None, list[Move]()
    for minutes, broken in passes:
        at += minutes * MINUTE
        if state is None:
            if not broken:
                continue
            state, story = State(at), []
        due = told_next(state, timing)
        move = next_move(state, timing, at, broken=broken, covered=True)
        if move in (Move.TELL, Move.REMIND):
            assert due is not None
            assert due <= at
            state = State(state.began_at, at)
        story += [] if move == Move.WAIT else [move]
        assert story.count(Move.TELL) <= 1
        assert (Move.REMIND in story) <= (timing.reminder is not None)
        if move in (Move.OVER, Move.DROP):
            assert not broken
            assert (move == Move.OVER) == (Move.TELL in story)
            state = None


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=5), "1 minute"),
        (timedelta(minutes=61), "1 hour 1 minute"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=3, hours=4, minutes=5), "3 days 4 hours"),
    ],
)
def test_durations_are_said_in_their_two_largest_units(length: timedelta, said: str) -> None:
    assert duration(length) == said
