"""Invitations: a link that makes one person a member, once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import QuerySet

from accounts.history import note
from accounts.members import NotAllowed, lock
from accounts.models import Account, Invitation, Membership, Role, User

LIFETIME = timedelta(days=7)
MOST_OPEN = 50
"""Open invitations an account may have at a time."""

OTHER_ADDRESS = (
    "This invitation is for another e-mail address. Use the one that it was sent to, or ask for "
    "an invitation to yours."
)


def open_ones(account: Account) -> QuerySet[Invitation]:
    """Those that nobody accepted yet, expired ones included, the newest first."""
    found = Invitation.objects.filter(account=account, accepted_at=None)
    return found.select_related("made_by").order_by("-made_at", "-pk")


@transaction.atomic
def invite(
    account: Account, email: str, role: Role, at: datetime, actor: User
) -> tuple[Invitation, str]:
    """The invitation and the token of its link, which is kept nowhere.

    Somebody invited already gets the role and a link anew; the old link ends. Raises `NotAllowed`
    for a member, and where too many invitations are open.
    """
    lock(account)
    if Membership.objects.filter(account=account, user__email__iexact=email).exists():
        raise NotAllowed(f"{email} is a member already: change the role in the list of members.")
    token = secrets.token_urlsafe(32)
    found = open_ones(account).filter(email__iexact=email).first()
    if found is None and open_ones(account).count() >= MOST_OPEN:
        raise NotAllowed(f"{MOST_OPEN} invitations are open: withdraw those no longer needed.")
    invitation = found or Invitation(account=account, email=email)
    invitation.role = role
    invitation.digest = digest(token)
    invitation.made_by, invitation.made_at = actor, at
    invitation.expires_at = at + LIFETIME
    invitation.save()
    again = " again" if found else ""
    note(account, at, actor, f"invited {email}{again} as {role.label}")
    return invitation, token


@transaction.atomic
def withdraw(invitation: Invitation, at: datetime, actor: User) -> None:
    """Its link ends. Raises `NotAllowed` where it was accepted meanwhile."""
    gone, _ = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).delete()
    if not gone:
        raise NotAllowed(f"The invitation of {invitation.email} is no longer open.")
    note(invitation.account, at, actor, f"withdrew the invitation of {invitation.email}")


def find(token: str) -> Invitation | None:
    """The invitation of a link, looked up by the hash of its token."""
    rows = Invitation.objects.select_related("account")
    return rows.filter(digest=digest(token)).first()


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def is_for(invitation: Invitation, email: str) -> bool:
    return invitation.email.casefold() == email.strip().casefold()


@transaction.atomic
def accept(invitation: Invitation, user: User, at: datetime) -> None:
    """Make the user a member. Raises `NotAllowed` for another address and for a link that ended.

    Who is a member already keeps their role.
    """
    if not is_for(invitation, user.email):
        raise NotAllowed(OTHER_ADDRESS)
    lock(invitation.account)
    usable = Invitation.objects.filter(
        pk=invitation.pk, digest=invitation.digest, accepted_at=None, expires_at__gt=at
    )
    if not usable.update(accepted_at=at):
        raise NotAllowed("This link was used, withdrawn or replaced meanwhile.")
    role = Role(invitation.role)
    _, joined = Membership.objects.get_or_create(
        account=invitation.account, user=user, defaults={"role": role, "since": at}
    )
    if joined:
        note(invitation.account, at, user, f"joined as {role.label}: {user}")


@transaction.atomic
def join(invitation: Invitation, name: str, password: str, at: datetime) -> User:
    """Make the one invited a user, and a member. Raises `NotAllowed` as `accept` does."""
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise NotAllowed("There is a login with this address already: log in to accept.")
    user = User.objects.create_user(invitation.email, password, first_name=name)
    accept(invitation, user, at)
    return user
