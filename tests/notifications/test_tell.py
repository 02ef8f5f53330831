"""The pass: what is told, to whom, how often, and when it is over."""

from __future__ import annotations

from datetime import timedelta

from notifications.models import Destination
from tests import builders
from tests.brand import connect
from tests.notifications.conftest import Watched, address_of
from tests.webhook_receiver import WebhookReceiver


def test_a_failing_job_is_told_once_and_its_recovery_once(brand: Watched) -> None:
    brand.rule()
    brand.fail()
    for _minute in range(3):
        brand.later()
    brand.mend()
    for _minute in range(3):
        brand.later()
    assert brand.told() == [
        "Tea & Co: Shop: A job fails",
        "Tea & Co: Over: Shop: A job fails",
    ]
    opened, over = brand.bodies()
    assert "[error] Shop: Receive Orders failed. The shop answered 500." in opened
    assert "Since Mon 2 Mar, 13:00 CET." in opened
    assert "/runs/" in opened
    assert "Over after 4 minutes; it began Mon 2 Mar, 13:00 CET." in over


def test_nothing_broken_tells_nothing(brand: Watched) -> None:
    brand.rule()
    assert brand.later() == 0
    assert brand.incidents() == []


def test_all_that_breaks_at_once_comes_in_one_message(brand: Watched) -> None:
    brand.rule()
    brand.fail()
    brand.parked()
    brand.parked(2)
    brand.later()
    assert brand.told() == ["Tea & Co: 2 things need a person"]
    (body,) = brand.bodies()
    assert body.index("[error]") < body.index("[warning] Shop: 2 records are parked")


def test_a_reminder_comes_while_it_is_broken_and_not_after(brand: Watched) -> None:
    brand.rule(reminder_minutes=60)
    brand.fail()
    brand.later()
    assert brand.later(59) == 0
    assert brand.later(1) == 1
    assert brand.later(59) == 0
    brand.mend()
    brand.later()
    brand.later(60)
    assert brand.told() == [
        "Tea & Co: Shop: A job fails",
        "Tea & Co: Still: Shop: A job fails",
        "Tea & Co: Over: Shop: A job fails",
    ]


def test_what_mends_itself_within_the_quiet_time_is_never_told(brand: Watched) -> None:
    brand.rule(quiet_minutes=10)
    brand.fail()
    assert brand.later(5) == 0
    brand.mend()
    assert brand.later(10) == 0
    assert [one.told_count for one in brand.incidents()] == [0]
    assert brand.incidents()[0].closed_at == brand.now


def test_what_is_still_broken_after_the_quiet_time_is_told(brand: Watched) -> None:
    brand.rule(quiet_minutes=10)
    brand.fail()
    assert [brand.later(5), brand.later(5), brand.later(5)] == [0, 1, 0]


def test_a_rule_waits_for_its_number_of_failures(brand: Watched) -> None:
    brand.rule(after_failures=3)
    for sent in (0, 0, 1, 0):
        brand.fail()
        assert brand.later() == sent
    assert "failed 3 times in a row" in brand.bodies()[0]


def test_a_success_between_starts_the_count_anew(brand: Watched) -> None:
    brand.rule(after_failures=2)
    brand.fail(timedelta(minutes=5))
    brand.mend()
    brand.later()
    brand.fail()
    assert brand.later() == 0


def test_breaking_again_is_told_again(brand: Watched) -> None:
    brand.rule()
    for _time in range(2):
        brand.fail()
        brand.later()
        brand.mend()
        brand.later()
    assert len(brand.told()) == 4
    assert len(brand.incidents()) == 2


def test_a_refused_credential_is_one_cause_however_many_jobs_fail_of_it(brand: Watched) -> None:
    brand.rule()
    brand.fail()
    brand.shop.needs_attention = "The token was refused."
    brand.shop.save(update_fields=["needs_attention"])
    brand.later()
    assert brand.told() == ["Tea & Co: Shop: A channel's settings or credentials are refused"]


def test_each_destination_has_its_message(brand: Watched) -> None:
    with WebhookReceiver() as other:
        brand.rule(brand.destination(), brand.destination("Pager", address_of(other)))
        brand.fail()
        assert brand.later() == 2
        assert len(other.received) == 1
    assert len(brand.told()) == 1


def test_a_rule_without_a_working_destination_waits_for_one(brand: Watched) -> None:
    chat = brand.destination()
    brand.rule(chat)
    Destination.objects.update(enabled=False)
    brand.fail()
    assert brand.later() == 0
    Destination.objects.update(enabled=True)
    assert brand.later() == 1


def test_an_incident_that_its_rule_no_longer_covers_ends_in_silence(brand: Watched) -> None:
    rule = brand.rule()
    brand.fail()
    brand.later()
    rule.kinds = ["parked"]
    rule.save(update_fields=["kinds"])
    assert brand.later() == 0
    assert brand.incidents()[0].closed_at == brand.now


def test_another_accounts_trouble_is_not_told(brand: Watched) -> None:
    brand.rule()
    other = builders.account("Other")
    brand.parked(account=other, channel=connect(other))
    assert brand.later() == 0
