"""The sandbox's state in one SQLite database: places, their entities, webhook deliveries."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

SCHEMA = """
create table if not exists places (path text primary key, settings text not null);
create table if not exists sequences (
  place text not null, type text not null, last integer not null, primary key (place, type));
create table if not exists entities (
  place text not null, type text not null, id integer not null, key text,
  created integer not null, updated integer not null, data text not null,
  primary key (place, type, id));
create unique index if not exists entities_key on entities (place, type, key);
create index if not exists entities_updated on entities (place, type, updated, id);
create table if not exists deliveries (
  id integer primary key autoincrement, place text not null, message text not null,
  topic text not null, entity text not null, body text not null, status text not null,
  tries integer not null, answer text not null, created integer not null, due integer not null,
  hook integer not null default 1);
create index if not exists deliveries_due on deliveries (due, id) where status = 'waiting';
create index if not exists deliveries_place on deliveries (place, id);
"""

FIRST_IDS = {"orders": 1001, "shipments": 5001, "products": 101, "stock": 1, "webhooks": 2}


@dataclass(slots=True)
class Entity:
    """`id` grows by one within its place and type; `key` is another name, unique there too."""

    id: int
    key: str | None
    created: int
    updated: int
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """What a list call asks for; instants in ms. `since` is inclusive, `before` exclusive.

    `cursor`: (updated, id) of the last row seen when sorted by update, else (0, id).
    """

    since: int | None = None
    before: int | None = None
    created_since: int | None = None
    after_id: int = 0
    by_update: bool = False
    newest: bool = False
    cursor: tuple[int, int] | None = None
    limit: int = 50


class Store:
    """All access goes through one connection and one lock: a sandbox needs no more."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.create_function("folded", 1, str.casefold, deterministic=True)
        self._db.executescript(SCHEMA)
        self._add_hook_column()

    def _add_hook_column(self) -> None:
        """A state file may be older than the column."""
        if "hook" not in {row["name"] for row in self.rows("pragma table_info(deliveries)")}:
            self.run("alter table deliveries add column hook integer not null default 1")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one at a time; inner transactions belong to the outer one."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("begin immediate")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("rollback")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("commit")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Execute a change; answers with the number of rows changed."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    # Places

    def places(self) -> dict[str, dict[str, Any]]:
        return {r["path"]: json.loads(r["settings"]) for r in self.rows("select * from places")}

    def save_place(self, path: str, settings: Mapping[str, Any]) -> None:
        self.run("insert or replace into places values (?, ?)", path, json.dumps(settings))

    def remove_place(self, path: str) -> None:
        """Its sequences stay: a place of the same name goes on counting."""
        with self.transaction():
            self.run("delete from places where path = ?", path)
            self.run("delete from entities where place = ?", path)
            self.run("delete from deliveries where place = ?", path)

    # Entities

    def add(
        self, place: str, kind: str, data: dict[str, Any], at: int, key: str | None = None
    ) -> Entity:
        with self.transaction():
            entity = Entity(self._next_id(place, kind), key, at, at, data)
            self.run(
                "insert into entities values (?, ?, ?, ?, ?, ?, ?)",
                *(place, kind, entity.id, key, at, at, json.dumps(data)),
            )
        return entity

    def _next_id(self, place: str, kind: str) -> int:
        first = FIRST_IDS[kind]
        self.run(
            "insert into sequences values (?, ?, ?)"
            " on conflict (place, type) do update set last = last + 1",
            *(place, kind, first),
        )
        sql = "select last from sequences where place = ? and type = ?"
        return int(self.rows(sql, place, kind)[0]["last"])

    def save(self, place: str, kind: str, entity: Entity, at: int) -> None:
        """Each change has an instant of its own, so that `updated` can serve as revision."""
        entity.updated = max(at, entity.updated + 1)
        self.run(
            "update entities set updated = ?, data = ? where place = ? and type = ? and id = ?",
            *(entity.updated, json.dumps(entity.data), place, kind, entity.id),
        )

    def remove(self, place: str, kind: str, number: int) -> bool:
        sql = "delete from entities where place = ? and type = ? and id = ?"
        return self.run(sql, place, kind, number) == 1

    def get(self, place: str, kind: str, number: int) -> Entity | None:
        sql = "select * from entities where place = ? and type = ? and id = ?"
        return next(map(_entity, self.rows(sql, place, kind, number)), None)

    def by_key(self, place: str, kind: str, key: str) -> Entity | None:
        sql = "select * from entities where place = ? and type = ? and key = ?"
        return next(map(_entity, self.rows(sql, place, kind, key)), None)

    def with_skus(self, place: str, kind: str, skus: Sequence[str]) -> list[Entity]:
        """Entities whose SKU is one of these, compared without case, by id."""
        marks = ", ".join("?" * len(skus))
        sql = (
            "select * from entities where place = ? and type = ?"  # noqa: S608 - only marks
            f" and folded(json_extract(data, '$.sku')) in ({marks}) order by id"
        )
        return [_entity(row) for row in self.rows(sql, place, kind, *map(str.casefold, skus))]

    def count(self, place: str, kind: str) -> int:
        sql = "select count(*) from entities where place = ? and type = ?"
        return int(self.rows(sql, place, kind)[0][0])

    def list(self, place: str, kind: str, page: Page) -> list[Entity]:
        """By update or by id, oldest first (`newest`: last first); never by position.

        Whatever changes between two pages moves to the end, so no page hides another row.
        """
        conditions, values = _conditions(page)
        order = ("updated, id" if page.by_update else "id") + (" desc" if page.newest else "")
        sql = (
            "select * from entities where place = ? and type = ?"  # noqa: S608 - our own parts
            f"{conditions} order by {order} limit ?"
        )
        return [_entity(row) for row in self.rows(sql, place, kind, *values, page.limit)]


def _conditions(page: Page) -> tuple[str, list[int]]:
    parts: list[tuple[str, tuple[int, ...]]] = [(" and id > ?", (page.after_id,))]
    if page.since is not None:
        parts.append((" and updated >= ?", (page.since,)))
    if page.before is not None:
        parts.append((" and updated < ?", (page.before,)))
    if page.created_since is not None:
        parts.append((" and created >= ?", (page.created_since,)))
    if page.cursor and page.by_update:
        parts.append((" and (updated, id) > (?, ?)", page.cursor))
    elif page.cursor:
        parts.append((" and id > ?", page.cursor[1:]))
    return "".join(sql for sql, _ in parts), [value for _, some in parts for value in some]


def _entity(row: sqlite3.Row) -> Entity:
    return Entity(row["id"], row["key"], row["created"], row["updated"], json.loads(row["data"]))
