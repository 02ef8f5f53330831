"""Lists of the shop's API: parameters that are checked, filters, orderings and pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from math import ceil
from typing import Any

from tests.woocommerce.answers import Answer, answer, invalid
from tests.woocommerce.recordings import Json

ORDER_STATUSES = {
    "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed",
    "checkout-draft",
}  # fmt: skip
PRODUCT_STATUSES = {"draft", "pending", "private", "publish"}
WEBHOOK_STATUSES = {"active", "paused", "disabled"}
STATUSES = {
    "orders": {"any", "trash", *ORDER_STATUSES},
    "products": {"any", "future", "trash", *PRODUCT_STATUSES},
    "variations": {"any", "future", "trash", *PRODUCT_STATUSES},
    "webhooks": {"all", *WEBHOOK_STATUSES},
}
HIDDEN = {"trash", "auto-draft"}
ORDERINGS = {"id": "id", "date": "date_created_gmt", "modified": "date_modified_gmt"}
DATES = ("after", "before", "modified_after", "modified_before")


def page_of(kind: str, records: Iterable[Json], params: Json) -> Answer:
    if problem := _problem(kind, params):
        return problem
    found = [record for record in records if _matches(kind, record, params)]
    column = ORDERINGS[params.get("orderby", "date")]
    found.sort(
        key=lambda record: (
            (record.get(column) or "", record["id"]) if column != "id" else record["id"]
        ),
        reverse=params.get("order", "desc") == "desc",
    )
    size, page = int(params.get("per_page", 10)), int(params.get("page", 1))
    counts = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(ceil(len(found) / size))}
    return answer(200, found[(page - 1) * size : page * size], counts)


def _problem(kind: str, params: Json) -> Answer | None:
    size = params.get("per_page", "10")
    if not size.isdigit() or not 1 <= int(size) <= 100:
        limits = "per_page must be between 1 (inclusive) and 100 (inclusive)"
        return invalid("per_page", limits, "rest_out_of_bounds")
    if not params.get("page", "1").isdigit() or int(params.get("page", "1")) < 1:
        return invalid("page", "page must be greater than or equal to 1", "rest_out_of_bounds")
    orderings = {"id", "date"} if kind == "webhooks" else set(ORDERINGS)
    for name, allowed in (("orderby", orderings), ("order", {"asc", "desc"})):
        if params.get(name, min(allowed)) not in allowed:
            return invalid(name, f"{name} is not one of {sorted(allowed)}", "rest_not_in_enum")
    if not set(params.get("status", min(STATUSES[kind])).split(",")) <= STATUSES[kind]:
        return invalid("status", "status[0] is not one of those", "rest_not_in_enum")
    for name in DATES:
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|", params.get(name, "")):
            return invalid(name, "Invalid date.", "rest_invalid_date")
    return None


def _matches(kind: str, record: Json, params: Json) -> bool:
    default = "all" if kind == "webhooks" else "any"
    return (
        _has_status(record.get("status", ""), params.get("status", default).split(","))
        and _is_one_of(str(record["id"]), params.get("include"))
        and _has_sku(record.get("sku") or "", params.get("sku"))
        and _within(record["date_created_gmt"], params.get("after"), params.get("before"))
        and _within(
            record.get("date_modified_gmt") or record["date_created_gmt"],
            params.get("modified_after"),
            params.get("modified_before"),
        )
    )


def _has_status(status: str, wanted: list[str]) -> bool:
    if {"any", "all"} & set(wanted):
        return status not in HIDDEN
    return status in wanted


def _is_one_of(text: str, wanted: str | None) -> bool:
    return wanted is None or text in wanted.split(",")


def _has_sku(sku: str, wanted: str | None) -> bool:
    """One of those split by commas, or the whole text; the database compares without case."""
    if not wanted:
        return True
    return sku.casefold() in {text.casefold() for text in (*wanted.split(","), wanted)}


def _within(moment: Any, after: str | None, before: str | None) -> bool:
    """Whole seconds, strictly on both sides."""
    at = datetime.fromisoformat(moment)
    return (not after or at > datetime.fromisoformat(after)) and (
        not before or at < datetime.fromisoformat(before)
    )
