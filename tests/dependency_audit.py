"""Known vulnerabilities of the pinned versions, asked of the advisory database by pip-audit.

A vulnerability is a failure. A database that cannot be reached is none: that is said, and the run
goes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from tests.run import ROOT, say

COMMAND = [
    sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "requirements.txt"),
    "--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off",
    "--timeout", "10",
]  # fmt: skip
LONGEST_SECONDS = 180
ACCEPTED: dict[str, str] = {}
"""Ids of vulnerabilities that do not concern us, each with the reason, until a fix is there."""


@dataclass
class Verdict:
    audited: int = 0
    skipped: int = 0
    found: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        said = [*self.found, *self.accepted]
        if self.audited == 0:
            return [*said, "NOT AUDITED: the advisory database was not reached."]
        if self.skipped:
            said.append(f"{self.skipped} packages are unknown to the advisory database.")
        return [*said, f"{self.audited} packages audited, {len(self.found)} vulnerabilities."]


def judge(report: str) -> Verdict:
    """What pip-audit's JSON says; no JSON is a database that was not reached."""
    verdict = Verdict()
    for package in _packages(report):
        if "skip_reason" in package:
            verdict.skipped += 1
            continue
        verdict.audited += 1
        for one in package.get("vulns", []):
            _note(verdict, package, one)
    return verdict


def _packages(report: str) -> list[dict[str, Any]]:
    try:
        return list(json.loads(report)["dependencies"])
    except (ValueError, KeyError, TypeError):
        return []


def _note(verdict: Verdict, package: dict[str, Any], one: dict[str, Any]) -> None:
    ids = {one["id"], *one.get("aliases", [])}
    fixed = ", ".join(one.get("fix_versions", [])) or "no version yet"
    line = f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}"
    reasons = [ACCEPTED[name] for name in sorted(ids) if name in ACCEPTED]
    if reasons:
        verdict.accepted.append(f"{line}; accepted: {reasons[0]}")
    else:
        verdict.found.append(f"{line}. Raise its version in pyproject.toml and compile the pins.")


def main() -> int:
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            COMMAND, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
        )
        verdict = judge(done.stdout)
        said = (
            done.stderr.strip().splitlines()[-1:] if done.returncode and not verdict.audited else []
        )
    except subprocess.TimeoutExpired:
        verdict, said = Verdict(), [f"no answer within {LONGEST_SECONDS} s"]
    for line in [*said, *verdict.lines]:
        say(line)
    return 1 if verdict.found else 0


if __name__ == "__main__":
    sys.exit(main())
