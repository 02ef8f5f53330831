"""Failed attempts to log in: django-axes counts them, and whoever has too many waits.

A password is counted by user name and address together, so that nobody locks out another from
afar. A code of a second factor is counted by user alone: whoever gets that far knew the password.
API tokens are never counted. All of this runs without a session.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import User

Credentials = Mapping[str, Any] | None
CODE_OF = "second_factor_of"
LONGEST_NAME = 255


def known_as(request: HttpRequest, credentials: Credentials = None) -> str:
    """Under which name attempts are counted. Names typed have no capitals, those of codes do."""
    found = credentials or {}
    if CODE_OF in found:
        return f"SECOND FACTOR {found[CODE_OF]}"
    name = found.get("username") or request.POST.get("username", "")
    return str(name).strip().casefold()[:LONGEST_NAME]


def counted_by(request: object, credentials: Credentials = None) -> list[str | list[str]]:
    if credentials and CODE_OF in credentials:
        return ["username"]
    return [["username", "ip_address"]]


def address_of(request: HttpRequest) -> str | None:
    """The client's address: that of the connection, or what our own proxies say of it."""
    proxies: int = settings.OMSAUTO_TRUSTED_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    candidates = [forwarded[-proxies]] if 0 < proxies <= len(forwarded) else []
    for candidate in (*candidates, request.META.get("REMOTE_ADDR") or ""):
        with suppress(ValueError):
            return str(ip_address(candidate.strip()))
    return None


def knows_password(request: HttpRequest, user: User, password: str) -> bool:
    """For one who is logged in and must prove it is them; counts as an attempt to log in."""
    return authenticate(request, username=user.email, password=password) == user


def may_try_code(request: HttpRequest, user: User) -> bool:
    """Where not, the middleware answers in the view's place."""
    credentials = {CODE_OF: user.pk}
    if AxesProxyHandler.is_allowed(request, credentials):
        return True
    request.axes_locked_out = True  # type: ignore[attr-defined]  # what its middleware looks at
    request.axes_credentials = credentials  # type: ignore[attr-defined]
    return False


def note_wrong_code(request: HttpRequest, user: User) -> None:
    user_login_failed.send(sender=__name__, credentials={CODE_OF: user.pk}, request=request)


def forget_wrong_codes(request: HttpRequest, user: User) -> None:
    AxesProxyHandler.reset_attempts(username=known_as(request, {CODE_OF: user.pk}))


def too_many(
    request: HttpRequest, response: HttpResponse, credentials: Credentials = None
) -> HttpResponse:
    """The page of those who wait; the same whether or not there is a login of that name."""
    seconds = _seconds_left(request, credentials, timezone.now())
    context = {"minutes": math.ceil(seconds / 60), "is_code": CODE_OF in (credentials or {})}
    answer = render(request, "registration/too_many.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer


def _seconds_left(request: HttpRequest, credentials: Credentials, at: datetime) -> int:
    found = AxesProxyHandler.get_implementation().get_user_attempts(request, credentials)
    times = [moment for rows in found for moment in rows.values_list("attempt_time", flat=True)]
    ends: datetime = max(times, default=at) + get_cool_off(request)
    return max(1, math.ceil((ends - at).total_seconds()))
