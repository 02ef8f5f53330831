"""What the query of a list of channels asks for: words, filters, an order, a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from accounts.models import Account
from channels.connectors.registry import CONNECTORS
from channels.enums import Kind, Mode, Track
from channels.models import Channel

HEALTH = (
    ("attention", "Needs attention"),
    ("circuit", "Circuit open"),
    ("failing", "Failing"),
    ("degraded", "Degraded"),
    ("disabled", "Disabled"),
    ("idle", "No job is on"),
    ("healthy", "Healthy"),
)
"""How a channel can stand, the gravest first."""
ENABLED = (("yes", "Enabled"), ("no", "Disabled"))
COLUMNS = (
    ("name", "Channel"),
    ("mode", "Mode"),
    ("track", "Track"),
    ("health", "Health"),
    ("last", "Last run"),
    ("next", "Next run"),
    ("parked", "Parked"),
    ("rescued", "Rescued, 24 h"),
)
"""The columns of a list, each of which can order it."""
FIGURES = ("parked", "rescued")
FALLING_FIRST = ("last", *FIGURES)
"""Of these the greatest is wanted first."""


@dataclass(frozen=True)
class Asked:
    """One list's query; "" is any. `sort` is a column, with "-" before it from the greatest."""

    kind: Kind
    q: str = ""
    mode: str = ""
    track: str = ""
    connector: str = ""
    enabled: str = ""
    health: str = ""
    sort: str = "name"

    @property
    def column(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def falls(self) -> bool:
        return self.sort.startswith("-")

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the list, as it stands in the query."""
        names = ("q", "mode", "track", "connector", "enabled", "health")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def query(self, **more: object) -> str:
        """This list's query string, with other values for some of its names."""
        values = {**self.filters, "sort": self.sort, **more}
        shown = {name: value for name, value in values.items() if value}
        if shown.get("sort") == "name":
            del shown["sort"]
        return f"?{urlencode(shown)}" if shown else "?"

    def turned(self, column: str) -> str:
        """The order a click on a column's head asks for."""
        if column == self.column:
            return column if self.falls else f"-{column}"
        return f"-{column}" if column in FALLING_FIRST else column


def asked_of(data: Mapping[str, str], kind: Kind) -> Asked:
    """Of a query or a form; a value that means nothing here is any."""
    chosen: dict[str, Any] = {
        name: data[name]
        for name, offered in options(kind).items()
        if data.get(name) in dict(offered)
    }
    asked = Asked(kind, q=data.get("q", "").strip()[:120], **chosen)
    if data.get("sort", "").removeprefix("-") in dict(COLUMNS):
        asked = replace(asked, sort=data["sort"])
    return asked


def options(kind: Kind) -> dict[str, tuple[tuple[str, str], ...]]:
    """The menus of the filter bar: name to (value, words)."""
    own = [(made.id, made.label) for made in CONNECTORS.values() if made.kind == kind]
    return {
        "mode": tuple((mode.value, mode.label) for mode in Mode),
        "track": tuple((track.value, track.label) for track in Track),
        "connector": tuple(own),
        "enabled": ENABLED,
        "health": HEALTH,
    }


def stored(account: Account, asked: Asked) -> QuerySet[Channel]:
    """The channels that fit in all but their health, which is no column."""
    fits = Q(kind=asked.kind)
    for name in ("mode", "track", "connector"):
        if value := getattr(asked, name):
            fits &= Q(**{name: value})
    if asked.enabled:
        fits &= Q(enabled=asked.enabled == "yes")
    if asked.q:
        fits &= Q(name__icontains=asked.q) | Q(connector__in=_platforms(asked.q))
    return account.channels.present().filter(fits)


def _platforms(words: str) -> list[str]:
    """The connectors whose label holds these words."""
    return [made.id for made in CONNECTORS.values() if words.casefold() in made.label.casefold()]
