"""The shape of job logic: what a job does to our records, one record at a time.

The engine (`jobs.execute`) chooses the window, the entities and the transaction; the logic here
applies one record, or pushes one item, and answers with what it did and what should follow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from channels.connectors.base import Connector, Log, Record
from channels.enums import JobType
from channels.models import Channel


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Park(Exception):
    """This record cannot be taken over; the text tells the operator why and what to do."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A job that should run because of what was just done.

    With `entities` it asks for those records by id, without it is a `change` run.
    """

    channel_id: int
    type: JobType
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """`state` is the status of our record afterwards, where the logic says it."""

    outcome: Outcome
    follow_ups: tuple[FollowUp, ...] = field(default=())
    state: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What the logic may know of the run it works for."""

    channel: Channel
    at: datetime
    log: Log


class StockCause(StrEnum):
    """Why what is available of a product changed; a channel's inventory mode asks for it."""

    COUNTED = "counted"  # a fulfillment channel was synchronized, by hand or on its schedule
    IMPORTED = "imported"  # from a file
    ADJUSTED = "adjusted"  # by hand
    ORDERED = "ordered"  # an order was allocated, or gave its stock back


class PullLogic(ABC):
    """Takes records of a platform over into ours. Applying a record twice changes nothing.

    `moves_stock`: why available quantities change where this logic changes them.
    """

    type: ClassVar[JobType]
    moves_stock: ClassVar[StockCause | None] = None

    @abstractmethod
    def apply(self, context: Context, record: Any) -> Applied:
        """Raise `Park` where the record cannot be taken over; called inside a savepoint."""

    @abstractmethod
    def gone(self, context: Context, external_id: str) -> Applied:
        """The platform no longer has the entity."""

    @abstractmethod
    def open_ids(self, channel: Channel, since: datetime) -> Iterator[tuple[int, str]]:
        """Our records that are not final and were made since then, for the by-ID run.

        (primary key, external id), in the order of the keys.
        """


class PushLogic(ABC):
    """Sends our records to a platform, each once."""

    type: ClassVar[JobType]
    moves_stock: ClassVar[StockCause | None] = None

    @abstractmethod
    def due(self, channel: Channel) -> list[int]:
        """Primary keys of what is to be sent, oldest first."""

    def due_by_hand(self, channel: Channel) -> list[int]:
        """The same for a run that an operator asked for."""
        return self.due(channel)

    @abstractmethod
    def push(self, context: Context, connector: Connector, key: int) -> Applied:
        """Send one item; called outside any transaction, must be safe to repeat.

        Raises `Park` where the platform refused this item, connector errors otherwise.
        """

    @abstractmethod
    def describe(self, key: int) -> dict[str, Any]:
        """The item as plain values, for a parked record's payload."""


class BatchPushLogic(PushLogic):
    """Sends many items with one call; what the platform refuses of them is parked one by one."""

    @abstractmethod
    def push_batch(
        self, context: Context, connector: Connector, keys: Sequence[int]
    ) -> dict[int, Applied | Park]:
        """Send at most `connector.stock_batch` items; what became of each, by key.

        Called outside any transaction, must be safe to repeat. Raises connector errors.
        """

    def push(self, context: Context, connector: Connector, key: int) -> Applied:
        result = self.push_batch(context, connector, [key])[key]
        if isinstance(result, Park):
            raise result
        return result


class InternalLogic(ABC):
    """Keeps a channel itself in order; has no records."""

    type: ClassVar[JobType]
    moves_stock: ClassVar[StockCause | None] = None

    @abstractmethod
    def act(self, context: Context, connector: Connector) -> None:
        """Raises connector errors."""


Logic = PullLogic | PushLogic | InternalLogic


def payload_of(record: Record) -> dict[str, Any]:
    """The record as JSON-able values, for a parked record."""
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value if isinstance(value, str | int | float | bool | None) else str(value)
