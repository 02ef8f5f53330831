"""The circuit breaker as a state machine: tables and properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import circuit
from jobs.circuit import Breaker, Rules, State, Verdict

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = Rules()
SECOND = timedelta(seconds=1)


def failed(times: int, breaker: Breaker | None = None, at: datetime = NOW) -> Breaker:
    breaker = breaker or Breaker()
    for _ in range(times):
        breaker = circuit.fail(breaker, RULES, at, share=1)
    return breaker


OPEN = failed(5)
PROBED_AT = NOW + 30 * SECOND
PROBING = circuit.take_probe(OPEN, PROBED_AT)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.WELL),
        (201, Verdict.WELL),
        (400, Verdict.WELL),
        (404, Verdict.WELL),
        (410, Verdict.WELL),
        (422, Verdict.WELL),
        (301, Verdict.NOTHING),
        (429, Verdict.NOTHING),
        (401, Verdict.ILL),
        (403, Verdict.ILL),
        (500, Verdict.ILL),
        (503, Verdict.ILL),
    ],
)
def test_what_a_status_says_of_the_platform(status: int, verdict: Verdict) -> None:
    assert circuit.verdict(status) == verdict


def test_five_errors_in_a_row_open_it() -> None:
    assert failed(4).state == State.CLOSED
    assert Breaker(State.OPEN, 5, 0, since=NOW, next_probe_at=PROBED_AT) == OPEN


def test_a_success_ends_the_row() -> None:
    mended = circuit.succeed(failed(4))
    assert mended == Breaker()
    assert failed(4, mended).state == State.CLOSED


def test_a_success_of_a_call_that_was_under_way_does_not_close_it() -> None:
    assert circuit.succeed(OPEN) == OPEN
    assert circuit.succeed(PROBING) == PROBING


def test_further_errors_change_nothing() -> None:
    assert failed(3, OPEN, NOW + SECOND) == OPEN
    assert failed(3, PROBING, NOW + SECOND) == PROBING


def test_a_probe_is_for_one_at_its_time() -> None:
    assert not circuit.may_probe(OPEN, PROBED_AT - SECOND)
    assert circuit.may_probe(OPEN, PROBED_AT)
    assert PROBING.state == State.HALF_OPEN
    assert not circuit.may_probe(PROBING, PROBED_AT)


def test_a_probe_whose_worker_vanished_is_free_again() -> None:
    over = PROBED_AT + circuit.LEASE_OF_PROBE
    assert not circuit.may_probe(PROBING, over - SECOND)
    assert circuit.may_probe(PROBING, over)


def test_a_good_probe_closes_it() -> None:
    at = PROBED_AT + SECOND
    assert circuit.close(PROBING, at) == Breaker(closed_at=at)


def test_failed_probes_wait_twice_as_long_each_time_up_to_a_quarter_of_an_hour() -> None:
    waits, breaker, at = [], OPEN, PROBED_AT
    for _ in range(7):
        breaker = circuit.reopen(circuit.take_probe(breaker, at), RULES, at, share=1)
        assert (breaker.state, breaker.since) == (State.OPEN, NOW)
        assert breaker.next_probe_at
        waits.append((breaker.next_probe_at - at).total_seconds())
        at = breaker.next_probe_at
    assert waits == [60, 120, 240, 480, 900, 900, 900]


@pytest.mark.parametrize(("share", "seconds"), [(0, 15), (0.5, 22.5), (1, 30)])
def test_the_wait_is_spread_over_its_second_half(share: float, seconds: float) -> None:
    assert circuit.wait(RULES, 0, share).total_seconds() == seconds


def first_wait(breaker: Breaker) -> timedelta:
    assert breaker.since
    assert breaker.next_probe_at
    return breaker.next_probe_at - breaker.since


def test_a_relapse_goes_on_with_the_waits_where_they_were() -> None:
    closed = circuit.close(replace(PROBING, probes=2), NOW)
    assert first_wait(failed(5, closed, NOW + timedelta(minutes=14))) == 240 * SECOND
    assert first_wait(failed(5, closed, NOW + timedelta(minutes=15))) == 30 * SECOND


def test_what_an_operator_mended_is_probed_at_once() -> None:
    mended = circuit.mend(replace(OPEN, probes=6), NOW + SECOND)
    assert (mended.state, mended.probes, mended.since) == (State.HALF_OPEN, 0, NOW)
    assert circuit.may_probe(mended, NOW + SECOND)
    assert circuit.mend(failed(4), NOW) == Breaker()


steps = st.lists(st.sampled_from(["fail", "succeed", "probe", "good", "bad", "mend"]), max_size=60)


@given(steps, st.floats(0, 1), st.integers(1, 8))
def test_it_always_knows_its_next_probe_while_it_is_not_closed(
    acts: list[str], share: float, failures: int
) -> None:
    rules = Rules(failures=failures)
    breaker, at = Breaker(), NOW
    for act in acts:
        at += 7 * SECOND
        if act == "fail":
            breaker = circuit.fail(breaker, rules, at, share)
        elif act == "succeed":
            breaker = circuit.succeed(breaker)
        elif act == "mend":
            breaker = circuit.mend(breaker, at)
        elif act == "probe" and circuit.may_probe(breaker, at):
            breaker = circuit.take_probe(breaker, at)
        elif act == "good" and breaker.state == State.HALF_OPEN:
            breaker = circuit.close(breaker, at)
        elif act == "bad" and breaker.state == State.HALF_OPEN:
            breaker = circuit.reopen(breaker, rules, at, share)
        closed = breaker.state == State.CLOSED
        assert closed == (breaker.next_probe_at is None) == (breaker.since is None)
        assert not closed or breaker.failures < failures
        if breaker.next_probe_at:
            assert breaker.next_probe_at <= at + timedelta(minutes=15)
