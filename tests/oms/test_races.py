"""Two transactions at once: the last unit is promised once, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction

from channels.connectors.base import OrderData, ShipmentData
from oms.models import Shipment, ShipmentStatus
from oms.stock import set_on_hand
from tests import builders
from tests.builders import NOW, line, order_data
from tests.oms.conftest import Brand

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(transactional_db: None) -> Brand:
    account = builders.account()
    made = Brand(account, builders.sales_channel(account), builders.warehouse(account))
    builders.product(account, "MUG", on_hand=1)
    builders.product(account, "TEE", on_hand=1)
    return made


def received(shop: Brand, record: OrderData) -> None:
    """As a run does it: in a transaction."""
    with transaction.atomic():
        shop.receive(record)


def reported(shop: Brand, record: ShipmentData) -> None:
    with transaction.atomic():
        shop.report(record)


def at_once(*acts: Callable[[], object]) -> None:
    """Each in a thread of its own; all begin together, errors come back."""
    barrier = Barrier(len(acts))

    def act(one: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(act, one) for one in acts]:
            future.result(30)


def one_waits_for_the_other(first: Callable[[], object], second: Callable[[], object]) -> None:
    """`first` has done all but commit when `second` begins; it commits once `second` waits."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            following = pool.submit(alone, second)
            deadline = time.monotonic() + 10
            while not waiting_backends() and not following.done():
                assert time.monotonic() < deadline, "the second transaction neither waits nor ends"
        following.result(30)


def alone(act: Callable[[], object]) -> None:
    try:
        act()
    finally:
        connection.close()


def waiting_backends() -> int:
    """How many transactions wait for this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks "
            "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        row = cursor.fetchone()
    return int(row[0])


@pytest.mark.postgres
def test_an_order_that_waits_for_anothers_allocation_sees_what_it_took(shop: Brand) -> None:
    one_waits_for_the_other(
        partial(shop.receive, order_data("1")), partial(received, shop, order_data("2"))
    )
    assert (shop.shipment("1").status, shop.shipment("2").status) == ("ready", "backordered")
    assert shop.stock() == (1, 1)


@pytest.mark.postgres
def test_a_report_that_waits_for_another_counts_only_what_is_new(shop: Brand) -> None:
    set_on_hand(shop.level(), 5, NOW)
    received(shop, order_data("1001", line("MUG", 5)))
    shop.send()
    key = shop.shipment().key
    one_waits_for_the_other(
        partial(shop.report, builders.shipment_data("W-1", key, ("MUG", 2))),
        partial(reported, shop, builders.shipment_data("W-1", key, ("MUG", 3))),
    )
    assert shop.stock() == (2, 2)
    assert shop.order().lines.get().shipped == 3


@pytest.mark.postgres
def test_a_change_that_waits_for_a_cancellation_is_not_applied_over_it(shop: Brand) -> None:
    received(shop, order_data())
    one_waits_for_the_other(
        partial(shop.update, order_data(changed_at=NOW, cancelled=True)),
        partial(received, shop, order_data(email="late@example.com")),
    )
    assert shop.states() == ("cancelled", "cancelled")
    assert shop.order().email == "buyer@example.com"


def test_the_last_unit_goes_to_one_of_two_orders(shop: Brand) -> None:
    at_once(*(partial(received, shop, order_data(n)) for n in ("1", "2", "3")))
    states = sorted(Shipment.objects.values_list("status", flat=True))
    assert states == [
        ShipmentStatus.BACKORDERED,
        ShipmentStatus.BACKORDERED,
        ShipmentStatus.READY,
    ]
    assert shop.stock() == (1, 1)


def test_orders_that_want_the_same_products_the_other_way_round_do_not_block_each_other(
    shop: Brand,
) -> None:
    for sku in ("MUG", "TEE"):
        set_on_hand(shop.level(sku), 20, NOW)
    there = [line("MUG", 1, "1"), line("TEE", 1, "2")]
    acts = [
        partial(received, shop, order_data(str(n), *(there if n % 2 else there[::-1])))
        for n in range(6)
    ]
    at_once(*acts)
    assert (shop.stock("MUG"), shop.stock("TEE")) == ((20, 6), (20, 6))


def test_a_shipment_is_counted_once_when_two_runs_report_it(shop: Brand) -> None:
    received(shop, order_data())
    shop.send()
    record = builders.shipment_data("W-1", shop.shipment().key, ("MUG", 1))
    at_once(partial(reported, shop, record), partial(reported, shop, record))
    assert shop.stock() == (0, 0)
    assert shop.order().lines.get().shipped == 1


def test_a_cancellation_and_a_sending_at_once_agree_in_the_end(shop: Brand) -> None:
    received(shop, order_data())
    cancelled = order_data(changed_at=NOW, cancelled=True)
    at_once(partial(received, shop, cancelled), partial(shop.send, shop.shipment()))
    assert shop.states() in {("cancelled", "cancelled"), ("cancel_requested", "sent")}
    assert bool(shop.platform.requests) == (shop.shipment().status == ShipmentStatus.SENT)
    assert shop.stock() == ((1, 1) if shop.platform.requests else (1, 0))
