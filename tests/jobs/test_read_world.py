"""A world for reading says of every job what the whole world says."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.models import WebhookMapping
from jobs.world import load_world, read_world
from tests import builders
from tests.brand import connect


def test_its_plans_are_those_of_the_whole_world_and_cost_no_more_queries(db: None) -> None:
    account = builders.account()
    connect(account, mode="webhook")
    deaf = connect(account, name="Deaf", mode="webhook")
    connect(account, "fulfillment", track="stable", enabled=False)
    WebhookMapping.objects.filter(channel=deaf).update(enabled=False)
    whole = load_world(account)
    with CaptureQueriesContext(connection) as asked:
        part = read_world(account)
        plans = {key: part.plan(job) for key, job in part.jobs.items()}
    assert plans == {key: whole.plan(job) for key, job in whole.jobs.items()}
    assert len(asked) == 4
