"""Old events are deleted while new ones come: how fast, and what intake feels of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict

from bench.dispatch import Found
from bench.extent import Extent
from bench.figures import Figure, Part, quantile
from bench.intake import STEADY_RATE
from bench.intake_work import requests
from bench.processes import our_web
from bench.scene import ROOT, Scene, run_inside, scene
from bench.senders import full_load, steady_load

WORK = "bench.retention_work"


def measure(extent: Extent) -> Part:
    found: Found = defaultdict(list)
    with scene() as made:
        path = json.loads(run_inside(made, "bench.intake_work"))["ours"]
        run_inside(made, WORK, "fill", str(extent.rows - extent.forgotten))
        for _ in range(extent.rounds):
            run_inside(made, WORK, "age", str(extent.forgotten))
            found["seconds"].append(json.loads(run_inside(made, WORK, "forget")))
            run_inside(made, WORK, "age", str(extent.forgotten))
            _beside_intake(made, path, extent, found)
    name = f"deleting {extent.forgotten:,} of {extent.rows:,} events"
    rate = [extent.forgotten / seconds for seconds in found["seconds"]]
    return Part([
        Figure(name, "s", found["seconds"]),
        Figure(name, "events/s", rate, more_is_better=True),
        Figure(f"intake p50 at {STEADY_RATE} a second while events are deleted", "ms",
               found["with p50"], None, "else", found["without p50"]),
        Figure(f"intake p99 at {STEADY_RATE} a second while events are deleted", "ms",
               found["with p99"], None, "else", found["without p99"]),
    ], [
        "Retention: `jobs.maintenance.forget_old_events` in a process of its own, as a worker does "
        "it, first alone, then beside a steady intake; of the time of that intake it was at work "
        f"for {min(found['share']):.0%} at least.",
    ])  # fmt: skip


def _beside_intake(made: Scene, path: str, extent: Extent, found: Found) -> None:
    with our_web(made) as port:
        warm = requests(path, 12_000 * extent.warm_up_seconds)
        full_load(port, path, warm, extent.warm_up_seconds)
        _note(found, "without", _steady(port, path, extent))
        command = [sys.executable, "-m", WORK, "forget"]
        with subprocess.Popen(  # noqa: S603  # our own words
            command, cwd=ROOT, env=made.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        ) as forgetting:  # fmt: skip
            assert forgetting.stderr is not None
            forgetting.stderr.readline()
            _note(found, "with", _steady(port, path, extent))
            said, _ = forgetting.communicate()
    found["share"].append(min(json.loads(said) / extent.steady_seconds, 1))


def _steady(port: int, path: str, extent: Extent) -> list[float]:
    return steady_load(port, requests(path, STEADY_RATE * extent.steady_seconds), STEADY_RATE)


def _note(found: Found, name: str, late: list[float]) -> None:
    for key, share in (("p50", 0.5), ("p99", 0.99)):
        found[f"{name} {key}"].append(quantile(late, share) * 1000)
