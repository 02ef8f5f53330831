"""Pages ask as many questions for many rows as for few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.enums import Track
from jobs.models import RunStatus
from notifications.tell import tell
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.brand import connect
from tests.pages.conftest import Brand

LISTS = (
    "/", "/channels/sales/", "/channels/fulfillment/", "/runs/", "/events/", "/account/",
    "/account/recurring-jobs/", "/account/history/", "/account/notifications/", "/records/",
    "/records/?tab=shipments", "/records/?tab=products", "/records/?tab=stock",
    "/records/?tab=parked",
)  # fmt: skip
TABS = ("", "?tab=connection", "?tab=skus", "?tab=activity")


def fill(brand: Brand, rows: range) -> None:
    for number in rows:
        product = builders.product(brand.account, f"SKU-{number}", on_hand=10)
        brand.shop.sku_mappings.create(product=product, external_sku=f"THEIRS-{number}")
        line = builders.line(f"SKU-{number}")
        ReceiveOrders().apply(
            builders.context(brand.shop), builders.order_data(str(2000 + number), line)
        )
        run = brand.run(status=RunStatus.FAILED, finished_at=builders.NOW, error="x")
        brand.event(number, run=run)
        brand.parked(number)
        job = brand.job()
        job.stretches.create(
            first_slot_at=builders.NOW,
            last_slot_at=builders.NOW,
            count=1,
            outcome="skipped",
            reason=str(number),
        )
        brand.account.history.create(
            channel=brand.shop, at=builders.NOW, subject="x", actor=brand.admin.user
        )
        connect(brand.account, name=f"Stable {number}", track=Track.STABLE)
        mail = brand.account.destinations.create(name=f"Mail {number}", kind="admins")
        rule = brand.account.rules.create(name=f"Rule {number}")
        rule.destinations.add(mail)
        tell(builders.NOW)


def queries(brand: Brand, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert brand.admin.get(path).status_code == 200
    return len(asked)


@pytest.fixture
def counts(brand: Brand) -> tuple[dict[str, int], dict[str, int]]:
    """Queries of each page with two rows of everything, and with ten."""
    paths = [*LISTS, *(brand.page + tab for tab in TABS)]
    fill(brand, range(2))
    brand.admin.get("/")
    few = {path: queries(brand, path) for path in paths}
    fill(brand, range(2, 10))
    return few, {path: queries(brand, path) for path in paths}


def test_lists_ask_no_more_for_more_rows(counts: tuple[dict[str, int], dict[str, int]]) -> None:
    few, many = counts
    assert many == few
    assert max(many.values()) <= 25
