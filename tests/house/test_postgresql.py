"""Instants come back from PostgreSQL as they went in, whatever they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection

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
