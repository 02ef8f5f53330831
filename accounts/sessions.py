"""A user's logins in browsers."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from accounts.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"

FAILED_KEPT = timedelta(days=1)


def log_in(request: HttpRequest, user: User, at: datetime) -> None:
    """A new session with a key of its own. Its end is fixed: no use of it moves that further."""
    login(request, user, BACKEND)
    request.session.set_expiry(at + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def forget_ended(at: datetime) -> int:
    """Delete the rows of logins that are over, and old counts of failed ones; how many those were.

    Both hold addresses or names of people: they are kept no longer than they are needed.
    """
    ended, _ = Session.objects.filter(expire_date__lt=at).delete()
    kept = max(FAILED_KEPT, settings.AXES_COOLOFF_TIME)
    failed: int = AccessAttempt.objects.filter(attempt_time__lt=at - kept).delete()[0]
    return ended + failed


def end_others(request: HttpRequest, user: User, password: str) -> None:
    """End every session of the user but this one; `password` is the one they have.

    A session holds a hash of the stored password: the same one, salted anew, ends them.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
