"""Logging in: sessions, and what happens to those who fail too often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import settings as configured
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts import sessions, tokens
from accounts.models import User
from tests import builders
from tests.builders import NOW, PASSWORD
from tests.pages.conftest import Person

ELSEWHERE = "198.51.100.7"
LIMIT = configured.AXES_FAILURE_LIMIT


@pytest.fixture
def user(db: None) -> User:
    return builders.user("ann@example.com", of=builders.account())


def log_in(email: str, password: str = PASSWORD, **meta: Any) -> HttpResponse:
    fields = {"username": email, "password": password}
    return cast(HttpResponse, Client().post("/login/", fields, **meta))


def fail(email: str, times: int = LIMIT, **meta: Any) -> HttpResponse:
    answers = [log_in(email, f"wrong {number}", **meta) for number in range(times)]
    return answers[-1]


def test_a_login_makes_a_new_session_with_a_fixed_end(user: User) -> None:
    client = Client()
    client.get("/login/")
    client.session["left"] = "behind"
    before = client.session.session_key
    client.post("/login/", {"username": user.email, "password": PASSWORD})
    assert client.session.session_key != before
    end = client.session.get_expiry_date()
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        client.post("/accounts/switch/", {"account": user.memberships.get().account_id})
        assert client.session.get_expiry_date() == end
    with time_machine.travel(NOW + timedelta(seconds=configured.SESSION_COOKIE_AGE), tick=False):
        assert client.get("/")["Location"].startswith("/login/")


def test_what_is_over_is_forgotten_and_nothing_else(user: User) -> None:
    person = Person(user)
    fail("nobody@example.com", 1)
    assert sessions.forget_ended(NOW) == 0
    assert sessions.forget_ended(NOW + sessions.FAILED_KEPT + timedelta(seconds=1)) == 1
    assert person.get("/").status_code == 200
    life = timedelta(seconds=configured.SESSION_COOKIE_AGE)
    assert sessions.forget_ended(NOW + life + timedelta(seconds=1)) == 1
    assert person.get("/").status_code == 302


def test_cookies_are_for_this_site_and_for_no_script(user: User) -> None:
    client = Client()
    client.get("/login/")
    client.post("/login/", {"username": user.email, "password": PASSWORD})
    for name in (configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME):
        cookie = client.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_a_form_without_its_token_is_refused(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": user.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_a_changed_password_ends_every_other_session(user: User) -> None:
    here, there = Person(user), Person(user)
    new = "another horse, another battery"
    here.post("/password/", old_password=PASSWORD, new_password1=new, new_password2=new)
    assert here.get("/").status_code == 200
    assert there.get("/")["Location"].startswith("/login/")


def test_whoever_fails_too_often_waits_and_is_told_how_long(user: User) -> None:
    assert fail(user.email, LIMIT - 1).status_code == 200
    answer = log_in(user.email, "wrong")
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert "Wait 15 minutes" in answer.content.decode()
    assert log_in(user.email).status_code == 429


def test_the_wait_ends_when_it_was_said_whatever_is_tried_meanwhile(user: User) -> None:
    fail(user.email)
    with time_machine.travel(NOW + timedelta(minutes=14), tick=False):
        answer = log_in(user.email)
        assert "Wait 1 minute," in answer.content.decode()
    with time_machine.travel(NOW + timedelta(minutes=15, seconds=1), tick=False):
        assert log_in(user.email).status_code == 302


def test_nobody_locks_out_another_from_afar(user: User) -> None:
    assert fail(user.email, REMOTE_ADDR=ELSEWHERE).status_code == 429
    assert log_in(user.email).status_code == 302


def test_a_name_is_the_same_in_capitals(user: User) -> None:
    fail(user.email, LIMIT - 1)
    assert log_in(" ANN@Example.com", "wrong").status_code == 429


def test_a_login_that_works_forgets_the_failures_before(user: User) -> None:
    fail(user.email, LIMIT - 1)
    assert log_in(user.email).status_code == 302
    assert fail(user.email, LIMIT - 1).status_code == 200


@pytest.mark.parametrize("times", [1, LIMIT])
def test_an_answer_does_not_tell_whether_there_is_a_login(user: User, times: int) -> None:
    there, nowhere = fail(user.email, times), fail("nobody@example.com", times)
    assert there.status_code == nowhere.status_code
    strip = (user.email, "nobody@example.com")
    texts = [_without_token(answer.content.decode(), *strip) for answer in (there, nowhere)]
    assert texts[0] == texts[1]


def _without_token(page: str, *words: str) -> str:
    lines = [line for line in page.splitlines() if "csrf" not in line.lower()]
    text = "\n".join(lines)
    for word in words:
        text = text.replace(word, "")
    return text


def test_the_address_a_proxy_gives_is_believed_only_by_a_setting(
    user: User, settings: Settings
) -> None:
    fail(user.email, HTTP_X_FORWARDED_FOR="192.0.2.1")
    assert log_in(user.email, HTTP_X_FORWARDED_FOR="192.0.2.2").status_code == 429
    AccessAttempt.objects.all().delete()
    settings.OMSAUTO_TRUSTED_PROXIES = 1
    fail(user.email, HTTP_X_FORWARDED_FOR="10.9.9.9, 192.0.2.1")
    assert log_in(user.email, HTTP_X_FORWARDED_FOR="192.0.2.1").status_code == 429
    assert log_in(user.email, HTTP_X_FORWARDED_FOR="192.0.2.1, 192.0.2.2").status_code == 302


def test_a_header_that_is_no_address_is_passed_over(user: User, settings: Settings) -> None:
    settings.OMSAUTO_TRUSTED_PROXIES = 1
    assert fail(user.email, HTTP_X_FORWARDED_FOR="nonsense").status_code == 429
    assert AccessAttempt.objects.get().ip_address == "127.0.0.1"


def test_api_tokens_are_never_held_up(user: User) -> None:
    _, token = tokens.issue(user, "Export")
    fail(user.email)
    for wrong in ["oms_wrong"] * (LIMIT + 1):
        call(wrong)
    assert call(token) == 200


def call(token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return Client().get("/api/v1/channels/", headers=headers).status_code


def test_no_password_is_kept_of_a_failed_attempt(user: User) -> None:
    person = Person(user)
    person.post("/password/", old_password="typed in vain", new_password1="x", new_password2="x")
    log_in(user.email, "typed in vain")
    kept = [f"{one.get_data}{one.post_data}" for one in AccessAttempt.objects.all()]
    assert kept
    assert not any("in vain" in text for text in kept)


def test_guessing_a_password_at_an_open_browser_is_held_up_too(user: User) -> None:
    person = Person(user)
    for _ in range(LIMIT - 1):
        assert person.post("/password/log-out-elsewhere/", password="guess").status_code == 400
    assert person.post("/password/log-out-elsewhere/", password="guess").status_code == 429


def test_the_administration_has_no_door_of_its_own(user: User) -> None:
    answer = Client().get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/login/?next=/admin/"
    assert Person(user).client.get("/admin/", follow=True).status_code == 403
    user.is_staff = user.is_superuser = True
    user.save()
    assert Person(user).get("/admin/").status_code == 200
    assert Person(user).get("/admin/password_change/").status_code == 200
