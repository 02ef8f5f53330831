"""What the tests of the WooCommerce connector share: the recorded instants, connecting, ids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.connectors.base import Log, silent
from channels.connectors.woocommerce import WooCommerce
from channels.enums import JobType
from tests.woocommerce_shop import (
    WooShop,
    recorded_orders,
    recorded_products,
    recorded_variations,
)

ORDERS, UPDATES = JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES
PRODUCTS = JobType.IMPORT_PRODUCTS
LONG_AGO, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


class TwoPerPage(WooCommerce):
    per_page = 2


def at(second: float) -> datetime:
    """The recorded orders changed at seconds 18, 19, 21, 22 and 24."""
    return datetime(2026, 11, 23, 5, 21, tzinfo=UTC) + timedelta(seconds=second)


def stamp(second: int) -> str:
    return f"2026-11-23T05:21:{second:02}"


def connect(shop: WooShop, kind: type[WooCommerce] = WooCommerce) -> WooCommerce:
    return kind(shop.settings, shop.secrets, shop.client())


def ids(pages: Iterator[Any]) -> list[int]:
    return [int(record.external_id) for page in pages for record in page]


def window(
    shop: WooShop, since: datetime, until: datetime, job_type: JobType = ORDERS
) -> list[int]:
    return ids(connect(shop).pages(job_type, since, until))


def stocked(**options: Any) -> WooShop:
    """The recorded shop: five products, two of whose last one's are variations, five orders."""
    return WooShop(
        recorded_orders(),
        products=recorded_products(),
        variations=recorded_variations(),
        **options,
    )


def connect_to(shop: WooShop, log: Log = silent, **settings: str) -> WooCommerce:
    return WooCommerce({**shop.settings, **settings}, shop.secrets, shop.client(), log)
