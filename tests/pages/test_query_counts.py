"""Pages ask as many questions for many rows as for few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import invitations, tokens
from accounts.models import Role
from channels.enums import Track
from jobs.models import RunStatus
from notifications.tell import tell
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.brand import connect
from tests.pages.conftest import Brand

LISTS = (
    "/", "/attention/", "/channels/sales/", "/channels/fulfillment/", "/runs/",
    "/runs/?show=slots", "/events/", "/events/?q=id:1001", "/trace/?q=MUG", "/account/",
    "/account/recurring-jobs/", "/account/history/", "/account/members/", "/account/tokens/",
    "/account/notifications/", "/records/", "/records/?tab=shipments", "/records/?tab=products",
    "/records/?tab=stock", "/records/?tab=parked",
)  # fmt: skip
PARTS_OF_A_RUN = 18
"""Queries of a run's page with everything on it: the member, the run, its parts, its neighbours."""
TABS = (
    "", "?tab=webhooks", "?tab=schedule", "?tab=skus", "?tab=records", "?tab=runs", "?tab=history",
)  # fmt: skip


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
        tokens.issue(builders.user(of=brand.account), f"T{number}", brand.account, Role.VIEWER)
        invitations.invite(
            brand.account, f"new{number}@example.com", Role.VIEWER, builders.NOW, brand.admin.user
        )
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


def test_the_runs_of_one_job_ask_no_more_for_more_rows(brand: Brand) -> None:
    path = f"/runs/?channel={brand.shop.pk}&type=receive_orders"
    fill(brand, range(2))
    brand.admin.get("/")
    few = queries(brand, path)
    fill(brand, range(2, 6))
    assert queries(brand, path) == few <= 25


def test_the_page_of_a_run_asks_no_more_for_a_longer_run(brand: Brand) -> None:
    run = brand.run(status=RunStatus.FAILED, parked=9, rescued=9)
    brand.run()
    counts = []
    for rows in (range(2), range(2, 9)):
        for number in rows:
            run.log.create(at=builders.NOW, level="info", message=str(number))
            run.attempts.create(number=number, ended_at=builders.NOW, outcome="failed")
            run.rescues.create(
                job=run.job,
                external_id=str(number),
                changed_at=builders.NOW,
                rescued_at=builders.NOW,
            )
            brand.event(number, run=run)
            brand.parked(number, run_id=run.pk)
        counts.append(queries(brand, f"/runs/{run.pk}/"))
    assert counts[0] == counts[1] <= PARTS_OF_A_RUN
