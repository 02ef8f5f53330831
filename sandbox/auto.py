"""Auto mode: a shop places an order each N seconds, a warehouse ships what it received."""

from __future__ import annotations

import threading

from sandbox import instants
from sandbox.exchange import Refused
from sandbox.place import Place
from sandbox.shop import Shop
from sandbox.store import Page
from sandbox.warehouse import Warehouse
from sandbox.world import World

EVERY_SECONDS = 0.5
LOOK_BACK = 500


def step(world: World, at: int) -> bool:
    """Do what is due at all places; is any place on auto?"""
    active = False
    for place in [*world.places("shops"), *world.places("warehouses")]:
        if place.settings.auto_seconds:
            active = True
            with world.store.transaction():
                if world.has(place):
                    _act(place, at)
    return active


def _act(place: Place, at: int) -> None:
    if isinstance(place, Shop):
        _order(place, at)
    elif isinstance(place, Warehouse):
        _ship(place, at)


def _order(shop: Shop, at: int) -> None:
    """One order when it is due; orders missed while the sandbox was off are not made up for."""
    if at >= shop.settings.auto_due:
        shop.random_order(at)
        shop.settings.auto_due = at + shop.settings.auto_seconds * 1000
        _count_round(shop)


def _ship(warehouse: Warehouse, at: int) -> None:
    """Pick at half the time, ship in full at the whole; the newest shipments are looked at."""
    wait = warehouse.settings.auto_seconds * 1000
    newest = warehouse.list("shipments", Page(limit=LOOK_BACK, newest=True))
    for shipment in reversed(newest):
        status, age = shipment.data["status"], at - shipment.created
        try:
            if status in ("received", "picked") and age >= wait and warehouse.settings.auto_left:
                warehouse.ship(shipment.id, {}, at)
                _count_round(warehouse)
            elif status == "received" and age >= wait / 2:
                warehouse.pick(shipment.id, at)
        except Refused:
            continue


def _count_round(place: Place) -> None:
    """After the last round auto mode switches itself off."""
    place.settings.auto_left -= 1
    if place.settings.auto_left <= 0:
        place.settings.auto_left = 0
        place.settings.auto_seconds = 0
    place.keep()


class Auto:
    """The thread behind it; it sleeps while no place is on auto."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._thread = threading.Thread(target=self._work, name="sandbox-auto", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """To be called after `world.stopped` is set."""
        self._world.changed.set()
        self._thread.join(5)

    def _work(self) -> None:
        while True:
            self._world.changed.clear()
            if self._world.stopped.is_set():
                return
            active = step(self._world, instants.now())
            self._world.changed.wait(EVERY_SECONDS if active else None)
