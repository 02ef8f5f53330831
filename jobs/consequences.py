"""What a change of settings does to the jobs, in sentences an operator reads before Save. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from channels.enums import JobType, Mode, Row
from jobs.plan import Emergency, Plan, say
from jobs.spread import widest


@dataclass(frozen=True, slots=True)
class Consequence:
    """`what` is one of the API's words; `channel` and `type` say which job it happens to."""

    channel: int
    type: str
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class View:
    """One job before or after a change. `mode` and `zone` are those its plan was made with.

    `spread`: within how many minutes the account spreads starts, None not at all.
    """

    plan: Plan
    mode: Mode
    zone: str
    spread: int | None = None


def compare(channel: int, job_type: JobType, old: View, new: View) -> Iterator[Consequence]:
    """Every consequence for one job, in the order an operator wants to read them."""
    for what, sentence in _changes(old, new):
        yield Consequence(channel, job_type, what, f"{job_type.label}: {sentence}.")


NAMED = 3
"""So many channels a sentence names; of more it tells how many."""


def together(found: Iterable[Consequence], names: Mapping[int, str]) -> list[Consequence]:
    """What happens to several channels alike, said once, with their names (by id) at the end."""
    alike: dict[tuple[str, str, str], list[Consequence]] = {}
    for one in found:
        alike.setdefault((one.type, one.what, one.sentence), []).append(one)
    return [
        replace(ones[0], sentence=f"{ones[0].sentence} {_on([names[one.channel] for one in ones])}")
        for ones in alike.values()
    ]


def _on(names: list[str]) -> str:
    shown = names[:NAMED] if len(names) > NAMED + 1 else names
    more = len(names) - len(shown)
    said = [*shown, *([f"{more} other channels"] if more else [])]
    return f"On {', '.join(said)}."


def _changes(old: View, new: View) -> Iterator[tuple[str, str]]:
    if (old.plan.row is None) != (new.plan.row is None):
        yield _offered(new.plan)
    yield from _main(old, new)
    yield from _spread(old, new)
    yield from _emergency(old, new)
    if new.plan.row is not None and old.plan.suspended != new.plan.suspended:
        yield from _suspension(old.plan, new.plan)


def _offered(plan: Plan) -> tuple[str, str]:
    if plan.row is None:
        return "withdrawn", f"it will be withdrawn, because {plan.why_off}; its settings are kept"
    return "offered", "it will be offered on this channel again, with the settings it had"


def _suspension(was: Plan, now: Plan) -> Iterator[tuple[str, str]]:
    """Only for a job that has something to suspend or to resume."""
    if not (now.main_on or now.emergency.on):
        return
    if now.suspended:
        yield "suspended", "it will be suspended; its settings are kept"
        return
    at_once = was.emergency.on and now.emergency.on
    also = "; its emergency job runs once at once" if at_once else ""
    yield "resumed", f"it will run again with its settings{also}"


def _main(old: View, new: View) -> Iterator[tuple[str, str]]:
    was, now = old.plan, new.plan
    if now.main_on and not was.main_on:
        yield "main_started", f"its main job will start, {_when(new)}{_later(now)}"
    elif was.main_on and not now.main_on:
        yield "main_stopped", f"its main job will stop, because {now.why_off}"
    elif now.main_on and _schedule(old) != _schedule(new):
        moved = f"its main job will run {_when(new)} instead of {_when(old)}"
        yield "main_moved", moved + _later(now)


def _spread(old: View, new: View) -> Iterator[tuple[str, str]]:
    """Of a job that goes on with slots; the spread that one comes with is no move."""
    plan = new.plan
    was, now = widest(old.spread, plan.period), widest(new.spread, plan.period)
    if was == now or old.plan.period is None:
        return
    moved = f"its runs will start {_within(now)}"
    if was and now:
        moved += f" instead of up to {say(was)}"
    yield "main_moved", moved + _later(plan)


def _within(minutes: int) -> str:
    return f"up to {say(minutes)} after their slots" if minutes else "at their slots again"


def _later(plan: Plan) -> str:
    """What is switched on while the channel or the account is disabled waits for it."""
    return ", once it is no longer disabled" if plan.suspended else ""


def _schedule(view: View) -> tuple[object, ...]:
    plan = view.plan
    if plan.on_webhook:
        return (plan.row, plan.webhook_delay)
    return (plan.row, plan.period, plan.offset, view.zone)


def _when(view: View) -> str:
    plan = view.plan
    if plan.on_webhook:
        delay = plan.webhook_delay
        return f"{say(delay)} after a webhook" if delay else "at once on each webhook"
    words = f"each {say(plan.period).removeprefix('1 ')}"
    if plan.offset:
        moved = "later" if plan.offset > 0 else "earlier"
        words += f", {say(abs(plan.offset))} {moved}"
    by_id = ", by ID" if plan.row == Row.BY_ID else ""
    note = f"; {plan.note}" if plan.note else ""
    return f"{words}{by_id} ({view.zone}{note})"


def _emergency(old: View, new: View) -> Iterator[tuple[str, str]]:
    was, now = old.plan.emergency, new.plan.emergency
    if now.on and not was.on:
        on = f"its emergency job will be switched on, {_period(now)}"
        yield "emergency_on", on + _later(new.plan)
    elif was.on and not now.on:
        yield "emergency_off", f"its emergency job will be switched off, because {_reason(new)}"
    elif now.on and (was.period, was.automatic) != (now.period, now.automatic):
        change = f"its emergency job will change from {_period(was)} to {_period(now)}"
        yield "emergency_changed", change + _later(new.plan)


def _reason(view: View) -> str:
    if view.mode == Mode.RECURRING_BY_ID and view.plan.row is not None:
        return "the mode becomes Recurring Job By ID"
    return view.plan.emergency.reason


def _period(emergency: Emergency) -> str:
    kind = " (automatic)" if emergency.automatic else ""
    return f"period {say(emergency.period)}{kind}"
