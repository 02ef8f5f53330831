"""Shopify's search, as the connector uses it. What it does not know it ignores, with a warning.

https://shopify.dev/docs/api/usage/search-syntax
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

Json = dict[str, Any]

_TERMS = re.compile(r"""\w+:(?:>=|<=|>|<)?(?:"(?:[^"\\]|\\.)*"|'[^']*'|\S+)""")
_TERM = re.compile(r"(\w+):(>=|<=|>|<)?(.+)", re.DOTALL)
FIELDS = {"id": "legacyResourceId", "created_at": "createdAt", "updated_at": "updatedAt"}


def matching(records: Iterable[Json], query: str | None, warnings: list[str]) -> list[Json]:
    """Joined by OR, or by AND; not both."""
    found = list(records)
    if not query:
        return found
    terms, joined = _TERMS.findall(query), set(_TERMS.sub("", query).split())
    if not joined <= {"OR"} and not joined <= {"AND"}:
        warnings.append(f"This query cannot be read: {query}")
    if "OR" in joined:
        return [one for one in found if any(_holds(one, term, warnings) for term in terms)]
    for term in terms:
        found = [one for one in found if _holds(one, term, warnings)]
    return found


def _holds(record: Json, term: str, warnings: list[str]) -> bool:
    parsed = _TERM.fullmatch(term)
    if not parsed or (parsed[1] not in FIELDS and parsed[1] != "sku"):
        warnings.append(f"Invalid search field for this query: {term}")
        return True
    name, comparator, text = parsed[1], parsed[2] or "=", _unquoted(parsed[3])
    if name == "sku":
        return str(record["sku"] or "").lower().startswith(text.lower())
    try:
        wanted = _comparable(text)
    except ValueError:
        warnings.append(f"Input `{text}` is not an accepted value")
        return True
    return _compare(_comparable(str(record[FIELDS[name]])), comparator, wanted)


def _compare(have: float, comparator: str, wanted: float) -> bool:
    return {
        "=": have == wanted,
        ">": have > wanted,
        ">=": have >= wanted,
        "<": have < wanted,
        "<=": have <= wanted,
    }[comparator]


def _comparable(text: str) -> float:
    return int(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()


def _unquoted(text: str) -> str:
    if text[0] in "'\"":
        text = text[1:-1]
    return re.sub(r"\\(.)", r"\1", text)
