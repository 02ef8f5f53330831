"""`bench/run [PART ...]`, or `python -m bench`: one table of figures, their baselines and bars.

Needs PostgreSQL (BENCH_DATABASE_URL, a server where databases may be made) and a redis-server
program; both are used alone, beside whatever else they hold.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench import dispatch, intake, machine, mix, pages, retention, worker
from bench.extent import QUICK, Extent
from bench.figures import Part, table

PARTS: dict[str, Callable[[Extent], Part]] = {
    "intake": intake.measure,
    "dispatch": dispatch.measure,
    "million": dispatch.measure_million,
    "mix": mix.measure,
    "worker": worker.measure,
    "pages": pages.measure,
    "retention": retention.measure,
}
POINTER = (
    "What installations of other sizes take is worked out, not measured: `manage.py simulate`."
)


def main() -> None:
    asked = _arguments()
    extent = QUICK if asked.quick else Extent()
    extent = replace(extent, rounds=asked.rounds or extent.rounds)
    if asked.minutes:
        extent = replace(extent, mix_minutes=asked.minutes)
    found, warnings = Part(), []
    for name in asked.parts or PARTS:
        if disturbed := machine.wait_for_quiet(extent.patience_seconds):
            warnings.append(f"{name}: {disturbed}")
            if asked.strict:
                sys.exit(f"The machine is not free. {warnings[-1]}.")
        sys.stderr.write(f"{name} ...\n")
        part = PARTS[name](extent)
        found.figures += part.figures
        found.notes += part.notes
    text = results(found, extent, warnings)
    sys.stdout.write(text)
    if asked.out:
        Path(asked.out).write_text(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench/run", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small and short: a smoke test")
    parser.add_argument("--rounds", type=int, help="instead of three (one with --quick)")
    parser.add_argument("--minutes", type=float, help="how long the clock runs a mix of jobs")
    parser.add_argument("--strict", action="store_true", help="refuse where others use the machine")
    parser.add_argument("--out", help="also write the results to this file")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.parts) - set(PARTS)):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return asked


def results(found: Part, extent: Extent, warnings: list[str]) -> str:
    """Markdown as bench/RESULTS.md holds it."""
    rounds = "one round" if extent.rounds == 1 else f"{extent.rounds} rounds, median [least..most]"
    small = " A smoke test: the figures mean nothing." if extent.jobs == QUICK.jobs else ""
    lines = ["## Measured", f"{machine.description()}; {rounds}.{small}"]
    if warnings:
        lines.append(
            "**The machine was not free, so these figures are not to be believed.** "
            f"Just before a part: {'; '.join(warnings)}."
        )
    lines.append(table(found.figures).rstrip())
    return "\n\n".join(["", *lines, *found.notes, POINTER]).strip() + "\n"


if __name__ == "__main__":
    main()
