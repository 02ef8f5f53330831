"""Fulfillments of an order, where the shop has them.

WooCommerce 10.1 and later, while its feature "Order Fulfillments" is switched on:
https://developer.woocommerce.com/docs/apis/rest-api/v3/order-fulfillments/
"""

from __future__ import annotations

from channels.connectors.base import Permanent, ShipmentReport
from channels.connectors.woocommerce.answers import Json, NoRoute
from channels.connectors.woocommerce.meta import meta, meta_data
from channels.connectors.woocommerce.rest import Rest

KEY = "_omsauto_shipment"
"""Meta data by which our own fulfillment of a shipment is known again."""


class Fulfillments:
    """`notify` has the shop mail the buyer."""

    def __init__(self, rest: Rest, *, notify: bool) -> None:
        self._rest = rest
        self._params = {"notify_customer": "true"} if notify else {}
        self._absent = False

    def show(self, report: ShipmentReport) -> str | None:
        """The id of the fulfillment that shows this shipment; None where the shop has none."""
        if self._absent:
            return None
        path = f"orders/{report.order_id}/fulfillments"
        try:
            listed = self._rest.listed(path)
        except NoRoute:
            self._absent = True
            return None
        wanted = _content(report)
        found = next((f for f in listed if meta(f, KEY) == report.key), None)
        if found is None:
            found = self._rest.create(path, _body(wanted, []), self._params)
        elif not _shows(found, wanted):
            kept = [entry for entry in meta_data(found) if entry["key"] not in wanted]
            found = self._change(f"{path}/{found.get('id')}", _body(wanted, kept))
        if not _shows(found, wanted):
            raise Permanent(
                f"order {report.order_number}: the shop took fulfillment {found.get('id')} and "
                "shows something else; a plug-in may be changing it"
            )
        return str(found.get("id"))

    def _change(self, path: str, body: Json) -> Json:
        changed = self._rest.change(path, body, self._params)
        if changed is None:
            raise Permanent(f"{path} was removed from the shop: run it again")
        return changed


def _content(report: ShipmentReport) -> Json:
    """The carrier is not one of the shop's own list of providers: "other", with its name."""
    carrier = {"_shipment_provider": "other", "_provider_name": report.carrier}
    tracking = {"_tracking_number": report.tracking}
    return {
        KEY: report.key,
        "_items": [
            {"item_id": int(line.external_id), "qty": line.quantity}
            for line in report.lines
            if line.quantity > 0
        ],
        **(carrier if report.carrier else {}),
        **(tracking if report.tracking else {}),
    }


def _body(content: Json, kept: list[Json]) -> Json:
    """A change removes the meta data that it does not name: `kept` is what others wrote."""
    return {
        "status": "fulfilled",
        "is_fulfilled": True,
        "meta_data": [*kept, *({"key": key, "value": value} for key, value in content.items())],
    }


def _shows(fulfillment: Json, wanted: Json) -> bool:
    shown = {name: meta(fulfillment, name) for name in wanted}
    return bool(fulfillment.get("is_fulfilled")) and shown == wanted
