"""The inside of the worker benchmark: queued runs of jobs that do next to nothing, and their cost.

The platform is pretended inside the process: whatever is asked for, its list is empty. So a run
does all that a real one does around its job, makes its HTTP client included, and waits for nobody.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("OMSAUTO_PROCESS", "worker")
django.setup()

from celery import current_app  # noqa: E402 - after the set-up above
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import Account  # noqa: E402
from bench import worker_app  # noqa: E402
from channels.connectors.http import make_client  # noqa: E402
from channels.enums import JobType, Mode  # noqa: E402
from channels.models import Channel, WebhookMapping, create_channel  # noqa: E402
from jobs import configure, tasks  # noqa: E402
from jobs.change import Change  # noqa: E402
from jobs.dispatch import Request, request_runs  # noqa: E402
from jobs.models import Event, Job, Run, RunStatus  # noqa: E402
from jobs.overlap import Sort, Trigger  # noqa: E402

RUNS_PER_MESSAGE = 10
WARM_UP = 20
BATCH = 500
TOLD = (JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES)
SHOP = {"url": "http://127.0.0.1:1/shops/one"}


def fill(jobs: int) -> None:
    """This many jobs, two to each channel of the sandbox's kind, none due."""
    at = datetime.now(UTC) - timedelta(minutes=10)
    account = Account.objects.create(name="Bench")
    first = create_channel(account, "sandbox_shop", "first", at, secrets={"token": "bench"})
    channels = Channel.objects.bulk_create(
        (
            Channel(account=account, name=f"c{n}", kind="sales", connector="sandbox_shop",
                    mode=Mode.RECURRING, sync_from=at, settings=SHOP,
                    secrets_encrypted=first.secrets_encrypted)
            for n in range(jobs // len(TOLD))
        ),
        batch_size=2000,
    )  # fmt: skip
    Job.objects.bulk_create(
        (
            Job(channel=channel, type=kind, proven_until=at, row="recurring",
                main_period_minutes=60, period_minutes=60, scheduled_since=at,
                next_slot_at=at + timedelta(hours=2))
            for channel in channels
            for kind in TOLD
        ),
        batch_size=2000,
    )  # fmt: skip


def queue(count: int) -> list[int]:
    """This many runs that are due, one of each job; earlier runs are out of the way."""
    Run.objects.all().delete()
    at = datetime.now(UTC)
    jobs = Job.objects.select_related("channel").filter(type__in=TOLD, row="recurring")[:count]
    made = Run.objects.bulk_create(
        (
            Run(job=job, channel_id=job.channel_id, account_id=job.channel.account_id,
                type=job.type, sort="full", trigger="schedule", causes_text=",schedule,",
                not_before=at, wake_at=at + timedelta(hours=1))
            for job in jobs
        ),
        batch_size=2000,
    )  # fmt: skip
    return [run.pk for run in made]


def work(run_ids: Sequence[int]) -> None:
    """As a worker does with the messages that a dispatcher makes of them."""
    for start in range(0, len(run_ids), RUNS_PER_MESSAGE):
        tasks.execute_runs(list(run_ids[start : start + RUNS_PER_MESSAGE]))


def ask(count: int) -> None:
    """The jobs alone: what the connector is asked for, with one client for all."""
    at = datetime.now(UTC)
    channel = Channel.objects.exclude(settings={}).earliest("pk")
    with make_client(allow_private=True) as client:
        connector = channel.connector_class(channel.settings, channel.secrets, http=client)
        for _ in range(count):
            list(connector.pages(JobType.RECEIVE_ORDERS, at - timedelta(minutes=5), at))


def timed(act: Callable[[], None], count: int) -> tuple[float, float]:
    """Milliseconds by the clock, and of this process's CPU, for each of `count`."""
    wall, processor = time.perf_counter(), time.process_time()
    act()
    return (
        (time.perf_counter() - wall) * 1000 / count,
        (time.process_time() - processor) * 1000 / count,
    )


def cost(count: int) -> dict[str, tuple[float, float]]:
    work(queue(WARM_UP))
    ask(WARM_UP)
    run_ids = queue(count)
    runs = timed(lambda: work(run_ids), count)
    job = timed(lambda: ask(count), count)
    done = Run.objects.filter(pk__in=run_ids, status=RunStatus.SUCCEEDED, read=0).count()
    if done != count:
        sys.exit(f"{done} of {count} runs succeeded")
    return {"run": runs, "job": job}


def statements() -> list[str]:
    """What a message of one run asks the database, in order."""
    work(queue(WARM_UP))
    run_ids = queue(1)
    with CaptureQueriesContext(connection) as asked:
        work(run_ids)
    return [" ".join(each["sql"].split()) for each in asked.captured_queries]


def profile(count: int) -> None:
    """Where the CPU time of so many runs goes, on the standard error."""
    import cProfile
    import pstats

    work(queue(WARM_UP))
    run_ids = queue(count)
    with cProfile.Profile(time.process_time) as taken:
        work(run_ids)
    pstats.Stats(taken, stream=sys.stderr).sort_stats("cumulative").print_stats(80)


def send_empty(count: int) -> None:
    for _ in range(count):
        current_app.send_task(worker_app.EMPTY_TASK)


def listen(count: int) -> list[str]:
    """This many shops in mode Webhook, Delay None; the paths they are told at."""
    from bench.intake_work import SECRET

    at = datetime.now(UTC)
    account = Account.objects.create(name="Listening")
    settings = {"url": "http://127.0.0.1:1", "consumer_key": "ck_bench"}
    secrets = {"webhook_secret": SECRET, "consumer_secret": "cs_bench"}
    channels = [
        create_channel(account, "woocommerce", f"s{n}", at, settings=settings, secrets=secrets)
        for n in range(count)
    ]
    configure.reconcile(account, at)
    modes: dict[int, dict[str, object]] = {one.pk: {"mode": "webhook"} for one in channels}
    configure.apply(account, Change(channels=modes), at)
    if not WebhookMapping.objects.filter(channel__in=channels, enabled=True).exists():
        sys.exit("the shops listen to nothing")
    return [channel.webhook_path for channel in channels]


def started(events: Iterable[int]) -> dict[int, float]:
    """When the job of each event's run began, in seconds since 1970."""
    begun = Event.objects.filter(pk__in=list(events), run__started_at__isnull=False)
    return {pk: at.timestamp() for pk, at in begun.values_list("pk", "run__started_at") if at}


def held(count: int) -> dict[str, int]:
    """Bytes of the table of runs, indexes included, before and with so many that wait an hour."""
    Run.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL jobs_run")
    before, at = _size(), datetime.now(UTC)
    jobs = list(Job.objects.with_channel().filter(row="recurring")[:count])
    for start in range(0, count, BATCH):
        with transaction.atomic():
            asked = [
                Request(job, Trigger.WEBHOOK, Sort.ENTITY, at + timedelta(hours=1))
                for job in jobs[start : start + BATCH]
            ]
            request_runs(asked, at)
    found = Run.objects.filter(status=RunStatus.QUEUED).count()
    if found != count:
        sys.exit(f"{found} runs wait instead of {count}")
    return {"before": before, "with": _size()}


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('jobs_run')")
        return int(cursor.fetchone()[0])


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "started":
        answer: object = started(json.loads(rest[0]))
    elif what == "statements":
        answer = statements()
    else:
        acts: dict[str, Callable[[int], object]] = {
            "fill": fill, "cost": cost, "profile": profile, "send_empty": send_empty,
            "listen": listen, "held": held,
        }  # fmt: skip
        answer = acts[what](int(rest[0]))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
