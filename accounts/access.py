"""Who may see and do what; the only home of role rules.

Viewers read. Operators also run jobs and edit channels, records and mappings. Admins also manage
the account: its settings, the Recurring Jobs tab, members. Whoever is no member sees nothing:
for them an account and all it owns do not exist. Where an API token acts for a user, what the
token was made for is all that is left of their roles.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from accounts import second_factor
from accounts.models import Account, ApiToken, Membership, Role, User

Someone = User | AnonymousUser

RANKS = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMIN: 2}


CHOSEN = "account"
"""The session's key of the account its pages are about."""

MEANING = {
    Role.VIEWER: "Sees everything of the account, changes nothing.",
    Role.OPERATOR: "Also runs jobs, and changes channels, orders, stock and other records.",
    Role.ADMIN: "Also changes the account: its settings, Recurring Jobs, members and API tokens.",
}


class SecondFactorNeeded(PermissionDenied):
    """The account requires a second factor, and the person has none yet."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"{account} requires a second factor: set yours up to go on.")
        self.account = account


def accounts_of(user: Someone) -> QuerySet[Account]:
    """The accounts a user is a member of, by name."""
    if not user.is_authenticated:
        return Account.objects.none()
    found = Account.objects.filter(memberships__user=user)
    if user.acts_by is not None and user.acts_by.account_id is not None:
        found = found.filter(pk=user.acts_by.account_id)
    return found.order_by("name", "pk")


def role_in(user: Someone, account: Account) -> Role | None:
    if not user.is_authenticated:
        return None
    role = Membership.objects.filter(user=user, account=account).values_list("role", flat=True)
    return left_of(Role(role[0]), account.pk, user.acts_by) if role else None


def roles_of(user: Someone) -> dict[int, Role]:
    """The user's role by account id, for every account they may enter."""
    if not user.is_authenticated:
        return {}
    held = Membership.objects.filter(user=user)
    rows = [
        (pk, role)
        for pk, role, required in held.values_list(
            "account_id", "role", "account__require_second_factor"
        )
        if not (required and lacks_second_factor(user))
    ]
    found = {pk: left_of(Role(role), pk, user.acts_by) for pk, role in rows}
    return {pk: role for pk, role in found.items() if role is not None}


def left_of(role: Role, account_id: int, token: ApiToken | None) -> Role | None:
    """What a token leaves of its owner's role in an account; all of it without a token."""
    if token is None or token.account_id is None:
        return role
    if token.account_id != account_id:
        return None
    return min(role, Role(token.role), key=RANKS.__getitem__)


def lacks_second_factor(user: User) -> bool:
    """Of a person; a token needs none, as no person could type its codes."""
    return user.acts_by is None and not second_factor.is_on(user)


def accounts_that_require_second_factor(user: User) -> list[Account]:
    return list(accounts_of(user).filter(require_second_factor=True))


def up_to(role: Role) -> list[Role]:
    """This role and those below it, the lowest first."""
    return [each for each in Role if may(role, each)]


def may(role: Role | None, needed: Role) -> bool:
    return role is not None and RANKS[role] >= RANKS[needed]


def require(user: Someone, account: Account, needed: Role) -> Role:
    """The user's role; Http404 for strangers, PermissionDenied below the needed role, and
    `SecondFactorNeeded` for whoever must set one up before."""
    role = role_in(user, account)
    if role is None or not user.is_authenticated:
        raise Http404("No such account.")
    if account.require_second_factor and lacks_second_factor(user):
        raise SecondFactorNeeded(account)
    if not may(role, needed):
        raise PermissionDenied(_refusal(user, account, role, needed))
    return role


def _refusal(user: Someone, account: Account, role: Role, needed: Role) -> str:
    if user.is_authenticated and user.acts_by is not None and user.acts_by.account_id is not None:
        return (
            f"This needs the role {needed.label}; this token acts as {role.label}. Use a token "
            f"with that role, made by somebody who has it in {account}."
        )
    return (
        f"This needs the role {needed.label}; yours is {role.label}. Ask an admin of "
        f"{account} to change it."
    )
