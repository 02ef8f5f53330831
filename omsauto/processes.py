"""Runs the processes of the Procfile, starts again what dies, and leaves nothing behind.

Only the standard library and /proc: this watches the others, so it depends on none of them.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

PROC = Path("/proc")
STOP_SECONDS = 10.0
# A process that ends this soon after its start counts as one that cannot start.
SHORT_LIFE_SECONDS = 10.0
MOST_SHORT_LIVES = 5
# How long a process may take to become another program, and how often to look meanwhile.
EXEC_SECONDS = 0.5
EXEC_LOOKS = 50


class AlreadyRunningError(Exception):
    """Another bin/up, whose process id is the argument, uses the same state folder."""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read_procfile(text: str) -> dict[str, str]:
    """Name and command of each line `name: command`; blank lines and comments are left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): command.strip() for name, _, command in pairs}


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty when there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The name, in parentheses, may itself hold spaces and parentheses.
    return text.rpartition(")")[2].split()


def started(pid: int) -> int | None:
    """When a process started, in ticks since boot; None when it is gone. Tells reused ids apart."""
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] not in "ZX" else None


def _environ(pid: int) -> set[bytes]:
    """The NAME=value entries of a process; empty when it is gone or not ours to read.

    A living process shows none for the moment in which it becomes another program: asked again.
    """
    for _ in range(EXEC_LOOKS):
        try:
            content = (PROC / str(pid) / "environ").read_bytes()
        except OSError:
            return set()
        if content or started(pid) is None:
            return set(content.split(b"\0"))
        time.sleep(EXEC_SECONDS / EXEC_LOOKS)
    return set()


def group_members(group: int, var: Path) -> list[int]:
    """Living processes of a process group that work on the state folder `var`.

    The environment is the proof that they are ours: a process id alone may have been reused.
    """
    proof = f"OMSAUTO_VAR={var}".encode()
    found = []
    for folder in PROC.glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if not fields or fields[0] in "ZX" or int(fields[2]) != group:
            continue
        if proof in _environ(int(folder.name)):
            found.append(int(folder.name))
    return found


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end_group(group: int, var: Path, seconds: float = STOP_SECONDS) -> int:
    """End what is left of a process group, by force after `seconds`; how many there were."""
    members = group_members(group, var)
    _signal(members, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while group_members(group, var) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal(group_members(group, var), signal.SIGKILL)
    return len(members)


class Record:
    """What runs on a state folder, written down so that the next run can clean up after this."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.path = var / "processes.json"

    def read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, groups: Mapping[str, int]) -> None:
        own = os.getpid()
        content = {"up": own, "started": started(own), "groups": dict(groups)}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(content), encoding="utf-8")
        draft.replace(self.path)

    def clear_leftovers(self) -> int:
        """End the processes of an earlier run that was killed; how many there were.

        Raises AlreadyRunningError when that run still lives.
        """
        content = self.read()
        up, since = content.get("up"), content.get("started")
        if up and since and up != os.getpid() and started(up) == since:
            raise AlreadyRunningError(up)
        ended = sum(end_group(group, self.var) for group in content.get("groups", {}).values())
        self.path.unlink(missing_ok=True)
        return ended


class Child:
    """One line of the Procfile and the process that runs it now."""

    def __init__(self, name: str, command: str) -> None:
        self.name, self.command = name, command
        self.process: subprocess.Popen[bytes] | None = None
        self.born = 0.0
        self.short_lives = 0
        self.again_at = 0.0

    def start(self, environment: Mapping[str, str], folder: Path) -> None:
        self.born = time.monotonic()
        # A session of its own: Ctrl-C reaches bin/up alone, which then ends them in order.
        self.process = subprocess.Popen(  # noqa: S603 - the command is the Procfile's
            ["/bin/sh", "-c", f"exec {self.command}"],
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )

    def note_end(self, code: int) -> None:
        now = time.monotonic()
        self.short_lives = self.short_lives + 1 if now - self.born < SHORT_LIFE_SECONDS else 0
        wait = min(2**self.short_lives, 30)
        self.process, self.again_at = None, now + wait
        say(f"{self.name} ended with status {code}; it starts again in {wait} s.")


class Supervisor:
    """Keeps the commands running until SIGTERM, SIGINT, or one of them that cannot start."""

    def __init__(
        self, commands: Mapping[str, str], environment: Mapping[str, str], folder: Path, var: Path
    ) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self.environment, self.folder, self.var = environment, folder, var
        self.record = Record(var)
        self.stopping = threading.Event()

    def run(self, every_turn: Callable[[], None] = lambda: None) -> int:
        """Run until told to stop; 0 after a signal, 1 when a process keeps ending at its start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        failed = None
        try:
            while not self.stopping.wait(0.2) and failed is None:
                self._start_missing()
                every_turn()
                failed = next(self._hopeless(), None)
        finally:
            self._stop_all()
        if failed:
            say(f"{failed} ended {MOST_SHORT_LIVES} times right after its start: giving up. Its")
            say(f"last lines above and in {self.var / 'logs'} say why.")
        return 1 if failed else 0

    def _start_missing(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process and (code := child.process.poll()) is not None:
                end_group(child.process.pid, self.var, seconds=2)
                child.note_end(code)
            if child.process is None and child.again_at <= now and not self.stopping.is_set():
                child.start(self.environment, self.folder)
                self.record.write(self._groups())

    def _groups(self) -> dict[str, int]:
        return {child.name: child.process.pid for child in self.children if child.process}

    def _hopeless(self) -> Iterator[str]:
        return (child.name for child in self.children if child.short_lives >= MOST_SHORT_LIVES)

    def _stop_all(self) -> None:
        """SIGTERM to each process, which ends its own children; force for what is left."""
        running = [child.process for child in self.children if child.process]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.1))
            end_group(process.pid, self.var, seconds=1)
            process.wait()
        self.record.path.unlink(missing_ok=True)


def main(name: str) -> None:
    """Become one process of the Procfile: `python -m omsauto.processes web`, for containers."""
    root = Path(__file__).resolve().parent.parent
    command = read_procfile((root / "Procfile").read_text(encoding="utf-8"))[name]
    os.execv("/bin/sh", ["/bin/sh", "-c", f"exec {command}"])  # noqa: S606 - the Procfile's command


if __name__ == "__main__":
    main(sys.argv[1])
