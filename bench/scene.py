"""A database, a Redis and a state folder of the benchmark's own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
SERVER = os.environ.get("BENCH_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@dataclass(frozen=True)
class Scene:
    database_url: str
    redis_url: str
    var: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "omsauto.settings",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "OMSAUTO_VAR": self.var,
            "OMSAUTO_DEMO": "0",
            "LOG_LEVEL": "ERROR",
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing answers on port {port}")


@contextmanager
def scene() -> Iterator[Scene]:
    """A fresh, migrated database and an empty Redis."""
    name = f"omsauto_bench_{os.getpid()}"
    var = tempfile.mkdtemp(prefix="omsauto-bench-")
    Path(var, "static").mkdir()
    port = free_port()
    redis = _start_redis(port)
    try:
        _sql(f"CREATE DATABASE {name}")
        url = urlsplit(SERVER)._replace(path=f"/{name}").geturl()
        made = Scene(url, f"redis://127.0.0.1:{port}/0", var)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env=made.environment,
            check=True,
        )
        yield made
    finally:
        redis.terminate()
        redis.wait()
        _sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        shutil.rmtree(var, ignore_errors=True)


def _start_redis(port: int) -> subprocess.Popen[bytes]:
    program = shutil.which("redis-server")
    if program is None:
        sys.exit("The benchmarks need a redis-server program.")
    quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", *quiet]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  # our own words
    wait_for_port(port)
    return started


def _sql(statement: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(statement)


def ask(scene: Scene, question: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a statement in the scene's database, committed; none where it has no result."""
    with psycopg.connect(scene.database_url, autocommit=True) as connection:
        done = connection.execute(question, values)
        return done.fetchall() if done.description else []


def run_inside(scene: Scene, module: str, *arguments: str) -> str:
    """Run a module of ours in a process with the scene's environment; what it printed."""
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=scene.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout
