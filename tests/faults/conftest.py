"""Scenes for the faults, on each pair, and the lines that say how each was survived."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from tests.conftest import SKIPPED
from tests.faults.installation import Installation, fresh_database
from tests.faults.scene import LISTENING_SHOPS, TOTALS, Scene
from tests.faults.servers import POSTGRES_PROGRAMS, REDIS_SERVER, OwnPostgres, OwnRedis
from tests.sandbox_server import SandboxServer

LINES: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LINES:
        terminalreporter.section("faults survived")
        for line in [*LINES, *TOTALS.lines()]:
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
def running(installation: Installation, shops: int = LISTENING_SHOPS) -> Iterator[Scene]:
    """An installation with its sandbox, started, and ended whatever happens."""
    with contextlib.ExitStack() as stack:
        stack.callback(installation.end)
        state = installation.folder / "sandbox.sqlite3"
        sandbox = stack.enter_context(SandboxServer(state=state, process=True))
        scene = Scene(installation, sandbox, LINES.append, shops=shops)
        scene.set_up()
        installation.start()
        yield scene


def need(name: str, program: object) -> None:
    """Skip what a missing program is needed for, or fail where it is insisted on."""
    if program is None:
        if name in os.environ.get("OMSAUTO_REQUIRE", ""):
            pytest.fail(f"{name} is required (OMSAUTO_REQUIRE) and missing", pytrace=False)
        pytest.skip(f"{SKIPPED} {name}")


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    need("redis", REDIS_SERVER)
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[OwnPostgres]:
    """In a folder that another user than root may enter, which pytest's own are not."""
    need("postgres", POSTGRES_PROGRAMS)
    with tempfile.TemporaryDirectory(prefix="omsauto-postgres-") as folder:
        server = OwnPostgres(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.end()


@pytest.fixture(scope="module")
def shaken(
    tmp_path_factory: pytest.TempPathFactory, own_redis: OwnRedis, own_postgres: OwnPostgres
) -> Iterator[Scene]:
    """On servers that are all its own, with a disk and a clock that a test has in its hands."""
    folder: Path = tmp_path_factory.mktemp("shaken")
    settings = {"DJANGO_SETTINGS_MODULE": "tests.faults.shaken"}
    with (
        fresh_database(own_postgres.url) as database,
        running(Installation(folder, database, own_redis.url, settings)) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, own_redis: OwnRedis) -> Iterator[Scene]:
    """With workers enough that calls which never end leave some for the others."""
    folder: Path = tmp_path_factory.mktemp("busy")
    many = {"WORKER_CONCURRENCY": "6"}
    with (
        fresh_database() as database,
        running(Installation(folder, database, own_redis.url, many)) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, own_redis: OwnRedis) -> Iterator[Scene]:
    """On PostgreSQL and Redis, each of the test's own."""
    folder: Path = tmp_path_factory.mktemp("production")
    with (
        fresh_database() as database,
        running(Installation(folder, database, own_redis.url)) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """On SQLite and the broker of files."""
    with running(Installation(tmp_path_factory.mktemp("embedded"))) as made:
        yield made
