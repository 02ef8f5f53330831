"""The whole of bin/test: every check, then the tests on each pair of database and broker found.

Arguments go to pytest; with arguments only the tests run. `--real` as the first one runs the tests
against real third-party systems instead, which it installs. Environment: OMSAUTO_TEST_DATABASE_URL
and OMSAUTO_TEST_REDIS_URL name the servers to test on, OMSAUTO_REQUIRE (postgres,redis,chromium)
makes their absence a failure.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from tests.browser import chromium_path

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
REDIS = "redis://127.0.0.1:6379/15"
PRODUCTION = {"OMSAUTO_PUBLIC_URL": "https://omsauto.example", "OMSAUTO_DEMO": "0", "DEBUG": "0"}
# pytest's exit status when no test was selected.
NO_TESTS = 5
VERDICTS = {0: "passed", NO_TESTS: "no tests"}


@dataclass(frozen=True)
class Part:
    """One command of the run and what it needs in its environment."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> int:
        """Run it, say how it went, and return its exit status."""
        say(f"\n=== {self.name}")
        environment = {**os.environ, **self.environment}
        began = time.monotonic()
        done = subprocess.run(self.command, cwd=ROOT, env=environment, check=False)  # noqa: S603 - our own commands
        verdict = VERDICTS.get(done.returncode, f"FAILED (status {done.returncode})")
        say(f"=== {self.name}: {verdict} in {time.monotonic() - began:.0f} s")
        return done.returncode


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def checks() -> Iterator[Part]:
    """Everything that is known without running the program."""
    python = [sys.executable, "-m"]
    manage = [sys.executable, "manage.py"]
    tool = Path(sys.executable).parent
    yield Part("ruff check", [*python, "ruff", "check", "."])
    yield Part("ruff format", [*python, "ruff", "format", "--check", "."])
    yield Part("mypy", [*python, "mypy", "."])
    yield Part("imports", [str(tool / "lint-imports")])
    yield Part("templates", [*python, "djlint", "templates", "--lint", "--quiet"])
    yield Part("template layout", [*python, "djlint", "templates", "--check", "--quiet"])
    yield Part("credentials in files", [*python, "tests.secret_scan"])
    yield Part("vulnerable dependencies", [*python, "tests.dependency_audit"])
    settings = {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    yield Part("migrations", [*manage, "makemigrations", "--check", "--dry-run"], settings)
    deploy = [*manage, "check", "--deploy", "--fail-level", "WARNING"]
    yield Part("production settings", deploy, {**settings, **PRODUCTION})


def found_servers() -> dict[str, str]:
    """Where PostgreSQL and Redis answer: "postgres" and "redis", each with its URL."""
    servers = {}
    for url in (os.environ.get(name) for name in ("OMSAUTO_TEST_DATABASE_URL", "DATABASE_URL")):
        if url and url.startswith("postgres") and postgres_answers(url):
            servers["postgres"] = url
            break
    else:
        if postgres_answers(POSTGRES):
            servers["postgres"] = POSTGRES
    url = os.environ.get("OMSAUTO_TEST_REDIS_URL") or REDIS
    if redis_answers(url):
        servers["redis"] = url
    return servers


def postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


def redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def tests(arguments: list[str], servers: dict[str, str]) -> Iterator[Part]:
    """The tests on files alone, again on the servers found, and last those that kill processes."""
    pytest = [sys.executable, "-m", "pytest"]
    many = [] if any(word.startswith("-n") for word in arguments) else ["-n", "2"]
    calm = [*pytest, *many, "-m", "not faults and not real", *arguments]
    # What the second pair can do is left to it, not reported as skipped by the first.
    embedded = {
        "OMSAUTO_TEST_DATABASE_URL": "",
        "OMSAUTO_TEST_REDIS_URL": "",
        "OMSAUTO_TEST_LATER": ",".join(servers),
    }
    full = _on(servers)
    yield Part("tests on SQLite and the embedded broker", calm, embedded)
    if servers:
        yield Part(f"tests on {' and '.join(servers)}", calm, full)
    if any("mark.faults" in path.read_text() for path in ROOT.glob("tests/**/test_*.py")):
        killing = [*pytest, "-m", "faults and not real", *arguments]
        yield Part("tests that kill processes", killing, full)


def real_tests(arguments: list[str], servers: dict[str, str]) -> Iterator[Part]:
    """The tests against systems that nobody here wrote."""
    command = [sys.executable, "-m", "pytest", "-m", "real", *arguments]
    yield Part("tests on real systems", command, _on(servers))


def _on(servers: dict[str, str]) -> dict[str, str]:
    return {
        "OMSAUTO_TEST_DATABASE_URL": servers.get("postgres", ""),
        "OMSAUTO_TEST_REDIS_URL": servers.get("redis", ""),
        "OMSAUTO_TEST_LATER": "",
    }


def missing(servers: dict[str, str]) -> list[str]:
    """What OMSAUTO_REQUIRE asks for and this machine does not have."""
    present = {*servers, *(["chromium"] if chromium_path() else [])}
    required = os.environ.get("OMSAUTO_REQUIRE", "").replace(" ", "").split(",")
    return [name for name in required if name and name not in present]


def failures(statuses: dict[str, int], *, chosen: bool) -> list[str]:
    """The names of the parts that failed.

    No tests is a failure, but where the caller chose them (`chosen`) one part that has some is
    enough: a chosen test either kills processes or does not.
    """
    some_ran = any(status != NO_TESTS for status in statuses.values())
    fine = {0, NO_TESTS} if chosen and some_ran else {0}
    return [name for name, status in statuses.items() if status not in fine]


def main(arguments: list[str]) -> int:
    servers = found_servers()
    if arguments[:1] == ["--real"]:
        parts = list(real_tests(arguments[1:], servers))
    else:
        parts = [*([] if arguments else checks()), *tests(arguments, servers)]
    chosen = bool(arguments) and len(parts) > 1
    failed = failures({part.name: part.run() for part in parts}, chosen=chosen)
    failed += [f"{name} is required and was not found" for name in missing(servers)]
    say("")
    for name in failed:
        say(f"FAILED: {name}")
    say(f"bin/test: {len(failed)} failed" if failed else f"bin/test: all {len(parts)} parts passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
