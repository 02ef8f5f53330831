"""A connection that is cut amid a run."""

from __future__ import annotations

import pytest
from django.db import connection

from channels.models import Channel
from jobs.models import RunStatus
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_cut_connection_costs_an_attempt_and_no_lease(
    stage: Stage, shop: Channel, shopfloor: Platform
) -> None:
    """The run says what happened and is queued again at once, not when its lease is over."""
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    shopfloor.place(stage.now, "1000")

    def cut() -> None:
        shopfloor.before_page = None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    shopfloor.before_page = cut
    stage.at("12:05").go()
    (run,) = stage.runs(shop)
    assert (run.status, run.attempt, run.lost_attempts) == (RunStatus.QUEUED, 1, 0)
    assert "terminating connection" in run.error

    stage.wait(minutes=1).go()
    run.refresh_from_db()
    assert (run.status, run.created) == (RunStatus.SUCCEEDED, 1)
