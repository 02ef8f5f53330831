"""The inside of the retention benchmark: events, young and old, and what deletes the old."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import django

django.setup()

from django.db import connection  # noqa: E402 - after the set-up above

from jobs import maintenance  # noqa: E402

INSERT = """
    INSERT INTO jobs_event (channel_id, job_id, topic, delivery_id, delivery_key, received_at,
        status, reason, entities, headers, body, duplicates)
    SELECT job.channel_id, job.id, 'order.created', %s || n, %s || n,
        now() - %s * interval '1 day' - n * interval '1 second', 'done', '',
        jsonb_build_array(n::text), '{"content-type": "application/json"}',
        decode(repeat('78', 900), 'hex'), 0
    FROM (SELECT id, channel_id FROM jobs_job LIMIT 1) job, generate_series(1, %s) n
    ORDER BY n DESC
"""
YOUNG_DAYS, OLD_DAYS = 1, 40


def fill(number: str) -> None:
    """So many events within their retention, one a second back from yesterday."""
    _insert(int(number), YOUNG_DAYS)


def age(number: str) -> None:
    """So many events past it."""
    _insert(int(number), OLD_DAYS)


def _insert(number: int, days: int) -> None:
    mark = f"{datetime.now(UTC).isoformat()} "
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [mark, mark, days, number])
        cursor.execute("VACUUM (ANALYZE) jobs_event")


def forget() -> float:
    """Seconds until all of the old ones were deleted; says when it begins."""
    connection.ensure_connection()
    sys.stderr.write("begins\n")
    sys.stderr.flush()
    start = time.perf_counter()
    if not maintenance.forget_old_events(datetime.now(UTC)):
        sys.exit("nothing was old")
    return time.perf_counter() - start


COMMANDS: dict[str, Callable[..., object]] = {"fill": fill, "age": age, "forget": forget}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
