"""What keeps the processes running, and what it leaves behind: real processes, really killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from omsauto import processes
from omsauto.processes import AlreadyRunningError, Record, Supervisor, read_procfile, started

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import os, sys
from pathlib import Path
from omsauto.processes import Supervisor
var = Path(sys.argv[1])
commands = {f"sleeper{n}": command for n, command in enumerate(sys.argv[2:])}
sys.exit(Supervisor(commands, os.environ, var, var).run())
"""


def until(true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def sleeper() -> Iterator[Callable[[Path], subprocess.Popen[bytes]]]:
    """Starts processes that work on a state folder; ends what the test left of them."""
    sleepers = []

    def start(var: Path) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "OMSAUTO_VAR": str(var)}
        sleepers.append(
            subprocess.Popen(["/bin/sleep", "60"], env=environment, start_new_session=True)
        )
        return sleepers[-1]

    yield start
    for process in sleepers:
        process.kill()
        process.wait()


def groups(var: Path) -> dict[str, int]:
    found: dict[str, int] = Record(var).read().get("groups", {})
    return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a supervisor of the given commands; ends it and all it left afterwards."""
    runs = []

    def start(*commands: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "OMSAUTO_VAR": str(tmp_path), "PYTHONPATH": str(ROOT)}
        run = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", RUN, str(tmp_path), *commands],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        runs.append(run)
        until(lambda: len(groups(tmp_path)) == len(commands) or run.poll() is not None)
        return run

    yield start
    for run in runs:
        run.kill()
        run.wait()
    Record(tmp_path).clear_leftovers()


def test_procfile_lines_become_named_commands() -> None:
    text = "# all of it\n\nweb: serve --bind host:80\nbeat:  tick\n"

    assert read_procfile(text) == {"web": "serve --bind host:80", "beat": "tick"}


def test_the_procfile_runs_web_worker_clock_and_sandbox() -> None:
    assert list(read_procfile((ROOT / "Procfile").read_text())) == [
        "web",
        "worker",
        "beat",
        "sandbox",
    ]


def test_a_process_that_is_gone_has_no_start() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert started(gone.pid) is None


def test_a_process_seen_while_it_becomes_another_program_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "17"
    folder.mkdir()
    fields = ["S", "1", "17", *["0"] * 16, "99"]
    (folder / "stat").write_text(f"17 (sh) {' '.join(fields)}")
    environ = folder / "environ"
    environ.write_bytes(b"")
    monkeypatch.setattr(processes, "PROC", tmp_path)
    monkeypatch.setattr(time, "sleep", lambda _: environ.write_bytes(b"OMSAUTO_VAR=/var\0"))

    assert processes.group_members(17, Path("/var")) == [17]


@pytest.mark.faults
def test_processes_of_a_killed_run_are_ended(
    tmp_path: Path, sleeper: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    left = sleeper(tmp_path)
    content = {"up": 0, "started": None, "groups": {"web": left.pid}}
    Record(tmp_path).path.write_text(json.dumps(content))

    assert Record(tmp_path).clear_leftovers() == 1
    assert left.wait(5) == -signal.SIGTERM
    assert not Record(tmp_path).path.exists()


@pytest.mark.faults
def test_a_stranger_under_a_recorded_id_is_left_alone(
    tmp_path: Path, sleeper: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    stranger = sleeper(tmp_path / "elsewhere")
    content = {"up": 0, "started": None, "groups": {"web": stranger.pid}}
    Record(tmp_path).path.write_text(json.dumps(content))

    assert Record(tmp_path).clear_leftovers() == 0
    assert stranger.poll() is None


@pytest.mark.faults
def test_a_second_run_on_the_same_folder_is_refused(
    tmp_path: Path, up: Callable[..., subprocess.Popen[bytes]]
) -> None:
    first = up("sleep 60")

    with pytest.raises(AlreadyRunningError) as refusal:
        Record(tmp_path).clear_leftovers()
    assert refusal.value.args == (first.pid,)
    assert first.poll() is None


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything(
    tmp_path: Path, up: Callable[..., subprocess.Popen[bytes]], number: signal.Signals
) -> None:
    run = up("sleep 60", "sleep 60")
    pids = list(groups(tmp_path).values())
    run.send_signal(number)

    assert run.wait(10) == 0
    assert [started(pid) for pid in pids] == [None, None]


@pytest.mark.faults
def test_a_killed_process_is_started_again_and_its_children_ended(
    tmp_path: Path, up: Callable[..., subprocess.Popen[bytes]]
) -> None:
    up("sh -c 'sleep 60 & wait'")
    first = groups(tmp_path)["sleeper0"]
    until(lambda: len(processes.group_members(first, tmp_path)) == 2)
    os.kill(first, signal.SIGKILL)

    until(lambda: groups(tmp_path).get("sleeper0", first) != first)
    assert processes.group_members(first, tmp_path) == []


@pytest.mark.faults
def test_after_the_supervisor_was_killed_the_next_run_cleans_up(
    tmp_path: Path, up: Callable[..., subprocess.Popen[bytes]]
) -> None:
    run = up("sleep 60", "sleep 60")
    pids = list(groups(tmp_path).values())
    run.kill()
    run.wait()

    assert Record(tmp_path).clear_leftovers() == 2
    until(lambda: all(started(pid) is None for pid in pids))


@pytest.mark.faults
def test_a_process_that_cannot_start_ends_the_run_with_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "MOST_SHORT_LIVES", 1)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    environment = {**os.environ, "OMSAUTO_VAR": str(tmp_path)}
    supervisor = Supervisor({"web": "false"}, environment, tmp_path, tmp_path)
    rescue = threading.Timer(10, supervisor.stopping.set)
    rescue.start()
    status = supervisor.run()
    rescue.cancel()

    assert status == 1
    assert "web ended 1 times right after its start" in capsys.readouterr().out
