"""Who is simulated: accounts with their channels and jobs, drawn from a mix by a seed. Pure.

Settings are drawn, and what holds for a job is asked of the product's own rules (`Facts` in,
`Plan` out), with what the connectors really claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import TypeVar

from channels.connectors.base import Capability
from channels.connectors.registry import CONNECTORS
from channels.enums import DEFAULT_EMERGENCY_PERIOD, JobType, Kind, Mode, Track
from jobs.plan import Facts, Plan, StableRow, allowed_period, is_offered, make_plan
from jobs.timetable import Grid

Drawn = TypeVar("Drawn")
Weights = Mapping[Drawn, float]

PERIODS: dict[JobType, Weights[int | None]] = {
    JobType.RECEIVE_ORDERS: {5: 1, 10: 1, 15: 3, 30: 2, 60: 2, 240: 0.5, 480: 0.5},
    JobType.RECEIVE_ORDER_UPDATES: {15: 2, 30: 3, 60: 3, 120: 1, None: 1},
    JobType.SEND_ORDER_UPDATES: {15: 2, 30: 3, 60: 3, 240: 1, None: 1},
    JobType.SYNC_INVENTORY: {15: 1, 30: 2, 60: 3, 240: 2, 1440: 1, None: 1},
    JobType.IMPORT_PRODUCTS: {240: 1, 1440: 2, None: 1},
    JobType.EXPORT_PRODUCTS: {60: 1, 240: 1, 1440: 3, None: 3},
    JobType.REFRESH_AUTHORIZATION: {360: 1, 720: 2, 1440: 2, None: 1},
    JobType.SEND_SHIPMENTS: {5: 1, 10: 1, 15: 3, 30: 2, 60: 2},
    JobType.RECEIVE_SHIPMENTS: {15: 2, 30: 3, 60: 3, 240: 1},
    JobType.RECEIVE_INVENTORY: {30: 1, 60: 3, 240: 2, 1440: 2},
}
"""Main Job Periods, minutes: orders and shipments often, products rarely."""
CHANGES_PER_ORDER: dict[JobType, float] = {
    JobType.RECEIVE_ORDERS: 1,
    JobType.RECEIVE_ORDER_UPDATES: 2,
    JobType.SEND_ORDER_UPDATES: 1,
    JobType.SYNC_INVENTORY: 2,
    JobType.IMPORT_PRODUCTS: 0.5,
    JobType.EXPORT_PRODUCTS: 0.1,
    JobType.REFRESH_AUTHORIZATION: 0,
    JobType.SEND_SHIPMENTS: 1,
    JobType.RECEIVE_SHIPMENTS: 1,
    JobType.RECEIVE_INVENTORY: 2,
}
"""Records that change for each order of a channel."""

_PLACES = {kind: place for place, kind in enumerate(JobType)}


@dataclass(frozen=True)
class Mix:
    """The shares of everything that is drawn; periods and delays in minutes.

    `orders_a_day` is the median of a channel, `orders_spread` the sigma of its logarithm: a few
    channels sell most.
    """

    zones: Weights[str] = field(
        default_factory=lambda: {
            "Europe/Berlin": 4,
            "Europe/London": 2,
            "America/New_York": 3,
            "America/Los_Angeles": 2,
            "Asia/Kolkata": 1,
            "Asia/Tokyo": 1,
            "Australia/Sydney": 1,
        }
    )
    connectors: Weights[str] = field(
        default_factory=lambda: {
            "shopify": 4,
            "woocommerce": 4,
            "medusa": 1,
            "http": 1,
            "shipengine": 3,
            "tryton": 2,
            "http_warehouse": 2,
        }
    )
    modes: Weights[Mode] = field(
        default_factory=lambda: {Mode.WEBHOOK: 6, Mode.RECURRING: 3, Mode.RECURRING_BY_ID: 1}
    )
    tracks: Weights[Track] = field(default_factory=lambda: {Track.STABLE: 6, Track.BETA: 4})
    periods: Mapping[JobType, Weights[int | None]] = field(default_factory=lambda: PERIODS)
    delays: Weights[int | None] = field(default_factory=lambda: {None: 7, 5: 2, 30: 1})
    webhook_delays: Weights[int | None] = field(
        default_factory=lambda: {None: 6, 1: 1, 5: 2, 15: 1}
    )
    emergency_periods: Weights[int | None] = field(
        default_factory=lambda: {DEFAULT_EMERGENCY_PERIOD: 6, 15: 1, 240: 2, 1440: 1}
    )
    channels_of_account: Weights[int] = field(
        default_factory=lambda: {1: 1, 2: 3, 3: 3, 4: 2, 6: 1, 12: 0.5, 40: 0.1}
    )
    orders_a_day: float = 20
    orders_spread: float = 1.2


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job as it stands; `changes` records of its kind change each day."""

    type: JobType
    plan: Plan
    grid: Grid | None
    changes: float
    safety: float


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    number: int
    connector: str
    zone: str
    jobs: tuple[JobSpec, ...]

    def job_id(self, job: JobSpec) -> int:
        """A number of its own, as a database gives each job one."""
        return self.number * len(JobType) + _PLACES[job.type]


@dataclass(frozen=True, slots=True)
class _Account:
    zone: str
    stable: Mapping[JobType, StableRow]


@dataclass(frozen=True, slots=True)
class _Channel:
    account: _Account
    connector: str
    mode: Mode
    track: Track
    orders: float


def draw_crowd(channels: int, seed: int, mix: Mix | None = None) -> Iterator[ChannelSpec]:
    """So many channels, account by account; one seed, one crowd."""
    mix, random, number = mix or Mix(), Random(f"crowd {seed}"), 0  # noqa: S311 - nothing to guess
    while number < channels:
        account = _draw_account(random, mix)
        size = min(_draw(random, mix.channels_of_account), channels - number)
        for place in range(size):
            yield _draw_channel(random, mix, account, number + place, place)
        number += size


def _draw_account(random: Random, mix: Mix) -> _Account:
    zone = _draw(random, mix.zones)
    return _Account(zone, {kind: _draw_stable_row(random, mix, kind) for kind in JobType})


def _draw_stable_row(random: Random, mix: Mix, kind: JobType) -> StableRow:
    period = _draw(random, mix.periods[kind])
    return StableRow(period is not None, period, _draw_delay(random, mix, period))


def _draw_delay(random: Random, mix: Mix, period: int | None) -> int | None:
    """A delay is always shorter than its period."""
    delay = _draw(random, mix.delays)
    return delay if period and delay and delay < period else None


def _draw_channel(
    random: Random, mix: Mix, account: _Account, number: int, place: int
) -> ChannelSpec:
    """An account's first channel sells, its second ships, of the others most sell."""
    sells = place == 0 or (place > 1 and random.random() < 0.7)
    connector = _draw(random, _of_kind(mix, Kind.SALES if sells else Kind.FULFILLMENT))
    channel = _Channel(
        account,
        connector,
        mode=_draw_mode(random, mix, connector),
        track=_draw(random, mix.tracks),
        orders=random.lognormvariate(0, mix.orders_spread) * mix.orders_a_day,
    )
    drawn = [_draw_job(random, mix, channel, each) for each in CONNECTORS[connector].capabilities]
    jobs = tuple(job for job in drawn if job is not None)
    return ChannelSpec(number, connector, account.zone, jobs)


def _draw_mode(random: Random, mix: Mix, connector: str) -> Mode:
    """A mode that at least one job type of the connector supports."""
    mode, jobs = _draw(random, mix.modes), CONNECTORS[connector].capabilities
    supported = {
        Mode.WEBHOOK: any(job.webhook for job in jobs),
        Mode.RECURRING_BY_ID: any(job.by_id for job in jobs),
    }
    return mode if supported.get(mode, True) else Mode.RECURRING


def _draw_job(
    random: Random, mix: Mix, channel: _Channel, capability: Capability
) -> JobSpec | None:
    """None for a job that is off or not offered; its settings are drawn all the same."""
    facts = _draw_facts(random, mix, channel, capability)
    plan = _plan(facts)
    if not plan.main_on:
        return None
    zone = channel.account.zone
    grid = None if plan.period is None else _grid(plan.period, plan.offset, zone)
    changes = CHANGES_PER_ORDER[facts.type] * channel.orders
    return JobSpec(facts.type, plan, grid, changes, capability.safety.total_seconds())


def _draw_facts(random: Random, mix: Mix, channel: _Channel, capability: Capability) -> Facts:
    job_type, kind = capability.type, CONNECTORS[channel.connector].kind
    wanted = _draw(random, mix.periods[job_type])
    # An operator chooses among what the connector allows.
    period = allowed_period(wanted, capability.periods) if wanted else None
    return Facts(
        type=job_type,
        capability=capability,
        mode=channel.mode,
        track=channel.track,
        channel_enabled=True,
        account_enabled=True,
        offered=is_offered(job_type, "own", is_master=False, kind=kind),
        mapping_on=True,
        webhook_delay=_draw(random, mix.webhook_delays),
        emergency_period=_draw(random, mix.emergency_periods),
        main_period=period,
        delay=_draw_delay(random, mix, period),
        stable=channel.account.stable[job_type],
    )


_plan = cache(make_plan)
_grid = cache(Grid)


def _of_kind(mix: Mix, kind: Kind) -> Weights[str]:
    return {
        name: weight for name, weight in mix.connectors.items() if CONNECTORS[name].kind == kind
    }


def _draw(random: Random, weights: Weights[Drawn]) -> Drawn:
    return random.choices([*weights], [*weights.values()])[0]
