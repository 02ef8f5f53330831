"""All shops and warehouses of one sandbox process."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.exchange import Refused, invalid
from sandbox.outbox import Outbox
from sandbox.place import Place
from sandbox.products import Assortment
from sandbox.sender import PAUSES_MS, Sender, Target
from sandbox.settings import Settings
from sandbox.shop import Shop
from sandbox.store import Store
from sandbox.warehouse import Warehouse

KINDS: dict[str, type[Shop] | type[Warehouse]] = {"shops": Shop, "warehouses": Warehouse}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
MOST_PLACES = 500


class World:
    """`stopped` is set once the process ends, so that nothing sleeps through it."""

    def __init__(self, store: Store, pauses_ms: Sequence[int] = PAUSES_MS) -> None:
        self.store = store
        self.outbox = Outbox(store)
        self.sender = Sender(self.outbox, self._target, pauses_ms)
        self.stopped = threading.Event()
        self.changed = threading.Event()
        self._places: dict[str, Shop | Warehouse] = {}
        for path, stored in store.places().items():
            kind, _, name = path.partition("/")
            self._places[path] = self._made(kind, name, Settings.from_stored(stored))

    def _made(self, kind: str, name: str, settings: Settings) -> Shop | Warehouse:
        return KINDS[kind](name, settings, self.store, self.outbox)

    def _target(self, path: str, hook: int) -> Target | None:
        place = self._places.get(path)
        return place.target(hook) if place else None

    def place(self, kind: str, name: str) -> Place:
        place = self._places.get(f"{kind}/{name}")
        if place is None:
            raise Refused(404, "unknown_place", f"There is no place {kind}/{name}.")
        return place

    def assortment(self, kind: str, name: str) -> Assortment:
        place = self.place(kind, name)
        assert isinstance(place, Assortment)  # noqa: S101 - both kinds are; see `shop`
        return place

    def shop(self, name: str) -> Shop:
        place = self.place("shops", name)
        assert isinstance(place, Shop)  # noqa: S101 - the path says so; this tells the type checker
        return place

    def warehouse(self, name: str) -> Warehouse:
        place = self.place("warehouses", name)
        assert isinstance(place, Warehouse)  # noqa: S101 - as above
        return place

    def has(self, place: Place) -> bool:
        """Is it still there? Ask inside a transaction before a change in the background."""
        return place.path in self._places

    def places(self, kind: str) -> list[Place]:
        with self.store.transaction():
            return [place for path, place in self._places.items() if place.kind == kind]

    def configure(
        self, kind: str, name: str, changes: Mapping[str, Any], at: int
    ) -> tuple[Shop | Warehouse, bool]:
        """Make the place where it is missing, then apply the settings.

        Answers with the place and whether it is new.
        """
        if not NAME.fullmatch(name):
            raise invalid("A name has 1 to 40 letters a-z, digits, hyphens or underscores.")
        with self.store.transaction():
            known = self._places.get(f"{kind}/{name}")
            if known is None and len(self._places) >= MOST_PLACES:
                raise invalid(f"There are {MOST_PLACES} places already.")
            place = known or self._made(kind, name, Settings())
            place.configure(changes, at)
            self._places[place.path] = place
        self.changed.set()
        return place, known is None

    def remove(self, kind: str, name: str) -> None:
        with self.store.transaction():
            place = self.place(kind, name)
            self.store.remove_place(place.path)
            del self._places[place.path]
