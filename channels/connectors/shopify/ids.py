"""Numbers and global ids: outside, a record is known by its number, as in Shopify's addresses."""

from __future__ import annotations

from datetime import UTC, datetime


def gid(kind: str, number: str) -> str:
    return f"gid://shopify/{kind}/{number}"


def number(global_id: str) -> str:
    """The number of `gid://shopify/Kind/123`; raises `ValueError` for anything else."""
    found = global_id.partition("?")[0].rpartition("/")[2]
    if not (found.isascii() and found.isdigit()):
        raise ValueError(f"{global_id!r} is not an id of Shopify")
    return found


def moment(text: str) -> datetime:
    """An instant of the API, always with its zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return found.astimezone(UTC)
