"""What a run tells of itself while it works, and what each of its attempts leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.connectors.base import Permanent, Transient
from channels.models import Channel
from jobs import control
from jobs.lease import claim
from jobs.models import Run, RunAttempt
from tests.jobs import platform
from tests.jobs.platform import Platform
from tests.jobs.stage import START, Stage

Told = tuple[int, int | None, str]


def progress_of(run_id: int) -> Told:
    run = Run.objects.get(pk=run_id)
    return run.progress_done, run.progress_total, run.progress_unit


@pytest.fixture
def watch_pages(shopfloor: Platform) -> Callable[[int], list[Told]]:
    """What the run's row tells whenever the platform is asked for another page."""

    def watch(run_id: int) -> list[Told]:
        seen: list[Told] = []
        shopfloor.on_page = lambda _page: seen.append(progress_of(run_id))
        return seen

    return watch


def started_by_hand(stage: Stage, shop: Channel) -> Run:
    run = control.run_now(stage.job(shop), stage.now).run
    assert run
    return run


def test_a_window_tells_its_records_page_by_page(
    stage: Stage, shop: Channel, shopfloor: Platform, watch_pages: Callable[[int], list[Told]]
) -> None:
    for number in range(3 * platform.PAGE):
        shopfloor.place(stage.now, str(1000 + number))
    stage.wait(hours=1)
    run = started_by_hand(stage, shop)
    seen = watch_pages(run.pk)
    stage.work()
    # The next page is asked for before the one at hand is stored.
    assert seen == [(0, None, "records"), (0, None, "records"), (platform.PAGE, None, "records")]
    assert progress_of(run.pk) == (3 * platform.PAGE, None, "records")


def test_a_long_window_tells_its_parts(
    stage: Stage, shop: Channel, shopfloor: Platform, watch_pages: Callable[[int], list[Told]]
) -> None:
    for day in range(3):
        shopfloor.place(START + timedelta(days=day, hours=1))
    stage.goto(START + timedelta(days=3))
    run = started_by_hand(stage, shop)
    seen = watch_pages(run.pk)
    stage.work()
    assert seen == [(0, 3, "parts"), (1, 3, "parts"), (2, 3, "parts")]


def test_an_entity_run_counts_its_entities_even_those_that_fail(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    ids = [shopfloor.place(stage.now).external_id for _ in range(3)]
    shopfloor.bad_entities[ids[1]] = Permanent("no such thing")
    run = stage.ask_for(orders_shop, *ids)
    stage.work()
    assert progress_of(run.pk) == (3, 3, "records")


def test_progress_costs_no_statement_of_its_own(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    run = stage.ask_for(orders_shop, shopfloor.place(stage.now).external_id)
    with CaptureQueriesContext(connection) as asked:
        stage.work()
    written = [one["sql"] for one in asked if "progress_total" in one["sql"]]
    updates = [sql for sql in written if sql.startswith("UPDATE")]
    assert progress_of(run.pk) == (1, 1, "records")
    assert updates
    assert all("lease_until" in sql or '"read"' in sql for sql in updates)


def test_another_attempt_begins_its_progress_anew(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    run = stage.ask_for(orders_shop, shopfloor.place(stage.now).external_id, "404")
    shopfloor.bad_entities["404"] = Transient("the shop did not answer")
    stage.work()
    assert progress_of(run.pk) == (1, 2, "records")
    stage.goto(Run.objects.get(pk=run.pk).not_before)
    assert claim(run.pk, stage.now)
    assert progress_of(run.pk) == (0, None, "")


def attempts_of(run: Run) -> list[tuple[int, str, str]]:
    return [(one.number, one.outcome, one.error) for one in run.attempts.all()]


def test_each_attempt_leaves_its_start_end_error_and_what_follows(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    run = stage.ask_for(orders_shop, shopfloor.place(stage.now).external_id)
    shopfloor.fail(Transient("the shop did not answer"))
    began = stage.now
    stage.work()
    first = RunAttempt.objects.get(run=run)
    run.refresh_from_db()
    assert (first.started_at, first.ended_at, first.next_at) == (began, began, run.not_before)

    stage.goto(run.not_before).work()

    assert attempts_of(run) == [(1, "failed", "the shop did not answer"), (2, "succeeded", "")]
    last = run.attempts.get(number=2)
    assert (last.started_at, last.next_at) == (run.not_before, None)


def test_an_attempt_that_no_other_follows_says_why(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    run = stage.ask_for(orders_shop, shopfloor.place(stage.now).external_id)
    shopfloor.fail(Permanent("the shop refused the request"))
    stage.work()
    ((number, outcome, error),) = attempts_of(run)
    assert (number, outcome) == (1, "failed")
    assert error.startswith("the shop refused the request")
    assert run.attempts.get().next_at is None


def test_an_attempt_whose_worker_vanished_is_lost(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    run = stage.ask_for(orders_shop, shopfloor.place(stage.now).external_id)
    assert claim(run.pk, stage.now)
    stage.wait(seconds=61).tick()
    ((_, outcome, error),) = attempts_of(run)
    assert (outcome, "worker vanished" in error) == ("lost", True)
    run.refresh_from_db()
    assert run.attempts.get().next_at == run.not_before


def test_an_attempt_stopped_by_hand_is_cancelled(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    run = stage.ask_for(orders_shop, shopfloor.place(stage.now).external_id)
    assert claim(run.pk, stage.now)
    control.cancel_run(Run.objects.get(pk=run.pk), stage.now)
    assert attempts_of(run) == [(1, "cancelled", "cancelled")]


def test_a_run_that_never_began_leaves_no_attempt(stage: Stage, orders_shop: Channel) -> None:
    run = stage.ask_for(orders_shop, "1000")
    control.cancel_run(run, stage.now)
    assert attempts_of(run) == []


def test_a_deadline_run_says_up_to_when_the_data_was_believed(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    shopfloor.place(stage.now, "1000")
    stage.wait(minutes=10)
    stage.deliver(orders_shop, "order.created", "1000")
    stage.work()
    heard = stage.now
    stage.wait(hours=1, seconds=1).go()
    run = Run.objects.caused_by("emergency").get()
    assert run.reason.startswith("deadline")
    assert run.unproven_since == heard
