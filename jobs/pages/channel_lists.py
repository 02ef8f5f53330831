"""The lists of sales and fulfillment channels: searched, filtered, sorted, paged by their query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from channels.enums import Kind
from jobs.pages.channel_filter import COLUMNS, FIGURES, Asked, asked_of, options, stored
from jobs.pages.channel_health import Line, lines
from jobs.pages.here import Here, page
from jobs.pages.paging import SIZE, number


@page()
def sales_channels(here: Here) -> HttpResponse:
    return _list(here, Kind.SALES)


@page()
def fulfillment_channels(here: Here) -> HttpResponse:
    return _list(here, Kind.FULFILLMENT)


@dataclass(frozen=True)
class Head:
    """The head of a column: where a click on it leads, and how it orders the list now."""

    name: str
    label: str
    url: str
    order: str
    is_figure: bool


def found(here: Here, asked: Asked) -> list[Line]:
    """All that fit, in the order asked for."""
    fitting = lines(here.account, stored(here.account, asked), here.at)
    return ordered([line for line in fitting if asked.health in ("", line.health)], asked)


def ordered(fitting: list[Line], asked: Asked) -> list[Line]:
    """Equal ones by name; those without a value come last, whichever way."""
    key = _KEYS[asked.column]
    by_name = sorted(fitting, key=_by_name)
    valued = [line for line in by_name if key(line) is not None]
    valued.sort(key=key, reverse=asked.falls)
    return valued + [line for line in by_name if key(line) is None]


def _by_name(line: Line) -> tuple[str, int]:
    return line.channel.name.casefold(), line.channel.pk


_KEYS: dict[str, Callable[[Line], Any]] = {
    "name": _by_name,
    "mode": lambda line: line.channel.get_mode_display(),
    "track": lambda line: line.channel.get_track_display(),
    "health": lambda line: line.rank,
    "last": lambda line: line.last.at if line.last else None,
    "next": lambda line: line.next_at,
    "parked": lambda line: line.parked,
    "rescued": lambda line: line.rescued,
}


def _list(here: Here, kind: Kind) -> HttpResponse:
    asked = asked_of(here.request.GET, kind)
    fitting = found(here, asked)
    pages = max(1, -(-len(fitting) // SIZE))
    shown = min(max(number(here.request, "page") or 1, 1), pages)
    start = (shown - 1) * SIZE
    context = {
        "kind": kind,
        "asked": asked,
        "lines": fitting[start : start + SIZE],
        "total": len(fitting),
        "first": start + 1,
        "last": min(start + SIZE, len(fitting)),
        "heads": _heads(asked),
        "menus": _menus(asked),
        "sorts": COLUMNS,
        "previous_url": asked.query(page=shown - 1) if shown > 1 else "",
        "next_url": asked.query(page=shown + 1) if shown < pages else "",
    }
    template = "jobs/_channel_list.html" if here.is_htmx else "jobs/channels.html"
    return here.render(template, context)


def _heads(asked: Asked) -> list[Head]:
    return [
        Head(
            name=name,
            label=label,
            url=asked.query(sort=asked.turned(name)),
            order=("descending" if asked.falls else "ascending") if name == asked.column else "",
            is_figure=name in FIGURES,
        )
        for name, label in COLUMNS
    ]


_MENU_LABELS = {
    "mode": "Mode",
    "track": "Track",
    "connector": "Platform",
    "enabled": "Enabled",
    "health": "Health",
}


def _menus(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": _MENU_LABELS[name],
            "options": pairs,
            "chosen": getattr(asked, name),
        }
        for name, pairs in options(asked.kind).items()
    ]
