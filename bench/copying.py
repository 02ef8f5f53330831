"""Rows by the million: those that are there, inserted again with some columns changed."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_name = %s AND table_schema = current_schema() AND is_generated = 'NEVER'
"""


def copy_rows(
    table: str, values: Mapping[str, str], last: int, first: int = 1, within: int | None = None
) -> None:
    """Copy a table's rows, at least those with ids below `within`, as copies `first` to `last`.

    `values` are SQL of the columns that differ, from the row `old` and the copy's number `n`; a
    new id is the next one where none is given, so that copies follow one another.
    """
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        known = [name for (name,) in cursor.fetchall()]
        columns = [name for name in known if name != "id" or "id" in values]
        selected = ", ".join(values.get(name, f'old."{name}"') for name in columns)
        named = ", ".join(f'"{name}"' for name in columns)
        some = "WHERE old.id < %s" if within else "WHERE %s::int IS NULL"
        cursor.execute(
            f"INSERT INTO {table} ({named}) SELECT {selected} "  # noqa: S608 - our own words
            f"FROM {table} old, generate_series(%s, %s) n {some} ORDER BY n, old.id",
            [first, last, within],
        )
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {table}",  # noqa: S608
            [table],
        )
