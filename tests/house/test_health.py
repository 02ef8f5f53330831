"""Probes and figures."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from jobs import circuits
from jobs.models import Heartbeat, RunStatus
from omsauto import health
from omsauto.celery import app
from tests import builders
from tests.brand import BrandState, connect

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
# Nothing listens on the discard port of a machine like this.
DEAD_REDIS = "redis://127.0.0.1:9/0"
WELL = dict.fromkeys(("database", "broker", "clock", "worker", "queue"), True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def web(client: Client) -> Client:
    # A probe comes by address, not by a name that is allowed.
    client.defaults["SERVER_NAME"] = "10.0.0.7"
    return client


def beat(name: str, ago: timedelta) -> None:
    Heartbeat.objects.create(name=name, at=NOW - ago)


def ticked(ago: timedelta) -> None:
    beat("clock", ago)


def wait_for_a_worker(ago: timedelta) -> None:
    account = builders.account()
    brand = BrandState(account, connect(account), connect(account, "fulfillment"))
    brand.run(status=RunStatus.QUEUED, not_before=NOW - ago)


def test_healthz_answers_without_the_database(web: Client) -> None:
    assert web.get("/healthz").status_code == 200


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_readyz_answers_200_with_a_clock_that_ticks(web: Client) -> None:
    ticked(timedelta(seconds=29))
    answer = web.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {**WELL, "clock": True}


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_readyz_answers_503_with_a_silent_clock(web: Client) -> None:
    ticked(timedelta(seconds=30))
    answer = web.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {**WELL, "clock": False}


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
    assert answer.json() == {**WELL, "broker": False}


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_a_dead_worker_is_told_and_leaves_the_answer_at_200(web: Client) -> None:
    """The web process can still take webhooks, which is what a balancer asks about."""
    ticked(timedelta(seconds=1))
    beat("worker", timedelta(seconds=60))
    answer = web.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {**WELL, "worker": False}


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_a_full_queue_is_told_and_leaves_the_answer_at_200(web: Client) -> None:
    ticked(timedelta(seconds=1))
    beat("worker", timedelta(seconds=1))
    wait_for_a_worker(timedelta(seconds=60))
    answer = web.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {**WELL, "queue": False}


@pytest.mark.django_db
def test_what_is_unwell_is_explained() -> None:
    for name in ("clock", "worker", "web"):
        Heartbeat.objects.create(name=name, at=NOW - timedelta(minutes=2))
    wait_for_a_worker(timedelta(seconds=90))
    faults = health.find_faults(NOW)

    assert faults["database"] is None
    assert "the last tick was at 2026-03-14T09:28:00+00:00: is beat running?" in str(
        faults["clock"]
    )
    assert "runs that are due do not start. Is worker running" in str(faults["worker"])
    assert "1 run is due and not begun, the oldest for 90 s" in str(faults["queue"])
    assert "is web running?" in str(faults["web"])


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_the_command_says_that_all_is_well() -> None:
    for name in ("clock", "worker", "web"):
        beat(name, timedelta(seconds=1))
    said = StringIO()
    call_command("health", stdout=said)

    assert [line.split() for line in said.getvalue().splitlines()] == [
        [name, "well"] for name in ("database", "broker", "clock", "worker", "queue", "web")
    ]


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_the_command_fails_and_says_what_to_do() -> None:
    for name, ago in {"clock": 31, "worker": 1, "web": 1}.items():
        beat(name, timedelta(seconds=ago))
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("health", stdout=said)

    assert ended.value.code == 1
    assert "clock     the last tick was at 2026-03-14T09:29:29+00:00: is beat" in said.getvalue()


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_the_command_looks_at_one_part_alone_where_it_is_asked_to() -> None:
    said = StringIO()
    beat("clock", timedelta(seconds=1))
    call_command("health", "--only", "clock", stdout=said)

    assert said.getvalue() == "clock     well\n"


def test_the_command_fails_without_a_database_and_blames_nothing_else(tmp_path: Path) -> None:
    environment = {
        **{name: one for name, one in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "OMSAUTO_VAR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'missing' / 'omsauto.sqlite3'}",
        "REDIS_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "health"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()

    assert done.returncode == 1
    assert lines[0].startswith("database  unable to open database file")
    assert "broker    well" in lines
    assert "clock     it is not known: the database cannot be asked" in lines


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


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_metrics_tell_of_workers_and_of_what_waits_for_them(web: Client) -> None:
    beat("worker", timedelta(seconds=7))
    beat("web", timedelta(seconds=3))
    wait_for_a_worker(timedelta(seconds=45))
    text = web.get("/metrics").content.decode()

    assert "omsauto_worker_sign_age_seconds 7.0" in text
    assert "omsauto_web_sign_age_seconds 3.0" in text
    assert "omsauto_queue_age_seconds 45.0" in text
    assert "omsauto_runs_due 1.0" in text
