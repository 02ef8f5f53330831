"""The page of API tokens, and the pages of one's password and other logins."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import ApiToken, Membership, Role
from tests import builders
from tests.builders import PASSWORD
from tests.pages.conftest import Brand, Person

TOKENS = "/account/tokens/"
NEXT = "another long sentence to remember"


def make(person: Person, name: str = "Export", role: str = "viewer", expires: str = "") -> str:
    """The text of a new token, which the page shows."""
    answer = person.post(TOKENS, name=name, role=role, expires=expires)
    assert answer["Cache-Control"] == "no-store"
    found = re.search(r">(oms_\w{60,})<", answer.content.decode())
    assert found
    return found[1]


def call(text: str, path: str = "channels/") -> int:
    headers = {"Authorization": f"Bearer {text}"}
    return Client().get(f"/api/v1/{path}", headers=headers).status_code


def test_a_token_is_shown_once_and_works_until_it_is_revoked(brand: Brand) -> None:
    text = make(brand.operator)
    assert call(text) == 200
    page = brand.operator.text(TOKENS)
    assert text not in page
    assert text[:8] in page
    token = ApiToken.objects.get()
    brand.operator.post(f"{TOKENS}{token.pk}/revoke/")
    assert call(text) == 401
    history = brand.viewer.text("/account/history/")
    assert "Made the API token Export (Viewer)" in history
    assert "Revoked the API token Export" in history


def test_an_operator_is_offered_no_role_above_their_own(brand: Brand) -> None:
    assert 'value="admin"' not in brand.operator.text(TOKENS)
    answer = brand.operator.post(TOKENS, name="Export", role="admin")
    assert answer.status_code == 400
    assert not ApiToken.objects.exists()


def test_the_same_form_sent_again_makes_no_second_token(brand: Brand) -> None:
    make(brand.operator)
    answer = brand.operator.post(TOKENS, name="Export", role="viewer")
    assert answer.status_code == 400
    assert "You have a token named Export" in answer.content.decode()


def test_a_token_may_have_an_end(brand: Brand) -> None:
    make(brand.admin, expires="30")
    assert "1 Apr, 14:00" in brand.admin.text(TOKENS)


def test_an_admin_sees_and_revokes_everybodys(brand: Brand) -> None:
    text = make(brand.operator)
    assert brand.operator.user.email in brand.admin.text(TOKENS)
    assert "Export" not in brand.viewer.text(TOKENS)
    path = f"{TOKENS}{ApiToken.objects.get().pk}/revoke/"
    assert brand.viewer.post(path).status_code == 403
    brand.admin.post(path)
    assert call(text) == 401


def test_a_token_for_all_accounts_is_its_owners_to_revoke(brand: Brand) -> None:
    made, text = tokens.issue(brand.operator.user, "Command line")
    page = brand.admin.text(TOKENS)
    assert "in all accounts of its owner" in page
    path = f"{TOKENS}{made.pk}/revoke/"
    assert "who alone revokes it" in brand.admin.follow(path)
    assert call(text) == 200
    assert brand.stranger.post(path).status_code == 404
    brand.operator.post(path)
    assert call(text) == 401


def test_who_became_a_viewer_still_revokes_their_own(brand: Brand) -> None:
    make(brand.operator, role="operator")
    Membership.objects.filter(user=brand.operator.user).update(role=Role.VIEWER)
    page = brand.operator.text(TOKENS)
    assert "made as Operator" in page
    assert "Make a token" not in page
    brand.operator.post(f"{TOKENS}{ApiToken.objects.get().pk}/revoke/")
    assert not ApiToken.objects.exists()


@pytest.fixture
def elsewhere(brand: Brand) -> Client:
    """A second browser of the viewer."""
    client = Client()
    client.force_login(brand.viewer.user)
    assert client.get("/").status_code == 200
    return client


def test_a_changed_password_ends_other_logins_and_keeps_this_one(
    brand: Brand, elsewhere: Client
) -> None:
    fields = {"old_password": PASSWORD, "new_password1": NEXT, "new_password2": NEXT}
    assert "Your password is changed." in brand.viewer.follow("/password/", **fields)
    assert brand.viewer.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    brand.viewer.user.refresh_from_db()
    assert brand.viewer.user.check_password(NEXT)


def test_a_wrong_old_password_changes_nothing(brand: Brand) -> None:
    fields = {"old_password": "wrong", "new_password1": NEXT, "new_password2": NEXT}
    assert "This is not your password. Nothing was changed." in brand.viewer.follow(
        "/password/", **fields
    )
    brand.viewer.user.refresh_from_db()
    assert brand.viewer.user.check_password(PASSWORD)


def test_logging_out_elsewhere_keeps_this_login_the_password_and_tokens(
    brand: Brand, elsewhere: Client
) -> None:
    _, text = tokens.issue(brand.viewer.user, "T", brand.account, Role.VIEWER)
    path = "/password/log-out-elsewhere/"
    wrong = brand.viewer.post(path, password="wrong")
    assert wrong.status_code == 400
    assert elsewhere.get("/").status_code == 200
    assert "Every other browser is logged out." in brand.viewer.follow(path, password=PASSWORD)
    assert elsewhere.get("/").status_code == 302
    assert call(text) == 200
    brand.viewer.user.refresh_from_db()
    assert brand.viewer.user.check_password(PASSWORD)


@pytest.mark.parametrize("path", ["/password/", "/password/log-out-elsewhere/"])
def test_strangers_are_asked_to_log_in(db: None, path: str) -> None:
    assert Client().get(path)["Location"] == f"/login/?next={path}"
    assert Person(builders.user()).get(path).status_code == 200
