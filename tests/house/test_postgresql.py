"""Instants come back as they went in; what is sent again and again is planned once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from jobs.statements import repeated_cursor
from omsauto.postgresql import base
from omsauto.postgresql.base import InstantLoader
from tests.conftest import Pair

INSTANTS = (
    "2026-11-26 06:08:05+00",
    "2026-11-26 06:08:05.1+00",
    "2026-11-26 06:08:05.123456+00",
    "2026-03-29 01:59:59.999999+00",
    "0001-01-01 00:00:00+00",
    "9999-12-31 23:59:59.999999+00",
)


@pytest.fixture
def postgresql(db: None, pair: Pair) -> None:
    if pair.database != "postgresql":
        pytest.skip("about PostgreSQL alone")


def ask(words: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [words])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("words", INSTANTS)
def test_an_instant_is_the_one_that_was_written(words: str, postgresql: None) -> None:
    found = ask(words)

    assert isinstance(found, datetime)
    assert found == datetime.fromisoformat(words)
    assert found.tzinfo is UTC


def test_an_instant_with_an_offset_is_the_same_instant_in_utc(postgresql: None) -> None:
    found = ask("2026-11-26 08:08:05+02")

    assert found == datetime(2026, 11, 26, 6, 8, 5, tzinfo=UTC)
    assert isinstance(found, datetime)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("words", ["0044-03-15 12:00:00+00 BC", "infinity"])
def test_what_is_no_instant_of_ours_is_refused_as_ever(words: str, postgresql: None) -> None:
    with pytest.raises(DataError):
        ask(words)


@pytest.mark.parametrize("words", INSTANTS)
def test_it_reads_what_the_library_reads(words: str, postgresql: None) -> None:
    loader = InstantLoader(0, connection.connection)

    assert loader.load(words.encode()) == super(InstantLoader, loader).load(words.encode())


PLANS = "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s"
OFTEN = "SELECT count(*) FROM jobs_run WHERE job_id = %s AND reason <> 'told apart'"


def ask_often() -> None:
    with repeated_cursor() as cursor:
        cursor.execute(OFTEN, [1])


def told_apart() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(PLANS, ["%<> 'told apart'%"])
        return [number for (number,) in cursor if number]


def test_a_repeated_statement_is_prepared_once(postgresql: None) -> None:
    for _ in range(3):
        ask_often()
    assert told_apart() == [3]


def test_behind_a_pooler_of_transactions_nothing_is_prepared(
    postgresql: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    ask_often()
    assert told_apart() == []


def plan() -> str:
    """How the repeated statement is carried out, once it is planned for any values."""
    ask_often()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(
            "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%told apart%'"
        )
        [name] = cursor.fetchone()
        cursor.execute(f'EXPLAIN (COSTS off) EXECUTE "{name}" (1)')
        return " ".join(line for (line,) in cursor)


def test_a_plan_of_a_small_table_is_not_kept_for_long(
    postgresql: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_small = plan()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
    assert plan() == while_small

    later = time.monotonic() + base.PLAN_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert plan() != while_small


def test_a_prepared_statement_is_told_with_its_values(postgresql: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        ask_often()
    assert [one["sql"] for one in asked] == [OFTEN % 1]
