"""The webhook deliveries of all places: waiting, sent, failed or dropped."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from dataclasses import dataclass
from typing import Any

from sandbox.instants import to_text
from sandbox.store import Store

MOST_WAITING = 20_000
KEPT = 20_000
PRUNE_EVERY = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    place: str
    message: str
    topic: str
    entity: str
    body: str
    status: str
    tries: int
    answer: str
    created: int
    due: int
    hook: int

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "webhook_id": self.message,
            "topic": self.topic,
            "entity": self.entity,
            "status": self.status,
            "tries": self.tries,
            "answer": self.answer,
            "created_at": to_text(self.created),
        }


class Outbox:
    """Deliveries are rows, so they survive a restart.

    `news_count` grows with each delivery that is put in. Whoever looks for work reads it first:
    `wait` returns at once if there was news since.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._news = threading.Condition()
        self.news_count = 0
        store.run("update deliveries set status = 'waiting' where status = 'sending'")

    def put(
        self, place: str, hook: int, topic: str, entity: str, body: str, at: int, reason: str
    ) -> None:
        """Queue one delivery of a place's hook; with a `reason` it is only noted as dropped."""
        if not reason and self._waiting() >= MOST_WAITING:
            reason = f"more than {MOST_WAITING} deliveries were waiting"
        status = "dropped" if reason else "waiting"
        message = f"msg_{secrets.token_hex(12)}"
        self._store.run(
            "insert into deliveries (place, message, topic, entity, body, status, tries, answer,"
            " created, due, hook) values (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
            *(place, message, topic, entity, body, status, reason, at, at, hook),
        )
        self._prune()

    def _waiting(self) -> int:
        sql = "select count(*) from deliveries where status = 'waiting'"
        return int(self._store.rows(sql)[0][0])

    def _prune(self) -> None:
        newest = int(self._store.rows("select max(id) from deliveries")[0][0])
        if newest % PRUNE_EVERY == 0:
            self._store.run(
                "delete from deliveries where id <= ? and status not in ('waiting', 'sending')",
                newest - KEPT,
            )

    def wake(self) -> None:
        with self._news:
            self.news_count += 1
            self._news.notify_all()

    def wait(self, heard: int, seconds: float) -> None:
        """Until there is news that `heard` does not count yet, or so many seconds."""
        with self._news:
            if self.news_count == heard:
                self._news.wait(seconds)

    def claim(self, at: int) -> Delivery | None:
        """Take the oldest delivery that is due; it is `sending` until it is settled."""
        sql = "select * from deliveries where status = 'waiting' and due <= ? order by due, id"
        with self._store.transaction():
            row = next(iter(self._store.rows(f"{sql} limit 1", at)), None)
            if row is not None:
                self._set_status(row["id"], "sending")
        return _delivery(row) if row is not None else None

    def _set_status(self, number: int, status: str) -> None:
        self._store.run("update deliveries set status = ? where id = ?", status, number)

    def settle(self, delivery: Delivery, status: str, answer: str, due: int = 0) -> None:
        """Note how a try ended; status `waiting` asks for another one at `due`."""
        tries = delivery.tries + (status != "dropped")
        self._store.run(
            "update deliveries set status = ?, tries = ?, answer = ?, due = ? where id = ?",
            *(status, tries, answer[:200], due, delivery.id),
        )

    def next_due(self) -> int | None:
        sql = "select min(due) from deliveries where status = 'waiting'"
        due = self._store.rows(sql)[0][0]
        return None if due is None else int(due)

    def resend(self, place: str, number: int, at: int) -> bool:
        """Send a settled delivery once more, under the same id and with the same body."""
        changed = self._store.run(
            "update deliveries set status = 'waiting', tries = 0, answer = '', due = ?"
            " where place = ? and id = ? and status not in ('waiting', 'sending')",
            *(at, place, number),
        )
        self.wake()
        return changed == 1

    def recent(self, place: str, limit: int) -> list[Delivery]:
        sql = "select * from deliveries where place = ? order by id desc limit ?"
        return [_delivery(row) for row in self._store.rows(sql, place, limit)]

    def counts(self, place: str) -> dict[str, int]:
        """How many deliveries of the place are in each status."""
        sql = "select status, count(*) from deliveries where place = ? group by status"
        found = {"waiting": 0, "sending": 0, "sent": 0, "failed": 0, "dropped": 0}
        return found | {row[0]: row[1] for row in self._store.rows(sql, place)}


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(**dict(row))
