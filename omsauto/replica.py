"""Pages read from a replica of the database, where there is one; all else asks the primary.

A replica lags behind. So whoever has just changed something reads the primary for a while, as do
programs (the API), and so does every request from its first write on; logins, roles and whatever
else decides what somebody may do are always read there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase

ALIAS = "replica"
COOKIE = "omsauto_changed"
"""Of a browser that has changed something."""
CHANGED_SECONDS = 15
"""How far behind a replica may be without anybody missing a change of his own."""
RECORDS = frozenset({"jobs", "oms", "channels", "notifications"})
SAFE = frozenset({"GET", "HEAD"})
PRIMARY_ONLY = ("/api/", "/login", "/admin")

Respond = Callable[[HttpRequest], HttpResponseBase]
_on_replica: ContextVar[bool] = ContextVar("on_replica", default=False)


class PagesRouter:
    """Which database a query goes to, by what the request under way is."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        on_replica = _on_replica.get() and model._meta.app_label in RECORDS
        return ALIAS if on_replica else DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """What is read after a write must show it."""
        _on_replica.set(False)
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == ALIAS else None


def pages_from_replica(get_response: Respond) -> Respond:
    """Django's middleware; not used where there is no replica."""
    if ALIAS not in settings.DATABASES:
        raise MiddlewareNotUsed
    return lambda request: respond(request, get_response)


def respond(request: HttpRequest, get_response: Respond) -> HttpResponseBase:
    token = _on_replica.set(may_lag(request))
    try:
        response = get_response(request)
    finally:
        _on_replica.reset(token)
    if request.method not in SAFE and not request.path.startswith(PRIMARY_ONLY):
        response.set_cookie(
            COOKIE,
            "1",
            max_age=CHANGED_SECONDS,
            secure=settings.OMSAUTO_HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response


def may_lag(request: HttpRequest) -> bool:
    """May the answer be a few seconds old?"""
    if request.method not in SAFE or request.path.startswith(PRIMARY_ONLY):
        return False
    return COOKIE not in request.COOKIES
