"""A Redis and a PostgreSQL of a test's own, each to be killed, frozen and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
import redis

from tests.faults.processes import Process, free_port, wait_until

REDIS_SERVER = shutil.which("redis-server")
START_SECONDS = 60


def _postgres_programs() -> Path | None:
    """The folder of the newest PostgreSQL server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    on_path = shutil.which("postgres")
    newest = found[-1] if found else Path(on_path) if on_path else None
    return newest.resolve().parent if newest else None


def _version(server: Path) -> float:
    return float(server.parts[-3])


POSTGRES_PROGRAMS = _postgres_programs()


class OwnRedis(Process):
    """A Redis on a free port that keeps nothing: killed and started again, it is empty."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        options = f"--bind 127.0.0.1 --port {self.port} --save '' --appendonly no --dir {folder}"
        command = f"{REDIS_SERVER} {options}"
        super().__init__("redis", command, {"PATH": os.defpath}, folder / "redis.out")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        super().start()
        wait_until(self.answers, START_SECONDS, "Redis answers")

    def answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def flush(self) -> None:
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            client.flushall()


class OwnPostgres(Process):
    """A PostgreSQL in a folder of its own, as its packages make it; root lends it another user."""

    def __init__(self, folder: Path) -> None:
        assert POSTGRES_PROGRAMS is not None
        self.port, self.data = free_port(), folder / "data"
        as_user = "setpriv --reuid=postgres --regid=postgres --init-groups " if _is_root() else ""
        options = f"-D {self.data} -p {self.port} -k {folder} -c listen_addresses=127.0.0.1"
        command = f"{as_user}{POSTGRES_PROGRAMS}/postgres {options}"
        super().__init__("postgres", command, {"PATH": os.defpath}, folder / "out", Path("/"))
        if _is_root():
            shutil.chown(folder, "postgres", "postgres")
        made = f"{as_user}{POSTGRES_PROGRAMS}/initdb -D {self.data} -U postgres -A trust -E UTF8"
        subprocess.run(  # noqa: S603 - PostgreSQL's own program
            made.split(), cwd="/", check=True, capture_output=True, timeout=120
        )

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        super().start()
        wait_until(self.answers, START_SECONDS, "PostgreSQL answers")

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop_at_once(self) -> None:
        """As `pg_ctl stop -m immediate`: no goodbye, and its next start has to recover."""
        os.kill(self.pid, signal.SIGQUIT)
        self._wait(30)

    def cut_connections(self) -> int:
        """Of everybody else; answers how many there were."""
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = "
        others = "'client backend' AND pid <> pg_backend_pid()"
        with psycopg.connect(self.url, connect_timeout=5, autocommit=True) as connection:
            return len(connection.execute(f"{cut}{others}").fetchall())


def _is_root() -> bool:
    return os.geteuid() == 0
