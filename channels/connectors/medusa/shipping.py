"""Shipments told to Medusa: a fulfillment takes goods out of stock, its shipment sends them off.

Fulfillment and shipment are two calls, and Medusa has no idempotency key: so each fulfillment we
make keeps our key, and what it holds, in its metadata, and everything is read before it is written.
A shipment always sends its whole fulfillment, once; labels cannot be added to it afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from channels.connectors.base import Log, Permanent, PushResult, ShipmentReport, Transient
from channels.connectors.medusa.rest import Json, Rest

KEY, LINES, CARRIER = "omsauto_key", "omsauto_lines", "omsauto_carrier"
FIELDS = "id,status,*items,*items.detail,*fulfillments,*fulfillments.items,*fulfillments.labels"
NO_LINK = "#"
"""What Medusa's own pages send where a label has no address."""


class Shipping:
    """`location`: the stock location goods leave from, "" for the one that Medusa chose."""

    def __init__(self, rest: Rest, location: str, log: Log) -> None:
        self._rest, self._location, self._log = rest, location, log

    def report(self, report: ShipmentReport) -> PushResult:
        order = self._rest.one(f"orders/{report.order_id}", "order", FIELDS)
        if order is None:
            raise Permanent(f"Medusa no longer has order {report.order_number}")
        lines = _lines(order, report)
        shown = report.external_id
        for fulfillment in _own(order, report):
            if not fulfillment["shipped_at"]:
                self._ship(report, fulfillment)
            shown = str(fulfillment["id"])
        missing = _wanted(report) - _held(_own(order, report))
        for part in _parts(lines, missing):
            fulfillment = self._fulfill(report, part)
            self._ship(report, fulfillment)
            missing -= part
            shown = str(fulfillment["id"])
        shown = self._adopt(report, order, missing) or shown
        self._warn_of_tracking(report, order)
        return PushResult(shown or report.order_id)

    def _fulfill(self, report: ShipmentReport, part: Counter[str]) -> Json:
        metadata: Json = {KEY: report.key, LINES: dict(part), CARRIER: report.carrier}
        body: Json = {"items": _items(part), "metadata": metadata}
        if self._location:
            body["location_id"] = self._location
        path = f"orders/{report.order_id}/fulfillments"
        order = _order(self._rest.send(path, body, FIELDS), path)
        made = [one for one in _own(order, report) if not one["shipped_at"]]
        if not made:
            raise Transient("Medusa took a fulfillment but does not show it")
        return made[-1]

    def _ship(self, report: ShipmentReport, fulfillment: Json) -> None:
        body: Json = {"items": _items(_content(fulfillment))}
        if report.tracking:
            body["labels"] = [
                {
                    "tracking_number": report.tracking,
                    "tracking_url": NO_LINK,
                    "label_url": NO_LINK,
                }
            ]
        path = f"orders/{report.order_id}/fulfillments/{fulfillment['id']}/shipments"
        order = _order(self._rest.send(path, body, FIELDS), path)
        if not any(f["id"] == fulfillment["id"] and f["shipped_at"] for f in _live(order)):
            raise Transient("Medusa took a shipment but does not show it as shipped")

    def _adopt(self, report: ShipmentReport, order: Json, missing: Counter[str]) -> str:
        """Send off what the shop's staff has fulfilled by hand, if it is part of this shipment.

        Only where all of a line is fulfilled already: else a repetition, which cannot tell such a
        fulfillment from others, would send more.
        """
        shown = ""
        for fulfillment in _live(order):
            content = _content(fulfillment)
            strange = KEY not in _metadata(fulfillment) and not fulfillment["shipped_at"]
            if strange and content and content <= missing:
                self._ship(report, fulfillment)
                missing -= content
                shown = str(fulfillment["id"])
        if missing:
            skus = {line.external_id: line.sku for line in report.lines}
            what = ", ".join(f"{count} x {skus[line]}" for line, count in missing.items())
            self._log(
                "warning",
                f"Order {report.order_number}: {what} had been fulfilled at Medusa by other means "
                "and was left as it is there. Compare the two if that was not meant.",
            )
        return shown

    def _warn_of_tracking(self, report: ShipmentReport, order: Json) -> None:
        """Of fulfillments that were shipped before this report came."""
        shipped = [one for one in _own(order, report) if one["shipped_at"]]
        if report.tracking and not all(_shows(one, report.tracking) for one in shipped):
            self._log(
                "warning",
                f"Order {report.order_number}: Medusa takes no tracking number for what has been "
                f"marked as shipped; {report.tracking} is not shown there for all of it.",
            )


def _order(answer: Json, path: str) -> Json:
    order = answer.get("order")
    if not isinstance(order, dict):
        raise Transient(f"Medusa's answer on {path} makes no sense: it holds no order")
    return order


def _live(order: Json) -> list[Json]:
    return [one for one in order["fulfillments"] if not one["canceled_at"]]


def _own(order: Json, report: ShipmentReport) -> list[Json]:
    """The fulfillments that are this shipment: by our key, or one by hand that was sent with it."""
    return [
        one
        for one in _live(order)
        if _metadata(one).get(KEY) == report.key
        or (
            KEY not in _metadata(one)
            and (one["id"] == report.external_id or _shows(one, report.tracking))
        )
    ]


def _metadata(fulfillment: Json) -> Mapping[str, Any]:
    return fulfillment.get("metadata") or {}


def _shows(fulfillment: Json, tracking: str) -> bool:
    labels = fulfillment.get("labels") or ()
    return bool(tracking) and any(label["tracking_number"] == tracking for label in labels)


def _content(fulfillment: Json) -> Counter[str]:
    """Pieces by order line. Its items count inventory, of which a kit's line has several."""
    if lines := _metadata(fulfillment).get(LINES):
        return Counter({str(line): int(count) for line, count in lines.items()})
    content: Counter[str] = Counter()
    for item in fulfillment["items"]:
        line = str(item["line_item_id"])
        content[line] = max(content[line], int(Decimal(item["quantity"])))
    return content


def _held(fulfillments: Iterable[Json]) -> Counter[str]:
    held: Counter[str] = Counter()
    for fulfillment in fulfillments:
        held += _content(fulfillment)
    return held


def _wanted(report: ShipmentReport) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for line in report.lines:
        wanted[line.external_id] += line.quantity
    return +wanted


def _lines(order: Json, report: ShipmentReport) -> dict[str, Json]:
    """The order's lines by id; `Permanent` where one of the report is not among them."""
    lines = {str(line["id"]): line for line in order["items"]}
    for line in report.lines:
        if line.quantity and line.external_id not in lines:
            raise Permanent(
                f"order {report.order_number} no longer has the line of {line.sku} at Medusa: "
                "enter this shipment there by hand"
            )
    return lines


def _parts(lines: Mapping[str, Json], missing: Counter[str]) -> list[Counter[str]]:
    """What can still be fulfilled of it; goods to be sent and others never in one fulfillment."""
    parts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for line_id, count in missing.items():
        line = lines[line_id]
        left = Decimal(line["quantity"]) - Decimal(line["detail"]["fulfilled_quantity"])
        if take := min(count, int(left)):
            parts[bool(line["requires_shipping"])][line_id] = max(take, 0)
    return [+part for part in parts.values() if +part]


def _items(content: Counter[str]) -> list[Json]:
    return [{"id": line, "quantity": count} for line, count in content.items()]
