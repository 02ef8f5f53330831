"""A user's logins in browsers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.http import HttpRequest

from accounts.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def log_in(request: HttpRequest, user: User, at: datetime) -> None:
    """A new session with a key of its own. Its end is fixed: no use of it moves that further."""
    login(request, user, BACKEND)
    request.session.set_expiry(at + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def end_others(request: HttpRequest, user: User, password: str) -> None:
    """End every session of the user but this one; `password` is the one they have.

    A session holds a hash of the stored password: the same one, salted anew, ends them.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
