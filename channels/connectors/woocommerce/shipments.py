"""What has shipped, shown on the shop's order.

The shop gets the quantities and the tracking number as a fulfillment where it has them, else as a
note; the order's meta data get the report itself, and an order of which everything has shipped
becomes `completed`. The meta data are written last: they say that the rest is done. Each shipment
has a key of its own there, and a change of meta data leaves other keys alone, so that two
shipments of an order never overwrite each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from channels.connectors.base import Log, Permanent, ReportedLine, ShipmentReport
from channels.connectors.woocommerce import records
from channels.connectors.woocommerce.answers import Json
from channels.connectors.woocommerce.fulfillments import Fulfillments
from channels.connectors.woocommerce.meta import meta, meta_data
from channels.connectors.woocommerce.rest import Rest

PREFIX = "_omsauto_shipment_"
NUMBER, PROVIDER = "_tracking_number", "_tracking_provider"
"""One text for the whole order, where themes and plug-ins look for it."""
NOTES = ("customer", "private", "none")


class Shipments:
    """`note`: who reads of it, one of `NOTES`; "customer" has the shop mail the buyer."""

    def __init__(self, rest: Rest, log: Log, note: str = "customer") -> None:
        self._rest, self._log, self._note = rest, log, note
        self._fulfillments = Fulfillments(rest, notify=note == "customer")

    def report(self, report: ShipmentReport) -> str:
        """The shop's name of the shipment: that of its meta data or fulfillment."""
        _check(report)
        order = self._rest.one(f"orders/{report.order_id}")
        if order is None:
            raise Permanent(f"order {report.order_number} is no longer in the shop")
        entry = _entry(report)
        completes = self._completes(order, report)
        if _is_same(_recorded(order, report.key), entry) and not completes:
            return _name(order, report)
        entry["fulfillment"] = self._fulfillments.show(report) or ""
        if not entry["fulfillment"] and self._note in ("customer", "private"):
            self._write_note(report)
        changed = self._record(order, report, entry, completes)
        return _name(changed, report)

    def _completes(self, order: Json, report: ShipmentReport) -> bool:
        """An order that was completed by an earlier report stays what the shop's staff made of it;
        one that is cancelled there does not come back to life."""
        status = order.get("status")
        if not report.complete or status == "completed":
            return False
        recorded = _recorded(order, report.key)
        if recorded.get("complete") and order.get("date_completed_gmt"):
            return False
        if status in records.CANCELLED:
            self._log(
                "warning",
                f"Order {report.order_number}: it has shipped, but is {status} in the shop; "
                "its status stays.",
            )
            return False
        return True

    def _write_note(self, report: ShipmentReport) -> None:
        """A note is known again by its reference: the shop may change the text around it."""
        path, reference = f"orders/{report.order_id}/notes", _reference(report)
        if any(reference in str(note.get("note")) for note in self._rest.listed(path)):
            return
        note = {"note": _text(report, reference), "customer_note": self._note == "customer"}
        self._rest.create(path, note)

    def _record(self, order: Json, report: ShipmentReport, entry: Json, completes: bool) -> Json:
        tracking = _tracking(order, report)
        values = {PREFIX + report.key: entry, **tracking}
        content: Json = {"meta_data": [{"key": k, "value": v} for k, v in values.items()]}
        if completes:
            content["status"] = "completed"
        changed = self._rest.change(f"orders/{report.order_id}", content)
        if changed is None:
            raise Permanent(f"order {report.order_number} was removed from the shop meanwhile")
        if completes and changed.get("status") != "completed":
            raise Permanent(
                f"order {report.order_number}: the shop keeps it at {changed.get('status')} "
                "instead of completed; a plug-in may forbid it"
            )
        if not _is_same(_recorded(changed, report.key), entry):
            raise Permanent(
                f"order {report.order_number}: the shop does not keep the meta data "
                f"{PREFIX}{report.key}; a plug-in may remove it"
            )
        return changed


def _check(report: ShipmentReport) -> None:
    if not report.order_id.isdigit():
        raise Permanent(f"{report.order_id!r} is no order of this shop")
    if not all(line.external_id.isdigit() for line in report.lines if line.quantity > 0):
        raise Permanent(f"order {report.order_number}: a shipped line has no id of the shop")
    if not any(line.quantity > 0 for line in report.lines):
        raise Permanent(f"order {report.order_number}: a shipment without quantities has not left")


def _entry(report: ShipmentReport) -> Json:
    return {
        "lines": [_line(line) for line in report.lines if line.quantity > 0],
        "carrier": report.carrier,
        "tracking": report.tracking,
        "shipped_at": report.shipped_at.isoformat(),
        "complete": report.complete,
    }


def _line(line: ReportedLine) -> Json:
    return {"line": int(line.external_id), "sku": line.sku, "quantity": line.quantity}


def _recorded(order: Json, key: str) -> Json:
    found = meta(order, PREFIX + key)
    return found if isinstance(found, dict) else {}


def _is_same(recorded: Json, entry: Json) -> bool:
    """What is read back of the record; that of a report that completes more is another one."""
    return all(recorded.get(n) == entry[n] for n in ("lines", "carrier", "tracking", "complete"))


def _tracking(order: Json, report: ShipmentReport) -> dict[str, str]:
    """Of all shipments of the order, in the order of their keys."""
    entries = {
        entry["key"].removeprefix(PREFIX): entry.get("value")
        for entry in meta_data(order)
        if str(entry["key"]).startswith(PREFIX)
    }
    entries[report.key] = {"tracking": report.tracking, "carrier": report.carrier}
    shipped = [entry for _, entry in sorted(entries.items()) if isinstance(entry, dict)]
    joined = {
        NUMBER: _joined(entry.get("tracking") for entry in shipped),
        PROVIDER: _joined(entry.get("carrier") for entry in shipped),
    }
    return {key: text for key, text in joined.items() if text}


def _joined(texts: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(str(text) for text in texts if text))


def _reference(report: ShipmentReport) -> str:
    told = [report.key, report.carrier, report.tracking, [_line(line) for line in report.lines]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:10]


def _text(report: ShipmentReport, reference: str) -> str:
    goods = ", ".join(
        f"{line.quantity} x {line.sku or line.external_id}"
        for line in report.lines
        if line.quantity > 0
    )
    by = f" with {report.carrier}" if report.carrier else ""
    tracking = f", tracking number {report.tracking}" if report.tracking else ""
    return f"Shipped{by}{tracking}: {goods}. Reference {reference}."


def _name(order: Json, report: ShipmentReport) -> str:
    recorded = _recorded(order, report.key)
    if fulfillment := recorded.get("fulfillment"):
        return f"fulfillment/{fulfillment}"
    return f"order/{report.order_id}/{report.key}"
