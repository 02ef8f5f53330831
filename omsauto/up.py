"""The second half of bin/up: prepares the state folder, then runs the Procfile."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from omsauto.processes import (
    AlreadyRunningError,
    Record,
    Supervisor,
    read_procfile,
    say,
)

ROOT = Path(__file__).resolve().parent.parent
LOG_LIMIT_BYTES = 20 * 1024 * 1024


def environment() -> dict[str, str]:
    """The environment of every process, with each default spelled out."""
    values = dict(os.environ)
    values["OMSAUTO_VAR"] = str(Path(values.get("OMSAUTO_VAR") or ROOT / "var").resolve())
    values["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{values.get('PATH', os.defpath)}"
    values["PYTHONUNBUFFERED"] = "1"
    values["DJANGO_SETTINGS_MODULE"] = "omsauto.settings"
    for name, default in {"HOST": "127.0.0.1", "PORT": "8000", "OMSAUTO_DEMO": "1"}.items():
        values[name] = values.get(name) or default
    values["SANDBOX_PORT"] = values.get("SANDBOX_PORT") or str(int(values["PORT"]) + 1)
    if "LOG_FORMAT" not in values and sys.stdout.isatty():
        values["LOG_FORMAT"] = "console"
    return values


def with_demo(values: dict[str, str]) -> bool:
    return values["OMSAUTO_DEMO"].lower() not in {"0", "false", "no", "off"}


def commands(values: dict[str, str]) -> dict[str, str]:
    """The Procfile's lines; the sandbox belongs to the demo."""
    found = read_procfile((ROOT / "Procfile").read_text(encoding="utf-8"))
    if not with_demo(values) or not (ROOT / "sandbox").is_dir():
        found.pop("sandbox", None)
    return found


def port_taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def rotate_logs(folder: Path) -> None:
    """Put aside log files that have grown; one earlier file of each is kept."""
    for log in folder.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))


def answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def announcer(values: dict[str, str], login: str) -> Callable[[], None]:
    """Says, once, where omsauto is as soon as it answers there."""
    host, port = values["HOST"], int(values["PORT"])
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - no bind here
    said: list[bool] = []

    def announce() -> None:
        if not said and answers(reachable, port):
            said.append(True)
            shown = f"[{reachable}]" if ":" in reachable else reachable
            say(f"\nomsauto is ready: http://{shown}:{port}/\n{login}Stop it with Ctrl-C.\n")
            if with_demo(values):
                connect_demo(values)

    return announce


def connect_demo(values: dict[str, str]) -> None:
    """Connect the sandbox in a process of its own, which says what it did and ends."""
    subprocess.Popen([sys.executable, "manage.py", "connect_demo"], cwd=ROOT, env=values)


def prepare(values: dict[str, str]) -> str:
    """Migrate and so on in a process of its own; what it printed (the demo login)."""
    done = subprocess.run(
        [sys.executable, "-m", "omsauto.prepare"],
        cwd=ROOT,
        env=values,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def obstacle(values: dict[str, str], processes: Mapping[str, str]) -> str | None:
    """Why omsauto cannot start here, or None. Ends what a killed earlier run left behind."""
    var = Path(values["OMSAUTO_VAR"])
    try:
        ended = Record(var).clear_leftovers()
    except AlreadyRunningError as error:
        return (
            f"omsauto already runs on {var} (process {error}). Stop that one first, or set\n"
            "OMSAUTO_VAR and PORT to start a second one beside it."
        )
    if ended:
        say(f"An earlier run was killed and left {ended} processes behind: ended.")
    ports = [int(values["PORT"])] + [int(values["SANDBOX_PORT"])] * ("sandbox" in processes)
    taken = [port for port in ports if port_taken(values["HOST"], port)]
    if taken:
        return (
            f"Port {taken[0]} of {values['HOST']} is in use. Set PORT or SANDBOX_PORT to another."
        )
    return None


def main() -> int:
    values = environment()
    var = Path(values["OMSAUTO_VAR"])
    var.mkdir(parents=True, exist_ok=True)
    processes = commands(values)
    if reason := obstacle(values, processes):
        say(reason)
        return 1
    rotate_logs(var / "logs")
    try:
        login = prepare(values)
    except subprocess.CalledProcessError:
        say("The database could not be prepared; the lines above say why. Nothing was started.")
        return 1
    return Supervisor(processes, values, ROOT, var).run(announcer(values, login))


if __name__ == "__main__":
    sys.exit(main())
