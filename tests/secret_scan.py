"""Credentials that are about to be committed: the repository's files, looked through before tests.

`.secrets.baseline` holds what was looked at and is none, by hash; `--accept` writes it anew. In
tests made-up credentials are the rule: there only those are reported that have the shape of a
real one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

from tests.run import ROOT, say

BASELINE = ROOT / ".secrets.baseline"
SHAPES = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "CloudantDetector", "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector",
    "IbmCloudIamDetector", "IbmCosHmacDetector", "JwtTokenDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector",
    "SlackDetector", "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector",
    "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
"""What the credentials of a service look like, whatever stands around them."""
GUESSES = ("KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString")
"""Names such as "password", and random characters."""
_HEURISTIC = "detect_secrets.filters.heuristic"
FILTERS = (
    f"{_HEURISTIC}.is_indirect_reference", f"{_HEURISTIC}.is_likely_id_string",
    f"{_HEURISTIC}.is_potential_uuid", f"{_HEURISTIC}.is_prefixed_with_dollar_sign",
    f"{_HEURISTIC}.is_sequential_string", f"{_HEURISTIC}.is_templated_secret",
    f"{_HEURISTIC}.is_not_alphanumeric_string",
)  # fmt: skip
HASHES_ALONE = ("requirements.txt", BASELINE.name)
ADVICE = (
    "If it is one, take it out and revoke it; it may stand in earlier commits. If it is none, run "
    "python -m tests.secret_scan --accept and commit the baseline."
)


def scanned(files: Iterable[Path], *, guesses: bool) -> Iterator[PotentialSecret]:
    """What looks like a credential; nothing is asked of any service."""
    plugins = [*SHAPES, *(GUESSES if guesses else ())]
    chosen = {
        "plugins_used": [{"name": name} for name in plugins],
        "filters_used": [{"path": path} for path in FILTERS],
    }
    with transient_settings(chosen):
        for file in files:
            yield from scan_file(str(file))


def committed() -> list[Path]:
    """The files that git knows, or is about to."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)  # noqa: S603 - our own command
    names = [name for name in done.stdout.split("\0") if name and name not in HASHES_ALONE]
    return [path for path in map(ROOT.joinpath, names) if path.is_file() and not path.is_symlink()]


def found_in(files: list[Path]) -> list[PotentialSecret]:
    of_tests = [path for path in files if path.is_relative_to(ROOT / "tests")]
    others = [path for path in files if path not in of_tests]
    return [*scanned(others, guesses=True), *scanned(of_tests, guesses=False)]


def _key(one: PotentialSecret) -> tuple[str, str, str]:
    return str(Path(one.filename).relative_to(ROOT)), one.type, one.secret_hash


def known() -> set[tuple[str, str, str]]:
    if not BASELINE.exists():
        return set()
    return {tuple(row) for row in json.loads(BASELINE.read_text(encoding="utf-8"))}


def main(arguments: list[str]) -> int:
    if not (ROOT / ".git").exists():
        say("NOT SCANNED: this is no clone, so nobody can commit from it.")
        return 0
    found = found_in(committed())
    if arguments == ["--accept"]:
        rows = sorted({_key(one) for one in found})
        BASELINE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        say(f"{len(rows)} written to {BASELINE.name}: look at each before you commit it.")
        return 0
    new = [one for one in found if _key(one) not in known()]
    for one in new:
        say(f"{_key(one)[0]}:{one.line_number}: {one.type}")
    say(f"{len(new)} possible credentials. {ADVICE}" if new else "No credential was found.")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
