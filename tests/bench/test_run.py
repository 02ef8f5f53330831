"""`bench/run --quick`: each part that is cheap works and counts what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import machine
from bench.__main__ import PARTS, results
from bench.extent import QUICK
from bench.figures import Part

ROOT = Path(__file__).resolve().parents[2]
HEAD = "| figure | ours | baseline | ratio | bar | met |"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    address = os.environ.get("OMSAUTO_TEST_DATABASE_URL", "")
    return subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env={**os.environ, "BENCH_DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.parametrize("part", ["intake", "retention"])
def test_a_part_measures_every_figure(part: str, tmp_path: Path) -> None:
    kept = tmp_path / "results.md"

    done = run(part, "--quick", "--out", str(kept))

    assert done.returncode == 0, done.stderr
    assert done.stdout == kept.read_text()
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert rows[0] == HEAD
    assert len(rows) > 4
    assert [row for row in rows if "not measured" in row] == []
    assert "A smoke test: the figures mean nothing." in done.stdout


def test_an_unknown_part_is_refused_with_those_there_are() -> None:
    done = run("nothing")

    assert done.returncode == 2
    assert all(name in done.stderr for name in PARTS)


def test_a_machine_in_use_is_said_above_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "description", lambda: "26 November 2026: 2 cores")

    text = results(Part(), QUICK, ["intake: 80% of its cores in use by others"])

    assert "**The machine was not free" in text
    assert "intake: 80% of its cores in use by others" in text
    assert "not free" not in results(Part(), QUICK, [])


def test_the_use_of_the_machine_is_a_share() -> None:
    assert 0 <= machine.cpu_in_use(0.2) <= 1
