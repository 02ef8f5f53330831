"""What a pretended platform offers so that its connector's claims can be run against it.

`tests/claims/on_NAME.py` makes one for the connector of that id: a context manager `platform()`
that yields a `Platform` with, at least, one order, one product or one shipment on it, as its
connector's capabilities need.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from channels.connectors.base import Connector
from channels.enums import JobType


@dataclass(frozen=True)
class Sent:
    """A delivery as the platform would send it; header names are lower case."""

    headers: dict[str, str]
    body: bytes
    external_id: str


class Platform(Protocol):
    """One pretended platform, freshly filled."""

    def connector(self) -> Connector:
        """The connector with good settings, secrets and a client of HTTP."""

    def ids(self, job_type: JobType) -> Collection[str]:
        """External ids that every way of asking for this pull job must find; at least one."""

    def delivery(self, topic: str) -> Sent:
        """A correctly signed delivery of this topic about something that can be fetched."""

    def push(self, job_type: JobType, connector: Connector) -> None:
        """Do this push or internal job once through the connector's hooks, with plain values."""

    def shows(self, job_type: JobType) -> object:
        """What the platform itself shows of that push, comparable; other after it than before."""
