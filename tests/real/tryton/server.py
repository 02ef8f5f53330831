"""Tryton 7.0 from PyPI, with a PostgreSQL database of its own, on a free loopback port.

    with Tryton() as tryton:
        tryton.warehouse.pack(...)
        tryton.kill(); tryton.start()

It is installed once into a folder outside tracked files, `$OMSAUTO_REAL_CACHE`/tryton (default
`var/real/tryton`), and seeded once into a template database; each `Tryton` works on a copy of
that, dropped at its end.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg import sql

from tests.faults.processes import ROOT, Process, free_port, wait_until
from tests.real.tryton.warehouse import Warehouse
from tests.run import POSTGRES

PACKAGES = (
    "trytond==7.0.*",
    "proteus==7.0.*",
    "trytond_sale==7.0.*",
    "trytond_sale_shipment_cost==7.0.*",
    "trytond_stock==7.0.*",
    "trytond_stock_package_shipping==7.0.*",
    "trytond_web_shop==7.0.*",
    "psycopg2-binary",
)
MODULES = ("sale", "sale_shipment_cost", "stock", "stock_package_shipping", "web_shop")
ADMIN_PASSWORD = "brass-kettle-17"
USER, PASSWORD = "omsauto", "steep-leaves-42"
SEED = Path(__file__).with_name("seed.py")
INSTALL_SECONDS, STEP_SECONDS, START_SECONDS = 600, 600, 120


def cache() -> Path:
    folder = os.environ.get("OMSAUTO_REAL_CACHE") or ROOT / "var" / "real"
    return Path(folder) / "tryton"


def postgres() -> str:
    return os.environ.get("OMSAUTO_TEST_DATABASE_URL") or POSTGRES


class Tryton:
    """`port`, `url` and `database` as a channel needs them; `warehouse` plays its workers."""

    user, password = USER, PASSWORD

    def __init__(self) -> None:
        self.folder = cache()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = f"omsauto_tryton_{os.getpid()}"
        self._state = tempfile.TemporaryDirectory(prefix="tryton-")
        self._output = Path(self._state.name) / "trytond.out"
        self._process = Process("trytond", self._command(), self._environment(), self._output)

    # Life

    def __enter__(self) -> Self:
        with self._alone():
            self._install()
            template = self._template()
        self._copy(template, self.database)
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def start(self) -> None:
        """Start the server and wait until a login works, which is when its modules are loaded."""
        self._process.start()
        wait_until(self._answers, START_SECONDS, f"Tryton answers at {self.url}")

    def kill(self) -> None:
        """SIGKILL, as a machine that fails; the address and the database stay."""
        self._process.kill()

    def log(self) -> str:
        """What the server has written."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    @cached_property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.url, self.database, "admin", ADMIN_PASSWORD)

    def _end(self) -> None:
        if "warehouse" in self.__dict__:
            self.warehouse.close()
        self._process.end()
        self._drop(self.database)
        self._state.cleanup()

    def _answers(self) -> bool:
        if not self._process.alive:
            raise AssertionError(self._output.read_text(encoding="utf-8", errors="replace")[-3000:])
        parameters = ["admin", {"password": ADMIN_PASSWORD}]
        call = {"id": 0, "method": "common.db.login", "params": parameters}
        with contextlib.suppress(httpx.TransportError):
            return httpx.post(f"{self.url}/{self.database}/", json=call, timeout=30).is_success
        return False

    # Installation

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One installation at a time, whoever else starts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _install(self) -> None:
        """Whole or not at all: the list of what is there is written last."""
        installed = self.folder / "installed"
        if installed.exists() and installed.read_text(encoding="utf-8") == repr(PACKAGES):
            return
        venv = [sys.executable, "-m", "venv", "--clear", str(self.folder / "venv")]
        _run(venv, INSTALL_SECONDS)
        pip = [str(self._tool("python")), "-m", "pip", "install", "--quiet", *PACKAGES]
        _run(pip, INSTALL_SECONDS)
        installed.write_text(repr(PACKAGES), encoding="utf-8")

    def _template(self) -> str:
        """The seeded template database; made anew whenever the seed or the packages change."""
        known = SEED.read_bytes() + repr((PACKAGES, MODULES, ADMIN_PASSWORD, PASSWORD)).encode()
        name = f"omsauto_tryton_{hashlib.sha256(known).hexdigest()[:12]}"
        if not _exists(name):
            half = f"{self.database}_half"
            self._drop(half)
            _execute("CREATE DATABASE {}", half)
            self._seed(half)
            # Somebody with another cache folder may have been quicker.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                _execute("ALTER DATABASE {} RENAME TO {}", half, name)
            self._drop(half)
        return name

    def _seed(self, database: str) -> None:
        secret = Path(self._state.name) / "admin-password"
        secret.write_text(ADMIN_PASSWORD, encoding="utf-8")
        environment = {**self._environment(), "TRYTONPASSFILE": str(secret)}
        admin = [str(self._tool("trytond-admin")), "-c", str(self._config()), "-d", database]
        made = [*admin, "--all", "--email", "admin@example.test"]
        _run(made, STEP_SECONDS, environment)
        _run([*admin, "-u", *MODULES, "--activate-dependencies"], STEP_SECONDS, environment)
        uri = urlsplit(postgres())._replace(path=f"/{database}").geturl()
        arguments = [str(SEED), uri, str(self._config()), USER, PASSWORD]
        _run([str(self._tool("python")), *arguments], STEP_SECONDS, environment)

    def _copy(self, template: str, name: str) -> None:
        self._drop(name)
        _execute("CREATE DATABASE {} TEMPLATE {}", name, template)

    def _drop(self, name: str) -> None:
        _execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _tool(self, name: str) -> Path:
        return self.folder / "venv" / "bin" / name

    def _command(self) -> str:
        return f"{self._tool('trytond')} -c {self._config()} -d {self.database}"

    def _config(self) -> Path:
        path = Path(self._state.name) / "trytond.conf"
        if not path.exists():
            server = urlsplit(postgres())._replace(path="/").geturl()
            path.write_text(
                f"[database]\nuri = {server}\npath = {self._state.name}\n"
                f"[web]\nlisten = 127.0.0.1:{self.port}\n"
                "[session]\nauthentications = password\n",
                encoding="utf-8",
            )
        return path

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": self._state.name, "LANG": "C.UTF-8"}


def _run(command: list[str], seconds: float, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        command, env=environment, timeout=seconds, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[:4]}: {done.stdout[-1500:]}{done.stderr[-3000:]}"


def _exists(database: str) -> bool:
    with psycopg.connect(postgres(), autocommit=True, connect_timeout=5) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(query, [database]).fetchone() is not None


def _execute(statement: str, *names: str) -> None:
    with psycopg.connect(postgres(), autocommit=True, connect_timeout=5) as connection:
        identifiers = (sql.Identifier(name) for name in names)
        connection.execute(sql.SQL(statement).format(*identifiers))
