"""Webhook intake: ours against a plain Django view, and against the bare INSERT.

Each request has a body and a delivery id of its own, and both ways verify its signature. Rows are
counted afterwards. The plain view keeps its events in a table of its own, with fewer indexes.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager

from bench.extent import Extent
from bench.figures import Bar, Figure, Part, quantile
from bench.intake_work import PLAIN_TABLE, TOPIC, requests
from bench.processes import our_web, plain_web
from bench.scene import Scene, ask, run_inside, scene
from bench.senders import CONNECTIONS, NAME, full_load, steady_load

MOST_A_SECOND = 12_000
STEADY_RATE = 100
TABLES = {"ours": "jobs_event", "plain": PLAIN_TABLE}
WEBS: dict[str, Callable[[Scene], AbstractContextManager[int]]] = {
    "ours": our_web,
    "plain": plain_web,
}
INSERT = """
INSERT INTO jobs_event (channel_id, job_id, topic, delivery_id, delivery_key, received_at, status,
    reason, entities, headers, body, duplicates)
SELECT job.channel_id, job.id, '{topic}', one.id, one.id, now(), 'waiting', '', '["1"]',
    '{headers}', decode(repeat('78', 900), 'hex'), 0
FROM (SELECT md5(random()::text || clock_timestamp()::text) AS id) one,
    (SELECT id, channel_id FROM jobs_job LIMIT 1) job
RETURNING id;
"""
Found = defaultdict[str, list[float]]


def measure(extent: Extent) -> Part:
    found: Found = defaultdict(list)
    with scene() as made:
        paths = json.loads(run_inside(made, "bench.intake_work"))
        for _ in range(extent.rounds):
            for way, path in paths.items():
                _one_way(made, way, path, extent, found)
            if shutil.which("pgbench"):
                found["insert"].append(_bare_insert(made, extent.load_seconds))
    return Part(_figures(found), _notes(extent))


def _one_way(made: Scene, way: str, path: str, extent: Extent, found: Found) -> None:
    """A warm-up, the full load, the steady load; fails where an answered request has no row."""
    before = _rows(made, way)
    with WEBS[way](made) as port:
        warm, seconds = extent.warm_up_seconds, extent.load_seconds
        early = full_load(port, path, requests(path, round(MOST_A_SECOND * warm)), warm)
        load = full_load(port, path, requests(path, round(MOST_A_SECOND * seconds)), seconds)
        late = steady_load(port, requests(path, STEADY_RATE * extent.steady_seconds), STEADY_RATE)
    answers = early.answers + load.answers + len(late)
    rows = _rows(made, way) - before
    if not answers <= rows <= answers + 2 * CONNECTIONS:
        sys.exit(f"{way}: {answers} answers and {rows} rows")
    found[f"{way} rate"].append(load.answers / load.seconds)
    found[f"{way} p50"].append(load.p50 * 1000)
    found[f"{way} p99"].append(load.p99 * 1000)
    found[f"{way} steady p50"].append(quantile(late, 0.5) * 1000)
    found[f"{way} steady p99"].append(quantile(late, 0.99) * 1000)


def _rows(made: Scene, way: str) -> int:
    return int(ask(made, f"SELECT count(*) FROM {TABLES[way]}")[0][0])  # noqa: S608  # our own words


def _bare_insert(made: Scene, seconds: float) -> float:
    """Rows a second that PostgreSQL takes from as many clients, one INSERT and commit each."""
    headers = json.dumps({"content-type": "application/json", "x-wc-webhook-topic": TOPIC})
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(INSERT.format(topic=TOPIC, headers=headers).replace("\n", " "))
        script.flush()
        command = [
            "pgbench", "--no-vacuum", "--client", str(CONNECTIONS), "--jobs", "1", "--time",
            str(round(seconds)), "--protocol", "prepared", "--file", script.name,
            made.database_url,
        ]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own words
    rate = re.search(r"tps = ([\d.]+)", said.stdout)
    if rate is None:
        sys.exit(f"pgbench said {said.stdout}")
    return float(rate[1])


def _figures(found: Found) -> list[Figure]:
    view = "plain view"

    def beside(name: str, key: str, bar: Bar | None = None) -> Figure:
        return Figure(
            f"intake {name}", "ms", found[f"ours {key}"], bar, view, found[f"plain {key}"]
        )

    rate = found["ours rate"]
    limit = "bare INSERT" if found["insert"] else "bare INSERT: pgbench is missing"
    return [
        Figure(
            f"intake, {CONNECTIONS} connections", "accepted/s", rate,
            Bar(times=8), view, found["plain rate"], more_is_better=True,
        ),
        Figure(
            f"intake, {CONNECTIONS} connections, beside the limit", "accepted/s", rate, None, limit,
            found["insert"], more_is_better=True,
        ),
        beside("p50 at full load", "p50"),
        beside("p99 at full load", "p99", Bar(most=8)),
        beside(f"p50 at {STEADY_RATE} a second", "steady p50"),
        beside(f"p99 at {STEADY_RATE} a second", "steady p99", Bar(most=3)),
    ]  # fmt: skip


def _notes(extent: Extent) -> list[str]:
    return [
        f"Intake: full load by {NAME} over {CONNECTIONS} connections, {extent.load_seconds} s "
        f"after a warm-up of {extent.warm_up_seconds} s, the same for both ways; at {STEADY_RATE} "
        f"a second, for {extent.steady_seconds} s, each request has its moment and its latency "
        "counts from there. The plain view: JSON, HMAC, `objects.create`, `apply_async`, gunicorn "
        "with two sync workers, connections kept for 60 s, a table of its own with few indexes. "
        "Ours: two processes as in the Procfile. The bare INSERT: pgbench with as many clients, "
        "the columns and indexes of ours. Rows were counted against answers.",
    ]
