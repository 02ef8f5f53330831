"""The verdict of bin/test."""

import pytest

from tests import run


@pytest.mark.parametrize(
    ("statuses", "chosen", "failed"),
    [
        ({"lint": 0, "tests": 0}, False, []),
        ({"lint": 1, "tests": 0}, False, ["lint"]),
        ({"tests": 0, "faults": 5}, False, ["faults"]),
        ({"tests": 0, "faults": 5}, True, []),
        ({"tests": 5, "faults": 5}, True, ["tests", "faults"]),
        ({"tests": 1, "faults": 5}, True, ["tests"]),
    ],
)
def test_a_part_fails_by_its_status(
    statuses: dict[str, int], chosen: bool, failed: list[str]
) -> None:
    assert run.failures(statuses, chosen=chosen) == failed


def test_what_is_required_and_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMSAUTO_REQUIRE", "postgres, redis")

    assert run.missing({"redis": "redis://127.0.0.1"}) == ["postgres"]


def test_the_last_tests_are_those_that_kill_processes() -> None:
    *_, last = run.tests([], {"postgres": "a", "redis": "b"})

    assert last.command[-2:] == ["-m", "faults and not real"]


def test_real_systems_are_tested_only_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def succeed(part: run.Part) -> int:
        asked.append(part.name)
        return 0

    monkeypatch.delenv("OMSAUTO_REQUIRE", raising=False)
    monkeypatch.setattr(run, "found_servers", lambda: {"postgres": "a"})
    monkeypatch.setattr(run.Part, "run", succeed)

    assert run.main(["--real", "-x"]) == 0
    assert asked == ["tests on real systems"]
    [part] = run.real_tests(["-x"], {"postgres": "a"})
    assert part.command[-3:] == ["-m", "real", "-x"]
    assert part.environment["OMSAUTO_TEST_DATABASE_URL"] == "a"
    assert all("not real" in part.command[-1] for part in run.tests([], {}))


def test_the_first_pair_leaves_to_the_second_what_that_one_can_do() -> None:
    first, *_ = run.tests([], {"postgres": "a", "redis": "b"})

    assert first.environment["OMSAUTO_TEST_LATER"] == "postgres,redis"
    assert first.environment["OMSAUTO_TEST_DATABASE_URL"] == ""
