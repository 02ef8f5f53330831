"""Two people change one channel's SKU mappings at the same instant."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from jobs import configure, sku_mappings
from jobs.change import Refused
from oms.models import SkuMapping
from tests import builders
from tests.builders import NOW

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TABLE = "channel_sku,sku\n" + "".join(f"CUP-{number},MUG\n" for number in range(300))


def test_an_import_and_single_mappings_do_not_break_each_other() -> None:
    account = builders.account()
    shop, actor = builders.sales_channel(account), builders.user(of=account)
    configure.reconcile(account, NOW)
    builders.product(account, "MUG")
    builders.product(account, "TEE")

    def load() -> None:
        assert sku_mappings.import_table(shop, TABLE, NOW, actor).faults == []

    def add() -> None:
        for number in range(299, 0, -1):
            try:
                sku_mappings.add(shop, f"CUP-{number}", "TEE", NOW, actor)
            except Refused:
                continue

    def alone(work: Callable[[], None]) -> None:
        try:
            start.wait(10)
            work()
        finally:
            connection.close()

    start = Barrier(3)
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(alone, work) for work in (load, load, add)]:
            future.result(60)
    assert SkuMapping.objects.filter(channel=shop).count() == 300
