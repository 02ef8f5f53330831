"""API tokens: made, listed, revoked. What a token may do is decided in `access`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from knox.models import AuthToken

from accounts import access
from accounts.history import note
from accounts.members import NotAllowed
from accounts.models import Account, ApiToken, Role, User

FROM_COMMAND_LINE = "Command line"
MOST = 50
"""Tokens a member may have in one account."""


@transaction.atomic
def issue(
    user: User,
    name: str,
    account: Account | None = None,
    role: str = "",
    lifetime: timedelta | None = None,
) -> tuple[ApiToken, str]:
    """A token of the user's and its text, which is kept nowhere.

    Without an account it acts with all their roles in all their accounts.
    """
    stored, text = AuthToken.objects.create(user, expiry=lifetime)
    details = ApiToken.objects.create(token=stored, name=name, account=account, role=role)
    return details, str(text)


@transaction.atomic
def make(
    user: User, account: Account, name: str, role: Role, lifetime: timedelta | None, at: datetime
) -> tuple[ApiToken, str]:
    """A token of one account with at most the user's own role there; for operators and admins.

    Raises `NotAllowed` where the user has one of that name, or too many.
    """
    access.require(user, account, max(role, Role.OPERATOR, key=access.RANKS.__getitem__))
    own = ApiToken.objects.filter(token__user=user, account=account)
    if own.filter(name__iexact=name).exists():
        raise NotAllowed(f"You have a token named {name}: choose another name, or revoke it first.")
    if own.count() >= MOST:
        raise NotAllowed(f"You have {MOST} tokens here: revoke those no longer used.")
    made = issue(user, name, account, role, lifetime)
    note(account, at, user, f"made the API token {name} ({role.label})")
    return made


@transaction.atomic
def revoke(token: ApiToken, account: Account, at: datetime, actor: User) -> None:
    """End a token at once; the history of `account` says so."""
    owner = "" if token.token.user == actor else f" of {token.token.user}"
    AuthToken.objects.filter(pk=token.token_id).delete()
    note(account, at, actor, f"revoked the API token {token.name}{owner}")


def listed(account: Account, user: User, *, whole: bool) -> QuerySet[ApiToken]:
    """The tokens that act in an account: those of everybody (`whole`), or the user's own."""
    members = Q(account=None, token__user__memberships__account=account)
    found = ApiToken.objects.filter(Q(account=account) | members)
    if not whole:
        found = found.filter(token__user=user)
    return found.select_related("token__user", "account").order_by("-pk")
