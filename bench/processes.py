"""The program's processes as its Procfile starts them, and what they use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.scene import ROOT, Scene, free_port, wait_for_port

WEB_PROCESSES = 2
WEB_THREADS = 16
SETTLE_SECONDS = 1.0
END_SECONDS = 10.0
DATABASE_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"


@dataclass(frozen=True)
class Use:
    """CPU in seconds since the start, memory in MB (PSS shares what processes share)."""

    cpu: float
    rss: float
    pss: float


def use_of(pid: int) -> Use:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) / 1000
    return Use(ticks / os.sysconf("SC_CLK_TCK"), sizes["Rss"], sizes["Pss"])


def helpers_of(pid: int) -> list[int]:
    """The processes that it has started and that run still."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


@contextmanager
def our_web(scene: Scene) -> Iterator[int]:
    """Answers with the port. Two processes of our server."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "asginl", "--http", "1",
        "--http1-buffer-size", "65536", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WEB_PROCESSES), "--no-ws", "--respawn-failed-workers",
        "--workers-kill-timeout", "5", "--log-level", "error", "omsauto.asgi:application",
    ]  # fmt: skip
    with _started(scene, command, OMSAUTO_PROCESS="web", WEB_THREADS=str(WEB_THREADS)):
        wait_for_port(port)
        time.sleep(SETTLE_SECONDS)
        yield port


@contextmanager
def plain_web(scene: Scene) -> Iterator[int]:
    """The plain view under the server that one takes first: two synchronous workers."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--preload", "--workers", str(WEB_PROCESSES),
        "--bind", f"127.0.0.1:{port}", "--log-level", "error", "bench.plain_view:application",
    ]  # fmt: skip
    with _started(scene, command, DJANGO_SETTINGS_MODULE="bench.plain_settings"):
        wait_for_port(port)
        time.sleep(SETTLE_SECONDS)
        yield port


@contextmanager
def clock(scene: Scene, scheduler: str = "") -> Iterator[int]:
    """Answers with the process id. `scheduler`: another than ours."""
    command = [sys.executable, "-m", "celery", "--app", "omsauto", "--quiet", "beat"]
    command += ["--scheduler", scheduler] if scheduler else []
    with _started(scene, command, OMSAUTO_PROCESS="beat") as pid:
        yield pid


@contextmanager
def _started(scene: Scene, command: list[str], **extra: str) -> Iterator[int]:
    environment = {**scene.environment, **extra}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603  # our own words
    try:
        yield process.pid
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Celery's own scheduler may wait for itself for ever when it is told to stop."""
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
