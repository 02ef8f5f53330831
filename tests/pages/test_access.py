"""Who sees which page, and who may send which form."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts import invitations, tokens
from accounts.models import Membership, Role
from jobs.pages.urls import urlpatterns as pages_of_jobs
from notifications.models import Destination, Rule
from notifications.pages.urls import urlpatterns as pages_of_notifications
from oms.models import Order, Product, SkuMapping, StockLevel
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.hooks import quiet_platform
from tests.pages.conftest import Brand, Person

OF_OPERATORS = {
    "preview_channel", "sync", "test_connection", "enable_channel", "disable_channel",
    "delete_channel", "cancel_run", "retry_run", "replay_event", "retry_parked",
    "discard_parked", "retry_all_parked", "add_product", "set_stock", "import_stock", "channel",
    "new_channel", "add_sku_mapping", "change_sku_mapping", "delete_sku_mapping",
    "import_sku_mappings", "subscriptions", "api_tokens", "webhook_secret", "end_former_secret",
    "preview_schedule", "replay_events", "cancel_event_replay", "bulk_edit",
    "probe_channel",
}  # fmt: skip
OF_ADMINS = {
    "account", "preview_account", "recurring_jobs", "preview_recurring", "members",
    "change_member_role", "remove_member", "renew_invitation", "withdraw_invitation",
    "revoke_token", "clone_account", "tell_everything", "new_destination", "destination",
    "test_destination", "delete_destination", "new_rule", "rule", "preview_rule", "switch_rule",
    "delete_rule",
}  # fmt: skip
ASKS_TO_ADMINISTER = {
    "remove_member", "clone_account", "new_destination", "destination", "new_rule", "rule",
}  # fmt: skip
ASKS_TO_ACT = {
    "enable_channel", "disable_channel", "delete_channel", "new_channel", "webhook_secret",
    "replay_events",
}  # fmt: skip
NEEDS_FIELDS = {
    "clone_account", "members", "new_destination", "destination", "new_rule", "rule",
}  # fmt: skip
"""An empty form is refused there, after the role was looked at."""
OF_EVERYBODY = {"switch_account", "leave_account"}
urlpatterns = [*pages_of_jobs, *pages_of_notifications]
NAMES = [str(pattern.name) for pattern in urlpatterns]


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet_platform(monkeypatch)


@pytest.fixture
def addresses(brand: Brand) -> dict[str, str]:
    """Every page's address, with something of the brand in it."""
    builders.product(brand.account)
    ReceiveOrders().apply(builders.context(brand.shop), builders.order_data())
    keys = {
        "channel_id": brand.shop.pk,
        "run_id": brand.run().pk,
        "event_id": brand.event().pk,
        "parked_id": brand.parked().pk,
        "replay_id": brand.replay().pk,
        "order_id": Order.objects.get().pk,
        "level_id": StockLevel.objects.get().pk,
        "mapping_id": SkuMapping.objects.create(
            channel=brand.shop, product=Product.objects.get(), external_sku="BEAKER"
        ).pk,
        "membership_id": Membership.objects.create(
            account=brand.account, user=builders.user(), role=Role.VIEWER
        ).pk,
        "invitation_id": invitations.invite(
            brand.account, "new@example.com", Role.VIEWER, builders.NOW, brand.admin.user
        )[0].pk,
        "token_id": tokens.issue(brand.admin.user, "Export", brand.account, Role.VIEWER)[0].pk,
        "destination_id": Destination.objects.create(
            account=brand.account, name="Mail", kind="admins"
        ).pk,
        "rule_id": Rule.objects.create(account=brand.account, name="All").pk,
    }
    wanted = {str(p.name): list(p.pattern.converters) for p in urlpatterns}
    return {
        name: reverse(name, kwargs={key: keys[key] for key in names})
        for name, names in wanted.items()
    }


def status(person: Person, path: str, method: str) -> int:
    return person.client.generic(method, path).status_code


@pytest.mark.parametrize("name", NAMES)
def test_every_page_asks_strangers_to_log_in(addresses: dict[str, str], name: str) -> None:
    for method in ("GET", "POST"):
        answer = Client().generic(method, addresses[name])
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("name", [name for name in NAMES if "<" in str(
    next(p for p in urlpatterns if p.name == name).pattern)])  # fmt: skip
def test_what_belongs_to_another_account_does_not_exist(
    brand: Brand, addresses: dict[str, str], name: str
) -> None:
    answers = {status(brand.stranger, addresses[name], method) for method in ("GET", "POST")}
    assert answers <= {404, 405}
    assert 404 in answers


@pytest.mark.parametrize("name", sorted(OF_OPERATORS))
def test_viewers_send_nothing(brand: Brand, addresses: dict[str, str], name: str) -> None:
    assert status(brand.viewer, addresses[name], "POST") == 403


@pytest.mark.parametrize("name", sorted(OF_ADMINS))
def test_the_account_is_for_admins(brand: Brand, addresses: dict[str, str], name: str) -> None:
    assert status(brand.viewer, addresses[name], "POST") == 403
    assert status(brand.operator, addresses[name], "POST") == 403
    expected = {400} if name in NEEDS_FIELDS else {200, 302}
    assert status(brand.admin, addresses[name], "POST") in expected


def test_every_page_that_takes_a_form_is_accounted_for(
    brand: Brand, addresses: dict[str, str]
) -> None:
    taking = {name for name in NAMES if status(brand.viewer, addresses[name], "POST") != 405}
    assert taking == OF_OPERATORS | OF_ADMINS | OF_EVERYBODY


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_members_see_every_page(brand: Brand, addresses: dict[str, str], role: str) -> None:
    person: Person = getattr(brand, role)
    hidden = ASKS_TO_ACT if role == Role.VIEWER else set()
    hidden = hidden | (ASKS_TO_ADMINISTER if role != Role.ADMIN else set())
    for name, path in addresses.items():
        expected = {403} if name in hidden else {200, 405}
        assert status(person, path, "GET") in expected, name


def test_viewers_see_no_controls(brand: Brand, addresses: dict[str, str]) -> None:
    allowed = {"/logout/", "/accounts/switch/", "/account/members/leave/"}
    for name in NAMES:
        answer = brand.viewer.get(addresses[name])
        if answer.status_code != 200:
            continue
        page = answer.content.decode()
        assert "data-dirty-watch" not in page, name
        assert ">Save<" not in page, name
        for form in page.split('method="post"')[1:]:
            action = form.split(">")[0]
            ours = action.partition('action="')[2].partition('"')[0]
            assert ours in allowed | {brand.page, "/account/", "/account/recurring-jobs/"}, name


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
    assert status(brand.stranger, "/accounts/switch/", "POST") == 404
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
