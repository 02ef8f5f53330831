"""One job that cannot be dispatched keeps no other from its slot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from channels.models import Channel
from jobs import dispatch, slots
from jobs.dispatch import Request, Ticket
from jobs.models import Job, Run
from tests.jobs.stage import Stage


def test_a_job_without_a_grid_holds_up_no_other(stage: Stage, shop: Channel) -> None:
    stage.save(
        shop,
        receive_orders={"main_period_minutes": 5},
        receive_order_updates={"main_period_minutes": 5},
    )
    Job.objects.filter(type="receive_orders").update(
        period_minutes=None, next_slot_at=stage.now - timedelta(minutes=1)
    )

    stage.at("12:05").tick()

    assert [run.type for run in Run.objects.all()] == ["receive_order_updates"]
    assert stage.job(shop, "receive_order_updates").next_slot_at == stage.now.replace(minute=10)


def test_a_row_that_the_database_refuses_holds_up_no_other(
    stage: Stage, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the row's own trouble, and no sign that the database is away."""
    stage.save(
        shop,
        receive_orders={"main_period_minutes": 5},
        receive_order_updates={"main_period_minutes": 5},
    )

    def refuse(requests: Sequence[Request], at: datetime) -> list[Ticket]:
        if any(one.job.type == "receive_orders" for one in requests):
            raise IntegrityError("one_run_per_slot")
        return dispatch.request_runs(requests, at)

    monkeypatch.setattr(slots, "request_runs", refuse)
    stage.at("12:10").tick()

    assert [run.type for run in Run.objects.all()] == ["receive_order_updates"]
