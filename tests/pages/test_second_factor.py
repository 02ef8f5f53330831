"""The pages of a second factor, and the login that asks for it."""

from __future__ import annotations

import re
from base64 import b32decode
from datetime import datetime, timedelta

import pytest
import time_machine
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from accounts import second_factor, tokens
from accounts.models import RecoveryCode, SecondFactor, User
from accounts.sealing import unseal
from tests import builders
from tests.builders import NOW, PASSWORD
from tests.pages.conftest import Brand, Person

PAGE = "/second-factor/"
LATER = NOW + timedelta(minutes=5)
LIMIT = configured.AXES_FAILURE_LIMIT


@pytest.fixture
def user(db: None) -> User:
    return builders.user("ann@example.com", of=builders.account("Tea & Co"))


def code_of(user: User, at: datetime, *, pending: bool = False) -> str:
    """What the app shows."""
    row = SecondFactor.objects.get(user=user)
    return app_with(unseal(row.pending if pending else row.sealed), at)


def app_with(key: str, at: datetime) -> str:
    totp = TOTP(b32decode(key), 6, SHA1(), 30)  # noqa: S303 - what every app speaks
    return totp.generate(int(at.timestamp())).decode()


def set_up(person: Person, at: datetime = NOW) -> list[str]:
    """Through the pages; the recovery codes shown."""
    assert person.post(PAGE)["Location"] == f"{PAGE}set-up/"
    code = code_of(person.user, at, pending=True)
    page = person.post(f"{PAGE}set-up/", code=code, password=PASSWORD)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    return re.findall(r"<code>([a-z2-7-]{19})</code>", page.content.decode())


def half_way(user: User, path: str = "/login/") -> Client:
    """Behind the password, before the code."""
    client = Client()
    answer = client.post(path, {"username": user.email, "password": PASSWORD})
    assert answer["Location"] == "/login/code/"
    return client


def test_the_app_learns_the_key_by_camera_or_by_hand(user: User) -> None:
    person = Person(user)
    person.post(PAGE)
    page = person.text(f"{PAGE}set-up/")
    key = second_factor.pending_key(user)
    assert key in re.sub(r"\s", "", page)
    image = person.get(f"{PAGE}qr.svg")
    assert image["Content-Type"] == "image/svg+xml"
    assert "no-store" in image["Cache-Control"]
    assert b"style=" not in image.content
    assert second_factor.key_uri(user, key).startswith("otpauth://totp/omsauto:ann%40example.com?")


def test_the_key_is_sealed_and_recovery_codes_are_hashes(user: User) -> None:
    codes = set_up(Person(user))
    assert len(codes) == 10
    row = SecondFactor.objects.get(user=user)
    assert unseal(row.sealed) not in row.sealed
    kept = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(kept) == 10
    assert not kept & set(codes)


def test_a_wrong_code_or_password_sets_up_nothing(user: User) -> None:
    person = Person(user)
    person.post(PAGE)
    right = code_of(user, NOW, pending=True)
    wrong = f"{(int(right) + 1) % 1000000:06}"
    assert person.post(f"{PAGE}set-up/", code=wrong, password=PASSWORD).status_code == 400
    assert person.post(f"{PAGE}set-up/", code=right, password="no").status_code == 400
    assert not second_factor.is_on(user)


def test_setting_it_up_ends_every_other_session(user: User) -> None:
    here, there = Person(user), Person(user)
    set_up(here)
    assert here.get("/").status_code == 200
    assert there.get("/")["Location"].startswith("/login/")


def test_without_a_second_factor_the_password_is_enough(user: User) -> None:
    Person(user).post(PAGE)
    answer = Client().post("/login/", {"username": user.email, "password": PASSWORD})
    assert answer["Location"] == "/"


def test_the_password_alone_opens_nothing(user: User) -> None:
    set_up(Person(user))
    client = half_way(user)
    assert client.get("/")["Location"].startswith("/login/")
    assert client.get("/api/v1/channels/").status_code == 401
    assert client.get(PAGE)["Location"].startswith("/login/")


def test_the_code_opens_the_page_that_was_asked_for(user: User) -> None:
    set_up(Person(user))
    with time_machine.travel(LATER, tick=False):
        client = half_way(user, "/login/?next=/runs/")
        before = client.session.session_key
        code = code_of(user, LATER)
        answer = client.post("/login/code/", {"code": f"{code[:3]} {code[3:]}"})
        assert answer["Location"] == "/runs/"
        assert client.session.session_key != before
        assert client.get("/runs/").status_code == 200


def test_no_code_works_twice(user: User) -> None:
    set_up(Person(user))
    assert half_way(user).post("/login/code/", {"code": code_of(user, NOW)}).status_code == 400
    with time_machine.travel(LATER, tick=False):
        code = code_of(user, LATER)
        assert half_way(user).post("/login/code/", {"code": code}).status_code == 302
        refused = half_way(user).post("/login/code/", {"code": code})
        assert refused.status_code == 400
        assert "used already" in refused.content.decode()


@pytest.mark.parametrize(("seconds", "works"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_telephones_clock_may_be_half_a_minute_off(user: User, seconds: int, works: bool) -> None:
    set_up(Person(user))
    code = code_of(user, LATER + timedelta(seconds=seconds))
    assert second_factor.use_code(user, code, LATER) is works


def test_a_recovery_code_opens_once(user: User) -> None:
    codes = set_up(Person(user))
    assert half_way(user).post("/login/code/", {"code": codes[0].upper()}).status_code == 302
    assert half_way(user).post("/login/code/", {"code": codes[0]}).status_code == 400
    assert second_factor.recovery_codes_left(user) == 9


def test_the_last_recovery_codes_are_announced(user: User) -> None:
    codes = set_up(Person(user))
    for code in codes[:7]:
        client = half_way(user)
        client.post("/login/code/", {"code": code})
    assert "Recovery codes left: 3" in client.get("/").content.decode()


def test_new_recovery_codes_replace_the_former_ones(user: User) -> None:
    person = Person(user)
    old = set_up(person)
    assert person.post(f"{PAGE}recovery-codes/", password="no").status_code == 400
    page = person.post(f"{PAGE}recovery-codes/", password=PASSWORD).content.decode()
    new = re.findall(r"<code>([a-z2-7-]{19})</code>", page)
    assert len(new) == 10
    assert not second_factor.use_code(user, old[0], NOW)
    assert second_factor.use_code(user, new[0], NOW)


def test_the_step_between_is_short_and_ends_with_the_password(user: User) -> None:
    set_up(Person(user))
    client = half_way(user)
    with time_machine.travel(NOW + timedelta(minutes=11), tick=False):
        assert client.get("/login/code/")["Location"] == "/login/"
    client = half_way(user)
    assert client.get("/login/code/").status_code == 200
    user.refresh_from_db()
    user.set_password("something else entirely")
    user.save()
    assert client.get("/login/code/")["Location"] == "/login/"
    assert Client().get("/login/code/")["Location"] == "/login/"


def test_guessing_codes_is_held_up_wherever_it_comes_from(user: User) -> None:
    set_up(Person(user))
    for number in range(LIMIT - 1):
        client = half_way(user)
        address = f"192.0.2.{number}"
        answer = client.post("/login/code/", {"code": "000000"}, REMOTE_ADDR=address)
        assert answer.status_code == 400
    answer = half_way(user).post("/login/code/", {"code": "000000"})
    assert answer.status_code == 429
    assert "somebody knows your password" in answer.content.decode()
    right = {"code": code_of(user, LATER)}
    with time_machine.travel(LATER, tick=False):
        assert half_way(user).post("/login/code/", right).status_code == 429
        assert second_factor.use_code(user, right["code"], LATER), "the code was not looked at"


def test_nobody_without_the_password_holds_up_the_codes(user: User) -> None:
    set_up(Person(user))
    for _ in range(LIMIT):
        name = f"SECOND FACTOR {user.pk}"
        Client().post("/login/", {"username": name, "password": "x"})
    with time_machine.travel(LATER, tick=False):
        answer = half_way(user).post("/login/code/", {"code": code_of(user, LATER)})
        assert answer.status_code == 302


def test_a_code_that_works_forgets_the_wrong_ones(user: User) -> None:
    set_up(Person(user))
    for _ in range(LIMIT - 1):
        half_way(user).post("/login/code/", {"code": "000000"})
    with time_machine.travel(LATER, tick=False):
        half_way(user).post("/login/code/", {"code": code_of(user, LATER)})
        assert half_way(user).post("/login/code/", {"code": "000000"}).status_code == 400


def test_switching_off_takes_the_password(user: User) -> None:
    person = Person(user)
    set_up(person)
    assert person.post(f"{PAGE}switch-off/", password="no").status_code == 400
    assert second_factor.is_on(user)
    assert "is off" in person.follow(f"{PAGE}switch-off/", password=PASSWORD)
    assert not second_factor.is_on(user)
    assert not RecoveryCode.objects.exists()


def test_moving_to_another_app_keeps_the_old_key_until_the_new_one_is_confirmed(
    user: User,
) -> None:
    person = Person(user)
    set_up(person)
    old = unseal(SecondFactor.objects.get(user=user).sealed)
    person.post(PAGE)
    with time_machine.travel(LATER, tick=False):
        assert second_factor.use_code(user, app_with(old, LATER), LATER)
        much_later = LATER + timedelta(minutes=5)
        set_up(person, LATER)
        assert not second_factor.use_code(user, app_with(old, much_later), much_later)
        assert second_factor.use_code(user, code_of(user, much_later), much_later)


def test_a_key_that_cannot_be_opened_leaves_the_recovery_codes(
    user: User, settings: Settings
) -> None:
    codes = set_up(Person(user))
    code = code_of(user, LATER)
    settings.OMSAUTO_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert not second_factor.use_code(user, code, LATER)
    assert second_factor.use_code(user, codes[0], LATER)


def test_an_account_that_requires_it_leads_its_members_there(brand: Brand) -> None:
    set_up(brand.admin)
    path = "/account/members/second-factor/"
    assert "led to set it up" in brand.admin.follow(path, required="yes")
    assert brand.admin.get("/").status_code == 200
    assert brand.viewer.get("/")["Location"] == PAGE
    assert brand.viewer.part(brand.page)["HX-Redirect"] == PAGE
    assert "Tea &amp; Co requires it." in brand.viewer.text(PAGE)
    set_up(brand.viewer)
    assert brand.viewer.get("/").status_code == 200
    assert "Requires a second factor" in brand.admin.text("/account/history/")
    brand.admin.post(path, required="no")
    assert brand.operator.get("/").status_code == 200


def test_what_is_required_holds_for_the_api_by_session_and_not_by_token(brand: Brand) -> None:
    brand.account.require_second_factor = True
    brand.account.save()
    channel = f"/api/v1/channels/{brand.shop.pk}/"
    assert brand.viewer.get(channel).status_code == 404
    _, token = tokens.issue(brand.viewer.user, "Export", brand.account, "viewer")
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get(channel, headers=headers).status_code == 200


def test_an_admin_without_one_cannot_require_it(brand: Brand) -> None:
    page = brand.admin.follow("/account/members/second-factor/", required="yes")
    assert "Set up your own second factor first" in page
    brand.account.refresh_from_db()
    assert not brand.account.require_second_factor


def test_admins_see_who_has_none(brand: Brand) -> None:
    assert brand.admin.text("/account/members/").count("no second factor") == 3
    set_up(brand.operator)
    assert brand.admin.text("/account/members/").count("no second factor") == 2
    assert "no second factor" not in brand.viewer.text("/account/members/")
