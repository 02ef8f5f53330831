"""List calls: what may be asked for, and answers in pages with a `next` cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox import checks, instants
from sandbox.exchange import Answer, as_json, invalid
from sandbox.place import Place
from sandbox.store import Entity, Page

LARGEST_PAGE = 250
BIGGEST_ID = 10**15
KNOWN = frozenset(
    {"limit", "cursor", "updated_since", "updated_before", "created_since", "after_id"}
)


def answer(
    place: Place, kind: str, query: Mapping[str, str], view: Callable[[Entity], dict[str, Any]]
) -> Answer:
    """One page: by last update where `updated_...` is asked for, else by id, oldest first."""
    page = _page(query)
    entities = place.list(kind, page)
    full = len(entities) == page.limit
    following = _cursor(entities[-1], page.by_update) if full else None
    return as_json({"data": [view(entity) for entity in entities], "next": following})


def _page(query: Mapping[str, str]) -> Page:
    unknown = sorted(set(query) - KNOWN)
    if unknown:
        raise invalid(f"This list does not know {', '.join(unknown)}.")
    return Page(
        since=_instant(query, "updated_since"),
        before=_instant(query, "updated_before", up=True),
        created_since=_instant(query, "created_since"),
        after_id=checks.whole(query.get("after_id", 0), "after_id", 0, BIGGEST_ID),
        by_update="updated_since" in query or "updated_before" in query,
        cursor=_position(query["cursor"]) if "cursor" in query else None,
        limit=checks.whole(query.get("limit", 50), "limit", 1, LARGEST_PAGE),
    )


def _instant(query: Mapping[str, str], name: str, *, up: bool = False) -> int | None:
    if name not in query:
        return None
    try:
        return instants.from_text(query[name], up=up)
    except (ValueError, OverflowError) as error:
        raise invalid(f"{name} must be an ISO 8601 instant with a zone.") from error


def _cursor(last: Entity, by_update: bool) -> str:
    return f"{last.updated if by_update else 0}-{last.id}"


def _position(cursor: str) -> tuple[int, int]:
    updated, _, number = cursor.partition("-")
    if not (updated.isdecimal() and number.isdecimal() and len(cursor) < 40):
        raise invalid("cursor must be a value that `next` gave.")
    return int(updated), int(number)
