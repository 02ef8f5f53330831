"""What is broken now, from the engine's state."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.models import Channel
from jobs import configure, fallback, maintenance
from jobs.change import Change
from jobs.models import Heartbeat, Job, RunStatus
from notifications.causes import Cause, open_causes
from notifications.models import CauseKind, Level
from tests.brand import connect
from tests.builders import NOW
from tests.notifications.conftest import Watched


def causes(brand: Watched) -> dict[str, Cause]:
    brand.account.refresh_from_db()
    return {cause.kind.value: cause for cause in open_causes(brand.account, brand.now)}


def listening(brand: Watched) -> Job:
    """Receive Orders hears webhooks, and has an emergency job."""
    change = Change(
        channels={brand.shop.pk: {"mode": "webhook"}},
        jobs={(brand.shop.pk, "receive_orders"): {"emergency_period_minutes": 60}},
    )
    configure.apply(brand.account, change, NOW)
    return brand.job()


def test_nothing_is_broken(brand: Watched) -> None:
    assert causes(brand) == {}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("clock", "clock_silent"), ("web", "intake_silent"), ("worker", "worker_silent")],
)
def test_a_part_of_the_program_is_silent(brand: Watched, name: str, kind: str) -> None:
    Heartbeat.objects.filter(name=name).update(at=NOW - timedelta(seconds=119))
    assert causes(brand) == {}
    Heartbeat.objects.filter(name=name).update(at=NOW - timedelta(minutes=2))
    found = causes(brand)[kind]
    assert found.level == Level.FATAL
    assert found.since == NOW - timedelta(minutes=2)
    Heartbeat.objects.filter(name=name).delete()
    assert kind in causes(brand)


def test_a_job_fails_as_often_as_since_its_last_success(brand: Watched) -> None:
    for ago in (50, 40, 30):
        brand.fail(timedelta(minutes=ago), error=f"Failed {ago} minutes ago.")
    Job.objects.filter(pk=brand.job().pk).update(last_success_at=NOW - timedelta(minutes=45))
    found = causes(brand)["failing"]
    assert (found.failures, found.since) == (2, NOW - timedelta(minutes=40))
    assert found.sentence == (
        "Shop: Receive Orders failed 2 times in a row. Failed 30 minutes ago."
    )
    assert found.path == f"/runs/{brand.job().runs.latest('pk').pk}/"


def test_failures_of_last_week_and_of_disabled_channels_do_not_count(brand: Watched) -> None:
    brand.fail(timedelta(days=8))
    assert causes(brand) == {}
    brand.fail()
    Channel.objects.filter(pk=brand.shop.pk).update(enabled=False)
    assert causes(brand) == {}


def test_refused_credentials_explain_the_failures_of_their_channel(brand: Watched) -> None:
    brand.fail()
    Channel.objects.filter(pk=brand.shop.pk).update(needs_attention="The token was refused.")
    found = causes(brand)
    assert found["attention"].sentence == "Shop: The token was refused."
    assert found["attention"].path == f"/channels/{brand.shop.pk}/?tab=connection"
    assert found["failing"].part_of == found["attention"].key


def test_an_authorization_has_expired(brand: Watched) -> None:
    expired = NOW - timedelta(hours=1)
    Channel.objects.filter(pk=brand.shop.pk).update(authorization_expires_at=expired)
    found = causes(brand)["expired"]
    assert (found.level, found.since) == (Level.FATAL, expired)


def test_webhooks_were_lost_and_why(brand: Watched) -> None:
    job = listening(brand)
    fallback.spread_evidence([job], NOW, "webhook run 7 failed for good", timedelta(0))
    found = causes(brand)["degraded"]
    assert (found.level, found.since, found.type) == (Level.WARNING, NOW, "receive_orders")
    assert found.sentence == (
        "Shop: webhooks for Receive Orders were or may be lost: webhook run 7 failed for good."
    )


def test_a_subscription_was_lost_at_the_platform(brand: Watched) -> None:
    job = listening(brand)
    text = f"{maintenance.NO_WEBHOOK} for order.created"
    fallback.spread_evidence([job], NOW, text, timedelta(0))
    found = causes(brand)
    assert found["subscription_lost"].level == Level.ERROR
    assert found["subscription_lost"].path == f"/channels/{brand.shop.pk}/subscriptions/"
    assert "degraded" not in found


def test_records_are_parked_by_channel_and_type(brand: Watched) -> None:
    brand.parked(parked_at=NOW - timedelta(hours=3))
    brand.parked(2)
    found = causes(brand)["parked"]
    assert found.sentence == "Shop: 2 records are parked by Receive Orders."
    assert (found.since, found.channel) == (NOW - timedelta(hours=3), brand.shop.pk)


def test_due_runs_that_no_worker_takes(brand: Watched) -> None:
    due = NOW - timedelta(minutes=5)
    brand.run(status=RunStatus.QUEUED, not_before=due)
    found = causes(brand)["runs_wait"]
    assert found.sentence.startswith("1 run has been due for more than 5 minutes")
    assert found.since == due
    assert found.part_of == CauseKind.WORKER_SILENT, "a dead worker is reason enough"
    brand.run(status=RunStatus.RUNNING)
    assert "runs_wait" not in causes(brand), "it waits for the run before it, not for a worker"


def test_a_disabled_account_is_a_cause(brand: Watched) -> None:
    type(brand.account).objects.update(enabled=False)
    assert list(causes(brand)) == [CauseKind.ACCOUNT_DISABLED]


def test_a_webhook_row_without_a_mapping_is_a_setting_to_mend(brand: Watched) -> None:
    listening(brand)
    brand.shop.mappings.update(enabled=False)
    found = causes(brand)["configuration"]
    assert "no webhook mapping is switched on" in found.sentence


def test_the_gravest_cause_comes_first(brand: Watched) -> None:
    brand.parked()
    brand.fail()
    Heartbeat.objects.filter(name="clock").delete()
    found = open_causes(brand.account, NOW)
    assert [cause.level for cause in found] == [Level.FATAL, Level.ERROR, Level.WARNING]


def test_more_channels_and_runs_ask_no_more_questions(brand: Watched) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            open_causes(brand.account, NOW)
        return len(asked)

    listening(brand)
    brand.fail()
    brand.parked()
    few = queries()
    for number in range(5):
        shop = connect(brand.account, name=f"Shop {number}")
        for type in ("receive_orders", "receive_order_updates"):
            brand.run(type, channel=shop, status=RunStatus.FAILED, finished_at=NOW)
        brand.parked(number + 10, channel=shop)
    assert queries() == few
    assert few <= 12
