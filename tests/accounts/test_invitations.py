"""A link makes one person a member, once, for a week."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import access, invitations
from accounts.invitations import LIFETIME
from accounts.members import NotAllowed
from accounts.models import Invitation, Role, User
from tests import builders
from tests.accounts.conftest import Team
from tests.builders import NOW

EMAIL = "new@example.com"


def invite(team: Team, email: str = EMAIL, role: Role = Role.OPERATOR) -> tuple[Invitation, str]:
    return invitations.invite(team.account, email, role, NOW, team["admin"])


def test_of_the_token_only_a_hash_is_kept(team: Team) -> None:
    made, token = invite(team)
    assert len(token) >= 40
    row = Invitation.objects.values().get()
    assert token not in str(row)
    assert invitations.find(token) == made
    assert invitations.find(token[:-1]) is None


def test_somebody_new_becomes_a_user_and_a_member(team: Team) -> None:
    made, _ = invite(team)
    user = invitations.join(made, "Nia New", builders.PASSWORD, NOW)
    assert (user.email, user.first_name) == (EMAIL, "Nia New")
    assert user.check_password(builders.PASSWORD)
    assert access.role_in(user, team.account) == Role.OPERATOR
    assert team.history == [f"invited {EMAIL} as Operator", f"joined as Operator: {EMAIL}"]


def test_a_link_works_once(team: Team) -> None:
    made, token = invite(team)
    user = builders.user("NEW@Example.com")
    invitations.accept(made, user, NOW)
    stale = invitations.find(token)
    assert stale is not None
    with pytest.raises(NotAllowed, match="used"):
        invitations.accept(stale, user, NOW)


def test_two_who_join_at_once_make_one_user(team: Team) -> None:
    made, _ = invite(team)
    invitations.join(made, "First", builders.PASSWORD, NOW)
    with pytest.raises(NotAllowed, match="log in"):
        invitations.join(made, "Second", builders.PASSWORD, NOW)
    assert User.objects.filter(email=EMAIL).count() == 1


def test_a_link_ends_after_a_week_and_leaves_no_user_behind(team: Team) -> None:
    made, _ = invite(team)
    with pytest.raises(NotAllowed), transaction.atomic():
        invitations.join(made, "Late", builders.PASSWORD, NOW + LIFETIME)
    assert not User.objects.filter(email=EMAIL).exists()
    invitations.join(made, "In time", builders.PASSWORD, NOW + LIFETIME - timedelta(seconds=1))


def test_another_address_is_not_let_in(team: Team) -> None:
    made, _ = invite(team)
    with pytest.raises(NotAllowed, match="another e-mail address"):
        invitations.accept(made, builders.user("other@example.com"), NOW)
    assert Invitation.objects.get().accepted_at is None


def test_inviting_again_makes_a_new_link_and_ends_the_old_one(team: Team) -> None:
    _, old = invite(team, role=Role.VIEWER)
    page = invitations.find(old)
    _, new = invite(team, email=EMAIL.upper(), role=Role.ADMIN)
    assert invitations.find(old) is None
    assert page is not None
    with pytest.raises(NotAllowed):
        invitations.accept(page, builders.user(EMAIL), NOW)
    found = invitations.find(new)
    assert found is not None
    assert found.role == Role.ADMIN
    assert Invitation.objects.count() == 1


def test_a_withdrawn_link_is_unknown(team: Team) -> None:
    made, token = invite(team)
    invitations.withdraw(made, NOW, team["admin"])
    assert invitations.find(token) is None
    assert team.history[-1] == f"withdrew the invitation of {EMAIL}"


def test_an_accepted_invitation_is_not_withdrawn(team: Team) -> None:
    made, token = invite(team)
    shown = Invitation.objects.select_related("account").get()
    invitations.accept(made, builders.user(EMAIL), NOW)
    with pytest.raises(NotAllowed, match="no longer open"):
        invitations.withdraw(shown, NOW, team["admin"])
    assert invitations.find(token) is not None


def test_a_member_is_not_invited(team: Team) -> None:
    with pytest.raises(NotAllowed, match="member already"):
        invite(team, email="Viewer@example.com")


def test_who_became_a_member_meanwhile_keeps_their_role(team: Team) -> None:
    made, _ = invite(team, role=Role.VIEWER)
    user = builders.user(EMAIL, of=team.account, role=Role.ADMIN)
    invitations.accept(made, user, NOW)
    assert access.role_in(user, team.account) == Role.ADMIN


def test_open_invitations_are_bounded(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    invite(team, "a@example.com")
    invite(team, "b@example.com")
    with pytest.raises(NotAllowed, match="2 invitations are open"):
        invite(team, "c@example.com")
    invite(team, "a@example.com")


def test_an_address_has_one_open_invitation(team: Team) -> None:
    invite(team)
    with (
        pytest.raises(IntegrityError, match=r"one_open_invitation_per_address"),
        transaction.atomic(),
    ):
        Invitation.objects.create(
            account=team.account, email=EMAIL.upper(), digest="x", made_at=NOW, expires_at=NOW
        )
