"""Lists cost the same number of queries however many rows they have."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.models import ProductReference, SkuMapping
from tests import builders
from tests.api.conftest import Brand
from tests.brand import connect
from tests.builders import NOW

LISTS = [
    "connectors/",
    "accounts/",
    "accounts/{account}/recurring-jobs/",
    "channels/",
    "channels/{channel}/mappings/",
    "channels/{channel}/sku-mappings/",
    "channels/{channel}/jobs/",
    "channels/{channel}/upcoming/?from=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z",
    "channels/{channel}/slots/?from=2026-03-01T00:00:00Z&until=2026-03-09T00:00:00Z",
    "runs/",
    "events/",
    "orders/",
    "products/",
    "stock-levels/",
    "shipments/",
    "parked/",
]
MOST = 10
"""Token with its user, roles, and what the list itself asks."""


def fill(brand: Brand, start: int, count: int) -> None:
    """More of everything."""
    for number in range(start, start + count):
        connect(brand.account, name=f"Shop {number}", track="stable", mode="webhook")
        builders.warehouse(brand.account, f"Depot {number}", default=False)
        product = builders.product(brand.account, f"SKU {number}", on_hand=5)
        ProductReference.objects.create(
            product=product, channel=brand.shop, external_id=str(number)
        )
        SkuMapping.objects.create(
            product=product, channel=brand.shop, external_sku=f"THEIRS {number}"
        )
        brand.order(f"order {number}")
        brand.run(slot_at=NOW + timedelta(hours=number))
        brand.event(number, run=brand.run(sort="entity", causes=["webhook"]))
        brand.parked(number)


def queries(brand: Brand, path: str) -> int:
    filled = path.format(account=brand.account.pk, channel=brand.shop.pk)
    with CaptureQueriesContext(connection) as captured:
        brand.operator.results(filled)
    return len(captured)


@pytest.mark.parametrize("path", LISTS)
def test_a_longer_list_asks_no_more(brand: Brand, path: str) -> None:
    builders.product(brand.account, "MUG", on_hand=100)
    fill(brand, 0, 2)
    brand.operator.results("connectors/")  # the token's first use is written down
    few = queries(brand, path)
    fill(brand, 2, 6)
    assert queries(brand, path) == few
    assert few <= MOST


def test_one_run_with_a_long_log_is_a_handful_of_queries(brand: Brand) -> None:
    run = brand.run()
    run.log.bulk_create(
        run.log.model(run=run, at=NOW, level="info", message=str(n)) for n in range(50)
    )
    with CaptureQueriesContext(connection) as captured:
        assert len(brand.operator.get(f"runs/{run.pk}/").json()["log"]) == 50
    assert len(captured) <= MOST
