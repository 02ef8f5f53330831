"""A copy of all that an installation must not lose, and the way back: database and keys.

Messages and logs are left out: the database is the truth, and holds what a broker forgets.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import DatabaseError, connection

from jobs.models import Heartbeat

MANIFEST = "manifest.json"
KEYS = ("secret_key", "encryption_key")
"""Files of the state folder; where the environment holds these keys there are none."""
SQLITE, POSTGRES = "omsauto.sqlite3", "omsauto.pgdump"
ALIVE = timedelta(seconds=15)
"""Each part of the program beats more often."""
PSQL = ("--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", "-")
CHUNK = 1024 * 1024


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
        _restore_postgresql(folder / POSTGRES)
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


def _restore_postgresql(dump: Path) -> None:
    """In one transaction, which ends well only where the whole dump was read.

    All tables go first: those of a newer program too, which the dump does not know.
    """
    pg_restore, psql = _program("pg_restore"), _program("psql")
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    connection.close()
    names = ", ".join(connection.ops.quote_name(name) for name in tables)
    before = f"BEGIN; DROP TABLE IF EXISTS {names} CASCADE;\n" if tables else "BEGIN;\n"
    with tempfile.TemporaryFile() as refused, tempfile.TemporaryFile() as said:
        reader = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            [pg_restore, "--no-owner", "--file", "-", str(dump)],
            stdout=subprocess.PIPE,
            stderr=refused,
        )
        writer = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            [psql, *PSQL, "--dbname", _database()],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        if reader.stdout is None or writer.stdin is None:
            raise CannotError("pg_restore and psql have no pipes")
        with contextlib.suppress(BrokenPipeError), writer.stdin as into:
            into.write(before.encode())
            shutil.copyfileobj(reader.stdout, into, CHUNK)
            if reader.wait() == 0:
                into.write(b"\nCOMMIT;\n")
        reader.stdout.close()
        reader.wait()
        # Where psql has ended, pg_restore can but complain that nobody listens.
        _demand(writer, "psql", said)
        _demand(reader, "pg_restore", refused)


def _demand(process: subprocess.Popen[bytes], program: str, said: IO[bytes]) -> None:
    if status := process.wait():
        said.seek(0)
        text = said.read().decode(errors="replace").strip()
        raise CannotError(f"{program} ended with status {status}: {text}")


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


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise CannotError(f"{name} is missing: install PostgreSQL's client programs")
    return path


def _environment() -> dict[str, str]:
    password = connection.get_connection_params().get("password") or ""
    return {**os.environ, "PGPASSWORD": str(password)}


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [_program(program), *arguments],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotError(f"{program} ended with status {done.returncode}: {done.stderr.strip()}")
