"""One job that cannot be dispatched keeps no other from its slot."""

from __future__ import annotations

from datetime import timedelta

from channels.models import Channel
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
