"""A copy of all that an installation must not lose, and the way back: database and keys.

Messages and logs are left out: the database is the truth, and holds what a broker forgets.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from jobs.models import Heartbeat

MANIFEST = "manifest.json"
KEYS = ("secret_key", "encryption_key")
"""Files of the state folder; where the environment holds these keys there are none."""
SQLITE, POSTGRES = "omsauto.sqlite3", "omsauto.pgdump"
ALIVE = timedelta(seconds=15)
"""Each part of the program beats more often."""
RESTORE = ("--clean", "--if-exists", "--no-owner", "--exit-on-error", "--single-transaction")


class CannotError(Exception):
    """What is in the way, and what to do about it."""


def save(folder: Path, at: datetime) -> Path:
    """Write a backup into a new folder below `folder`; safe while everything runs.

    It holds the database as it was at one moment. The folder appears under its name only when it
    is complete.
    """
    final = folder / f"omsauto-{at:%Y%m%d-%H%M%S}"
    draft = final.with_suffix(".draft")
    draft.mkdir(parents=True, mode=0o700)
    try:
        _save_database(draft)
        keys = list(_copy_keys(Path(settings.VAR), draft))
        manifest = {"made_at": at.isoformat(), "database": connection.vendor, "keys": keys}
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        draft.rename(final)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return final


def restore(folder: Path, at: datetime) -> datetime:
    """Put a backup in the place of what is there now; answers with the moment it is from.

    Raises `CannotError` where the program still runs or the backup is of another database.
    """
    manifest = _manifest(folder)
    if running := _alive(at):
        raise CannotError(f"{running} still runs here: stop web, worker and beat first")
    connection.close()
    if connection.vendor == "sqlite":
        _restore_sqlite(folder / SQLITE, Path(connection.settings_dict["NAME"]))
    else:
        _run("pg_restore", *RESTORE, "--dbname", _database(), str(folder / POSTGRES))
    list(_copy_keys(folder, Path(settings.VAR)))
    return datetime.fromisoformat(manifest["made_at"])


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotError(f"{folder} is no complete backup: {error}") from error
    if manifest["database"] != connection.vendor:
        raise CannotError(
            f"{folder} is a backup of {manifest['database']}, and DATABASE_URL names "
            f"{connection.vendor}: restore it where it is from"
        )
    return manifest


def _alive(at: datetime) -> str:
    """The names of the parts that gave a sign of life just now; of no database, none."""
    try:
        beats = Heartbeat.objects.filter(name__in=("web", "worker", "clock"), at__gt=at - ALIVE)
        return ", ".join(sorted(beats.values_list("name", flat=True)))
    except DatabaseError:
        return ""


def _save_database(folder: Path) -> None:
    if connection.vendor == "sqlite":
        _copy_sqlite(Path(connection.settings_dict["NAME"]), folder / SQLITE)
    else:
        options = ("--format", "custom", "--no-owner", "--file", str(folder / POSTGRES))
        _run("pg_dump", *options, "--dbname", _database())


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup: a moment's whole state, whatever is written meanwhile."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _restore_sqlite(source: Path, target: Path) -> None:
    """The journal of what was there before must not be applied to what comes in its place."""
    draft = target.with_name(f"{target.name}.draft")
    shutil.copyfile(source, draft)
    for leftover in ("-wal", "-shm"):
        target.with_name(f"{target.name}{leftover}").unlink(missing_ok=True)
    draft.replace(target)


def _copy_keys(source: Path, target: Path) -> Iterator[str]:
    """Without its key the secrets in a database are lost, and every channel with them."""
    for name in KEYS:
        if (source / name).exists():
            shutil.copy2(source / name, target / name)
            yield name


def _database() -> str:
    """As the programs of PostgreSQL want it, without the password: processes can be listed."""
    wanted = connection.get_connection_params()
    names = ("host", "port", "user", "dbname")
    return " ".join(f"{name}={wanted[name]}" for name in names if wanted.get(name))


def _run(program: str, *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise CannotError(f"{program} is missing: install PostgreSQL's client programs")
    password = connection.get_connection_params().get("password") or ""
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [path, *arguments],
        env={**os.environ, "PGPASSWORD": str(password)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotError(f"{program} ended with status {done.returncode}: {done.stderr.strip()}")
