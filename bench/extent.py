"""How long and how large the benchmarks are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """Rounds, seconds of load, and rows.

    `patience_seconds`: how long a part waits for others to leave the machine alone; `mix_minutes`:
    how long the clock runs a mix of jobs.
    """

    rounds: int = 3
    patience_seconds: int = 20
    warm_up_seconds: int = 2
    load_seconds: int = 4
    steady_seconds: int = 10
    jobs: int = 100_000
    most_jobs: int = 1_000_000
    idle_seconds: int = 60
    beat_seconds: int = 30
    mix_minutes: float = 10.0
    saves: int = 20
    calls: int = 20
    channels: int = 500
    rows: int = 1_000_000
    forgotten: int = 200_000
    runs: int = 500
    messages: int = 2_000
    told_seconds: int = 10
    waiting_runs: int = 50_000


QUICK = Extent(
    rounds=1,
    patience_seconds=0,
    warm_up_seconds=1,
    load_seconds=1,
    steady_seconds=1,
    jobs=1_000,
    most_jobs=3_000,
    idle_seconds=2,
    beat_seconds=10,
    mix_minutes=1 / 3,
    saves=3,
    calls=2,
    channels=20,
    rows=4_000,
    forgotten=2_000,
    runs=20,
    messages=100,
    told_seconds=1,
    waiting_runs=1_000,
)
"""A smoke test: that each part works, not what it takes."""
