"""omsauto as an operator runs it: web, worker and beat as real processes on one state folder."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from omsauto.processes import read_procfile
from tests.faults.processes import ROOT, Process, free_port, wait_until
from tests.run import POSTGRES

OF_THE_TEST_RUN = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "OMSAUTO_PROCESS")
START_SECONDS = 40


@contextlib.contextmanager
def fresh_database() -> Iterator[str]:
    """A PostgreSQL database of this test's own, dropped afterwards; its URL."""
    server = os.environ.get("OMSAUTO_TEST_DATABASE_URL") or POSTGRES
    name = f"omsauto_faults_{os.getpid()}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True, connect_timeout=5) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(drop)


class Inside:
    """A process with the installation's settings that builds and looks things up for the test."""

    def __init__(self, environment: dict[str, str], output: Path) -> None:
        with output.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.inside"],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._output = output

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Call a function of `tests.faults.inside`; plain values in, plain values out."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([verb, arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self._output.read_text(encoding="utf-8")[-3000:]
        return json.loads(answer)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=10)


class Installation:
    """`database_url` and `redis_url` empty: the embedded pair, in the state folder."""

    def __init__(self, folder: Path, database_url: str = "", redis_url: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = self._environment(database_url, redis_url)
        prepared = [sys.executable, "-m", "omsauto.prepare"]
        subprocess.run(  # noqa: S603 - our own module
            prepared, cwd=ROOT, env=self.environment, check=True, timeout=90
        )
        self.web, self.worker, self.beat = (self.part(name) for name in ("web", "worker", "beat"))
        self.second_beat = self.part("beat", as_name="second-beat")
        self.parts = [self.web, self.worker, self.beat, self.second_beat]
        self.inside = Inside(self.environment, folder / "inside.out")

    def _environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        kept = {name: one for name, one in os.environ.items() if name not in OF_THE_TEST_RUN}
        own = {
            "OMSAUTO_VAR": str(self.folder),
            "PORT": str(self.port),
            "OMSAUTO_DEMO": "0",
            "OMSAUTO_ALLOW_PRIVATE_HOSTS": "1",
            "LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        return {**kept, **own, **{name: url for name, url in servers.items() if url}}

    def part(self, name: str, as_name: str = "") -> Process:
        command = read_procfile((ROOT / "Procfile").read_text(encoding="utf-8"))[name]
        known_as = as_name or name
        return Process(known_as, command, self.environment, self.folder / f"{known_as}.out")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        for part in (self.web, self.worker, self.beat):
            part.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> float:
        """Until database, broker and clock are well; the seconds that took."""
        return wait_until(self.ready, START_SECONDS, f"omsauto is ready at {self.url}")

    def ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    def log_of(self, name: str) -> str:
        """What a process wrote to its log; empty before its first line."""
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def end(self) -> None:
        for part in self.parts:
            part.end()
        self.inside.end()
