"""Database and broker settings of each process."""

from pathlib import Path
from typing import Any

import environ
import pytest
from django.db import connection

from omsauto import storage
from tests.conftest import Pair

SQLITE: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "file"}
POSTGRES: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "NAME": "omsauto"}


def test_web_has_a_pooled_connection_for_each_thread() -> None:
    settings = storage.database(POSTGRES, "web", threads=7)

    assert settings["OPTIONS"]["pool"]["max_size"] == 7
    assert settings["CONN_MAX_AGE"] == 0
    assert settings["CONN_HEALTH_CHECKS"] is True


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_worker_and_clock_keep_one_connection_without_a_pool(process: str) -> None:
    settings = storage.database(POSTGRES, process, threads=7)

    assert "pool" not in settings["OPTIONS"]
    assert settings["CONN_MAX_AGE"] is None
    assert settings["CONN_HEALTH_CHECKS"] is True


def test_options_of_the_database_url_are_kept() -> None:
    with_options = {**POSTGRES, "OPTIONS": {"sslmode": "require"}}

    assert storage.database(with_options, "beat", 1)["OPTIONS"]["sslmode"] == "require"


def test_statements_are_prepared_unless_a_pooler_changes_connections() -> None:
    pooler = storage.database({**POSTGRES, "DISABLE_SERVER_SIDE_CURSORS": True}, "worker", 1)

    assert storage.database(POSTGRES, "worker", 1)["OPTIONS"]["prepare_threshold"]
    assert "prepare_threshold" not in pooler["OPTIONS"]


def test_sqlite_writers_take_turns() -> None:
    assert storage.database(SQLITE, "web", 4)["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.django_db
def test_sqlite_runs_with_a_write_ahead_log(pair: Pair) -> None:
    if pair.database != "sqlite":
        pytest.skip("about SQLite alone")
    with connection.cursor() as cursor:
        modes = [
            cursor.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")
        ]

    assert modes == [("wal",), (1,)]


def test_redis_answers_within_seconds_or_not_at_all(tmp_path: Path) -> None:
    url, transport, options = storage.broker("redis://there:6379/1", tmp_path)

    assert (url, transport) == ("redis://there:6379/1", "")
    assert options["socket_timeout"] + options["socket_connect_timeout"] <= 3
    assert options["retry_on_timeout"] is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["amqp://there:5672/omsauto", "amqps://there/omsauto"])
def test_rabbitmq_is_a_broker_with_bounds_of_its_own(url: str, tmp_path: Path) -> None:
    found, transport, options = storage.broker(url, tmp_path)

    assert (found, transport) == (url, "")
    assert options["connect_timeout"] + options["write_timeout"] <= 3
    assert not options.keys() & storage.REDIS_OPTIONS.keys()


def test_a_database_behind_a_pooler_is_asked_without_cursors_of_the_session() -> None:
    url = "postgresql://there/omsauto?disable_server_side_cursors=True"
    base = environ.Env.db_url_config(url)

    assert storage.database(base, "web", 4)["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_without_redis_messages_are_files_in_the_state_folder(tmp_path: Path) -> None:
    _, transport, options = storage.broker("", tmp_path)

    assert transport == "omsauto.broker:Transport"
    assert Path(options["data_folder_in"]).parent == tmp_path
    assert options["data_folder_in"] == options["data_folder_out"]
