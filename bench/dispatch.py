"""Dispatch: 1 % of 100,000 jobs due in one second, against one create and apply_async per job."""

from __future__ import annotations

import json
import sys

from bench.scene import quantile, run_inside, scene, span

ROUNDS = 3
JOBS = 100_000
DUE = JOBS // 100


def main() -> None:
    with scene() as made:
        run_inside(made, "bench.dispatch_work", "fill", str(JOBS))
        rounds = [
            {
                way: json.loads(run_inside(made, "bench.dispatch_work", way, str(DUE)))
                for way in ("ours", "plain")
            }
            for _ in range(ROUNDS)
        ]
    print_table(rounds)


def print_table(rounds: list[dict[str, list[float]]]) -> None:
    """Lateness is from the due instant to the broker's answer for that run's message."""
    out = sys.stdout.write
    out(f"\n## Dispatch: {DUE:,} of {JOBS:,} jobs due at once, {ROUNDS} rounds\n\n")
    out("| | late p50 ms | late p99 ms | runs/s |\n|---|---|---|---|\n")
    figures: dict[str, list[list[float]]] = {}
    for way in ("ours", "plain"):
        late = [each[way] for each in rounds]
        p50, p99 = ([quantile(one, share) * 1000 for one in late] for share in (0.5, 0.99))
        rate = [len(one) / max(one) for one in late]
        figures[way] = [p99, rate]
        out(f"| {way} | {span(p50)} | {span(p99)} | {span(rate)} |\n")
    ratios = [p / o for o, p in zip(figures["ours"][0], figures["plain"][0], strict=True)]
    faster = [o / p for o, p in zip(figures["ours"][1], figures["plain"][1], strict=True)]
    out(f"\nratio: p99 {span(ratios, '.1f')} times earlier, rate {span(faster, '.1f')} times\n")
