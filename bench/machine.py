"""Where and when the benchmarks ran, and whether the machine was free for them. Linux only."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bench.scene import SERVER

BUSY = 0.1
"""The share of all cores in use by others above which figures are not to be believed."""
LOOK_SECONDS = 2.0
SETTINGS = ("fsync", "synchronous_commit", "shared_buffers", "autovacuum")


def description() -> str:
    """One sentence for the head of the results."""
    at = datetime.now(UTC)
    date = f"{at.day} {at:%B %Y, %H:%M} UTC"
    parts = [
        f"{os.cpu_count()} cores ({_processor()})",
        f"{_memory_gib()} GiB",
        _system(),
        f"Python {platform.python_version()}",
        _postgresql(),
        _redis(),
    ]
    return f"{date}: {', '.join(parts)}"


def wait_for_quiet(patience: float) -> str:
    """Wait some seconds until nobody else uses the machine; a warning where somebody still does.

    What an earlier part left to be written out is mostly over in that time.
    """
    end = time.monotonic() + patience
    while (busy := cpu_in_use(LOOK_SECONDS)) > BUSY and time.monotonic() < end:
        pass
    if busy <= BUSY:
        return ""
    return f"{busy:.0%} of its cores in use by others, load average {os.getloadavg()[0]:.1f}"


def cpu_in_use(seconds: float) -> float:
    """The share of all cores that was not idle in the time that this takes."""
    before = _cpu_times()
    time.sleep(seconds)
    idle, total = (now - was for now, was in zip(_cpu_times(), before, strict=True))
    return 1 - idle / total if total else 0.0


def _cpu_times() -> tuple[int, int]:
    """Idle (with waiting for disks) and all, since the start of the machine."""
    first = Path("/proc/stat").read_text().splitlines()[0]
    spent = [int(text) for text in first.split()[1:9]]
    return spent[3] + spent[4], sum(spent)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _postgresql() -> str:
    with psycopg.connect(SERVER) as connection:
        version = connection.info.server_version // 10_000
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)",
            [list(SETTINGS)],
        )
        settings = ", ".join(f"{name} {value}" for name, value in rows)
    return f"PostgreSQL {version} ({settings})"


def _redis() -> str:
    program = shutil.which("redis-server")
    if program is None:
        return "no Redis"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # our own words
    return "Redis " + said.stdout.partition("v=")[2].split()[0]
