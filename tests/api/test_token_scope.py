"""A token of one account: what it lists, and what becomes of it with its owner's role.

That it gets in nowhere else, and with no higher role, tests/access tries over every address.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Membership, Role
from tests import builders
from tests.api.conftest import Api, Brand
from tests.api.test_access import LISTS
from tests.brand import connect


@pytest.fixture(autouse=True)
def _something_of_each(brand: Brand) -> None:
    builders.product(brand.account, on_hand=1)
    brand.order()
    brand.run()
    brand.event()
    brand.parked()


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


def test_lists_hold_only_the_tokens_account(brand: Brand, elsewhere: Api) -> None:
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


def test_an_admins_token_changes_no_more_than_its_owner_may_by_now(
    brand: Brand, limited: Callable[[str], Api]
) -> None:
    token = limited(Role.ADMIN)
    path, body = f"accounts/{brand.account.pk}/", {"name": "x"}
    assert token.patch(path, body).status_code == 200
    owned = Membership.objects.filter(user=brand.admin.user)
    for role in (Role.OPERATOR, Role.VIEWER):
        owned.update(role=role)
        assert token.patch(path, body).status_code == 403
    assert token.patch(f"channels/{brand.shop.pk}/", body).status_code == 403
    assert token.get(path).status_code == 200
    owned.delete()
    assert token.get(path).status_code == 404


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
