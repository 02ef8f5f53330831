"""What every test shares: which pair it runs on, what it may be skipped for, a browser."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.core.management.color import Style
from django.db.backends.postgresql.operations import DatabaseOperations
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import ARGUMENTS, chromium_path

hypothesis.settings.register_profile("default", deadline=None, max_examples=100)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=200, derandomize=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

TESTS = Path(__file__).parent
WANTS = ("postgres", "redis", "chromium")
SKIPPED = "skipped for want of"
TOLD = "told"
"""The property by which a test records a line for the end of the run."""
ONCE = {"access", "channels", "claims", "fuzz", "sandbox", "e2e"}
"""Folders whose tests do not depend on the pair (platforms, roles, pages in a browser) or are
long, as those that try out what nobody types."""


@dataclass(frozen=True)
class Pair:
    """The database and the broker of this run."""

    database: str
    broker: str


def _names(variable: str) -> set[str]:
    return {name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()}


def _present() -> set[str]:
    has = {
        "postgres": "postgresql" in settings.DATABASES["default"]["ENGINE"],
        "redis": bool(settings.REDIS_URL),
        "chromium": chromium_path() is not None,
    }
    return {name for name, there in has.items() if there}


def _wanting(item: pytest.Item) -> set[str]:
    """What a test needs and this run does not have."""
    return {name for name in WANTS if item.get_closest_marker(name)} - _present()


def _waits(item: pytest.Item, later: set[str]) -> bool:
    """Can a later run, on these servers, do the test as well, and need this one not?"""
    once = item.path.relative_to(TESTS).parts[0] in ONCE or item.path.stem.endswith("_fuzz")
    if later >= {"postgres", "redis"} and once:
        return True
    return bool(want := _wanting(item)) and want <= later


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to a later run (OMSAUTO_TEST_LATER) what that one can do."""
    later = _names("OMSAUTO_TEST_LATER")
    postponed = {item for item in items if _waits(item, later)}
    if postponed:
        config.hook.pytest_deselected(items=list(postponed))
        items[:] = [item for item in items if item not in postponed]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test for what is missing, or fail it where OMSAUTO_REQUIRE insists."""
    for name in sorted(_wanting(item)):
        if name in _names("OMSAUTO_REQUIRE"):
            pytest.fail(f"{name} is required (OMSAUTO_REQUIRE) and missing", pytrace=False)
        pytest.skip(f"{SKIPPED} {name}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have to tell, and each test that was skipped because something is missing."""
    passed = terminalreporter.stats.get("passed", [])
    for line in [
        text for report in passed for name, text in report.user_properties if name == TOLD
    ]:
        terminalreporter.write_line(line)
    lines = []
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if SKIPPED in reason:
            lines.append(f"{reason.removeprefix('Skipped: ')}: {report.nodeid}")
    if lines:
        terminalreporter.section("not tested here")
        for line in sorted(lines):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def _flush_by_deleting() -> Iterator[None]:
    """After a test with transactions of its own PostgreSQL deletes rows instead of truncating.

    Truncating gives each of eighty tables a new file, which takes seconds; here they hold a few
    rows. The references between them are checked at the end of the transaction.
    """

    def flush(self: DatabaseOperations, style: Style, tables: list[str], **_: bool) -> list[str]:
        return [f"DELETE FROM {self.quote_name(table)};" for table in tables]  # noqa: S608

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", flush)
        yield


@pytest.fixture(scope="session")
def pair() -> Pair:
    """The pair this run tests on: ("sqlite" or "postgresql", "embedded" or "redis")."""
    engine: str = settings.DATABASES["default"]["ENGINE"]
    return Pair(
        engine.rpartition(".")[2].rstrip("3"), "redis" if settings.REDIS_URL else "embedded"
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless browser for the whole run; mark its tests `chromium`."""
    # Playwright keeps an event loop in this thread, where Django would refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own with empty cookies; fails the test on any error in the page's scripts."""
    context = chromium.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []
