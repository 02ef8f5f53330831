"""Probes and figures."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from jobs import circuits
from jobs.models import Heartbeat
from omsauto import health
from omsauto.celery import app
from tests import builders

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
# Nothing listens on the discard port of a machine like this.
DEAD_REDIS = "redis://127.0.0.1:9/0"


@pytest.fixture
def web(client: Client) -> Client:
    # A probe comes by address, not by a name that is allowed.
    client.defaults["SERVER_NAME"] = "10.0.0.7"
    return client


def ticked(ago: timedelta) -> None:
    Heartbeat.objects.create(name="clock", at=NOW - ago)


def test_healthz_answers_without_the_database(web: Client) -> None:
    assert web.get("/healthz").status_code == 200


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_readyz_answers_200_with_a_clock_that_ticks(web: Client) -> None:
    ticked(timedelta(seconds=29))
    answer = web.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"database": True, "broker": True, "clock": True}


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_readyz_answers_503_with_a_silent_clock(web: Client) -> None:
    ticked(timedelta(seconds=30))
    answer = web.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"database": True, "broker": True, "clock": False}


@pytest.mark.django_db
def test_readyz_answers_503_before_the_first_tick(web: Client) -> None:
    assert web.get("/readyz").status_code == 503


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_readyz_answers_503_when_redis_is_down(
    web: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticked(timedelta(seconds=1))
    for name, value in {"url": DEAD_REDIS, "write_url": DEAD_REDIS, "transport": ""}.items():
        monkeypatch.setitem(app.conf, f"broker_{name}", value)
    answer = web.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"database": True, "broker": False, "clock": True}


@pytest.mark.django_db
def test_an_unwell_clock_is_explained() -> None:
    Heartbeat.objects.create(name="clock", at=NOW - timedelta(minutes=2))

    assert "is beat running?" in str(health.clock_fault(NOW))


def test_probes_set_no_cookie(web: Client) -> None:
    assert not web.get("/healthz").cookies


def test_probes_cannot_be_posted_to(web: Client) -> None:
    assert web.post("/healthz").status_code == 405


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_metrics_tell_the_age_of_the_last_tick(web: Client) -> None:
    ticked(timedelta(seconds=12))
    text = web.get("/metrics").content.decode()

    assert "omsauto_clock_tick_age_seconds 12.0" in text
    assert 'omsauto_runs_open{status="queued"} 0.0' in text
    assert 'omsauto_events_open{status="held"} 0.0' in text
    assert "omsauto_queue_age_seconds 0.0" in text


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_metrics_count_the_channels_whose_platform_is_left_alone(web: Client) -> None:
    assert 'omsauto_circuits{state="open"} 0.0' in web.get("/metrics").content.decode()
    channel = builders.sales_channel(builders.account())
    for _ in range(5):
        circuits.note_failure(channel.pk, "it answered 500", NOW)

    text = web.get("/metrics").content.decode()

    assert 'omsauto_circuits{state="open"} 1.0' in text
    assert 'omsauto_circuits{state="half_open"} 0.0' in text
