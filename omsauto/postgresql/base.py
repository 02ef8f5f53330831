"""The connections of the program to PostgreSQL."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader

PLAN_SECONDS = 60.0


class InstantLoader(TimestamptzLoader):
    """Reads a `timestamptz` in a tenth of the time that psycopg's own loader takes.

    A page over hundreds of channels reads thousands of instants, and so does a tick. Sessions
    are in UTC and answer in ISO 8601, which `fromisoformat` reads from Python 3.11 on; whatever
    else PostgreSQL may say (an instant before our era, infinity) is left to psycopg.
    """

    timezone = UTC
    """Django asks a loader for this: in another zone it takes a loader of its own."""

    def load(self, data: Buffer) -> datetime:
        try:
            found = datetime.fromisoformat(bytes(data).decode())
        except ValueError:
            found = super().load(data)
        return found if found.tzinfo is UTC else found.astimezone(UTC)


class Operations(DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """Of a prepared statement too, which is sent without its words."""
        return super().last_executed_query(cursor, sql, params) or self.compose_sql(sql, params)


class PreparedCursor(base.ServerBindingCursor):
    """Has each statement prepared when it is sent first, where the connection prepares any."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=True, **options)  # type: ignore[misc]


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = Operations
    _planned_at = 0.0
    """When the plans of prepared statements began to be made, by the monotonic clock."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.timezone is UTC:
            connection.adapters.register_loader("timestamptz", InstantLoader)
        self._planned_at = 0.0
        return connection

    def prepared_cursor(self) -> Any:
        """A cursor for statements that are sent again and again in the same words.

        PostgreSQL parses and plans each once, which takes it longer than the statement itself.
        """
        self.forget_old_plans()
        cursor = PreparedCursor(self.connection)  # type: ignore[call-arg]  # as above
        return self._prepare_cursor(cursor)  # type: ignore[attr-defined]  # not in the stubs

    def forget_old_plans(self) -> None:
        """A plan made while a table was small would read all of it once it is large."""
        self.ensure_connection()
        now = time.monotonic()
        if now - self._planned_at >= PLAN_SECONDS:
            with self.wrap_database_errors:
                self.connection.execute("DISCARD PLANS")
            self._planned_at = now
