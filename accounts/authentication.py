"""Who calls the API: the owner of a token, with what the token leaves of their roles."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import ApiToken, User

NOTED_EVERY = timedelta(minutes=1)
"""How fresh the last use of a token is kept: calls in between write nothing."""

UNKNOWN = "This token is not valid: it was revoked, or copied incompletely."


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """Knox's header and storage, one query by the token's hash, and expired tokens stay listed."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """The owner, who acts by this token, and the token; AuthenticationFailed with a reason.

        Looked up by the hash of 256 random bits: how long that takes is of no use to a guesser,
        whose next guess has another hash altogether.
        """
        digest = hash_token(token.decode("utf-8", "replace"))
        rows = ApiToken.objects.select_related("token__user")
        found = rows.filter(token=digest).first()
        if found is None:
            raise AuthenticationFailed(UNKNOWN)
        at = timezone.now()
        user: User = found.token.user
        expiry = found.token.expiry
        if expiry is not None and expiry <= at:
            raise AuthenticationFailed(f"This token expired at {expiry:%Y-%m-%dT%H:%M:%SZ}.")
        if not user.is_active:
            raise AuthenticationFailed("The owner of this token is deactivated.")
        _note_use(found, at)
        user.acts_by = found
        return user, found


def _note_use(token: ApiToken, at: datetime) -> None:
    before = at - NOTED_EVERY
    if token.used_at is None or token.used_at <= before:
        stale = Q(used_at=None) | Q(used_at__lte=before)
        ApiToken.objects.filter(stale, pk=token.pk).update(used_at=at)


class Scheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]  # registers itself; has no types
    """The header, for the API's description."""

    target_class = "accounts.authentication.TokenAuthentication"
