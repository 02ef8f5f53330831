"""The circuit breaker of a channel: when its runs wait, and when its platform is tried again. Pure.

Closed, calls go out. After enough errors in a row it is open and nothing is asked; at the time of
the probe it is half open: one cheap call decides between closing and a longer wait.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Verdict(StrEnum):
    """What an answer says of the platform itself."""

    WELL = "well"
    ILL = "ill"
    NOTHING = "nothing"


LEASE_OF_PROBE = timedelta(seconds=90)
"""Who probes has so long; then the prober is taken for lost and another one may."""
AUTH = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Rules:
    """After how many errors in a row it opens; the waits before the first and a later probe."""

    failures: int = 5
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` in a row while it is closed, `probes` that failed in a row while it is not.

    `since`: when it opened. `closed_at`: when it closed last. `next_probe_at`: when it may be
    tried, half open when whoever tries it is taken for lost.
    """

    state: State = State.CLOSED
    failures: int = 0
    probes: int = 0
    since: datetime | None = None
    next_probe_at: datetime | None = None
    closed_at: datetime | None = None


def verdict(status: int) -> Verdict:
    """Of an HTTP status. 429 and redirects tell nothing; a refused record, that it is well."""
    if status >= 500 or status in AUTH:
        return Verdict.ILL
    if status == 429 or 300 <= status < 400:
        return Verdict.NOTHING
    return Verdict.WELL


def fail(breaker: Breaker, rules: Rules, at: datetime, share: float) -> Breaker:
    """One more error; `share` in [0, 1] spreads the probes of many channels.

    One that closed a moment ago goes on with the waits where it was: to answer a probe and fail
    everything else is no recovery.
    """
    if breaker.state != State.CLOSED:
        return breaker
    failures = breaker.failures + 1
    if failures < rules.failures:
        return replace(breaker, failures=failures)
    relapsed = breaker.closed_at is not None and at - breaker.closed_at < rules.longest_wait
    probes = breaker.probes + 1 if relapsed else 0
    return Breaker(
        State.OPEN, failures, probes, at, at + wait(rules, probes, share), breaker.closed_at
    )


def succeed(breaker: Breaker) -> Breaker:
    """A call was answered: the row of errors is over. An open one is closed by its probe alone."""
    return replace(breaker, failures=0) if breaker.state == State.CLOSED else breaker


def may_probe(breaker: Breaker, at: datetime) -> bool:
    return (
        breaker.state != State.CLOSED
        and breaker.next_probe_at is not None
        and breaker.next_probe_at <= at
    )


def take_probe(breaker: Breaker, at: datetime) -> Breaker:
    """Half open, in the hands of whoever asked; for one that may be probed."""
    return replace(breaker, state=State.HALF_OPEN, next_probe_at=at + LEASE_OF_PROBE)


def reopen(breaker: Breaker, rules: Rules, at: datetime, share: float) -> Breaker:
    """The probe failed: a longer wait."""
    probes = breaker.probes + 1
    next_probe_at = at + wait(rules, probes, share)
    return replace(breaker, state=State.OPEN, probes=probes, next_probe_at=next_probe_at)


def close(breaker: Breaker, at: datetime) -> Breaker:
    return Breaker(probes=breaker.probes, closed_at=at)


def mend(breaker: Breaker, at: datetime) -> Breaker:
    """Somebody changed what may have been wrong: half open at once, for the next one who asks."""
    if breaker.state == State.CLOSED:
        return replace(breaker, failures=0, probes=0)
    return replace(breaker, state=State.HALF_OPEN, probes=0, next_probe_at=at)


def wait(rules: Rules, probes: int, share: float) -> timedelta:
    """Before the next probe after `probes` failed ones: doubling, between half of it and all."""
    longest = min(rules.first_wait * (1 << min(probes, 30)), rules.longest_wait)
    return longest * (1 + share) / 2
