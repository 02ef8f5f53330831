"""The commands that make the first account and further tokens."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.models import Account, User

pytestmark = pytest.mark.django_db
GOOD = {"timezone": "Europe/Berlin", "admin": "a@example.com", "password": "x"}


def run(*args: str, **options: Any) -> Any:
    """The one JSON object that a command prints."""
    out = StringIO()
    call_command(*args, stdout=out, **options)
    return json.loads(out.getvalue())


def test_an_account_comes_with_an_admin_and_a_token_that_works() -> None:
    made = run("create_account", "Tea & Co", **GOOD)
    account = Account.objects.get()
    user = User.objects.get()
    assert (made["account"], made["user"]) == (account.pk, user.pk)
    assert (account.name, account.timezone) == ("Tea & Co", "Europe/Berlin")
    assert user.check_password("x")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {made['token']}")
    answer = client.get(f"/api/v1/accounts/{made['account']}/").json()
    assert answer["role"] == "admin"


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("Tea", {"timezone": "Mars/Base"}, "IANA"),
        ("Tea", {"admin": "nobody"}, "valid email"),
        ("Tea", {"admin": "TAKEN@example.com"}, "already"),
        ("Tea", {"password": ""}, "password"),
        (" ", {}, "name"),
        ("x" * 121, {}, "120"),
    ],
)
def test_an_account_is_refused_with_a_sentence(
    name: str, change: dict[str, str], sentence: str
) -> None:
    User.objects.create_user("taken@example.com", "x")
    with pytest.raises(CommandError, match=sentence):
        run("create_account", name, **{**GOOD, **change})
    assert not Account.objects.exists()
    assert User.objects.count() == 1


def test_a_user_may_have_several_tokens() -> None:
    first = run("create_account", "Tea", **GOOD)["token"]
    second = run("create_token", "A@example.com")
    assert set(second) == {"token"}
    for token in (first, second["token"]):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        assert client.get("/api/v1/channels/").status_code == 200


def test_a_token_needs_a_user_who_is_active() -> None:
    with pytest.raises(CommandError, match="no user"):
        run("create_token", "a@example.com")
    User.objects.create_user("a@example.com", "x", is_active=False)
    with pytest.raises(CommandError, match="deactivated"):
        run("create_token", "a@example.com")
