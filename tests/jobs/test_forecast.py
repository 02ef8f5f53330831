"""What is told of the time to come is what the engine will do, saved or not saved yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from channels.connectors.base import RateLimit
from channels.connectors.registry import CONNECTORS
from channels.enums import MAIN_PERIODS, RECURRING_DELAYS, JobType, Mode
from channels.models import Channel
from jobs import configure
from jobs.change import Change, put
from jobs.fallback import record_evidence, refresh_due
from jobs.forecast import (
    LOOKED_AT,
    Forecast,
    Outlook,
    forecast,
    moved_slots,
    outlook,
    outlooks,
    reads_of,
)
from jobs.models import EmergencyState, Job, RunStatus
from jobs.timetable import Grid, next_slot, previous_slot, slots_between, zone_changes
from jobs.world import World, load_world
from tests import builders
from tests.brand import BrandState, connect
from tests.builders import NOW

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
]
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.one_of(
    st.builds(lambda minutes: YEAR + MINUTE * minutes, st.integers(0, 365 * 1440)),
    st.builds(
        lambda at, minutes: at + MINUTE * minutes,
        st.sampled_from(CHANGES),
        st.integers(-30 * 60, 5 * 60),
    ),
)


@st.composite
def settings(draw: st.DrawFn) -> tuple[int, int | None]:
    """(period, delay) as the form allows them."""
    period = draw(st.sampled_from(MAIN_PERIODS))
    delays = [delay for delay in RECURRING_DELAYS if delay < period]
    return period, draw(st.sampled_from([None, *delays]))


def world_of(zone: str, period: int, delay: int | None) -> tuple[World, Job]:
    """One beta channel with one job, in memory alone."""
    account = Account(pk=1, timezone=zone)
    channel = Channel(
        pk=1, account=account, connector="sandbox_shop", kind="sales", track="beta",
        mode=Mode.RECURRING, enabled=True,
    )  # fmt: skip
    job = Job(
        channel=channel, type="receive_orders", proven_until=NOW, main_period_minutes=period,
        delay_minutes=delay,
    )  # fmt: skip
    return World(account, {1: channel}, {(1, job.type): job}, {}, {}), job


@given(settings(), st.sampled_from(ZONES), moments)
def test_the_slots_told_are_those_of_the_grid(
    chosen: tuple[int, int | None], zone: str, at: datetime
) -> None:
    world, job = world_of(zone, *chosen)
    found = outlook(world, job, at, at + DAY, set())
    grid = Grid(chosen[0], -(chosen[1] or 0), zone)
    assert found.slots == slots_between(grid, at, at + DAY)
    assert [moved.to for moved in found.moved] == (found.slots if chosen[1] else [])


@given(settings(), st.sampled_from(ZONES), moments, st.booleans())
def test_each_moved_slot_is_beside_its_place_on_the_plain_grid(
    chosen: tuple[int, int | None], zone: str, at: datetime, later: bool
) -> None:
    period, delay = chosen[0], chosen[1] or 0
    plain = Grid(period, 0, zone)
    for moved in moved_slots(Grid(period, delay if later else -delay, zone), at, at + DAY):
        assert previous_slot(plain, moved.nominal) == moved.nominal
        assert (moved.nominal <= moved.to) if later else (moved.nominal > moved.to)
        if not zone_changes(zone, moved.to - DAY, moved.to + DAY):
            assert abs(moved.nominal - moved.to) == MINUTE * delay


def test_the_guides_example_of_a_shift() -> None:
    grid = Grid(480, -60, "UTC")
    found = [(f"{m.nominal:%H:%M}", f"{m.to:%H:%M}") for m in moved_slots(grid, NOW, NOW + DAY)]
    assert found == [("16:00", "15:00"), ("00:00", "23:00"), ("08:00", "07:00")]


@pytest.fixture
def state(db: None) -> BrandState:
    account = builders.account(timezone="Europe/Berlin")
    return BrandState(account, connect(account), connect(account, "fulfillment"))


def save(state: BrandState, mode: str = "", at: datetime = NOW, **jobs: dict[str, Any]) -> None:
    shop = state.shop.pk
    change = Change(
        channels={shop: {"mode": mode}} if mode else {},
        jobs={(shop, job_type): values for job_type, values in jobs.items()},
    )
    configure.apply(state.account, change, at)
    state.shop.refresh_from_db()


def look(state: BrandState, change: Change | None = None, at: datetime = NOW) -> Outlook:
    """At Receive Orders of the shop, for a day."""
    world = load_world(state.account, [state.shop])
    new = put(world, change) if change else world
    return outlook(new, new.jobs[state.shop.pk, "receive_orders"], at, at + DAY, set())


def test_the_deadline_is_the_one_that_is_stored(state: BrandState) -> None:
    save(state, "webhook", receive_orders={"webhook_delay_minutes": 5})
    found = look(state).deadline
    job = state.job()
    assert found is not None
    assert (found.at, found.reason) == (job.emergency_due_at, job.emergency_due_reason)


def test_a_good_event_moves_the_deadline_by_delay_and_period(state: BrandState) -> None:
    save(state, "webhook", receive_orders={"webhook_delay_minutes": 5})
    Job.objects.filter(channel=state.shop).update(proven_until=NOW - HOUR / 2)
    found = look(state).deadline
    assert found is not None
    assert found.moves
    assert found.if_proven_now == NOW + HOUR + 5 * MINUTE
    assert found.at == NOW + HOUR / 2 + 5 * MINUTE


def test_in_silence_it_runs_each_period_until_the_end(state: BrandState) -> None:
    save(state, "webhook", receive_orders={"emergency_period_minutes": 360})
    Job.objects.filter(channel=state.shop).update(proven_until=NOW - HOUR)
    found = look(state).deadline
    assert found is not None
    assert [at - NOW for at in found.in_silence] == [5 * HOUR, 11 * HOUR, 17 * HOUR, 23 * HOUR]


def test_events_do_not_move_a_degraded_job(state: BrandState) -> None:
    save(state, "webhook")
    job = state.job()
    record_evidence(job, NOW, "three rejected signatures in a row")
    job.evidence_at, job.emergency_started_at = None, NOW - HOUR / 4
    refresh_due(job)
    job.save()
    found = look(state)
    assert found.state == EmergencyState.DEGRADED
    assert found.deadline is not None
    assert found.deadline.at == NOW + HOUR * 3 / 4
    assert not found.deadline.moves


def test_an_unsaved_mode_shows_the_deadline_that_saving_would_set(state: BrandState) -> None:
    change = Change(channels={state.shop.pk: {"mode": "webhook"}})
    told = look(state, change)
    configure.apply(state.account, change, NOW)
    assert told.deadline is not None
    assert (told.deadline.at, told.state) == (state.job().emergency_due_at, "armed")


def test_enabling_again_shows_the_run_that_is_due_at_once(state: BrandState) -> None:
    save(state, "webhook")
    off = Change(channels={state.shop.pk: {"enabled": False}})
    configure.apply(state.account, off, NOW)
    state.shop.refresh_from_db()
    assert (look(state).state, look(state).deadline) == ("suspended", None)
    told = look(state, Change(channels={state.shop.pk: {"enabled": True}}), NOW + HOUR)
    assert told.deadline is not None
    assert (told.deadline.at, told.deadline.reason) == (NOW + HOUR, "resumed")


def test_a_disabled_channel_has_no_slots(state: BrandState) -> None:
    save(state, receive_orders={"main_period_minutes": 60})
    assert len(look(state).slots) == 24
    assert look(state, Change(channels={state.shop.pk: {"enabled": False}})).slots == []


def test_a_changed_zone_moves_the_slots(state: BrandState) -> None:
    save(state, receive_orders={"main_period_minutes": 480})
    moved = look(state, Change(account={"timezone": "America/New_York"}))
    grid = Grid(480, 0, "America/New_York")
    assert moved.slots == slots_between(grid, NOW, NOW + DAY) != look(state).slots


def test_jobs_come_in_the_order_of_their_types(state: BrandState) -> None:
    world = load_world(state.account)
    found = outlooks(world, NOW, NOW + DAY, set())
    order = [(o.key[0], list(JobType).index(JobType(o.key[1]))) for o in found]
    assert order == sorted(order)
    assert len({o.key[0] for o in found}) == 2
    chosen = [world.jobs[state.shop.pk, "receive_orders"]]
    assert [o.job for o in outlooks(world, NOW, NOW + DAY, set(), chosen)] == chosen


def calls(state: BrandState) -> Forecast:
    return forecast(load_world(state.account, [state.shop]), state.shop, reads_of(state.shop), NOW)


def test_a_pull_costs_a_call_a_run_at_least_and_a_push_may_cost_none(state: BrandState) -> None:
    save(
        state,
        receive_orders={"main_period_minutes": 5},
        send_order_updates={"main_period_minutes": 60},
    )
    found = calls(state)
    assert (found.runs, found.least) == (288 + 24, 288)
    assert found.calls["send_order_updates"].per_run is None


def test_most_jobs_start_where_their_slots_fall_together(state: BrandState) -> None:
    save(
        state,
        receive_orders={"main_period_minutes": 480, "delay_minutes": 60},
        receive_order_updates={"main_period_minutes": 60},
        send_order_updates={"main_period_minutes": 360},
    )
    at = next_slot(Grid(360, 0, "Europe/Berlin"), NOW)
    assert calls(state).busiest == (NOW + 2 * HOUR, 2)
    save(state, receive_orders={"delay_minutes": None})
    assert calls(state).busiest == (at + 6 * HOUR, 3)


def test_webhooks_plan_no_run_but_at_most_one_emergency_run_each_period(
    state: BrandState,
) -> None:
    save(state, "webhook", receive_orders={"emergency_period_minutes": 15})
    found = calls(state).calls["receive_orders"]
    assert (found.runs, found.least, found.emergency_runs) == (0, 0, 96)


def test_pages_are_counted_from_what_runs_have_read(
    state: BrandState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CONNECTORS["sandbox_shop"], "page_size", 100)
    save(state, receive_orders={"main_period_minutes": 480})
    assert calls(state).calls["receive_orders"].per_run == 1
    for read in (150, 350):
        state.run(read=read)
    state.run(read=10_000, status=RunStatus.FAILED)
    found = calls(state).calls["receive_orders"]
    assert (found.read, found.per_run, found.least) == (250, 3, 9)


def test_only_the_newest_runs_tell_what_a_run_reads(
    state: BrandState, django_assert_num_queries: Any
) -> None:
    state.run(read=5000)
    for _ in range(LOOKED_AT):
        state.run(read=1)
    with django_assert_num_queries(1):
        assert reads_of(state.shop) == {"receive_orders": 1}


def test_a_published_limit_names_its_page_and_a_missing_one_is_none(state: BrandState) -> None:
    assert calls(state).limit is None
    stated = {known.id: known.rate_limit for known in CONNECTORS.values() if known.rate_limit}
    assert set(stated) == {"shopify", "shipengine"}
    for limit in stated.values():
        assert isinstance(limit, RateLimit)
        assert limit.source.startswith("https://")
        assert min(limit.amount, limit.seconds) > 0


def test_jobs_that_are_spread_start_apart(state: BrandState) -> None:
    """The busiest minute is one of starts; slots and calls of the day stay as many."""
    builders.put_off(state.job("receive_orders"), 30, 360)
    save(
        state,
        receive_orders={"main_period_minutes": 360},
        send_order_updates={"main_period_minutes": 360},
    )
    slot, together = next_slot(Grid(360, 0, "Europe/Berlin"), NOW), calls(state)
    assert together.busiest == (slot, 2)

    configure.apply(state.account, Change(account={"spread_minutes": 30}), NOW)
    state.account.refresh_from_db()

    world = load_world(state.account)
    spread = {o.key[1]: o.spread for o in outlooks(world, NOW, NOW + DAY, set()) if o.spread}
    assert spread["receive_orders"] > timedelta(minutes=7)
    apart = calls(state)
    assert apart.calls == together.calls
    starts = [slot + each for key, each in spread.items() if key in apart.calls]
    assert apart.busiest is not None
    assert apart.busiest[0] in {start.replace(second=0) for start in starts}
