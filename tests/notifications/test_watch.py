"""Who tells when the clock or the workers cannot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from jobs.models import Heartbeat
from notifications import watch
from notifications.models import Delivery, Incident
from notifications.tell import forget, tell
from tests.builders import NOW
from tests.notifications.conftest import Watched


def test_a_web_process_tells_of_the_silent_clock(brand: Watched) -> None:
    brand.rule()
    tell(NOW)
    later = NOW + timedelta(minutes=3)
    Heartbeat.objects.filter(name__in=("web", "worker")).update(at=later)
    assert watch.tell_if_nobody_does(later)
    assert brand.told() == ["Tea & Co: The clock is silent"]


def test_of_two_web_processes_one_tells(brand: Watched) -> None:
    brand.rule()
    tell(NOW)
    later = NOW + timedelta(minutes=3)
    assert [watch.tell_if_nobody_does(later) for _process in range(2)] == [True, False]


def test_while_workers_tell_the_web_process_does_not(brand: Watched) -> None:
    tell(NOW)
    assert not watch.tell_if_nobody_does(NOW + timedelta(minutes=2))


def test_a_web_process_that_starts_first_gives_the_others_time(brand: Watched) -> None:
    assert not watch.tell_if_nobody_does(NOW)
    assert not watch.tell_if_nobody_does(NOW + timedelta(minutes=1))
    assert watch.tell_if_nobody_does(NOW + timedelta(minutes=3))


def test_the_task_is_on_the_clocks_list() -> None:
    from django.conf import settings

    from notifications.tasks import tell_task

    assert settings.CELERY_BEAT_SCHEDULE["tell"]["task"] == tell_task.name


def test_what_is_old_is_forgotten(brand: Watched) -> None:
    brand.rule()
    brand.fail()
    brand.later()
    brand.mend()
    brand.later()
    forget(brand.now + timedelta(days=29))
    assert (Incident.objects.count(), Delivery.objects.count()) == (1, 2)
    forget(brand.now + timedelta(days=31))
    assert (Incident.objects.count(), Delivery.objects.count()) == (0, 0)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_passes_at_once_tell_everything_once(brand: Watched) -> None:
    brand.rule(reminder_minutes=30)
    brand.rule(brand.destination("Second"), name="Second", reminder_minutes=30)
    for number in range(5):
        brand.parked(number, type=f"receive_order{'s' if number % 2 else '_updates'}")
    brand.fail()

    def passes_at(minutes: int) -> None:
        at, start = NOW + timedelta(minutes=minutes), Barrier(4)
        brand.now = at
        brand.alive()

        def one() -> None:
            try:
                start.wait(10)
                tell(at)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(one) for _pass in range(4)]:
                future.result(60)

    for minutes, expected in ((1, 2), (2, 2), (31, 4)):
        passes_at(minutes)
        tell(NOW + timedelta(minutes=minutes))
        assert len(brand.told()) == expected
    brand.mend()
    passes_at(32)
    tell(NOW + timedelta(minutes=32))
    assert [title for title in brand.told() if "Over" in title] == 2 * [
        "Tea & Co: Over: Shop: A job fails"
    ]
