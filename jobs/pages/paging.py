"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

SIZE = 50
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Slice(Generic[M]):
    """Rows of one page; `next_url` leads on, `newest_url` back to the first page."""

    rows: Sequence[M]
    next_url: str | None
    newest_url: str | None


def newest_first(
    rows: QuerySet[M], request: HttpRequest, size: int = SIZE, name: str = "before"
) -> Slice[M]:
    """By falling id; each page begins below the last id of the one before, however many came.

    `name` of the query tells where: two lists of one page need two.
    """
    before = number(request, name)
    ordered = rows.order_by("-pk")
    found = list((ordered.filter(pk__lt=before) if before else ordered)[: size + 1])
    more = len(found) > size
    shown = found[:size]
    following = _url(request, name, shown[-1].pk) if more else None
    return Slice(shown, following, _url(request, name, None) if before else None)


def in_order(rows: QuerySet[M], request: HttpRequest, size: int = SIZE) -> Slice[M]:
    """In the queryset's own order, by offset."""
    start = number(request, "from") or 0
    found = list(rows[start : start + size + 1])
    following = _url(request, "from", start + size) if len(found) > size else None
    return Slice(found[:size], following, _url(request, "from", None) if start else None)


def number(request: HttpRequest, name: str) -> int | None:
    """A number from the query, None where it is absent or no sensible one."""
    return as_number(request.GET.get(name, ""))


def as_number(text: str) -> int | None:
    """A key that a form or a query sent; None where it can be none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _url(request: HttpRequest, name: str, value: int | None) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    if value is not None:
        query[name] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else request.path
