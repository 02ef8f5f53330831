"""What a simulation adds up: by minute and by kind, never a list of everything."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil

MINUTE = 60.0


def _per_minute() -> array[float]:
    return array("d")


@dataclass(slots=True)
class Lateness:
    """From when runs were due to when they started, in tenths of seconds."""

    tenths: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        self.tenths[ceil(round(seconds * 10, 6))] += 1

    def percentile(self, share: float) -> float:
        """Seconds; 0 where there was none."""
        wanted, seen = self.tenths.total() * share, 0
        for tenths in sorted(self.tenths):
            seen += self.tenths[tenths]
            if seen >= wanted:
                return tenths / 10
        return 0.0

    @property
    def longest(self) -> float:
        return max(self.tenths, default=0) / 10


@dataclass(slots=True)
class Figures:
    """`minutes` of the simulation; the arrays hold a value for each.

    `load`: worker seconds by the minute in which runs were due; `slots_load`: of them, those of
    slots. `found_after`: from a change to the run that rescued it.
    """

    minutes: int
    runs: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    slots: Counter[str] = field(default_factory=Counter)
    webhooks: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    lateness: dict[str, Lateness] = field(default_factory=dict)
    found_after: Lateness = field(default_factory=Lateness)
    started: array[float] = field(default_factory=_per_minute)
    load: array[float] = field(default_factory=_per_minute)
    slots_load: array[float] = field(default_factory=_per_minute)
    calls: array[float] = field(default_factory=_per_minute)
    events: array[float] = field(default_factory=_per_minute)
    worker_seconds: float = 0.0
    busiest_channel: int = 0
    busiest_share: float = 0.0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        for name in ("started", "load", "slots_load", "calls", "events"):
            getattr(self, name).extend([0.0] * self.minutes)

    def note(self, series: array[float], at: float, amount: float = 1.0) -> None:
        series[min(int(at // MINUTE), self.minutes - 1)] += amount

    def note_start(self, trigger: str, now: float, due: float, *, hindered: bool) -> None:
        self.runs[trigger] += 1
        self.note(self.started, now)
        if not hindered:
            self.lateness.setdefault(trigger, Lateness()).add(now - due)

    def note_work(self, due: float, seconds: float, *, slot: bool) -> None:
        self.worker_seconds += seconds
        self.note(self.load, due, seconds)
        if slot:
            self.note(self.slots_load, due, seconds)

    def all_lateness(self) -> Lateness:
        return Lateness(sum((each.tenths for each in self.lateness.values()), Counter()))


def by_hour(series: Iterable[float]) -> list[float]:
    values = [*series]
    return [sum(values[start : start + 60]) for start in range(0, len(values), 60)]
