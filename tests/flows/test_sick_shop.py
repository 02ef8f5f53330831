"""A shop of the sandbox is away for a while, and what was ordered meanwhile is taken over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import clock, configure, probing
from jobs.change import Change
from jobs.execute import execute
from jobs.models import Circuit, Run, RunStatus
from oms.models import Order
from tests import builders
from tests.sandbox_server import SandboxServer, Shop

pytestmark = pytest.mark.django_db

SKU = "TEA-MINT-050"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with SandboxServer() as server:
        yield server.shop("sick", samples=True, drop_share=100)


@pytest.fixture
def channel(shop: Shop) -> Channel:
    account = Account.objects.create(name="Brand", timezone="UTC", automatic_workflow=False)
    builders.product(account, SKU)
    at = datetime.now(UTC)
    made = create_channel(
        account,
        "sandbox_shop",
        "Shop",
        at,
        settings=shop.settings,
        secrets=shop.secrets,
        sync_from=at - timedelta(hours=1),
    )
    configure.reconcile(account, at)
    period = {(made.pk, "receive_orders"): {"main_period_minutes": 5}}
    configure.apply(account, Change(jobs=period), at)
    return made


def live(traveller: time_machine.Traveller, seconds: int) -> None:
    """Clock, worker and prober look once, so much later."""
    traveller.shift(seconds)
    now = datetime.now(UTC)
    clock.tick(now)
    for circuit in Circuit.objects.exclude(state="closed"):
        probing.probe(circuit.pk, now)
    for run in Run.objects.filter(status="queued", not_before__lte=now).order_by("pk"):
        execute(run.pk, lambda: now)


def test_what_was_ordered_meanwhile_is_taken_over_soon_after_it_is_back(
    shop: Shop, channel: Channel
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        shop.place_orders(3, sku=SKU)
        shop.fail(100_000, status=502)
        for _ in range(60):
            live(traveller, 20)
        circuit = Circuit.objects.get(pk=channel.pk)
        assert circuit.state == "open"
        assert circuit.probes >= 2
        assert not Order.objects.exists()
        assert Run.objects.filter(status=RunStatus.FAILED).count() <= 1

        shop.fail(0)
        for _ in range(46):
            live(traveller, 20)

        assert Circuit.objects.get(pk=channel.pk).state == "closed"
        assert Order.objects.count() == 3
        assert not Run.objects.filter(status="queued").exclude(waits_for="").exists()
