"""What the tests of the Shopify connector share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from channels.connectors.base import LineData, OrderData, ProductData
from channels.connectors.shopify import Shopify
from channels.enums import JobType
from tests.shopify_shop import ShopifyShop

ORDERS, UPDATES = JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES
PRODUCTS = JobType.IMPORT_PRODUCTS
LONG_AGO, LATER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Impatient(Shopify):
    """Waits for the budget without waiting: the time it would have waited passes in the shop."""

    def __init__(
        self, shop: ShopifyShop, settings: dict[str, Any], secrets: dict[str, str]
    ) -> None:
        self.lines: list[tuple[str, str]] = []
        super().__init__(
            {**shop.settings, **settings},
            {**shop.secrets, **secrets},
            shop.http(),
            lambda level, message: self.lines.append((level, message)),
        )


def connect(
    shop: ShopifyShop,
    settings: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    **sizes: int,
) -> Impatient:
    """`sizes`: per_page, deepest."""
    members = {"pause": staticmethod(shop.wait), **sizes}
    kind = type("Connected", (Impatient,), members)
    made: Impatient = kind(shop, settings or {}, secrets or {})
    return made


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 23, 10, minute, second, tzinfo=UTC)


def stamp(minute: int, second: int = 0) -> str:
    return at(minute, second).strftime("%Y-%m-%dT%H:%M:%SZ")


def ids(pages: Iterator[Any]) -> list[int]:
    return [int(record.external_id) for page in pages for record in page]


def the_order(shop: ShopifyShop, number: int, **settings: Any) -> OrderData:
    found = connect(shop, settings).fetch(ORDERS, str(number))
    assert isinstance(found, OrderData)
    return found


def the_line(shop: ShopifyShop, number: int) -> LineData:
    [line] = the_order(shop, number).lines
    return line


def the_product(shop: ShopifyShop, number: int) -> ProductData:
    found = connect(shop).fetch(PRODUCTS, str(number))
    assert isinstance(found, ProductData)
    return found
