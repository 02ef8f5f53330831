"""A second factor set up and used in a browser, and its pages fit for everybody."""

from __future__ import annotations

from base64 import b32decode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import expect

from tests.builders import PASSWORD
from tests.e2e.accessibility import violations_in
from tests.e2e.operator import Operator
from tests.e2e.scene import NOW, Scene

pytestmark = pytest.mark.chromium

OVERHANG = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LATER = NOW + timedelta(minutes=2)


def shown_by_app(key: str, scene: Scene) -> str:
    totp = TOTP(b32decode(key.replace(" ", "")), 6, SHA1(), 30)  # noqa: S303 - what every app speaks
    return totp.generate(int(scene.now.timestamp())).decode()


def check(operator: Operator) -> None:
    """This page: accessible in both schemes, and as wide as a telephone."""
    page = operator.page
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations_in(page, "light") == []
    assert violations_in(page, "dark") == []
    assert page.evaluate(OVERHANG) == 0
    page.set_viewport_size({"width": 1280, "height": 900})


def test_it_is_set_up_used_and_switched_off(operator: Operator, scene: Scene) -> None:
    member, page = scene.member("admin"), operator.page
    operator.log_in(member)
    operator.hand.press(page.get_by_text(member.email))
    operator.hand.press(page.get_by_role("link", name="Second factor"))
    check(operator)
    operator.press("Set it up")
    image = page.get_by_role("img", name="QR code of the key below")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    check(operator)
    key = page.locator("form code").inner_text()
    operator.hand.write(page.get_by_label("Code that the app shows now"), shown_by_app(key, scene))
    operator.hand.write(page.get_by_label("Your password"), PASSWORD)
    operator.press("Switch it on")
    expect(page.get_by_role("heading", name="Your second factor is on")).to_be_visible()
    check(operator)
    recovery = page.get_by_role("listitem").first.inner_text()

    log_in_by(operator, member.email)
    check(operator)
    scene.move_to(LATER)
    operator.hand.write(page.get_by_label("Code"), shown_by_app(key, scene))
    operator.press("Log in")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()

    log_in_by(operator, member.email)
    operator.hand.write(page.get_by_label("Code"), recovery)
    operator.press("Log in")
    operator.open("/second-factor/")
    expect(page.get_by_text("Recovery codes left: 9")).to_be_visible()
    check(operator)
    operator.hand.press(page.get_by_role("link", name="Switch off"))
    check(operator)
    operator.hand.write(page.get_by_label("Your password"), PASSWORD)
    operator.press("Switch it off")
    expect(page.get_by_text("The password alone logs you in.")).to_be_visible()


def log_in_by(operator: Operator, email: str) -> None:
    """The password, up to the page that asks for a code."""
    operator.page.context.clear_cookies()
    operator.open("/login/")
    operator.hand.write(operator.page.get_by_label("Email"), email)
    operator.hand.write(operator.page.get_by_label("Password"), PASSWORD)
    operator.press("Log in")
    expect(operator.page.get_by_role("heading", name="Second factor")).to_be_visible()


def test_the_page_of_those_who_wait_is_fit_for_everybody(operator: Operator, scene: Scene) -> None:
    operator.watch.expected.add(429)
    for _ in range(5):
        operator.open("/login/")
        operator.hand.write(operator.page.get_by_label("Email"), "ann@example.com")
        operator.hand.write(operator.page.get_by_label("Password"), "wrong")
        operator.press("Log in")
    expect(operator.page.get_by_role("heading", name="Too many attempts")).to_be_visible()
    check(operator)
