"""Changing who is a member of an account, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from knox.models import AuthToken

from accounts import second_factor
from accounts.history import note, note_role
from accounts.models import Account, Invitation, Membership, Role, User


class NotAllowed(Exception):
    """Why a change of members, invitations or tokens cannot be made: a sentence for people."""


@dataclass(frozen=True)
class Ties:
    """What ends together with a membership: API tokens and open invitations, their numbers."""

    tokens: int
    invitations: int


def ties_of(membership: Membership) -> Ties:
    return Ties(_tokens(membership).count(), _invitations(membership).count())


@transaction.atomic
def change_role(membership: Membership, role: Role, at: datetime, actor: User) -> bool:
    """Give a member another role; False where they had it already.

    Whoever stops being an admin leaves no open invitations behind. Raises `NotAllowed` for the
    last admin.
    """
    row = _locked(membership)
    if row.role == role:
        return False
    _keep_an_admin(row)
    old = Role(row.role)
    row.role = role
    row.save(update_fields=["role"])
    if old == Role.ADMIN:
        _invitations(row).delete()
    note_role(row.account, at, actor, row.user, old.label, role.label)
    return True


@transaction.atomic
def remove(membership: Membership, at: datetime, actor: User) -> None:
    """End a membership, with the member's API tokens and open invitations of this account.

    One's own, too: then the member leaves. Raises `NotAllowed` for the last admin.
    """
    row = _locked(membership)
    _keep_an_admin(row)
    ties = ties_of(row)
    _tokens(row).delete()
    _invitations(row).delete()
    row.delete()
    left = row.user == actor
    what = f"left: {row.user}" if left else f"removed {row.user} ({row.get_role_display()})"
    note(row.account, at, actor, f"{what}{_with(ties)}")


@transaction.atomic
def require_second_factor(account: Account, at: datetime, actor: User, *, required: bool) -> bool:
    """Whether members must have a second factor; False where it was so before.

    Raises `NotAllowed` for an admin without one, who would be shut out by their own rule.
    """
    row = lock(account)
    if row.require_second_factor == required:
        return False
    if required and not second_factor.is_on(actor):
        raise NotAllowed("Set up your own second factor first: without it you could not go on.")
    row.require_second_factor = required
    row.save(update_fields=["require_second_factor"])
    what = "requires a second factor" if required else "no longer requires a second factor"
    note(account, at, actor, what)
    return True


def lock(account: Account) -> Account:
    """Changes of members and invitations of one account come one after another."""
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def counted(number: int, thing: str) -> str:
    """ "1 API token", "2 API tokens"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _locked(membership: Membership) -> Membership:
    lock(membership.account)
    rows = Membership.objects.select_related("user", "account")
    row = rows.filter(pk=membership.pk).first()
    if row is None:
        raise NotAllowed("They are no member any more.")
    return row


def _keep_an_admin(row: Membership) -> None:
    """Somebody who can log in must be left to manage the account."""
    admins = Membership.objects.filter(account=row.account, role=Role.ADMIN, user__is_active=True)
    if row.role == Role.ADMIN and not admins.exclude(pk=row.pk).exists():
        raise NotAllowed(
            f"{row.user} is the only admin of {row.account}: make somebody else an admin first."
        )


def _tokens(membership: Membership) -> QuerySet[Any]:
    owned: QuerySet[Any] = AuthToken.objects.filter(user=membership.user)
    return owned.filter(details__account=membership.account)


def _invitations(membership: Membership) -> QuerySet[Invitation]:
    made = Invitation.objects.filter(account=membership.account, made_by=membership.user)
    return made.filter(accepted_at=None)


def _with(ties: Ties) -> str:
    ended = [
        f"{counted(ties.tokens, 'API token')} revoked" if ties.tokens else "",
        f"{counted(ties.invitations, 'invitation')} withdrawn" if ties.invitations else "",
    ]
    return "".join(f", {part}" for part in ended if part)
