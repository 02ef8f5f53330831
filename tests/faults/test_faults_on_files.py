"""The same faults on the embedded pair: SQLite and the broker of files."""

from __future__ import annotations

import time

import pytest

from tests.faults.processes import Process
from tests.faults.scene import Scene

pytestmark = pytest.mark.faults

DOWN_SECONDS = 2


def _kill_and_restart(*parts: Process) -> None:
    for part in parts:
        part.kill()
    time.sleep(DOWN_SECONDS)
    for part in parts:
        part.start()


def test_killed_clock_and_web_server(embedded: Scene) -> None:
    parts = embedded.installation

    def kill() -> None:
        _kill_and_restart(parts.beat, parts.web)
        parts.wait_until_ready()

    embedded.suffer("files: clock and web server killed", kill, refusals=True)


def test_everything_killed_at_once(embedded: Scene) -> None:
    """As a machine does that loses its power, but for what the disk had in its cache."""
    parts = embedded.installation

    def kill() -> None:
        _kill_and_restart(parts.worker, parts.beat, parts.web)
        parts.wait_until_ready()

    figures = embedded.suffer("files: everything killed", kill, refusals=True)

    assert figures["attempts lost"] >= 1, "the worker was killed between two runs: no fault"
