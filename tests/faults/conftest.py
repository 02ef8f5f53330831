"""Scenes for the faults, on each pair, and the lines that say how each was survived."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from tests.conftest import SKIPPED
from tests.faults.installation import Installation, fresh_database
from tests.faults.processes import REDIS_SERVER, OwnRedis
from tests.faults.scene import Scene
from tests.sandbox_server import SandboxServer

LINES: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LINES:
        terminalreporter.section("faults survived")
        for line in LINES:
            terminalreporter.write_line(line)


def _stop(number: int, frame: FrameType | None) -> None:
    pytest.exit(f"signal {number}", returncode=1)


@pytest.fixture(scope="module", autouse=True)
def _ended_in_order() -> Iterator[None]:
    """SIGTERM, too, ends a test run by way of its fixtures, which end their processes."""
    before = signal.signal(signal.SIGTERM, _stop)
    yield
    signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _scene(installation: Installation) -> Iterator[Scene]:
    with contextlib.ExitStack() as stack:
        stack.callback(installation.end)
        state = installation.folder / "sandbox.sqlite3"
        sandbox = stack.enter_context(SandboxServer(state=state, process=True))
        scene = Scene(installation, sandbox, LINES.append)
        scene.set_up()
        installation.start()
        yield scene


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    if REDIS_SERVER is None:
        if "redis" in os.environ.get("OMSAUTO_REQUIRE", ""):
            pytest.fail("redis-server is required (OMSAUTO_REQUIRE) and missing", pytrace=False)
        pytest.skip(f"{SKIPPED} redis")
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, own_redis: OwnRedis) -> Iterator[Scene]:
    """On PostgreSQL and Redis, each of the test's own."""
    folder: Path = tmp_path_factory.mktemp("production")
    with (
        fresh_database() as database,
        _scene(Installation(folder, database, own_redis.url)) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """On SQLite and the broker of files."""
    with _scene(Installation(tmp_path_factory.mktemp("embedded"))) as made:
        yield made
