"""What the checks before the tests find: credentials, and versions with known vulnerabilities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import dependency_audit, secret_scan
from tests.dependency_audit import judge
from tests.secret_scan import scanned

# Put together here, so that this file holds none.
AWS = "AKIA" + "IOSFODNN7EXAMPLQ"
PRIVATE = "-----BEGIN " + "RSA PRIVATE KEY-----"
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
RANDOM = "Xq7" + "vT9zLk2RbWm4YcHs8NpJd6FgAe3UxQo5"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.py"


@pytest.mark.parametrize("secret", [AWS, PRIVATE, GITHUB])
def test_a_credential_of_a_known_shape_is_found_anywhere(file: Path, secret: str) -> None:
    file.write_text(f"value = '{secret}'\n")
    assert list(scanned([file], guesses=False))


def test_random_characters_are_found_outside_tests(file: Path) -> None:
    file.write_text(f"value = '{RANDOM}'\n")
    assert list(scanned([file], guesses=True))
    assert not list(scanned([file], guesses=False))


def test_ordinary_code_is_no_credential(file: Path) -> None:
    file.write_text("token = request.POST['token']\nname = 'a quite ordinary sentence'\n")
    assert not list(scanned([file], guesses=True))


def test_the_baseline_is_small_and_holds_no_text() -> None:
    rows = secret_scan.known()
    assert len(rows) < 20
    assert all(len(digest) == 40 for _, _, digest in rows)


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages})


GOOD: dict[str, object] = {"name": "django", "version": "5.2.19", "vulns": []}
BAD: dict[str, object] = {
    "name": "urllib3",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}],
}
UNKNOWN: dict[str, object] = {"name": "celery", "skip_reason": "not found"}


def test_a_known_vulnerability_is_a_failure_that_says_what_to_do() -> None:
    verdict = judge(report(GOOD, BAD))
    assert verdict.found == [
        "urllib3 1.0: PYSEC-1, fixed in 1.1. Raise its version in pyproject.toml and compile the "
        "pins."
    ]


def test_an_accepted_one_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dependency_audit.ACCEPTED, "CVE-2026-1", "we never call it")
    verdict = judge(report(BAD))
    assert verdict.found == []
    assert "accepted: we never call it" in verdict.lines[0]


@pytest.mark.parametrize("answer", ["", "connection refused", report(UNKNOWN, UNKNOWN)])
def test_a_database_out_of_reach_is_said_and_no_failure(answer: str) -> None:
    verdict = judge(answer)
    assert verdict.found == []
    assert verdict.lines[-1] == "NOT AUDITED: the advisory database was not reached."


def test_what_was_audited_is_counted() -> None:
    assert judge(report(GOOD, UNKNOWN)).lines == [
        "1 packages are unknown to the advisory database.",
        "1 packages audited, 0 vulnerabilities.",
    ]
