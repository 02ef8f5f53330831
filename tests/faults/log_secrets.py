"""What an installation keeps secret, and where its log files say it all the same."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from cryptography.fernet import Fernet

from tests.secret_scan import scanned

KEYS = ("secret_key", "encryption_key")
SHAPES = re.compile(
    r"\boms_\w{20,}|\bwhsec_[\w+/=-]{8,}|\bBearer\s+[\w.-]{8,}|/(?:webhooks|invitations)/[\w-]{20,}"
)
"""Our tokens and the links that hold one, whose values the database alone knows."""
SECRET_NAMES = ("token", "secret")
SHORTEST = 6


def installations(base: Path) -> list[Path]:
    """The state folders below `base`, with logs of what ran on them."""
    return sorted({path.parent for path in base.glob("*/logs")} - {base})


def log_files(folder: Path) -> list[Path]:
    """What processes logged, and what they said besides."""
    return sorted([*folder.glob("logs/*"), *folder.glob("*.out")])


def known_secrets(folder: Path) -> set[str]:
    """The keys, what is sealed in an embedded database, and what the sandbox's places ask for."""
    keys = {(folder / name).read_text().strip() for name in KEYS if (folder / name).exists()}
    found = {*keys, *_sealed(folder), *_of_sandbox(folder)}
    return {secret for secret in found if len(secret) >= SHORTEST}


def _sealed(folder: Path) -> Iterator[str]:
    database = folder / "omsauto.sqlite3"
    if not database.exists():
        return
    box = Fernet((folder / "encryption_key").read_text().strip())
    with closing(sqlite3.connect(database)) as connection:
        rows = "SELECT secrets_encrypted, webhook_token FROM channels_channel"
        for sealed, token in connection.execute(rows):
            yield token
            yield from json.loads(box.decrypt(sealed)).values() if sealed else ()


def _of_sandbox(folder: Path) -> Iterator[str]:
    """From any column of JSON or text with such a name, whatever its tables are."""
    database = folder / "sandbox.sqlite3"
    if not database.exists():
        return
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - its own name
                for name in row.keys():  # noqa: SIM118 - a row's values are iterated otherwise
                    yield from _secrets_in(name, row[name])


def _secrets_in(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, str):
        return
    if any(word in name for word in SECRET_NAMES):
        yield value
    if value.startswith("{"):
        for inner, one in json.loads(value).items():
            yield from _secrets_in(inner, one)


def complaints(folder: Path) -> list[str]:
    """File and line of each secret in the logs of an installation; never the secret itself."""
    secrets = known_secrets(folder)
    assert secrets, f"{folder} has no secret to look for"
    found = []
    for path in log_files(folder):
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if any(secret in line for secret in secrets):
                found.append(f"{path}:{number}: a secret of this installation")
            elif SHAPES.search(line):
                found.append(f"{path}:{number}: the shape of a token")
    for one in scanned(log_files(folder), guesses=False):
        found.append(f"{one.filename}:{one.line_number}: {one.type}")
    return found
