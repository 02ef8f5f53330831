"""omsauto as an operator runs it: web, worker and beat as real processes on one state folder."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
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
START_SECONDS = 120


@contextlib.contextmanager
def fresh_database(server: str = "") -> Iterator[str]:
    """A PostgreSQL database of this test's own, dropped afterwards; its URL."""
    server = server or os.environ.get("OMSAUTO_TEST_DATABASE_URL") or POSTGRES
    name = f"omsauto_faults_{os.getpid()}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    ask(server, drop, create)
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        ask(server, drop)


def ask(server: str, *statements: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True, connect_timeout=5) as connection:
        for statement in statements:
            connection.execute(statement)


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
    """`database_url` and `redis_url` empty: the embedded pair, in the state folder.

    `more` are variables of the environment of its processes, and of nobody who looks at them.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str = "",
        redis_url: str = "",
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        plain = self._environment(database_url, redis_url)
        self.environment = {**plain, **(more or {})}
        self.prepare()
        self.web, self.worker, self.beat = (self.part(name) for name in ("web", "worker", "beat"))
        self.second_beat = self.part("beat", as_name="second-beat")
        self.parts = [self.web, self.worker, self.beat, self.second_beat]
        self.inside = Inside(plain, folder / "inside.out")

    def prepare(self, root: Path = ROOT) -> None:
        """Bring the tables to what the program in `root` wants."""
        self.run("-m", "omsauto.prepare", root=root)

    def manage(self, *words: str) -> None:
        self.run("manage.py", *words)

    def health(self) -> dict[str, str]:
        """What `manage.py health` says of each part."""
        done = subprocess.run(
            [sys.executable, "manage.py", "health"],
            cwd=ROOT,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
        assert done.returncode == any(words != "well" for words in said.values()), done
        return said

    def run(self, *words: str, root: Path = ROOT) -> None:
        """A Python program of ours with this installation's settings."""
        subprocess.run(  # noqa: S603 - our own module
            [sys.executable, *words], cwd=root, env=self.environment, check=True, timeout=240
        )

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

    def part(
        self, name: str, as_name: str = "", root: Path = ROOT, more: Mapping[str, str] | None = None
    ) -> Process:
        """A line of the Procfile of the program in `root`."""
        command = read_procfile((root / "Procfile").read_text(encoding="utf-8"))[name]
        known_as = as_name or name
        environment = {**self.environment, **(more or {})}
        return Process(known_as, command, environment, self.folder / f"{known_as}.out", root)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        for part in (self.web, self.worker, self.beat):
            part.start()
        self.wait_until_ready()

    def add_web(self, root: Path) -> str:
        """Another web server beside the first, of the program in `root`; its address."""
        port = free_port()
        web = self.part("web", as_name=f"web-{port}", root=root, more={"PORT": str(port)})
        self.parts.append(web)
        web.start()
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: self.ready(url), START_SECONDS, f"omsauto is ready at {url}")
        return url

    def stop(self) -> None:
        """As a service manager does: each is told, and has time to end what it has begun."""
        for part in (self.beat, self.worker, self.web):
            part.terminate(60)

    def wait_until_ready(self) -> float:
        """Until database, broker and clock are well; the seconds that took."""
        return wait_until(self.ready, START_SECONDS, f"omsauto is ready at {self.url}")

    def ready(self, url: str = "") -> bool:
        try:
            answer = httpx.get(f"{url or self.url}/readyz", timeout=5, trust_env=False)
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
