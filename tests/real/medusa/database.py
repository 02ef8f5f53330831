"""The databases of the test Medusa: a template that is migrated once, a fresh copy for each run."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


class Databases:
    """On the server that `OMSAUTO_TEST_DATABASE_URL` names; all its databases begin alike."""

    def __init__(self, prefix: str) -> None:
        self.server = os.environ.get("OMSAUTO_TEST_DATABASE_URL") or POSTGRES
        self.template = f"{prefix}_template"
        self._prefix = prefix

    def url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))

    def ensure_template(self, fill: Callable[[str], None]) -> None:
        """Make it with `fill(url)` where it is not there; half-made ones have another name."""
        if self._exists(self.template):
            return
        unfinished = f"{self._prefix}_unfinished_{os.getpid()}"
        self._run(SQL("CREATE DATABASE {}").format(Identifier(unfinished)))
        try:
            fill(self.url(unfinished))
            self._run(
                SQL("ALTER DATABASE {} RENAME TO {}").format(
                    Identifier(unfinished), Identifier(self.template)
                )
            )
        finally:
            self.drop(unfinished)

    def copy(self) -> str:
        """The name of a fresh copy of the template; those of processes that have ended go."""
        for old in self._copies():
            if not _lives(int(old.rpartition("_")[2])):
                self.drop(old)
        name = f"{self._prefix}_{os.getpid()}"
        self.drop(name)
        self._run(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(
                Identifier(name), Identifier(self.template)
            )
        )
        return name

    def drop(self, name: str) -> None:
        self._run(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    def _exists(self, name: str) -> bool:
        with psycopg.connect(self.server, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def _copies(self) -> list[str]:
        pattern = rf"^{self._prefix}_(unfinished_)?\d+$"
        with psycopg.connect(self.server, autocommit=True) as connection:
            found = connection.execute(
                "SELECT datname FROM pg_database WHERE datname ~ %s", [pattern]
            )
            return [str(name) for (name,) in found]

    def _run(self, statement: SQL | psycopg.sql.Composed) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
