"""What a run pulls out of the shop: its lists and single records, translated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from channels.connectors.base import Gone, Log, OrderData, ProductData, Transient
from channels.connectors.woocommerce import records
from channels.connectors.woocommerce.answers import Json
from channels.connectors.woocommerce.rest import Params, Rest

T = TypeVar("T")

_SECOND = timedelta(seconds=1)


class Reading:
    """Lists by increasing id (`Rest.walk` says why), and records one by one."""

    def __init__(self, rest: Rest, log: Log) -> None:
        self._rest, self._log = rest, log

    def orders(self, params: Params, start: int = 1) -> Iterator[list[OrderData]]:
        for found in self._rest.walk("orders", params, start):
            yield [self._order(record) for record in found if not records.is_cart(record)]

    def orders_after(self, last: int) -> Iterator[list[OrderData]]:
        start = self._rest.page_after("orders", last) if last else 1
        for found in self.orders({}, start):
            if later := [order for order in found if int(order.external_id) > last]:
                yield later

    def first_order_since(self, since: datetime) -> int | None:
        params = {**window("after", since), "orderby": "id", "order": "asc"}
        found = self._rest.page("orders", params, per_page=1).records
        return read(found[0], lambda record: int(record["id"])) if found else None

    def order(self, external_id: str) -> OrderData | Gone:
        """One in the bin comes as cancelled; a cart is gone."""
        record = self._one("orders", external_id)
        if record is None or records.is_cart(record):
            return Gone(external_id)
        return self._order(record)

    def products(self, params: Params) -> Iterator[list[ProductData]]:
        """A variable product comes with all its variations: they are what is sold and counted,
        they stand in no list of their own, and a change of one changes its parent's date."""
        for found in self._rest.walk("products", params):
            for parent in found:
                yield [read(parent, records.product)]
                if parent.get("type") == "variable":
                    yield from self._variations(parent)

    def product(self, external_id: str) -> ProductData | Gone:
        """A variation as well; one in the bin is gone."""
        record = self._one("products", external_id)
        if record is None or records.is_in_bin(record):
            return Gone(external_id)
        return read(record, records.product)

    def _one(self, path: str, external_id: str) -> Json | None:
        return self._rest.one(f"{path}/{external_id}") if external_id.isdigit() else None

    def _order(self, record: Json) -> OrderData:
        refunds = self._refunds(record) if records.may_be_refunded_in_part(record) else []
        return read(
            record, lambda order: records.order(order, self._log, records.taken_back(refunds))
        )

    def _refunds(self, record: Json) -> list[Json]:
        """With their lines, which the order names no more than the sums of."""
        found = self._rest.walk(f"orders/{record['id']}/refunds", {})
        return [refund for page in found for refund in page]

    def _variations(self, parent: Json) -> Iterator[list[ProductData]]:
        for found in self._rest.walk(f"products/{parent['id']}/variations", {}):
            yield [
                read(record, lambda variation: records.variation(variation, parent))
                for record in found
            ]


def window(name: str, moment: datetime) -> dict[str, str]:
    """The API compares whole seconds, strictly: one second is added on either side."""
    widened = moment - _SECOND if name.endswith("after") else moment + _SECOND
    return {
        name: widened.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "dates_are_gmt": "true",
    }


def read(record: Json, translate: Callable[[Json], T]) -> T:
    """A record that lacks what every shop sends is garbage on the way, not a fact of the shop."""
    try:
        return translate(record)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Transient(
            f"the shop's record {record.get('id')} cannot be read ({error!r}); "
            "a plug-in may be changing what its API answers"
        ) from error
