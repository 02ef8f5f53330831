"""The tables of docs/access.md, and every address that the program answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

TABLES = Path(__file__).resolve().parents[2] / "docs" / "access.md"
METHODS = ("GET", "POST", "PATCH", "DELETE")
WORDS = ("public", "signature", "invited", "login", "viewer", "operator", "admin", "staff", "—")
_ROW = re.compile(r"^\| `/(?P<route>[^`]*)` \|(?P<cells>.*)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """What each method of an address needs. A route that ends in `**` stands for all below it."""

    route: str
    needs: dict[str, str]

    def covers(self, route: str) -> bool:
        if self.route.endswith("**"):
            return route.startswith(self.route.removesuffix("**"))
        return route == self.route


def rules() -> list[Rule]:
    found = []
    for row in _ROW.finditer(TABLES.read_text(encoding="utf-8")):
        cells = [cell.strip() for cell in row["cells"].split("|")]
        assert set(cells) <= set(WORDS), row[0]
        found.append(Rule(row["route"], dict(zip(METHODS, cells, strict=True))))
    return found


def routes() -> list[str]:
    """As the resolver has them, the first of each: it is the one that answers."""
    return list(dict.fromkeys(_walk(get_resolver(), "")))


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _walk(pattern, route)


RULES = rules()
ROUTES = routes()


def rule_of(route: str) -> Rule | None:
    return next((rule for rule in RULES if rule.covers(route)), None)
