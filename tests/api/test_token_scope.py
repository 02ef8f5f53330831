"""What a token was made for is all it can do, over every address of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Membership, Role
from tests import builders
from tests.api.conftest import Api, Brand
from tests.api.test_access import CALLS, LISTS, OF_ADMINS, OF_OBJECTS, WRITES, ids, status
from tests.brand import connect
from tests.hooks import quiet_platform

__all__ = ["ids"]  # the fixture
Ids = dict[str, Any]


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet_platform(monkeypatch)


@pytest.fixture
def limited(brand: Brand) -> Callable[[str], Api]:
    """The admin of the brand, calling by a token of it with this role."""
    return lambda role: Api(brand.admin.user, brand.account, role)


@pytest.fixture
def elsewhere(brand: Brand) -> Api:
    """The admin of the brand, calling by a token of another account of theirs."""
    second = builders.account("Second")
    Membership.objects.create(account=second, user=brand.admin.user, role=Role.ADMIN)
    connect(second)
    return Api(brand.admin.user, second, Role.ADMIN)


def test_for_a_token_of_another_account_nothing_exists(elsewhere: Api, ids: Ids) -> None:
    found = {str(call): status(elsewhere, call, ids) for call in OF_OBJECTS}
    assert len(found) > 40
    assert {call: code for call, code in found.items() if code != 404} == {}


def test_lists_hold_only_the_tokens_account(brand: Brand, elsewhere: Api, ids: Ids) -> None:
    here = Api(brand.admin.user, brand.account, Role.VIEWER)
    for call in LISTS:
        if call.route == "connectors/":
            continue
        mine, theirs, ours = (
            {row["id"] for row in api.results(call.route)} for api in (brand.admin, elsewhere, here)
        )
        assert ours, call
        assert not theirs & ours, call
        assert theirs | ours == mine, call


def test_a_viewers_token_of_an_admin_reads_all_and_changes_nothing(
    limited: Callable[[str], Api], ids: Ids
) -> None:
    token = limited(Role.VIEWER)
    found = {str(call): status(token, call, ids) for call in CALLS}
    assert found == {str(call): 403 if call in WRITES else 200 for call in CALLS}


def test_an_operators_token_of_an_admin_changes_all_but_the_account(
    brand: Brand, limited: Callable[[str], Api], ids: Ids
) -> None:
    token = limited(Role.OPERATOR)
    assert {status(token, call, ids) for call in OF_ADMINS} == {403}
    assert token.patch(f"channels/{brand.shop.pk}/", {"name": "x"}).status_code == 200


def test_an_admins_token_changes_no_more_than_its_owner_may_by_now(
    brand: Brand, limited: Callable[[str], Api], ids: Ids
) -> None:
    token = limited(Role.ADMIN)
    path, body = f"accounts/{brand.account.pk}/", {"name": "x"}
    assert token.patch(path, body).status_code == 200
    Membership.objects.filter(user=brand.admin.user).update(role=Role.VIEWER)
    assert {status(token, call, ids) for call in WRITES} == {403}
    Membership.objects.filter(user=brand.admin.user).delete()
    assert {status(token, call, ids) for call in OF_OBJECTS} == {404}


def test_an_account_tells_the_role_of_the_token(
    brand: Brand, limited: Callable[[str], Api]
) -> None:
    for role in Role:
        answer = limited(role).get(f"accounts/{brand.account.pk}/").json()
        assert answer["role"] == role


def test_a_revoked_token_is_unauthorized_with_a_reason(brand: Brand) -> None:
    made, text = tokens.issue(brand.admin.user, "Export", brand.account, Role.VIEWER)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert client.get("/api/v1/channels/").status_code == 200
    tokens.revoke(made, brand.account, builders.NOW, brand.admin.user)
    refused = client.get("/api/v1/channels/")
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"] == "Bearer"
    assert "revoked" in refused.json()["detail"]
