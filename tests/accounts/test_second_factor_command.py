"""Help for those who lost telephone and recovery codes."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import second_factor
from accounts.models import SecondFactor, User
from tests import builders
from tests.builders import NOW


@pytest.fixture
def user(db: None) -> User:
    return builders.user("ann@example.com")


def test_the_command_switches_it_off(user: User) -> None:
    second_factor.begin(user)
    SecondFactor.objects.update(confirmed_at=NOW)
    output = StringIO()
    call_command("switch_off_second_factor", "ANN@example.com", stdout=output)
    assert output.getvalue().strip() == "The second factor of ann@example.com is off."
    assert not second_factor.is_on(user)


@pytest.mark.parametrize(
    ("email", "said"),
    [("bob@example.com", "There is no user"), ("ann@example.com", "nothing to switch off")],
)
def test_it_says_why_it_does_nothing(user: User, email: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("switch_off_second_factor", email)
