"""Who may see and do what; the only home of role rules.

Viewers read. Operators also run jobs and edit channels, records and mappings. Admins also manage
the account: its settings, the Recurring Jobs tab, members. Whoever is no member sees nothing:
for them an account and all it owns do not exist.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from accounts.models import Account, Membership, Role, User

Someone = User | AnonymousUser

_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMIN: 2}


def accounts_of(user: Someone) -> QuerySet[Account]:
    """The accounts a user is a member of, by name."""
    if not user.is_authenticated:
        return Account.objects.none()
    return Account.objects.filter(memberships__user=user).order_by("name", "pk")


def role_in(user: Someone, account: Account) -> Role | None:
    if not user.is_authenticated:
        return None
    role = Membership.objects.filter(user=user, account=account).values_list("role", flat=True)
    return Role(role[0]) if role else None


def roles_of(user: Someone) -> dict[int, Role]:
    """The user's role by account id, for every account they are a member of."""
    if not user.is_authenticated:
        return {}
    rows = Membership.objects.filter(user=user).values_list("account_id", "role")
    return {account_id: Role(role) for account_id, role in rows}


def may(role: Role | None, needed: Role) -> bool:
    return role is not None and _RANK[role] >= _RANK[needed]


def require(user: Someone, account: Account, needed: Role) -> Role:
    """The user's role; Http404 for strangers, PermissionDenied below the needed role."""
    role = role_in(user, account)
    if role is None:
        raise Http404("No such account.")
    if not may(role, needed):
        raise PermissionDenied(
            f"This needs the role {needed.label}; yours is {role.label}. Ask an admin of "
            f"{account} to change it."
        )
    return role
