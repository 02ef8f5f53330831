"""What platforms and workers cost, what they allow, and when they are away. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.connectors.registry import CONNECTORS
from jobs.budget import Bucket

POINTS_A_CALL = 10.0
"""What a call takes where a platform counts points instead of requests."""
BURST_SECONDS = 20
"""A platform that counts by the second lets so much pile up, as Shopify does."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds, unless they say otherwise.

    `run`: of a worker for a run without its calls; `call`: until a platform answers; `time_out`:
    until a call to one that is away has failed. `dispatch_rate`: runs that the clock starts each
    second. `page`: records of one call of a list; `open_records`: what a by-ID run asks for.
    """

    run: float = 0.05
    call: float = 0.4
    time_out: float = 10.0
    dispatch_rate: float = 20_000.0
    page: int = 100
    open_records: int = 5


@dataclass(frozen=True, slots=True)
class Outage:
    """From `start` to `end`, seconds, no call to platforms of `connector` (all, where it is
    empty) is answered."""

    start: float
    end: float
    connector: str = ""

    @classmethod
    def parse(cls, text: str) -> Outage:
        """HOUR:MINUTES or HOUR:MINUTES:CONNECTOR, the hour counted from the start."""
        hour, minutes, *rest = text.split(":")
        connector = rest[0] if rest else ""
        if connector and connector not in CONNECTORS:
            raise ValueError(f"no connector {connector!r}; there are {', '.join(CONNECTORS)}")
        start = float(hour) * 3600
        if start < 0 or float(minutes) <= 0 or len(rest) > 1:
            raise ValueError("an outage is HOUR:MINUTES or HOUR:MINUTES:CONNECTOR")
        return cls(start, start + float(minutes) * 60, connector)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit that a platform publishes: calls a minute, and what budgets are made of."""

    calls_a_minute: float
    capacity: float
    restores: float
    cost: float

    def full(self, at: datetime) -> Bucket:
        return Bucket(self.capacity, at, self.capacity, restores=self.restores)


def allowance(connector: str, calls_a_minute: float | None = None) -> Allowance | None:
    """What one channel may ask for; None where its platform publishes no limit.

    `calls_a_minute` replaces what every platform says.
    """
    if calls_a_minute:
        return Allowance(calls_a_minute, calls_a_minute, calls_a_minute / 60, 1.0)
    limit = CONNECTORS[connector].rate_limit
    if limit is None:
        return None
    rate = limit.amount / limit.seconds
    cost = POINTS_A_CALL if limit.unit == "points" else 1.0
    return Allowance(rate * 60 / cost, rate * max(limit.seconds, BURST_SECONDS), rate, cost)
