"""An account with one member of each role."""

from __future__ import annotations

import pytest

from accounts.models import Account, Membership, Role, User
from tests import builders


class Team:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.people: dict[str, User] = {
            role: builders.user(f"{role}@example.com", of=account, role=role) for role in Role
        }

    def __getitem__(self, role: str) -> User:
        return self.people[role]

    def membership(self, role: str) -> Membership:
        """Of the one who was made with this role."""
        return Membership.objects.get(account=self.account, user=self[role])

    @property
    def history(self) -> list[str]:
        return [entry.subject for entry in self.account.history.order_by("pk")]


@pytest.fixture
def team(db: None) -> Team:
    return Team(builders.account("Tea & Co"))
