"""Statements composed once read and write the same values as the ORM's, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Model

from channels.connectors.values import Limit
from channels.models import Channel
from jobs import budgets, circuits, control
from jobs.lease import claim
from jobs.models import Job, Run
from jobs.statements import WholeRows, update
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


def values(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def claimed(stage: Stage, shop: Channel) -> Run:
    ticket = control.run_now(stage.job(shop), stage.now)
    assert ticket.run
    run = claim(ticket.run.pk, stage.now)
    assert run
    return run


def test_a_claim_knows_of_its_run_and_all_around_it_what_is_stored(
    stage: Stage, orders_shop: Channel, shopfloor: Platform
) -> None:
    circuits.note_failure(orders_shop.pk, "out of reach", stage.now)
    budgets.tell(orders_shop.pk, stage.now, budgets.Known(), Limit(7, 10, 60))
    run = claimed(stage, orders_shop)
    platform = ("job__channel__account", "job__channel__circuit", "job__channel__budget")
    stored = Run.objects.select_related(*platform).get(pk=run.pk)
    mine, theirs = run.job.channel, stored.job.channel
    pairs: list[tuple[Model, Model]] = [
        (run, stored),
        (run.job, stored.job),
        (mine, theirs),
        (mine.account, theirs.account),
        (mine.circuit, theirs.circuit),
        (mine.budget, theirs.budget),
    ]
    for known, kept in pairs:
        assert values(known) == values(kept)
        assert not known._state.adding


def test_a_channel_without_circuit_and_budget_is_asked_for_neither_again(
    stage: Stage, orders_shop: Channel, django_assert_num_queries: Any
) -> None:
    run = claimed(stage, orders_shop)
    with django_assert_num_queries(0):
        assert getattr(run.job.channel, "circuit", None) is None
        assert getattr(run.job.channel, "budget", None) is None


def test_no_row_is_none(stage: Stage) -> None:
    rows = WholeRows({"job": Job}, "FROM jobs_job job WHERE job.id = %s", lock="job")
    assert rows.first([0]) is None


def test_values_of_every_kind_are_written_as_the_orm_reads_them(
    stage: Stage, orders_shop: Channel
) -> None:
    job = stage.job(orders_shop)
    written = {
        "proven_until": stage.now + timedelta(microseconds=1),
        "emergency_minutes": 15,
        "evidence": "it's 100 % sure",
        "evidence_at": None,
        "suspended": True,
        "open_errors": {"a": 1},
    }
    assert update(Job, {"id": job.pk, "suspended": False}, written) == 1
    job.refresh_from_db()
    assert {name: getattr(job, name) for name in written} == written


def test_what_does_not_match_is_not_written(stage: Stage, orders_shop: Channel) -> None:
    job = stage.job(orders_shop)
    assert update(Job, {"id": job.pk, "suspended": True}, {"emergency_minutes": 15}) == 0
    assert stage.job(orders_shop).emergency_minutes == job.emergency_minutes


def test_none_matches_what_is_empty(stage: Stage, orders_shop: Channel) -> None:
    job = stage.job(orders_shop)
    assert update(Job, {"id": job.pk, "evidence_at": None}, {"evidence": "seen"}) == 1
    assert update(Job, {"id": job.pk, "evidence_at": stage.now}, {"evidence": "not"}) == 0
    assert stage.job(orders_shop).evidence == "seen"
