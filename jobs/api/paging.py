"""The shape of lists: `{"results": [...], "next": URL or null}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import BasePagination, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.api.filters import LARGEST_ID

Schema = dict[str, Any]


def _list_schema(rows: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["results", "next"],
        "properties": {
            "results": rows,
            "next": {"type": "string", "format": "uri", "nullable": True},
        },
    }


class Page(CursorPagination):
    """Pages by position: rows that appear meanwhile neither repeat nor hide others.

    Nothing is counted, so that a page costs the same in a long history.
    """

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"

    def get_ordering(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> tuple[str, ...]:
        """A view may set `paging`, the columns its list is in order of; the last one unique."""
        ordering: tuple[str, ...] = getattr(view, "paging", (self.ordering,))
        return ordering

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """A cursor of another list, or one made up, is refused before the database sees it."""
        cursor = self.decode_cursor(request)
        if cursor and cursor.position is not None and view and isinstance(queryset, QuerySet):
            column = self.get_ordering(request, queryset, view)[0].removeprefix("-")
            columns = queryset.model._meta
            field = columns.pk if column == "pk" else columns.get_field(column)
            self._check(field, str(cursor.position))
        return super().paginate_queryset(queryset, request, view)

    def _check(self, field: Any, position: str) -> None:
        """Is it a value of the list's column?"""
        try:
            value = field.to_python(position)
        except ValidationError as error:
            raise NotFound(self.invalid_cursor_message) from error
        too_large = isinstance(value, int) and not 0 <= value <= LARGEST_ID
        if too_large or "\x00" in position:
            raise NotFound(self.invalid_cursor_message)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return _list_schema(schema)


class PageOfBodies(Page):
    """Rows that carry whole webhook bodies, each up to OMSAUTO_WEBHOOK_MAX_BODY."""

    page_size = 25
    max_page_size = 50


class Whole(BasePagination):
    """The same shape for lists that always fit into one answer."""

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        return list(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": None})

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return _list_schema(schema)
