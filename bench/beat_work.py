"""The inside of the baseline: the same schedules as rows of django-celery-beat."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import django

django.setup()

from django.db import connection  # noqa: E402 - after the set-up above
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks  # noqa: E402

TASK = "bench.due"
FIRST_TASK = "bench.first"
SAVED_TASK = "bench.saved"
PERIOD_HOURS = 24


def fill(jobs: str, due: str, seconds: str) -> float:
    """So many tasks every 24 hours, some due at one second; one at once, for the first tick."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE django_celery_beat_periodictask CASCADE")
    every, _ = IntervalSchedule.objects.get_or_create(every=PERIOD_HOURS, period="hours")
    slot = datetime.fromtimestamp(int(time.time()) + int(seconds) + 1, UTC)
    fresh, ripe = slot, slot - timedelta(hours=PERIOD_HOURS)
    template = PeriodicTask.objects.create(
        name="0",
        task=FIRST_TASK,
        args="[0]",
        interval=every,
        last_run_at=ripe - timedelta(hours=1),
    )
    columns = [field.column for field in PeriodicTask._meta.concrete_fields if field.column != "id"]
    moved = {
        "name": "n::text",
        "task": f"'{TASK}'",
        "args": "'[' || n || ']'",
        "last_run_at": "CASE WHEN n <= %s THEN %s ELSE %s END",
    }
    values = ", ".join(moved.get(name, f'old."{name}"') for name in columns)
    named = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO django_celery_beat_periodictask ({named}) SELECT {values} "  # noqa: S608
            "FROM django_celery_beat_periodictask old, generate_series(1, %s) n WHERE old.id = %s",
            [int(due), ripe, fresh, int(jobs), template.pk],
        )
    PeriodicTasks.update_changed()
    return slot.timestamp()


def save() -> tuple[float, float]:
    """One task is changed so that it is due at once: ms of the Save, and when it began."""
    one = PeriodicTask.objects.filter(task=TASK).latest("id")
    one.task, one.last_run_at = SAVED_TASK, datetime.now(UTC) - timedelta(hours=2 * PERIOD_HOURS)
    began, start = time.time(), time.perf_counter()
    one.save()
    return (time.perf_counter() - start) * 1000, began


COMMANDS: dict[str, Callable[..., object]] = {"fill": fill, "save": save}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
