"""The tab of notifications: destinations, rules, what would be told, what was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from pytest_django.fixtures import Settings

from accounts.models import HistoryEntry
from jobs.models import Heartbeat, RunStatus
from notifications.models import Delivery, Destination, Incident, Rule
from notifications.tell import tell
from tests import builders
from tests.builders import NOW
from tests.notifications.conftest import address_of
from tests.pages.conftest import Brand
from tests.webhook_receiver import WebhookReceiver

PAGE = "/account/notifications/"
NEW_DESTINATION = f"{PAGE}destinations/new/"
NEW_RULE = f"{PAGE}rules/new/"


@pytest.fixture(autouse=True)
def _alive(db: None, settings: Settings) -> None:
    settings.OMSAUTO_ALLOW_PRIVATE_HOSTS = True
    for name in ("clock", "web", "worker"):
        Heartbeat.objects.create(name=name, at=NOW)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


def destination(brand: Brand, **fields: object) -> Destination:
    values = {"name": "Admins", "kind": "admins", **fields}
    return Destination.objects.create(account=brand.account, **values)


def chosen(*destinations: Destination, **fields: object) -> dict[str, object]:
    """A rule as its form sends it."""
    return {
        "name": "Wake me",
        "enabled": "on",
        "destinations": [one.pk for one in destinations],
        "least_level": "warning",
        "after_failures": "1",
        "quiet_minutes": "0",
        "reminder_minutes": "60",
        **fields,
    }


def test_a_destination_is_added_and_its_address_never_shown(
    brand: Brand, receiver: WebhookReceiver
) -> None:
    address = address_of(receiver)
    sent = {"name": "Chat", "kind": "address", "address": address, "enabled": "on"}
    page = brand.admin.follow(NEW_DESTINATION, **sent)
    assert "Chat is added." in page
    made = Destination.objects.get()
    assert (made.address, made.service) == (address, "JSON")
    shown = page + brand.admin.text(f"{PAGE}destinations/{made.pk}/")
    shown += brand.admin.text("/account/history/")
    assert "Destination Chat created" in shown
    assert "hush-hush" not in shown


def test_a_saved_destination_keeps_its_address_unless_another_is_entered(brand: Brand) -> None:
    made = destination(brand, name="Chat", kind="address")
    made.address = "json://127.0.0.1:9/hush-hush"
    made.save()
    own = f"{PAGE}destinations/{made.pk}/"
    brand.admin.post(own, name="Team chat", kind="address", enabled="on")
    made.refresh_from_db()
    assert (made.name, made.address) == ("Team chat", "json://127.0.0.1:9/hush-hush")
    brand.admin.post(own, name="Team chat", kind="address", address="json://127.0.0.1:9/new")
    made.refresh_from_db()
    assert (made.address, made.enabled) == ("json://127.0.0.1:9/new", False)
    lines = brand.admin.text("/account/history/")
    assert "destination Team chat, Name: Team chat (was Chat)" in lines
    assert "Address: changed (was another one)" in lines


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "This field is required."),
        ({"address": ""}, "Enter an address"),
        ({"address": "syslog://"}, "This service is not offered."),
        ({"address": "hooks.slack.com/x"}, "An address begins with the service"),
        ({"kind": "pigeon"}, "Select a valid choice"),
        ({"name": "Admins"}, "Another destination has this name"),
    ],
)
def test_a_destination_that_does_not_fit_is_refused(
    brand: Brand, fields: dict[str, str], problem: str
) -> None:
    destination(brand)
    sent = {"name": "Chat", "kind": "address", "address": "json://127.0.0.1:9/x", **fields}
    answer = brand.admin.post(NEW_DESTINATION, **sent)
    assert answer.status_code == 400
    assert problem in answer.content.decode()
    assert Destination.objects.count() == 1


def test_a_test_message_shows_that_it_was_taken(brand: Brand) -> None:
    made = destination(brand)
    page = brand.admin.follow(f"{PAGE}destinations/{made.pk}/test/")
    assert "Admins took the test message." in page
    assert "Works" in page
    assert [sent.to for sent in mail.outbox] == [[brand.admin.user.email]]


def test_a_test_message_shows_why_it_was_not_taken(brand: Brand) -> None:
    made = destination(brand, kind="address", name="Chat", service="JSON")
    made.address = "json://127.0.0.1:9/hush-hush"
    made.save()
    page = brand.admin.follow(f"{PAGE}destinations/{made.pk}/test/")
    assert "The test to Chat failed." in page
    assert "Connection error" in page
    assert "hush-hush" not in page


def test_one_click_tells_the_admins_of_everything(brand: Brand) -> None:
    assert "Nobody is told yet" in brand.admin.text(PAGE)
    assert Rule.objects.count() == 0, "nothing is made without the click"
    page = brand.admin.follow(f"{PAGE}everything/")
    assert "Whatever needs a person is told to: E-mail to admins." in page
    assert "Everything that breaks. Only what is still broken after 5 minutes." in page
    brand.parked(parked_at=NOW - timedelta(hours=1))
    tell(NOW)
    (sent,) = mail.outbox
    assert sent.to == [brand.admin.user.email]
    assert "1 record is parked" in sent.body
    brand.admin.post(f"{PAGE}everything/")
    assert (Rule.objects.count(), Destination.objects.count()) == (1, 1)


def test_a_rule_is_added_and_said_in_words(brand: Brand) -> None:
    sent = chosen(
        destination(brand),
        kinds=["failing"],
        channels=[brand.shop.pk],
        types=["receive_orders"],
        least_level="error",
        after_failures="3",
        quiet_minutes="10",
    )
    page = brand.admin.follow(NEW_RULE, **sent)
    assert "The rule Wake me is saved." in page
    assert (
        "A job fails, from errors on. On Shop. Jobs: Receive Orders. A job after 3 failed runs in "
        "a row. Only what is still broken after 10 minutes. Reminds each hour."
    ) in page
    assert "Tells Admins." in page
    rule = Rule.objects.get()
    assert (rule.after_failures, rule.reminder_minutes) == (3, 60)
    assert [channel.pk for channel in rule.channels.all()] == [brand.shop.pk]


def test_a_changed_rule_says_in_history_what_changed(brand: Brand) -> None:
    first = destination(brand)
    brand.admin.post(NEW_RULE, **chosen(first))
    rule = Rule.objects.get()
    own = f"{PAGE}rules/{rule.pk}/"
    assert "checked" in brand.admin.text(own)
    brand.admin.post(own, **chosen(first, reminder_minutes="", channels=[brand.shop.pk]))
    lines = brand.admin.text("/account/history/")
    assert "Rule Wake me created" in lines
    assert "Rule Wake me, Reminder minutes: None (was 1 hour)" in lines.replace("rule", "Rule")
    entries = HistoryEntry.objects.count()
    brand.admin.post(own, **chosen(first, reminder_minutes="", channels=[brand.shop.pk]))
    assert HistoryEntry.objects.count() == entries, "what changes nothing leaves no entry"


def test_a_rule_keeps_to_a_channel_that_was_deleted(brand: Brand) -> None:
    """Without it the rule would cover all channels."""
    first = destination(brand)
    brand.admin.post(NEW_RULE, **chosen(first, channels=[brand.shop.pk]))
    brand.shop.deleted_at = NOW
    brand.shop.save()
    rule = Rule.objects.get()
    own = f"{PAGE}rules/{rule.pk}/"
    assert "Shop (deleted)" in brand.admin.text(own)
    brand.admin.post(own, **chosen(first, name="Wake us", channels=[brand.shop.pk]))
    rule.refresh_from_db()
    assert rule.name == "Wake us"
    assert [channel.pk for channel in rule.channels.all()] == [brand.shop.pk]
    assert "Shop (deleted)" not in brand.admin.text(NEW_RULE)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"destinations": []}, "This field is required."),
        ({"kinds": ["weather"]}, "Select a valid choice"),
        ({"after_failures": "0"}, "Select a valid choice"),
        ({"name": "Old"}, "Another rule has this name"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(
    brand: Brand, fields: dict[str, object], problem: str
) -> None:
    Rule.objects.create(account=brand.account, name="Old")
    answer = brand.admin.post(NEW_RULE, **chosen(destination(brand), **fields))
    assert answer.status_code == 400
    assert problem in answer.content.decode()


def test_another_accounts_destinations_and_channels_cannot_be_chosen(brand: Brand) -> None:
    foreign = Destination.objects.create(account=builders.account("X"), name="X", kind="admins")
    answer = brand.admin.post(NEW_RULE, **chosen(foreign))
    assert answer.status_code == 400
    assert not Rule.objects.exists()


def test_the_preview_says_what_the_rule_would_tell_now(brand: Brand) -> None:
    brand.parked()
    brand.run(status=RunStatus.FAILED, finished_at=NOW, error="The shop answered 500.")
    sent = chosen(destination(brand))
    all_of_it = brand.admin.follow(f"{PAGE}rules/preview/", **sent)
    assert "Shop: Receive Orders failed. The shop answered 500." in all_of_it
    assert "Shop: 1 record is parked by Receive Orders." in all_of_it
    errors = brand.admin.follow(f"{PAGE}rules/preview/", **{**sent, "least_level": "error"})
    assert "parked" not in errors
    later = brand.admin.follow(f"{PAGE}rules/preview/", **{**sent, "quiet_minutes": "5"})
    assert "2 causes wait" in later
    none = brand.admin.follow(
        f"{PAGE}rules/preview/", **{**sent, "after_failures": "2", "kinds": ["failing"]}
    )
    assert "Nothing: what it covers is in order." in none
    assert not Rule.objects.exists()


def test_without_scripts_the_preview_is_a_button(brand: Brand) -> None:
    brand.parked()
    answer = brand.admin.post(NEW_RULE, **chosen(destination(brand), preview="1"))
    assert answer.status_code == 200
    assert "1 record is parked" in answer.content.decode()
    assert not Rule.objects.exists()


def test_what_is_broken_shows_with_when_it_is_told_again(brand: Brand) -> None:
    brand.admin.post(NEW_RULE, **chosen(destination(brand)))
    brand.parked()
    tell(NOW)
    page = " ".join(brand.viewer.text(PAGE).split())
    assert "Shop: 1 record is parked by Receive Orders." in page
    assert "Told once, last" in page
    assert "next reminder" in page
    assert "14:00" in page, "an hour later, in the account's zone"
    assert "Sent" in page


def test_a_switched_off_rule_tells_nothing_and_forgets_what_was_open(brand: Brand) -> None:
    brand.admin.post(NEW_RULE, **chosen(destination(brand)))
    rule = Rule.objects.get()
    brand.parked()
    tell(NOW)
    page = brand.admin.follow(f"{PAGE}rules/{rule.pk}/switch/")
    assert "The rule Wake me is switched off: it tells nothing." in page
    assert Incident.objects.get().closed_at == NOW
    assert tell(NOW) == 0
    assert "is switched on." in brand.admin.follow(f"{PAGE}rules/{rule.pk}/switch/")
    assert tell(NOW) == 1


def test_rules_and_destinations_are_deleted_with_what_they_told(brand: Brand) -> None:
    made = destination(brand)
    brand.admin.post(NEW_RULE, **chosen(made))
    brand.parked()
    tell(NOW)
    brand.admin.post(f"{PAGE}destinations/{made.pk}/delete/")
    assert "Tells nobody: choose a destination." in brand.admin.text(PAGE)
    page = brand.admin.follow(f"{PAGE}rules/{Rule.objects.get().pk}/delete/")
    assert "The rule Wake me is deleted." in page
    left = [model.objects.count() for model in (Rule, Destination, Incident, Delivery)]
    assert left == [0, 0, 0, 0]
