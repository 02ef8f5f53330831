"""The words of the pages: what a job type does, what a Delay means, choices of durations."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from accounts.models import HistoryEntry
from channels.enums import JobType, Mode, Row
from jobs.plan import say
from oms.sync_inventory import MANUAL, REALTIME, WITH_FULFILLMENT

DOES: dict[JobType, str] = {
    JobType.RECEIVE_ORDERS: "Takes new orders from the channel.",
    JobType.RECEIVE_ORDER_UPDATES: "Takes changes and cancellations of orders.",
    JobType.SEND_ORDER_UPDATES: "Tells the channel what was shipped, with tracking.",
    JobType.SYNC_INVENTORY: "Tells the channel what is in stock.",
    JobType.IMPORT_PRODUCTS: "Takes products from the channel.",
    JobType.EXPORT_PRODUCTS: "Gives products to the channel.",
    JobType.REFRESH_AUTHORIZATION: "Renews access before it expires.",
    JobType.SEND_SHIPMENTS: "Gives shipments that are ready to the warehouse.",
    JobType.RECEIVE_SHIPMENTS: "Takes what the warehouse has shipped.",
    JobType.RECEIVE_INVENTORY: "Takes the warehouse's stock on hand.",
}

MODE, INVENTORY, OTHER = "mode", "inventory", "other"

BLOCKS: dict[str, tuple[JobType, ...]] = {
    MODE: (JobType.RECEIVE_ORDERS, JobType.RECEIVE_ORDER_UPDATES, JobType.RECEIVE_SHIPMENTS),
    INVENTORY: (JobType.SYNC_INVENTORY, JobType.RECEIVE_INVENTORY),
    OTHER: (
        JobType.REFRESH_AUTHORIZATION,
        JobType.IMPORT_PRODUCTS,
        JobType.EXPORT_PRODUCTS,
        JobType.SEND_ORDER_UPDATES,
        JobType.SEND_SHIPMENTS,
    ),
}
"""The sections of a channel's settings that have jobs, with their types in order."""

WEBHOOK_DELAY = "Waits this long after an event; what comes meanwhile is done too. None: at once."
SHIFT = "Moves every run earlier by this long. None: no shift."
EMERGENCY = "Fetches everything itself if nothing proves the webhooks complete for this long."

STOCK_SENT: dict[str, str] = {
    MANUAL: "Only by hand: Inventory is set to Do not synchronize.",
    REALTIME: "Whenever stock changes.",
    WITH_FULFILLMENT: "Whenever a warehouse was synchronized.",
}
"""When a channel is told of stock beside its slots, by its inventory mode."""

Choices = list[tuple[str, str]]


def delay_meaning(row: Row | None) -> str:
    """What the channel's own Delay means on this row."""
    return WEBHOOK_DELAY if row == Row.WEBHOOK else SHIFT


def each(minutes: int | None) -> str:
    """A period as the menus name it: "Each 8 hours", "Each day", "None"."""
    if minutes is None:
        return "None"
    words = say(minutes)
    return f"Each {words.removeprefix('1 ')}" if words[:2] == "1 " else f"Each {words}"


def period_choices(periods: Iterable[int], stored: int | None = None) -> Choices:
    return _choices(periods, stored, each)


def delay_choices(delays: Iterable[int], stored: int | None = None) -> Choices:
    return _choices(delays, stored, say)


def start_delay_choices(delays: Iterable[int], stored: int | None = None) -> Choices:
    """Delays of the Recurring Jobs tab, where the shortest is named as such."""

    def name(minutes: int | None) -> str:
        return f"Minimal {say(minutes)}" if minutes == 5 else say(minutes)

    return _choices(delays, stored, name)


def _choices(
    offered: Iterable[int], stored: int | None, word: Callable[[int | None], str]
) -> Choices:
    """None first; a stored value that is no longer offered stays visible and says so."""
    found = [("", "None"), *((str(value), word(value)) for value in offered)]
    if stored is not None and str(stored) not in dict(found):
        found.append((str(stored), f"{word(stored)} (no longer offered)"))
    return found


_FIELDS = {
    "webhook_delay_minutes": "Delay after a webhook",
    "emergency_period_minutes": "Emergency Job Period",
    "main_period_minutes": "Main Job Period",
    "period_minutes": "Period",
    "delay_minutes": "Delay",
    "deleted_at": "Deleted",
    "spread_minutes": "Spread of starts",
}
_MODES = {mode.value: mode.label for mode in Mode}


def history_lines(entry: HistoryEntry) -> list[str]:
    """ "Receive Orders, Main Job Period: 8 hours (was None)" for each changed field."""
    if not entry.old and entry.new:
        return [f"{entry.subject[:1].upper()}{entry.subject[1:]}"]
    return [
        f"{_field_name(path)}: {_value(path, new)} (was {_value(path, entry.old.get(path))})"
        for path, new in entry.new.items()
    ]


def _field_name(path: str) -> str:
    of, _dot, name = path.rpartition(".")
    said = _FIELDS.get(name, name.replace("_id", "").replace("_", " ").capitalize())
    owner = JobType(of).label if of in JobType else of
    return f"{owner}, {said}" if owner else said


def _value(path: str, value: object) -> str:
    if path.endswith("_minutes") and (value is None or isinstance(value, int)):
        return say(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if path == "mode":
        return _MODES.get(str(value), str(value))
    return "None" if value is None else str(value)
