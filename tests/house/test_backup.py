"""Backups are whole or not there, and a restore refuses what would do harm."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.models import Account
from jobs.models import Heartbeat
from omsauto import backup

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


@pytest.fixture
def var(settings: Settings, tmp_path: Path) -> Path:
    """A state folder with both keys."""
    folder = tmp_path / "var"
    folder.mkdir()
    for name in backup.KEYS:
        (folder / name).write_text(f"the {name}", encoding="ascii")
    settings.VAR = folder
    return folder


def backup_of(vendor: str, folder: Path) -> Path:
    manifest = {"made_at": NOW.isoformat(), "database": vendor, "keys": []}
    (folder / backup.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.django_db(transaction=True)
def test_a_backup_holds_database_and_keys_and_is_for_its_owner_alone(
    var: Path, tmp_path: Path
) -> None:
    if connection.vendor == "postgresql" and not shutil.which("pg_dump"):
        pytest.skip("pg_dump is not installed")
    made = backup.save(tmp_path / "backups", NOW)

    database = backup.SQLITE if connection.vendor == "sqlite" else backup.POSTGRES
    assert made.name == "omsauto-20260314-093000"
    assert made.stat().st_mode & 0o077 == 0
    assert {one.name for one in made.iterdir()} == {backup.MANIFEST, database, *backup.KEYS}
    assert (made / "encryption_key").read_text(encoding="ascii") == "the encryption_key"


@pytest.mark.django_db
def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's file is nowhere, or PostgreSQL's programs are not."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(connection.settings_dict, "NAME", "missing/omsauto.sqlite3")
    with pytest.raises((backup.CannotError, sqlite3.Error)):
        backup.save(tmp_path / "backups", NOW)

    assert list((tmp_path / "backups").iterdir()) == []


def test_sqlite_comes_back_without_the_journal_of_what_it_replaces(tmp_path: Path) -> None:
    source, target = tmp_path / "backup.sqlite3", tmp_path / "live.sqlite3"
    for path, number in ((source, 1), (target, 2)):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE numbers (number INTEGER)")
            database.execute("INSERT INTO numbers VALUES (?)", [number])
    journal = tmp_path / "live.sqlite3-wal"
    journal.write_bytes(b"of another file")
    backup._restore_sqlite(source, target)

    assert not journal.exists()
    with closing(sqlite3.connect(target)) as database:
        assert database.execute("SELECT number FROM numbers").fetchall() == [(1,)]


@pytest.mark.django_db
def test_nothing_is_restored_under_a_program_that_runs(tmp_path: Path) -> None:
    Heartbeat.objects.create(name="worker", at=NOW - timedelta(seconds=14))
    with pytest.raises(backup.CannotError, match="worker still runs here: stop web, worker and"):
        backup.restore(backup_of(connection.vendor, tmp_path), NOW)


@pytest.mark.django_db
def test_a_backup_of_another_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(backup.CannotError, match="is a backup of oracle"):
        backup.restore(backup_of("oracle", tmp_path), NOW)


@pytest.mark.django_db
def test_the_command_says_that_nothing_was_changed(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Nothing was changed: .* is no complete backup"):
        call_command("restore", str(tmp_path), stdout=StringIO())


@pytest.fixture
def later(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A backup, and what has become of its database since: changed by a newer program."""
    settings.VAR = tmp_path
    account = Account.objects.create(name="Before", timezone="UTC")
    folder = backup.save(tmp_path, NOW)
    account.name = "After"
    account.save()
    execute("CREATE TABLE later (account bigint REFERENCES accounts_account)")
    yield folder
    execute("DROP TABLE IF EXISTS later")


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def tables() -> list[str]:
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_backup_takes_the_place_of_what_a_newer_program_made_of_it(later: Path) -> None:
    backup.restore(later, NOW)
    assert Account.objects.get().name == "Before"
    assert "later" not in tables()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_half_a_backup_changes_nothing(later: Path) -> None:
    dump = later / backup.POSTGRES
    dump.write_bytes(dump.read_bytes()[:-5000])
    with pytest.raises(backup.CannotError, match="pg_restore ended with status"):
        backup.restore(later, NOW)
    assert Account.objects.get().name == "After"
    assert "later" in tables()
