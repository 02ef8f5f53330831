"""Notes in an account's history about people: members, invitations, API tokens."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Account, HistoryEntry, User

LONGEST = 200


def note(account: Account, at: datetime, actor: User | None, what: str) -> None:
    """Write down what happened, in a sentence without its full stop."""
    HistoryEntry.objects.create(
        account=account, at=at, actor=actor, subject=what[:LONGEST], new={"people": what}
    )


def note_role(account: Account, at: datetime, actor: User, of: User, old: str, new: str) -> None:
    """Write down that a member's role changed; `old` and `new` are its labels."""
    name = f"{of.email}.role"
    HistoryEntry.objects.create(
        account=account,
        at=at,
        actor=actor,
        subject=f"role of {of.email}"[:LONGEST],
        old={name: old},
        new={name: new},
    )
