"""The geometry of a timeline: where on a line the slots and deadlines of jobs lie.

Any list of outlooks can be drawn, each beside the one that it replaces. Along the line places are
percentages, heights are pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.forecast import DAY, Deadline, Outlook
from jobs.models import EmergencyState
from jobs.pages import timeline_words as words
from jobs.pages.timeline_shapes import Arrow, Band, DeadlineMark, Place, Slots, Span
from jobs.timetable import Grid, ZoneChange, slots_between, zone_changes

SINGLE = 50
"""More slots than these are drawn as a band."""
ON_A_PHONE = 6
"""How many labels find room on the narrowest line."""
NEAR = 1.8
"""Percent of the line below which two marks cannot be told apart."""


@dataclass(frozen=True)
class Lane:
    """One job on the timeline. `due`: when its emergency job is, in words, however far that is.

    `was`: its slots as they are saved, where that differs.
    """

    outlook: Outlook
    label: str
    channel: str
    slots: Slots
    arrows: list[Arrow]
    deadline: DeadlineMark | None
    due: str
    was: Slots | None
    was_words: str
    notes: list[str]
    zone: str

    @property
    def anchor_id(self) -> str:
        return f"{self.outlook.job.channel_id}-{self.outlook.job.type}"

    @property
    def words(self) -> str:
        return words.when(self.outlook)

    @property
    def on_event(self) -> bool:
        return self.outlook.plan.listening

    @property
    def idle(self) -> bool:
        """Is there nothing to draw?"""
        slots, was = self.slots, self.was or Slots()
        drawn = [slots.marks, slots.band, was.marks, was.band, self.deadline]
        return not self.on_event and not any(drawn)

    @property
    def state(self) -> str:
        return "" if self.outlook.state == EmergencyState.OFF else self.outlook.state

    @property
    def listed(self) -> str:
        return words.listed_slots(self.outlook, self.zone)

    @property
    def described(self) -> str:
        """The drawing in words."""
        due = f"Emergency job {self.state}, due {self.due}." if self.due else ""
        told = [f"{self.words}.", f"Slots: {self.listed}.", due, *self.notes]
        if self.was_words:
            told.append(f"Saved: {self.was_words}.")
        return " ".join(text for text in told if text)

    # Heights, pixels from the top of the lane's drawing.

    @property
    def deadline_y(self) -> int:
        return 66 if self.arrows else 52

    @property
    def was_y(self) -> int:
        return self.deadline_y + (20 if self.deadline else -6)

    @property
    def height(self) -> int:
        if self.was is not None:
            return self.was_y + 24
        return self.deadline_y + (12 if self.deadline else -10)


@dataclass(frozen=True)
class Timeline:
    span: Span
    lanes: list[Lane]
    ticks: list[Place]
    days: list[Place]
    jumps: list[Place]

    @property
    def now(self) -> Place:
        return Place(self.span.percent(self.span.now), f"{self.span.local(self.span.now):%H:%M}")

    @property
    def offset(self) -> str:
        """ "CET, UTC+01:00"."""
        local = self.span.local(self.span.now)
        return f"{local:%Z}, UTC{local.replace(microsecond=0).isoformat()[-6:]}"

    @property
    def kinds(self) -> dict[str, bool]:
        """Which signs occur, for the legend."""
        due = [lane.deadline for lane in self.lanes if lane.deadline]
        return {
            "slot": any(lane.slots.marks for lane in self.lanes),
            "band": any(lane.slots.band for lane in self.lanes),
            "arrow": any(lane.arrows for lane in self.lanes),
            "armed": any(not mark.degraded for mark in due),
            "degraded": any(mark.degraded for mark in due),
            "silence": any(mark.silence.marks or mark.silence.band for mark in due),
            "pushed": any(mark.pushed for mark in due),
            "was": any(lane.was for lane in self.lanes),
        }


def draw(pairs: Sequence[tuple[Outlook, Outlook | None]], span: Span, names: Names) -> Timeline:
    """Each outlook beside the saved one that it replaces; None where nothing changes."""
    ticks, days = _ticks(span)
    jumps = [_jump(change, span) for change in zone_changes(span.zone, span.start, span.end)]
    lanes = [_lane(new, old, span, names) for new, old in pairs]
    return Timeline(span, lanes, ticks, days, jumps)


def _jump(change: ZoneChange, span: Span) -> Place:
    at = words.exact(change.at, span.zone)
    return Place(span.percent(change.at), words.change_words(change), at)


Names = dict[int, str]
"""The names of channels by id, shown on each lane; empty where all are of one channel."""


def _lane(new: Outlook, old: Outlook | None, span: Span, names: Names) -> Lane:
    grid = new.grid
    notes = [words.delay_effect(grid), words.spread_effect(new), words.deadline_effect(new)]
    notes += [words.bend_words(bend, grid) for bend in new.bends if grid]
    return Lane(
        outlook=new,
        label=new.job.get_type_display(),
        channel=names.get(new.job.channel_id, ""),
        slots=place_slots(new.slots, span),
        arrows=_arrows(new, span),
        deadline=_deadline(new.deadline, new.state, span),
        due=_due(new.deadline, span),
        was=place_slots(old.slots, span) if old else None,
        was_words=words.uncapitalized(words.when(old)) if old else "",
        notes=[note for note in notes if note],
        zone=span.zone,
    )


def place_slots(slots: Sequence[datetime], span: Span) -> Slots:
    """Marks for a few slots, one band for many."""
    if len(slots) <= SINGLE:
        return Slots([_place(slot, span, at, len(slots)) for at, slot in enumerate(slots)])
    first, last = (_place(slot, span) for slot in (slots[0], slots[-1]))
    return Slots(band=Band(first, last, len(slots), f"{len(slots)} slots"))


def _place(at: datetime, span: Span, index: int = 0, of: int = 1) -> Place:
    """Of a few, each has its label; of more than will go on a phone, every other one is minor."""
    label = f"{span.local(at):%H:%M}" if of <= words.LISTED else ""
    minor = of > ON_A_PHONE and index % 2 == 1
    return Place(span.percent(at), label, words.exact(at, span.zone), minor)


def _arrows(outlook: Outlook, span: Span) -> list[Arrow]:
    """Of few slots that are moved far enough for it to be seen."""
    if len(outlook.moved) > words.LISTED:
        return []
    found = [
        Arrow(_place(moved.nominal, span, index, len(outlook.moved)), _place(moved.to, span))
        for index, moved in enumerate(outlook.moved)
        if span.start <= moved.nominal < span.end
    ]
    return [arrow for arrow in found if abs(arrow.start.percent - arrow.end.percent) >= NEAR]


def _deadline(deadline: Deadline | None, state: str, span: Span) -> DeadlineMark | None:
    if deadline is None or deadline.at >= span.end:
        return None
    at = max(deadline.at, span.now)
    due = Place(
        span.percent(at),
        "now" if deadline.at <= span.now else f"{span.local(at):%H:%M}",
        words.exact(deadline.at, span.zone),
    )
    pushed = _place(deadline.if_proven_now, span)
    far = deadline.moves and deadline.if_proven_now < span.end
    return DeadlineMark(
        due,
        pushed if far and pushed.percent - due.percent >= NEAR else None,
        place_slots(deadline.in_silence[1:], span),
        state == EmergencyState.DEGRADED,
    )


def _due(deadline: Deadline | None, span: Span) -> str:
    if deadline is None:
        return ""
    return "now" if deadline.at <= span.now else words.exact(deadline.at, span.zone)


def _ticks(span: Span) -> tuple[list[Place], list[Place]]:
    """Hours of the day (without words on a long line), and where each day begins."""
    days = [
        Place(span.percent(at), _day(at, span))
        for at in slots_between(Grid(1440, 0, span.zone), span.start, span.end)
    ]
    if not days or days[0].percent > 18:
        days.insert(0, Place(0.0, _day(span.start, span)))
    long = span.length > DAY
    ticks = [
        Place(
            span.percent(at),
            "" if long else f"{span.local(at):%H:%M}",
            minor=bool(span.local(at).hour % 6),
        )
        for at in slots_between(Grid(720 if long else 180, 0, span.zone), span.start, span.end)
    ]
    return ticks, days


def _day(at: datetime, span: Span) -> str:
    """The name of a day, where there is room for it before the line's end."""
    if span.percent(at) > 92:
        return ""
    local = span.local(at)
    day = f"{local:%a} {local.day}"
    return day if span.length > DAY else f"{day} {local:%b}"
