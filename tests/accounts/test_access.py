"""Who may see and do what: members by role, strangers nothing at all."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404

from accounts.access import accounts_of, may, require, role_in
from accounts.models import Account, Membership, Role
from tests import builders

RANKS = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


@pytest.fixture
def account(db: None) -> Account:
    return builders.account()


@pytest.mark.parametrize("role", RANKS)
@pytest.mark.parametrize("needed", RANKS)
def test_a_role_may_what_it_and_lower_ones_may(account: Account, role: Role, needed: Role) -> None:
    user = builders.user(of=account, role=role)
    allowed = RANKS.index(role) >= RANKS.index(needed)
    assert role_in(user, account) == role
    assert may(role, needed) is allowed
    if allowed:
        assert require(user, account, needed) == role
        return
    with pytest.raises(PermissionDenied) as refusal:
        require(user, account, needed)
    assert str(needed.label) in str(refusal.value)
    assert str(role.label) in str(refusal.value)


@pytest.mark.parametrize("needed", RANKS)
def test_for_a_stranger_an_account_does_not_exist(account: Account, needed: Role) -> None:
    other = builders.account("Other brand")
    stranger = builders.user(of=other)
    for someone in (stranger, builders.user(), AnonymousUser()):
        assert role_in(someone, account) is None
        with pytest.raises(Http404):
            require(someone, account, needed)
    assert not may(None, needed)


def test_a_superuser_without_membership_is_a_stranger_too(account: Account) -> None:
    """The admin site is theirs; pages and API show a tenant to its members."""
    root = builders.user()
    root.is_superuser = root.is_staff = True
    root.save()
    with pytest.raises(Http404):
        require(root, account, Role.VIEWER)
    assert not accounts_of(root).exists()


def test_a_user_sees_the_accounts_they_are_a_member_of_by_name(account: Account) -> None:
    user = builders.user(of=account)
    early, _hidden = builders.account("A brand"), builders.account("Hidden")
    Membership.objects.create(account=early, user=user, role=Role.VIEWER)
    assert list(accounts_of(user)) == [early, account]
    assert not accounts_of(AnonymousUser()).exists()


def test_a_role_holds_in_one_account_only(account: Account) -> None:
    user = builders.user(of=account, role=Role.ADMIN)
    other = builders.account("Other brand")
    Membership.objects.create(account=other, user=user, role=Role.VIEWER)
    assert require(user, account, Role.ADMIN) == Role.ADMIN
    with pytest.raises(PermissionDenied):
        require(user, other, Role.OPERATOR)


def test_a_user_has_one_role_in_an_account(account: Account) -> None:
    user = builders.user(of=account)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(account=account, user=user, role=Role.VIEWER)
