"""Fulfilments: what a shop is told has been shipped of an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox import checks
from sandbox.exchange import invalid
from sandbox.instants import to_text

Lines = list[dict[str, Any]]


def read(body: Mapping[str, Any], key: str, number: int, at: int) -> dict[str, Any]:
    """A clean fulfilment; its rows name a `line` of the order by id, or a `sku`."""
    return {
        "id": number,
        "key": key,
        "lines": [_row(row) for row in checks.rows(body.get("lines"), "lines")],
        "carrier": checks.text(body.get("carrier", ""), "carrier"),
        "tracking": checks.text(body.get("tracking", ""), "tracking"),
        "created_at": to_text(at),
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = {"line": checks.whole(row["line"], "line", 1)} if "line" in row else {}
    if not one or "sku" in row:
        one["sku"] = checks.filled(row.get("sku"), "sku")
    return {**one, "quantity": checks.whole(row.get("quantity"), "quantity", 1)}


def _named(order_lines: Lines, row: Mapping[str, Any]) -> Lines:
    """The order's lines that a row is about."""
    if "line" in row:
        return [line for line in order_lines if line["id"] == row["line"]]
    return [line for line in order_lines if line["sku"] == row["sku"]]


def hand_out(order_lines: Lines, shipped: Iterable[Mapping[str, Any]]) -> None:
    """Count shipped quantities onto the order's lines, in their order; refused beyond them."""
    for row in shipped:
        left = row["quantity"]
        for line in _named(order_lines, row):
            part = min(left, line["quantity"] - line["fulfilled"])
            line["fulfilled"] += part
            left -= part
        if left:
            name = row.get("sku") or f"line {row['line']}"
            raise invalid(f"{left} of {name} more than the order still has open.")


def take_back(order_lines: Lines, shipped: Iterable[Mapping[str, Any]]) -> None:
    """The reverse, before a fulfilment is replaced."""
    for row in shipped:
        left = row["quantity"]
        for line in reversed(_named(order_lines, row)):
            part = min(left, line["fulfilled"])
            line["fulfilled"] -= part
            left -= part


def status(order_lines: Lines) -> str:
    """Of an order of which something was fulfilled."""
    whole = all(line["fulfilled"] == line["quantity"] for line in order_lines)
    return "fulfilled" if whole else "partly_fulfilled"
