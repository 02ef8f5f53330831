"""What meets a Save that is not committed yet waits for it, and then acts by what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import configure, intake, stock
from jobs.execute import execute
from jobs.models import Event, EventStatus, Job, Run
from tests import builders
from tests.jobs import platform, trade
from tests.jobs.stage import START
from tests.jobs.test_story_races import deliver, save
from tests.jobs.together import at_once, until_somebody_waits_for_us

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def account(transactional_db: None, shopfloor: platform.Platform) -> Account:
    made = Account.objects.create(name="Brand", timezone="UTC", automatic_workflow=False)
    builders.product(made, "MUG")
    return made


def channel(account: Account, connector: str) -> Channel:
    made = create_channel(account, connector, "Shop", START, settings={"url": "http://platform"})
    configure.reconcile(account, START)
    return made


def listening(account: Account) -> Channel:
    made = channel(account, "test_shop")
    save(account, made, mode="webhook")
    # A first good signature would be written, and wait there already.
    Channel.objects.update(signed_at=START)
    return Channel.objects.select_related("account").get(pk=made.pk)


def beside_a_save(
    saving: Callable[[], object],
    act: Callable[[], Any],
    then: Callable[[], object] = lambda: None,
) -> Any:
    """What `act` answers, begun amid the Save and waiting for it; `then` is the Save's end."""
    saved = Flag()

    def operator() -> None:
        with transaction.atomic():
            saving()
            saved.set()
            until_somebody_waits_for_us()
            then()

    def other() -> Any:
        saved.wait(10)
        return act()

    return at_once(operator, other)[1]


def test_a_delivery_that_meets_the_save_that_brings_its_row_back_is_not_held(
    account: Account,
) -> None:
    """The Save replays what is held when it looks: this event is not there yet."""
    shop = listening(account)
    save(account, shop, enabled=False)
    shop = Channel.objects.select_related("account").get(pk=shop.pk)

    back = beside_a_save(lambda: save(account, shop, enabled=True), deliver(shop, "1000"))

    assert back == 202
    event = Event.objects.get()
    assert event.status == EventStatus.WAITING
    assert event.run is not None
    assert event.run.status == "queued"


def test_stock_that_changes_while_its_channel_is_disabled_is_not_told(
    account: Account, market: trade.Trade
) -> None:
    shop = channel(account, "trade_shop")

    def count() -> None:
        with transaction.atomic():
            stock.tell([shop.pk], START)

    beside_a_save(lambda: save(account, shop, enabled=False), count)

    assert not Run.objects.exists()


def test_the_end_of_a_run_and_a_save_lock_jobs_in_the_same_order(
    account: Account, shopfloor: platform.Platform
) -> None:
    """The run's own job comes after the one it asks for: else each would wait for the other."""
    shop = listening(account)
    shopfloor.place(START, "1000")
    headers, body = platform.deliver("order.updated", "1000")
    intake.receive(shop, headers, body, START)
    run = Run.objects.get()
    jobs = Job.objects.filter(channel=shop)

    done = beside_a_save(
        lambda: jobs.select_for_update(no_key=True).get(type="receive_orders"),
        lambda: execute(run.pk, lambda: START + timedelta(minutes=1)),
        then=lambda: jobs.select_for_update(nowait=True).get(type="receive_order_updates"),
    )

    assert done
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert Run.objects.get(type="receive_orders").entities == ["1000"]
