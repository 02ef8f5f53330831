"""The shapes of a timeline: points, bands and arrows on a line of time.

Places along the line are percentages of its width and so fit every screen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

PAST = 48
"""The line begins this part of its length before now."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a timeline shows: from now for `length`, with a little of what is past."""

    now: datetime
    length: timedelta
    zone: str

    @property
    def start(self) -> datetime:
        return self.now - self.length / PAST

    @property
    def end(self) -> datetime:
        return self.now + self.length

    def percent(self, at: datetime) -> float:
        part = (at - self.start) / (self.end - self.start)
        return min(max(part, 0.0), 1.0) * 100

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the line, with its label; `title` says it in full."""

    percent: float
    label: str = ""
    title: str = ""
    minor: bool = False

    @property
    def x(self) -> str:
        return f"{self.percent:.3f}%"

    @property
    def anchor(self) -> str:
        """Where the label is held, so that it stays inside the drawing."""
        return "start" if self.percent < 4 else "end" if self.percent > 96 else "middle"

    @property
    def right(self) -> bool:
        """Is there room for a label to the right of it?"""
        return self.percent < 60


@dataclass(frozen=True, slots=True)
class Band:
    """Slots too many to draw one by one: from the first to the last."""

    first: Place
    last: Place
    count: int
    label: str

    @property
    def width(self) -> str:
        return f"{self.last.percent - self.first.percent:.3f}%"


@dataclass(frozen=True, slots=True)
class Arrow:
    """From where a slot would be to where its Delay moves it."""

    start: Place
    end: Place

    @property
    def left(self) -> bool:
        return self.end.percent < self.start.percent


@dataclass(frozen=True, slots=True)
class Slots:
    """One or the other, or neither: marks where they can be told apart, else a band."""

    marks: list[Place] = field(default_factory=list)
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class DeadlineMark:
    """`due`: now or later. `pushed`: where a good event now would move it, if that can be seen."""

    due: Place
    pushed: Place | None
    silence: Slots
    degraded: bool
