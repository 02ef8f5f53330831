"""`python -m bench [dispatch|intake|pages|worker ...]`: figures, as ratios in the same run.

Needs PostgreSQL (BENCH_DATABASE_URL, a server where databases may be made) and a redis-server
program; both are used alone, beside whatever else they hold.
"""

from __future__ import annotations

import sys

from bench import dispatch, intake, pages, worker

BENCHMARKS = {
    "dispatch": dispatch.main,
    "intake": intake.main,
    "pages": pages.main,
    "worker": worker.main,
}


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = sorted(set(chosen) - set(BENCHMARKS))
    if unknown:
        sys.exit(f"No benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
    for name in chosen:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
