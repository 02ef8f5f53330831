"""What pages show to whom. Who may call which address is the matter of tests/access."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import Role
from jobs.pages.urls import urlpatterns as pages_of_jobs
from notifications.pages.urls import urlpatterns as pages_of_notifications
from tests import builders
from tests.access.people import Place
from tests.hooks import quiet_platform
from tests.pages.conftest import Brand, Person

ROUTES = [str(pattern.pattern) for pattern in [*pages_of_jobs, *pages_of_notifications]]


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet_platform(monkeypatch)


def test_viewers_see_no_controls(db: None) -> None:
    place = Place()
    viewer = Person(builders.user(of=place.account, role=Role.VIEWER))
    page_of_shop = place.path("channels/<int:channel_id>/")
    allowed = {"/logout/", "/accounts/switch/", "/account/members/leave/"}
    for route in ROUTES:
        answer = viewer.get(place.path(route))
        if answer.status_code != 200:
            continue
        page = answer.content.decode()
        assert "data-dirty-watch" not in page, route
        assert ">Save<" not in page, route
        for form in page.split('method="post"')[1:]:
            action = form.split(">")[0]
            ours = action.partition('action="')[2].partition('"')[0]
            assert ours in allowed | {page_of_shop, "/account/", "/account/recurring-jobs/"}, route


def test_viewers_see_settings_they_cannot_change(brand: Brand) -> None:
    for page in (brand.viewer.text(brand.page), brand.viewer.text(brand.page, tab="webhooks")):
        start = page.index('<form class="form"')
        fields = page[start : page.index("</form>", start)]
        controls = re.findall(r"<(?:select|input)(?! type=\"hidden\")[^>]*>", fields)
        assert controls
        assert all("disabled" in control for control in controls)


def test_an_expired_login_reloads_the_page_instead_of_swapping_the_login_in(db: None) -> None:
    answer = Client().get("/runs/", headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_without_an_account_a_page_says_what_to_do(db: None) -> None:
    answer = Person(builders.user()).get("/")
    assert answer.status_code == 403
    assert "no account has you as a member" in answer.content.decode()


def test_logging_in_leads_to_the_overview_and_out_to_the_login(brand: Brand) -> None:
    client = Client()
    fields = {"username": brand.admin.user.email, "password": builders.PASSWORD}
    assert client.post("/login/", fields)["Location"] == "/"
    assert client.post("/logout/")["Location"] == "/login/"


def test_switching_chooses_another_account_of_ones_own(brand: Brand) -> None:
    second = builders.account("Second")
    second.memberships.create(user=brand.viewer.user, role=Role.ADMIN)
    brand.viewer.post("/accounts/switch/", account=second.pk)
    assert "Second" in brand.viewer.text("/account/")
    assert brand.stranger.post("/accounts/switch/").status_code == 404
    foreign = brand.stranger.post("/accounts/switch/", account=second.pk)
    assert foreign.status_code == 404


def test_a_link_to_another_account_of_ones_own_chooses_it(brand: Brand) -> None:
    first = builders.account("A first one", timezone="Asia/Tokyo")
    first.memberships.create(user=brand.admin.user, role=Role.VIEWER)
    assert "Asia/Tokyo" in brand.admin.text("/")
    assert ">Save<" in brand.admin.text(brand.page)
    assert "Europe/Berlin" in brand.admin.text("/")


def test_times_are_in_the_accounts_zone(brand: Brand) -> None:
    run = brand.run(started_at=builders.NOW, finished_at=builders.NOW)
    page = brand.viewer.text(f"/runs/{run.pk}/")
    assert "Mon 2 Mar 2026, 13:00:00 CET" in page
