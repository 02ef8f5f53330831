"""Which row a job shows, where its settings come from, and what its emergency job does.

Pure: facts in, plan out. Save, preview, screen, API and clock all ask `make_plan`, so what is
shown, what is stored and what is acted on cannot differ.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from channels.connectors.base import Capability
from channels.enums import PRODUCT_TYPES, TRAITS, JobType, Kind, Mode, Row, Track

HOUR = 60
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class StableRow:
    """A row of the account's Recurring Jobs tab, minutes."""

    enabled: bool
    period: int | None
    delay: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the rules look at for one job; periods and delays in minutes, None is off.

    `offered`: the Master Product Source lets the channel have this job.
    """

    type: JobType
    capability: Capability | None
    mode: Mode
    track: Track
    channel_enabled: bool
    account_enabled: bool
    offered: bool
    mapping_on: bool
    webhook_delay: int | None
    emergency_period: int | None
    main_period: int | None
    delay: int | None
    stable: StableRow
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Emergency:
    """What the fallback manager wants: on or off, with its period in minutes and the reason."""

    on: bool
    period: int | None
    automatic: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds for a job now. `row` None: the job is not offered and does not run.

    `period` is the effective Main Job Period of a recurring or by-ID row; `offset` moves its
    grid, minutes, positive for later. `suspended`: the channel or the account is disabled.
    `why_off` says in words why `main_on` is false; `note` where the period is not the one set.
    """

    row: Row | None
    from_account: bool
    period: int | None
    offset: int
    webhook_delay: int
    emergency: Emergency
    suspended: bool
    main_on: bool
    note: str = ""
    why_off: str = ""

    @property
    def on_webhook(self) -> bool:
        return self.row == Row.WEBHOOK

    @property
    def listening(self) -> bool:
        """Does an event for this job start it? Webhook row, all enabled, a mapped topic on."""
        return self.on_webhook and self.main_on and not self.suspended


def follows_mode(job_type: JobType, capability: Capability) -> bool:
    """Product and stock imports follow the mode only where the connector gives it a meaning."""
    always = TRAITS[job_type].follows_mode
    return capability.webhook or capability.by_id if always is None else always


def choose_row(facts: Facts) -> Row | None:
    if facts.capability is None or facts.deleted or not facts.offered:
        return None
    if follows_mode(facts.type, facts.capability):
        if facts.mode == Mode.WEBHOOK and facts.capability.webhook:
            return Row.WEBHOOK
        if facts.mode == Mode.RECURRING_BY_ID and facts.capability.by_id:
            return Row.BY_ID
    return Row.RECURRING


def make_plan(facts: Facts) -> Plan:
    row = choose_row(facts)
    suspended = not (facts.channel_enabled and facts.account_enabled)
    if row is None or facts.capability is None:
        why = "the channel is deleted" if facts.deleted else "it is not offered on this channel"
        off = Emergency(False, None, False, why)
        return Plan(None, False, None, 0, 0, off, suspended, main_on=False, why_off=why)
    if row == Row.WEBHOOK:
        why = "" if facts.mapping_on else "no webhook mapping is switched on"
        emergency = choose_emergency(facts, row, None, why)
        delay = facts.webhook_delay or 0
        return Plan(row, False, None, 0, delay, emergency, suspended, not why, why_off=why)
    schedule = _schedule(facts, facts.capability)
    return Plan(
        row=row,
        from_account=facts.track == Track.STABLE,
        period=schedule.period,
        offset=schedule.offset,
        webhook_delay=0,
        emergency=choose_emergency(facts, row, schedule.period, schedule.why_off),
        suspended=suspended,
        main_on=schedule.period is not None,
        note=schedule.note,
        why_off=schedule.why_off,
    )


@dataclass(frozen=True, slots=True)
class _Schedule:
    """Period and offset of a recurring or by-ID row, minutes, with what there is to say of it."""

    period: int | None
    offset: int = 0
    note: str = ""
    why_off: str = ""


def _schedule(facts: Facts, capability: Capability) -> _Schedule:
    """The stored period, or the next longer one that the connector allows, and the delay."""
    stable = facts.stable
    if facts.track == Track.STABLE:
        wanted, delay = stable.period if stable.enabled else None, stable.delay or 0
        off = "its Period is None" if stable.enabled else "it is not enabled"
        off += " on the account's Recurring Jobs tab"
    else:
        wanted, delay = facts.main_period, -(facts.delay or 0)
        off = "its Main Job Period is None"
    if wanted is None:
        return _Schedule(None, why_off=off)
    period = allowed_period(wanted, capability.periods)
    if period is None:
        none = f"this platform allows no period of {say(wanted)} or longer"
        return _Schedule(None, note=none, why_off=none)
    offset = delay if TRAITS[facts.type].delay_on_recurring else 0
    if period == wanted:
        return _Schedule(period, offset)
    note = f"this platform allows no period of {say(wanted)}: it runs each {say(period)}"
    return _Schedule(period, offset, note)


def allowed_period(wanted: int, periods: tuple[int, ...]) -> int | None:
    """The wanted period, or the next longer allowed one; None where there is none."""
    ordered = sorted(periods)
    index = bisect_left(ordered, wanted)
    return ordered[index] if index < len(ordered) else None


def choose_emergency(facts: Facts, row: Row, period: int | None, why_off: str) -> Emergency:
    """The fallback manager's table, read from the top; the first case that fits decides.

    `why_off`: why the main job is off, in words; empty where it is on.
    """
    if facts.capability is None or not follows_mode(facts.type, facts.capability):
        why = "this job type has none: a missed slot is caught up, a failed run retried"
        return Emergency(False, None, False, why)
    if facts.mode == Mode.RECURRING_BY_ID:
        return Emergency(False, None, False, "the mode is Recurring Job By ID")
    if why_off:
        return Emergency(False, None, row != Row.WEBHOOK, f"its main job is off: {why_off}")
    if row == Row.WEBHOOK:
        return _webhook_emergency(facts.emergency_period)
    return _automatic_emergency(period)


def _webhook_emergency(period: int | None) -> Emergency:
    if period is None:
        return Emergency(False, None, False, "its Emergency Job Period is None")
    return Emergency(True, period, False, f"its Emergency Job Period is {say(period)}")


def _automatic_emergency(period: int | None) -> Emergency:
    if period is None:
        return Emergency(False, None, True, "its Main Job Period is None")
    reason = f"automatic, from the Main Job Period of {say(period)}"
    return Emergency(True, automatic_period(period), True, reason)


def automatic_period(period: int) -> int:
    """Three times the main period, 1 hour to 24 hours; 26 hours where the period is a day."""
    if period == DAY:
        return 26 * HOUR
    return min(max(3 * period, HOUR), DAY)


def is_offered(job_type: JobType, source: str, *, is_master: bool, kind: Kind) -> bool:
    """Does the Master Product Source let this channel have this product job?

    The master channel imports and exports nothing; every other channel, and every channel where
    the own catalogue is the source, exports and imports nothing.
    """
    if kind not in TRAITS[job_type].kinds:
        return False
    if job_type not in PRODUCT_TYPES:
        return True
    imports = source != "own" and is_master
    return imports == (job_type == JobType.IMPORT_PRODUCTS)


def say(minutes: int | None) -> str:
    """A duration in words: "8 hours", "1 day", "None"."""
    if minutes is None:
        return "None"
    for unit, size in (("day", DAY), ("hour", HOUR)):
        if minutes % size == 0 and (unit != "day" or minutes == DAY):
            count = minutes // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{minutes} minute" if minutes == 1 else f"{minutes} minutes"
