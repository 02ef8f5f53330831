"""The inside of the worker benchmark: queued runs of jobs that do next to nothing, and their cost.

The platform is pretended inside the process: whatever is asked for, its list is empty. So a run
does all that a real one does around its job, makes its HTTP client included, and waits for nobody.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("OMSAUTO_PROCESS", "worker")
django.setup()

import httpx  # noqa: E402 - after the set-up above
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import Account  # noqa: E402
from channels.connectors.guard import GuardedTransport  # noqa: E402
from channels.connectors.http import make_client  # noqa: E402
from channels.enums import JobType, Mode  # noqa: E402
from channels.models import Channel, create_channel  # noqa: E402
from jobs import configure, tasks  # noqa: E402
from jobs.models import Job, Run, RunStatus  # noqa: E402

RUNS_PER_MESSAGE = 10
WARM_UP = 20


def fill(jobs: int) -> None:
    """This many channels of the sandbox's kind, each with Receive Orders, none due."""
    at = datetime.now(UTC) - timedelta(minutes=10)
    account = Account.objects.create(name="Bench")
    first = _channel(account, 0, at)
    sealed = first.secrets_encrypted
    Channel.objects.bulk_create(
        Channel(account=account, name=f"c{n}", kind="sales", connector="sandbox_shop",
                mode=Mode.RECURRING, sync_from=at, settings=first.settings,
                secrets_encrypted=sealed)
        for n in range(1, jobs)
    )  # fmt: skip
    configure.reconcile(account, at)
    Job.objects.filter(type=JobType.RECEIVE_ORDERS).update(proven_until=at)


def _channel(account: Account, number: int, at: datetime) -> Channel:
    return create_channel(
        account, "sandbox_shop", f"c{number}", at, mode=Mode.RECURRING,
        settings={"url": "http://127.0.0.1:1/shops/one"}, secrets={"token": "bench"},
    )  # fmt: skip


def queue(count: int, wait: timedelta = timedelta(0)) -> list[int]:
    """This many runs, due now or after a wait, one of each job; earlier runs are out of the way."""
    Run.objects.all().delete()
    at = datetime.now(UTC)
    jobs = Job.objects.filter(type=JobType.RECEIVE_ORDERS).select_related("channel")[:count]
    made = Run.objects.bulk_create(
        (
            Run(job=job, channel_id=job.channel_id, account_id=job.channel.account_id,
                type=job.type, sort="full", trigger="schedule", causes_text=",schedule,",
                not_before=at + wait, wake_at=at + wait + timedelta(seconds=30))
            for job in jobs
        ),
        batch_size=2000,
    )  # fmt: skip
    return [run.pk for run in made]


@contextmanager
def pretended_platform() -> Iterator[None]:
    """Every request is answered with an empty list, at once."""
    real = GuardedTransport.handle_request

    def answer(_: GuardedTransport, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": [], "next": None}, request=request)

    GuardedTransport.handle_request = answer  # type: ignore[method-assign]
    try:
        yield
    finally:
        GuardedTransport.handle_request = real  # type: ignore[method-assign]


def work(run_ids: Sequence[int]) -> None:
    for start in range(0, len(run_ids), RUNS_PER_MESSAGE):
        tasks.execute_runs(list(run_ids[start : start + RUNS_PER_MESSAGE]))


def ask(count: int) -> None:
    """The jobs alone: what the connector is asked for, with one client for all."""
    at = datetime.now(UTC)
    channel = Channel.objects.earliest("pk")
    with make_client(allow_private=True) as client:
        connector = channel.connector_class(channel.settings, channel.secrets, http=client)
        for _ in range(count):
            list(connector.pages(JobType.RECEIVE_ORDERS, at - timedelta(minutes=5), at))


def timed(act: Callable[[], None], count: int) -> tuple[float, float]:
    """Wall and CPU milliseconds of this process, for each of `count`."""
    wall, processor = time.perf_counter(), time.process_time()
    act()
    return (
        (time.perf_counter() - wall) * 1000 / count,
        (time.process_time() - processor) * 1000 / count,
    )


def cost(count: int) -> dict[str, tuple[float, float]]:
    with pretended_platform():
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
    with pretended_platform():
        work(queue(WARM_UP))
        run_ids = queue(1)
        with CaptureQueriesContext(connection) as asked:
            work(run_ids)
    return [each["sql"] for each in asked.captured_queries]


def profile(count: int) -> None:
    import cProfile
    import pstats

    with pretended_platform():
        work(queue(WARM_UP))
        run_ids = queue(count)
        with cProfile.Profile() as taken:
            work(run_ids)
    pstats.Stats(taken, stream=sys.stderr).sort_stats("cumulative").print_stats(70)


def main() -> None:
    what, *rest = sys.argv[1:]
    number = int(rest[0]) if rest else 0
    answer: object = None
    if what == "fill":
        fill(number)
    elif what == "cost":
        answer = cost(number)
    elif what == "statements":
        answer = statements()
    else:
        profile(number)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
