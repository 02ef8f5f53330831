"""Medusa itself: installed from npm once, started on a free port, stopped, killed, restarted."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import httpx

from tests.real.medusa.database import Databases

VERSION = "2.21.2"
PACKAGES = [f"@medusajs/{name}@{VERSION}" for name in ("medusa", "framework", "cli")]
ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs" / "connectors" / "medusa.md"
CONFIG = Path(__file__).with_name("medusa-config.js")
ADMIN, PASSWORD = "admin@shop.example", "for-tests-only"
PATIENCE = 180.0
"""Seconds that a start may take; 4 on a quiet machine."""


def cache() -> Path:
    """Where what npm brings is kept between runs."""
    named = os.environ.get("OMSAUTO_REAL_CACHE")
    return (Path(named) if named else ROOT / "var" / "real") / "medusa" / VERSION


def subscriber() -> str:
    """The subscriber file, word for word as the connector's page gives it."""
    [text] = re.findall(r"```js\n(// src/subscribers/omsauto\.ts.*?)```", DOCS.read_text(), re.S)
    return str(text)


class Medusa:
    """A context manager: within it the server runs on `url`, with an administrator and no data.

    `seconds` says how long each step took. `webhook_url` and `webhook_secret` are what the
    subscriber is told; without them it keeps silent.
    """

    def __init__(self, webhook_url: str = "", webhook_secret: str = "") -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seconds: dict[str, float] = {}
        self._told = {"OMSAUTO_WEBHOOK_URL": webhook_url, "OMSAUTO_WEBHOOK_SECRET": webhook_secret}
        self._databases = Databases(f"omsauto_medusa_{VERSION.replace('.', '_')}")
        self._database = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()

    def __enter__(self) -> Medusa:
        with self._timed("install"):
            _install(cache())
        self._folder = Path(tempfile.mkdtemp(prefix="omsauto-medusa-"))
        try:
            self._make_project()
            with self._timed("template database"):
                self._databases.ensure_template(self._fill)
            with self._timed("database"):
                self._database = self._databases.copy()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self._timed("start"), self._log_file("server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*_medusa(self._folder), "start", "-H", "127.0.0.1", "-p", str(self.port)],
                cwd=self._folder,
                env=self._environment(self._databases.url(self._database)),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._wait()

    def stop(self) -> None:
        """Ask it to end, as an operator's restart does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`: as when the machine loses power."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        with self._timed("stop"):
            self._end(signal.SIGTERM)
            if self._database:
                self._databases.drop(self._database)
            if self._folder != Path():
                shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """What the server has written."""
        return self._log_file("server.log").read_text(errors="replace")

    def _make_project(self) -> None:
        """A project of its own for each run; only the modules are shared."""
        for name in ("package.json", "node_modules"):
            (self._folder / name).symlink_to(cache() / name)
        shutil.copy(CONFIG, self._folder)
        subscribers = self._folder / "src" / "subscribers"
        subscribers.mkdir(parents=True)
        (subscribers / "omsauto.js").write_text(subscriber())
        # Medusa's build turns the file into JavaScript of this project; here it runs as it is.
        (subscribers / "package.json").write_text('{"type": "module"}')

    def _fill(self, url: str) -> None:
        self._command(url, "db:migrate")
        self._command(url, "user", "-e", ADMIN, "-p", PASSWORD)

    def _command(self, url: str, *words: str) -> None:
        done = subprocess.run(  # noqa: S603 - our own command
            [*_medusa(self._folder), *words],
            cwd=self._folder,
            env=self._environment(url),
            capture_output=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise RuntimeError(f"medusa {words[0]} failed: {_tail(done.stdout + done.stderr)}")

    def _environment(self, database: str) -> dict[str, str]:
        quiet = {"MEDUSA_DISABLE_TELEMETRY": "true", "NODE_ENV": "production"}
        return {**os.environ, **quiet, **self._told, "DATABASE_URL": database}

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/health", timeout=5).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"Medusa did not start: {_tail(self.log().encode())}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _log_file(self, name: str) -> Path:
        return self._folder / name

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - began, 1)


def _install(folder: Path) -> None:
    """npm installs beside the final place; a rename makes it whole or not there at all."""
    if (folder / "node_modules").is_dir():
        return
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    (making / "package.json").write_text(json.dumps({"name": "omsauto-medusa", "private": True}))
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is not installed; Medusa needs Node.js 20 or later")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *PACKAGES], cwd=making, capture_output=True, check=False, timeout=900
    )
    if done.returncode:
        raise RuntimeError(f"npm could not install Medusa: {_tail(done.stdout + done.stderr)}")
    if not (folder / "node_modules").is_dir():
        making.rename(folder)


def _medusa(folder: Path) -> list[str]:
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("node is not installed; Medusa needs Node.js 20 or later")
    return [node, str(folder / "node_modules" / "@medusajs" / "cli" / "cli.js")]


def _tail(output: bytes) -> str:
    return output.decode(errors="replace")[-3000:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
