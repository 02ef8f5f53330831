"""Shipments shown at Shopify: fulfillments made from what its fulfillment orders still hold.

A fulfillment has no field of ours and no idempotency key. What was sent before is known by its id,
by its tracking number, and by how much of a line is shipped in all. Nothing is shown twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from channels.connectors.base import (
    Log,
    Permanent,
    PushResult,
    ReportedLine,
    ShipmentReport,
    Transient,
)
from channels.connectors.shopify import documents
from channels.connectors.shopify.graph import Graph, Json
from channels.connectors.shopify.ids import gid, number

_VOID = frozenset({"CANCELLED", "ERROR", "FAILURE"})
_BLOCKED = frozenset({"ON_HOLD", "SCHEDULED"})


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """`lines`: quantity by the number of the order's line."""

    id: str
    carrier: str
    tracking: str
    lines: Counter[str]


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a fulfillment order: where so much of an order's line may be fulfilled."""

    id: str
    fulfillment_order: str
    location: str
    line: str
    remaining: int
    status: str
    open: bool


class Shipments:
    """`notify`: does Shopify tell the buyer?"""

    def __init__(self, graph: Graph, log: Log, notify: bool) -> None:
        self._graph, self._log, self._notify = graph, log, notify

    def report(self, report: ShipmentReport) -> PushResult:
        shown = self._fulfillments(report)
        known = set(report.external_id.split(","))
        mine = [one for one in shown if number(one.id) in known]
        missing = _missing(report.lines, mine, shown)
        mine += [one for one in shown if one not in mine and _has_number_of(report, one)]
        left: Counter[str] = Counter()
        if missing:
            made, left = self._fulfill(report, missing)
            mine = [*mine, *made]
        else:
            mine = mine or _taken_over(report, shown)
        for fulfillment in mine:
            self._track(report, fulfillment)
        if left:
            self._explain(report, left)
        return PushResult(",".join(number(one.id) for one in mine))

    # Reading

    def _fulfillments(self, report: ShipmentReport) -> list[Fulfillment]:
        """Those that hold, with their lines; a cancelled one shows nothing to the buyer."""
        variables = {"id": gid("Order", report.order_id)}
        order = self._graph.ask(documents.FULFILLMENTS, variables)["order"]
        if order is None:
            raise Permanent(
                f"order {report.order_number} is no longer at Shopify, or is older than 60 days "
                "and the app lacks the access scope read_all_orders"
            )
        return [self._fulfillment(one) for one in order["fulfillments"] if _holds(one)]

    def _fulfillment(self, record: Json) -> Fulfillment:
        tracking = next(iter(record["trackingInfo"]), None) or {}
        path = ["fulfillment", "fulfillmentLineItems"]
        lines: Counter[str] = Counter()
        for nodes in self._graph.walk(documents.FULFILLMENT_LINES, {"id": record["id"]}, path):
            for node in nodes:
                lines[number(node["lineItem"]["id"])] += int(node["quantity"])
        carrier, code = tracking.get("company"), tracking.get("number")
        return Fulfillment(str(record["id"]), str(carrier or ""), str(code or ""), lines)

    def _places(self, order_id: str) -> list[Place]:
        path = ["order", "fulfillmentOrders"]
        variables = {"id": gid("Order", order_id)}
        return [
            place
            for nodes in self._graph.walk(documents.FULFILLMENT_ORDERS, variables, path)
            for record in nodes
            for place in self._places_of(record)
        ]

    def _places_of(self, record: Json) -> Iterable[Place]:
        actions = {one["action"] for one in record["supportedActions"]}
        location = ((record["assignedLocation"] or {}).get("location") or {}).get("id")
        for line in self._place_lines(record):
            yield Place(
                id=str(line["id"]),
                fulfillment_order=str(record["id"]),
                location=str(location or ""),
                line=number(line["lineItem"]["id"]),
                remaining=int(line["remainingQuantity"]),
                status=str(record["status"]),
                open="CREATE_FULFILLMENT" in actions,
            )

    def _place_lines(self, record: Json) -> list[Json]:
        first: Json = record["lineItems"]
        if not first["pageInfo"]["hasNextPage"]:
            return list(first["nodes"])
        variables, path = {"id": record["id"]}, ["fulfillmentOrder", "lineItems"]
        pages = self._graph.walk(documents.FULFILLMENT_ORDER_LINES, variables, path)
        return [line for page in pages for line in page]

    # Writing

    def _fulfill(
        self, report: ShipmentReport, missing: Counter[str]
    ) -> tuple[list[Fulfillment], Counter[str]]:
        """The fulfillments made, one for each location, and what found no place."""
        left = Counter(missing)
        shares: dict[str, list[tuple[Place, int]]] = defaultdict(list)
        for place in self._places(report.order_id):
            taken = min(left[place.line], place.remaining) if place.open else 0
            if taken > 0:
                shares[place.location].append((place, taken))
                left[place.line] -= taken
        return [self._make(report, share) for share in shares.values()], +left

    def _make(self, report: ShipmentReport, share: Sequence[tuple[Place, int]]) -> Fulfillment:
        lines: dict[str, list[Json]] = defaultdict(list)
        for place, taken in share:
            lines[place.fulfillment_order].append({"id": place.id, "quantity": taken})
        given: Json = {
            "lineItemsByFulfillmentOrder": [
                {"fulfillmentOrderId": one, "fulfillmentOrderLineItems": items}
                for one, items in lines.items()
            ],
            "notifyCustomer": self._notify,
        }
        if report.tracking or report.carrier:
            given["trackingInfo"] = _tracking(report)
        what = f"the shipment of order {report.order_number}"
        payload = self._graph.change(
            documents.FULFILL, {"fulfillment": given}, "fulfillmentCreate", what
        )
        made = payload["fulfillment"]
        if not made:
            raise Transient(f"Shopify did not say what it made of {what}")
        if not _holds(made):
            raise Permanent(f"Shopify shows {what} as {made['status'].lower()}: see the order")
        shipped: Counter[str] = Counter()
        for place, taken in share:
            shipped[place.line] += taken
        return Fulfillment(str(made["id"]), report.carrier, report.tracking, shipped)

    def _track(self, report: ShipmentReport, shown: Fulfillment) -> None:
        carrier = report.carrier or shown.carrier
        same = (carrier.casefold(), report.tracking) == (shown.carrier.casefold(), shown.tracking)
        if not report.tracking or same:
            return
        variables = {"id": shown.id, "tracking": _tracking(report), "notify": self._notify}
        what = f"the tracking number of order {report.order_number}"
        self._graph.change(documents.TRACK, variables, "fulfillmentTrackingInfoUpdate", what)

    def _explain(self, report: ShipmentReport, left: Counter[str]) -> None:
        """What found no place: held back at Shopify, which staff can end, or not there at all."""
        skus = {line.external_id: line.sku or line.external_id for line in report.lines}
        blocked = {
            place.line: place.status.lower().replace("_", " ")
            for place in self._places(report.order_id)
            if place.remaining and place.status in _BLOCKED
        }
        open_lines = self._unfulfilled(report.order_id)
        for line, quantity in left.items():
            what = f"{quantity} x {skus[line]} of order {report.order_number}"
            if line in blocked:
                raise Permanent(
                    f"{what} cannot be shown as shipped: at Shopify they are {blocked[line]}. "
                    "Release them there, then retry"
                )
            if open_lines[line]:
                raise Permanent(
                    f"{what} cannot be shown as shipped: at Shopify they belong to another "
                    "fulfillment service, or the app lacks the access scope "
                    "write_merchant_managed_fulfillment_orders"
                )
            self._log(
                "warning", f"{what} were shipped, but Shopify has them as refunded or cancelled."
            )

    def _unfulfilled(self, order_id: str) -> Counter[str]:
        variables, path = {"id": gid("Order", order_id)}, ["order", "lineItems"]
        quantities: Counter[str] = Counter()
        for nodes in self._graph.walk(documents.UNFULFILLED, variables, path):
            for node in nodes:
                quantities[number(node["id"])] += int(node["unfulfilledQuantity"])
        return quantities


def _has_number_of(report: ShipmentReport, shown: Fulfillment) -> bool:
    """One of ours whose id was lost in a crash, as far as can be told."""
    return bool(report.tracking) and shown.tracking == report.tracking


def _missing(
    lines: Iterable[ReportedLine], mine: Sequence[Fulfillment], shown: Sequence[Fulfillment]
) -> Counter[str]:
    """What Shopify does not show yet, of this shipment and of the line in all.

    `mine`: those known by their ids. The second bound holds where an id was lost, and where staff
    were first.
    """
    of_mine, of_all = _total(mine), _total(shown)
    missing: Counter[str] = Counter()
    for line in lines:
        name = line.external_id
        missing[name] = min(line.quantity - of_mine[name], line.order_quantity - of_all[name])
    return +missing


def _taken_over(report: ShipmentReport, shown: Sequence[Fulfillment]) -> list[Fulfillment]:
    """All is shown as shipped by a fulfillment we do not know: a lost answer, or staff were first.

    One without a tracking number, of goods in this shipment, gets ours.
    """
    ours = {line.external_id for line in report.lines}
    same = [one for one in shown if not one.tracking and ours & set(one.lines)]
    return same[:1]


def _total(fulfillments: Iterable[Fulfillment]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for one in fulfillments:
        total.update(one.lines)
    return total


def _holds(record: Json) -> bool:
    return record["status"] not in _VOID


def _tracking(report: ShipmentReport) -> Json:
    given = {"company": report.carrier, "number": report.tracking}
    return {name: value for name, value in given.items() if value}
