"""Meta data: what the shop keeps for others beside a record's own fields, as key and value."""

from __future__ import annotations

from typing import Any

from channels.connectors.woocommerce.answers import Json


def meta_data(record: Json) -> list[Json]:
    listed = record.get("meta_data")
    if not isinstance(listed, list):
        return []
    return [entry for entry in listed if isinstance(entry, dict) and "key" in entry]


def meta(record: Json, key: str) -> Any:
    """The value under a key, None where there is none."""
    return next((entry.get("value") for entry in meta_data(record) if entry["key"] == key), None)
