"""Roles given and taken, members removed: never the last admin, and never without a trace."""

from __future__ import annotations

import pytest
from knox.models import AuthToken

from accounts import invitations, members, tokens
from accounts.members import NotAllowed, Ties
from accounts.models import Invitation, Membership, Role
from tests import builders
from tests.accounts.conftest import Team
from tests.builders import NOW


def test_a_changed_role_stands_in_the_history_with_the_old_one(team: Team) -> None:
    assert members.change_role(team.membership("viewer"), Role.OPERATOR, NOW, team["admin"])
    assert team.membership("viewer").role == Role.OPERATOR
    entry = team.account.history.get()
    assert entry.actor == team["admin"]
    assert entry.old == {"viewer@example.com.role": "Viewer"}
    assert entry.new == {"viewer@example.com.role": "Operator"}


def test_the_same_role_again_changes_nothing(team: Team) -> None:
    assert not members.change_role(team.membership("viewer"), Role.VIEWER, NOW, team["admin"])
    assert team.history == []


def test_the_last_admin_stays_admin(team: Team) -> None:
    only = team.membership("admin")
    with pytest.raises(NotAllowed, match="only admin"):
        members.change_role(only, Role.VIEWER, NOW, team["admin"])
    with pytest.raises(NotAllowed, match="only admin"):
        members.remove(only, NOW, team["admin"])
    assert team.membership("admin").role == Role.ADMIN


def test_an_admin_who_cannot_log_in_does_not_count(team: Team) -> None:
    gone = builders.user(of=team.account)
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    with pytest.raises(NotAllowed):
        members.remove(team.membership("admin"), NOW, team["admin"])


def test_two_admins_who_demote_each_other_leave_one(team: Team) -> None:
    second = builders.user("second@example.com", of=team.account)
    first_row = team.membership("admin")
    second_row = Membership.objects.get(user=second)
    members.change_role(second_row, Role.VIEWER, NOW, team["admin"])
    with pytest.raises(NotAllowed):
        members.change_role(first_row, Role.VIEWER, NOW, second)


def test_with_a_member_go_their_tokens_and_invitations_of_this_account_alone(team: Team) -> None:
    second = builders.user("second@example.com", of=team.account)
    elsewhere = builders.account("Elsewhere")
    Membership.objects.create(account=elsewhere, user=second, role=Role.ADMIN)
    for account in (team.account, elsewhere):
        tokens.make(second, account, "Export", Role.VIEWER, None, NOW)
        invitations.invite(account, "new@example.com", Role.ADMIN, NOW, second)
    tokens.issue(second, "Command line")
    membership = Membership.objects.get(user=second, account=team.account)
    assert members.ties_of(membership) == Ties(tokens=1, invitations=1)
    members.remove(membership, NOW, team["admin"])
    assert [t.details.account for t in AuthToken.objects.order_by("created")] == [elsewhere, None]
    assert Invitation.objects.get().account == elsewhere
    assert team.history[-1] == (
        "removed second@example.com (Admin), 1 API token revoked, 1 invitation withdrawn"
    )


def test_who_stops_being_admin_leaves_no_open_invitation_behind(team: Team) -> None:
    second = builders.user("second@example.com", of=team.account)
    invitations.invite(team.account, "friend@example.com", Role.ADMIN, NOW, second)
    row = Membership.objects.get(user=second)
    members.change_role(row, Role.OPERATOR, NOW, team["admin"])
    assert not Invitation.objects.exists()


def test_leaving_is_told_apart_from_being_removed(team: Team) -> None:
    members.remove(team.membership("viewer"), NOW, team["viewer"])
    assert team.history == ["left: viewer@example.com"]


def test_who_was_removed_meanwhile_is_not_changed(team: Team) -> None:
    shown = team.membership("viewer")
    members.remove(team.membership("viewer"), NOW, team["admin"])
    with pytest.raises(NotAllowed, match="no member any more"):
        members.change_role(shown, Role.ADMIN, NOW, team["admin"])
