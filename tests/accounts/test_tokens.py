"""API tokens: how far they reach, how they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.exceptions import AuthenticationFailed

from accounts import access, tokens
from accounts.authentication import TokenAuthentication
from accounts.members import NotAllowed
from accounts.models import ApiToken, Membership, Role, User
from tests import builders
from tests.accounts.conftest import Team
from tests.builders import NOW

RANKS = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


def caller(text: str) -> User:
    """The owner as an API call with this token sees them."""
    return TokenAuthentication().authenticate_credentials(text.encode())[0]


@pytest.mark.parametrize("owned", RANKS)
@pytest.mark.parametrize("made", RANKS)
def test_a_token_acts_with_the_lower_of_its_role_and_its_owners(
    team: Team, owned: Role, made: Role
) -> None:
    _, text = tokens.issue(team[owned], "T", team.account, made)
    lower = min(owned, made, key=RANKS.index)
    user = caller(text)
    assert access.role_in(user, team.account) == lower
    assert access.roles_of(user) == {team.account.pk: lower}
    assert access.role_in(team[owned], team.account) == owned


def test_a_token_reaches_its_account_alone(team: Team) -> None:
    other = builders.account("Other")
    Membership.objects.create(account=other, user=team["admin"], role=Role.ADMIN)
    user = caller(tokens.issue(team["admin"], "T", team.account, Role.ADMIN)[1])
    assert list(access.accounts_of(user)) == [team.account]
    assert access.role_in(user, other) is None
    free = caller(tokens.issue(team["admin"], "T")[1])
    assert set(access.accounts_of(free)) == {team.account, other}
    assert access.roles_of(free) == {team.account.pk: Role.ADMIN, other.pk: Role.ADMIN}


def test_a_refusal_names_the_tokens_role(team: Team) -> None:
    user = caller(tokens.issue(team["admin"], "T", team.account, Role.VIEWER)[1])
    with pytest.raises(PermissionDenied, match="this token acts as Viewer"):
        access.require(user, team.account, Role.OPERATOR)


def test_without_membership_a_token_does_nothing(team: Team) -> None:
    _, text = tokens.issue(team["operator"], "T", team.account, Role.OPERATOR)
    team.membership("operator").delete()
    assert access.roles_of(caller(text)) == {}


def test_operators_make_tokens_up_to_their_role_and_viewers_none(team: Team) -> None:
    made, _ = tokens.make(team["operator"], team.account, "Export", Role.OPERATOR, None, NOW)
    assert (made.account, made.role) == (team.account, Role.OPERATOR)
    assert team.history == ["made the API token Export (Operator)"]
    with pytest.raises(PermissionDenied):
        tokens.make(team["operator"], team.account, "More", Role.ADMIN, None, NOW)
    with pytest.raises(PermissionDenied):
        tokens.make(team["viewer"], team.account, "Mine", Role.VIEWER, None, NOW)


def test_a_name_is_given_once_by_each_member(team: Team) -> None:
    tokens.make(team["operator"], team.account, "Export", Role.VIEWER, None, NOW)
    tokens.make(team["admin"], team.account, "Export", Role.VIEWER, None, NOW)
    with pytest.raises(NotAllowed, match="token named export"):
        tokens.make(team["operator"], team.account, "export", Role.VIEWER, None, NOW)


def test_a_revoked_token_is_refused_and_the_history_says_whose_it_was(team: Team) -> None:
    made, text = tokens.make(team["operator"], team.account, "Export", Role.VIEWER, None, NOW)
    tokens.revoke(made, team.account, NOW, team["admin"])
    with pytest.raises(AuthenticationFailed, match="revoked"):
        caller(text)
    assert team.history[-1] == "revoked the API token Export of operator@example.com"


def test_an_expired_token_is_refused_and_stays_listed(team: Team) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        made, text = tokens.issue(team["admin"], "T", team.account, Role.VIEWER, timedelta(days=30))
        clock.shift(timedelta(days=30, seconds=-1))
        assert caller(text) == team["admin"]
        clock.shift(timedelta(seconds=1))
        with pytest.raises(AuthenticationFailed, match="expired at 2026-04-01T12:00:00Z"):
            caller(text)
    assert made in tokens.listed(team.account, team["admin"], whole=False)


@pytest.mark.parametrize("text", ["", "oms_", "oms_" + "0" * 60, "ü\x00", "oms_\ufffd"])
def test_what_is_no_token_is_refused(team: Team, text: str) -> None:
    with pytest.raises(AuthenticationFailed, match="not valid"):
        caller(text)


def test_a_token_of_somebody_deactivated_is_refused(team: Team) -> None:
    _, text = tokens.issue(team["admin"], "T")
    User.objects.filter(pk=team["admin"].pk).update(is_active=False)
    with pytest.raises(AuthenticationFailed, match="deactivated"):
        caller(text)


def test_the_last_use_is_written_once_a_minute(team: Team) -> None:
    made, text = tokens.issue(team["admin"], "T", team.account, Role.VIEWER)
    with time_machine.travel(NOW, tick=False) as clock:
        caller(text)
        clock.shift(timedelta(seconds=59))
        with CaptureQueriesContext(connection) as asked:
            caller(text)
        assert len(asked) == 1
        made.refresh_from_db()
        assert made.used_at == NOW
        clock.shift(timedelta(seconds=1))
        caller(text)
    made.refresh_from_db()
    assert made.used_at == NOW + timedelta(minutes=1)


def test_a_token_dies_with_its_account(team: Team) -> None:
    """It must not become one without an account, which would reach everything."""
    _, text = tokens.issue(team["admin"], "T", team.account, Role.VIEWER)
    team.account.delete()
    with pytest.raises(AuthenticationFailed):
        caller(text)


@pytest.mark.parametrize("role", ["", "owner"])
def test_a_token_of_an_account_has_a_role(team: Team, role: str) -> None:
    with (
        pytest.raises(IntegrityError, match="a_token_of_an_account_has_a_role"),
        transaction.atomic(),
    ):
        tokens.issue(team["admin"], "T", team.account, role)
    with pytest.raises(IntegrityError), transaction.atomic():
        tokens.issue(team["admin"], "T", None, Role.VIEWER)


def test_admins_see_every_token_that_acts_in_the_account(team: Team) -> None:
    own, _ = tokens.issue(team["operator"], "Own", team.account, Role.VIEWER)
    everywhere, _ = tokens.issue(team["viewer"], "Command line")
    tokens.issue(builders.user(of=builders.account("Other")), "Strange")
    assert list(tokens.listed(team.account, team["admin"], whole=True)) == [everywhere, own]
    assert list(tokens.listed(team.account, team["operator"], whole=False)) == [own]
    assert ApiToken.objects.count() == 3
