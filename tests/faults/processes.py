"""Processes of a test's own: lines of the Procfile and servers, to be killed and restarted."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], object], seconds: float, what: str, every: float = 0.1) -> float:
    """Look until it is true; answers with the seconds that took, fails when it takes too long."""
    began = time.monotonic()
    while not true():
        waited = time.monotonic() - began
        assert waited < seconds, f"{what}: not after {waited:.0f} s"
        time.sleep(every)
    return time.monotonic() - began


class Process:
    """One command as a process group of its own; what it says goes to a file."""

    def __init__(
        self,
        name: str,
        command: str,
        environment: Mapping[str, str],
        output: Path,
        folder: Path = ROOT,
    ) -> None:
        self.name, self.command, self.output, self.folder = name, command, output, folder
        self.environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self._process is None, f"{self.name} runs already"
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the Procfile's or the test's own command
                ["/bin/sh", "-c", f"exec {self.command}"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """To the whole group; its members may have ended by themselves."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to every process of the group: nobody gets to say goodbye."""
        self.signal(signal.SIGKILL)
        self._wait(10)

    def terminate(self, seconds: float) -> float:
        """SIGTERM to the main process, as a supervisor does; the seconds until it had ended."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        self._wait(seconds)
        return time.monotonic() - began

    def _wait(self, seconds: float) -> None:
        assert self._process is not None
        self._process.wait(seconds)
        self._process = None

    def end(self) -> None:
        """Whatever state it is in, nothing of it is left afterwards."""
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self.kill()

    def cpu_seconds(self) -> float:
        """Processor time that the main process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / TICKS_PER_SECOND

    def memory_mib(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
