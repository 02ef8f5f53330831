"""The pages of members and invitations."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from accounts.invitations import LIFETIME
from accounts.models import Invitation, Membership, Role, User
from tests import builders
from tests.builders import NOW, PASSWORD
from tests.pages.conftest import Brand, Person

MEMBERS = "/account/members/"
NEW = {"email": "new@example.com", "name": "Nia New", "password": PASSWORD}


def membership(brand: Brand, person: Person) -> Membership:
    return Membership.objects.get(account=brand.account, user=person.user)


def invite(brand: Brand, email: str = "new@example.com", role: str = "operator") -> str:
    """The path of the link on the page that answers."""
    page = brand.admin.post(MEMBERS, email=email, role=role)
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    found = re.search(r"http://testserver(/invitations/[^/]+/)<", page.content.decode())
    assert found
    return found[1]


def test_members_stand_with_role_and_explanation(brand: Brand) -> None:
    page = brand.viewer.text(MEMBERS)
    for person in (brand.admin, brand.operator, brand.viewer):
        assert person.user.email in page
    assert "Sees everything of the account, changes nothing." in page
    assert brand.stranger.user.email not in page


def test_an_admin_changes_a_role(brand: Brand) -> None:
    path = f"{MEMBERS}{membership(brand, brand.viewer).pk}/role/"
    page = brand.admin.follow(path, role="operator")
    assert f"{brand.viewer.user.email} is Operator now." in page
    assert membership(brand, brand.viewer).role == Role.OPERATOR
    history = brand.admin.text("/account/history/")
    assert f"{brand.viewer.user.email}, Role: Operator (was Viewer)" in history


def test_an_unknown_role_changes_nothing(brand: Brand) -> None:
    path = f"{MEMBERS}{membership(brand, brand.viewer).pk}/role/"
    assert "Choose one of the roles" in brand.admin.follow(path, role="owner")
    assert membership(brand, brand.viewer).role == Role.VIEWER


def test_giving_up_ones_own_role_asks_first(brand: Brand) -> None:
    builders.user(of=brand.account)
    path = f"{MEMBERS}{membership(brand, brand.admin).pk}/role/"
    page = brand.admin.follow(path, role="viewer")
    assert "Give up your role Admin?" in page
    assert membership(brand, brand.admin).role == Role.ADMIN
    brand.admin.follow(path, role="viewer", confirm="yes")
    assert membership(brand, brand.admin).role == Role.VIEWER


def test_the_only_admin_neither_steps_down_nor_leaves(brand: Brand) -> None:
    path = f"{MEMBERS}{membership(brand, brand.admin).pk}/role/"
    assert "the only admin" in brand.admin.follow(path, role="viewer", confirm="yes")
    assert "the only admin" in brand.admin.follow(f"{MEMBERS}leave/")
    assert membership(brand, brand.admin).role == Role.ADMIN


def test_removing_asks_first_and_ends_what_the_member_sees(brand: Brand) -> None:
    path = f"{MEMBERS}{membership(brand, brand.viewer).pk}/remove/"
    assert "Remove this member" in brand.admin.text(path)
    assert "is no member any more" in brand.admin.follow(path)
    assert brand.viewer.get(brand.page).status_code == 403


def test_everybody_may_leave(brand: Brand) -> None:
    assert "Leave this account" in brand.viewer.text(f"{MEMBERS}leave/")
    answer = brand.viewer.client.post(f"{MEMBERS}leave/", follow=True)
    assert "no account has you as a member" in answer.content.decode()
    own = f"{MEMBERS}{membership(brand, brand.admin).pk}/remove/"
    assert brand.admin.get(own)["Location"] == f"{MEMBERS}leave/"


def test_the_link_of_an_invitation_is_shown_once_and_mailed(brand: Brand) -> None:
    path = invite(brand)
    (sent,) = mail.outbox
    assert sent.to == ["new@example.com"]
    assert path in sent.body
    assert path not in brand.admin.text(MEMBERS)
    assert "new@example.com" in brand.admin.text(MEMBERS)
    assert "new@example.com" not in brand.operator.text(MEMBERS)


def test_the_link_has_the_address_that_others_know(brand: Brand, settings: Any) -> None:
    """A proxy may ask by another name."""
    settings.OMSAUTO_PUBLIC_URL, settings.OMSAUTO_HAS_PUBLIC_URL = "https://oms.example.com", True
    page = brand.admin.post(MEMBERS, email="new@example.com", role="viewer").content.decode()
    assert "https://oms.example.com/invitations/" in page
    assert "https://oms.example.com/invitations/" in mail.outbox[0].body


def test_without_mail_the_link_is_there_to_copy(brand: Brand, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = brand.admin.post(MEMBERS, email="new@example.com", role="viewer").content.decode()
    assert "No e-mail is set up" in page
    assert "/invitations/" in page


def test_a_dead_mail_server_breaks_nothing(brand: Brand, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    page = brand.admin.post(MEMBERS, email="new@example.com", role="viewer").content.decode()
    assert "The mail server did not take the e-mail" in page
    assert "/invitations/" in page


@pytest.mark.parametrize(
    ("email", "role", "sentence"),
    [
        ("nobody", "viewer", "valid email"),
        ("", "viewer", "required"),
        ("new@example.com", "owner", "valid choice"),
    ],
)
def test_a_bad_invitation_is_refused(brand: Brand, email: str, role: str, sentence: str) -> None:
    answer = brand.admin.post(MEMBERS, email=email, role=role)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert not Invitation.objects.exists()


def test_a_new_link_ends_the_old_one_and_withdrawing_ends_it(brand: Brand) -> None:
    old = invite(brand)
    row = Invitation.objects.get()
    page = brand.admin.post(f"/account/invitations/{row.pk}/renew/").content.decode()
    new = re.search(r"(/invitations/[^/]+/)<", page)
    assert new
    assert Client().get(old).status_code == 404
    assert Client().get(new[1]).status_code == 200
    brand.admin.post(f"/account/invitations/{row.pk}/withdraw/")
    gone = Client().get(new[1])
    assert gone.status_code == 404
    assert "ask who invited you" in gone.content.decode()


def test_a_link_tells_its_holder_the_accounts_name_alone(brand: Brand) -> None:
    page = Client().get(invite(brand)).content.decode()
    assert "You are invited to Tea &amp; Co" in page
    for secret in ("new@example.com", "Operator", brand.admin.user.email, "Berlin"):
        assert secret not in page


def test_somebody_new_joins_and_is_in(brand: Brand) -> None:
    path, client = invite(brand), Client()
    answer = client.post(path, NEW, follow=True)
    page = answer.content.decode()
    assert "You are a member of Tea &amp; Co now." in page
    assert "Role: Operator" in page
    again = Client().get(path)
    assert again.status_code == 410
    assert "accepted already" in again.content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"email": "other@example.com"}, "for another e-mail address"),
        ({"password": "password"}, "too common"),
        ({"password": "short"}, "too short"),
        ({"password": "new@example.com"}, "too similar"),
        ({"name": ""}, "required"),
    ],
)
def test_who_joins_with_bad_fields_is_told(
    brand: Brand, change: dict[str, str], sentence: str
) -> None:
    users = User.objects.count()
    answer = Client().post(invite(brand), {**NEW, **change})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert User.objects.count() == users


def test_a_user_logs_in_and_accepts(brand: Brand) -> None:
    person = Person(builders.user("new@example.com", of=builders.account("A first one")))
    path = invite(brand)
    fields = {"username": "new@example.com", "password": PASSWORD, "next": path}
    assert Client().post("/login/", fields)["Location"] == path
    assert "You are invited as <strong>Operator</strong>" in person.text(path)
    assert "You are a member of Tea &amp; Co now." in person.follow(path)
    assert "Tea &amp; Co" in person.text(MEMBERS)


def test_a_user_who_fills_in_the_form_for_new_ones_is_sent_to_the_login(brand: Brand) -> None:
    builders.user("new@example.com")
    answer = Client().post(invite(brand), NEW)
    assert answer.status_code == 400
    assert "log in to accept" in answer.content.decode()


def test_a_user_with_another_address_is_told_and_led_back(brand: Brand) -> None:
    path = invite(brand)
    for method in (brand.stranger.get, brand.stranger.post):
        answer = method(path)
        assert answer.status_code == 403
        assert "for another address" in answer.content.decode()
    assert not Membership.objects.filter(account=brand.account, user=brand.stranger.user).exists()
    assert brand.stranger.post("/logout/", next=path)["Location"] == path


def test_an_old_link_says_what_to_do(brand: Brand) -> None:
    path = invite(brand)
    with time_machine.travel(NOW + LIFETIME + timedelta(seconds=1), tick=False):
        answer = Client().post(path, NEW)
    assert answer.status_code == 410
    assert "Ask an admin of Tea &amp; Co for a new link." in answer.content.decode()
    assert not User.objects.filter(email="new@example.com").exists()
