"""Rows, sources and the fallback manager's table, case by case. Nothing here needs a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from channels.connectors.base import Capability
from channels.enums import (
    EMERGENCY_PERIODS,
    MAIN_PERIODS,
    RECURRING_DELAYS,
    TRAITS,
    WEBHOOK_DELAYS,
    JobType,
    Kind,
    Mode,
    Row,
    Track,
)
from jobs.plan import (
    Facts,
    StableRow,
    allowed_period,
    automatic_period,
    choose_row,
    follows_mode,
    is_offered,
    make_plan,
    say,
)

ABLE = Capability(JobType.RECEIVE_ORDERS, topics=("order.created",), by_id=True)
POLLED = Capability(JobType.RECEIVE_ORDERS)
OFF = StableRow(enabled=False, period=None, delay=None)

BETA = Facts(
    type=JobType.RECEIVE_ORDERS,
    capability=ABLE,
    mode=Mode.RECURRING,
    track=Track.BETA,
    channel_enabled=True,
    account_enabled=True,
    offered=True,
    mapping_on=True,
    webhook_delay=None,
    emergency_period=60,
    main_period=None,
    delay=None,
    stable=OFF,
)
STABLE = replace(BETA, track=Track.STABLE)


@pytest.mark.parametrize(
    ("job_type", "able", "follows"),
    [
        (JobType.RECEIVE_ORDERS, False, True),
        (JobType.RECEIVE_ORDER_UPDATES, False, True),
        (JobType.RECEIVE_SHIPMENTS, False, True),
        (JobType.SEND_ORDER_UPDATES, True, False),
        (JobType.SYNC_INVENTORY, True, False),
        (JobType.EXPORT_PRODUCTS, True, False),
        (JobType.REFRESH_AUTHORIZATION, True, False),
        (JobType.SEND_SHIPMENTS, True, False),
        (JobType.IMPORT_PRODUCTS, True, True),
        (JobType.IMPORT_PRODUCTS, False, False),
        (JobType.RECEIVE_INVENTORY, True, True),
        (JobType.RECEIVE_INVENTORY, False, False),
    ],
)
def test_which_types_follow_the_mode(job_type: JobType, able: bool, follows: bool) -> None:
    by_webhook = Capability(job_type, topics=("topic",) if able else ())
    by_id = Capability(job_type, by_id=able)
    assert follows_mode(job_type, by_webhook) is follows
    assert follows_mode(job_type, by_id) is follows


def test_every_type_of_the_table_has_its_traits() -> None:
    """Kinds and the Delay on the recurring row, as the table of job types has them."""
    assert set(TRAITS) == set(JobType)
    with_delay = {job_type for job_type, traits in TRAITS.items() if traits.delay_on_recurring}
    assert with_delay == {
        JobType.RECEIVE_ORDERS,
        JobType.RECEIVE_ORDER_UPDATES,
        JobType.RECEIVE_SHIPMENTS,
        JobType.RECEIVE_INVENTORY,
    }
    of_both = {job_type for job_type, traits in TRAITS.items() if len(traits.kinds) == 2}
    assert of_both == {
        JobType.IMPORT_PRODUCTS,
        JobType.EXPORT_PRODUCTS,
        JobType.REFRESH_AUTHORIZATION,
    }


def test_the_offered_values_are_those_of_the_documentation() -> None:
    assert MAIN_PERIODS == (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
    assert RECURRING_DELAYS == (5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 360)
    assert WEBHOOK_DELAYS == (1, 2, 5, 10, 15, 30, 60, 120, 240)
    assert EMERGENCY_PERIODS == (5, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440)


ONLY_WEBHOOK = Capability(JobType.RECEIVE_ORDERS, topics=("order.created",))
ONLY_BY_ID = Capability(JobType.RECEIVE_ORDERS, by_id=True)


@pytest.mark.parametrize(
    ("mode", "capability", "row"),
    [
        (Mode.WEBHOOK, ABLE, Row.WEBHOOK),
        (Mode.WEBHOOK, ONLY_WEBHOOK, Row.WEBHOOK),
        (Mode.WEBHOOK, ONLY_BY_ID, Row.RECURRING),
        (Mode.WEBHOOK, POLLED, Row.RECURRING),
        (Mode.RECURRING_BY_ID, ABLE, Row.BY_ID),
        (Mode.RECURRING_BY_ID, ONLY_BY_ID, Row.BY_ID),
        (Mode.RECURRING_BY_ID, ONLY_WEBHOOK, Row.RECURRING),
        (Mode.RECURRING_BY_ID, POLLED, Row.RECURRING),
        (Mode.RECURRING, ABLE, Row.RECURRING),
        (Mode.RECURRING, POLLED, Row.RECURRING),
        (Mode.WEBHOOK, None, None),
    ],
)
@pytest.mark.parametrize("track", list(Track))
def test_the_row_of_each_mode(
    mode: Mode, capability: Capability | None, row: Row | None, track: Track
) -> None:
    facts = replace(BETA, mode=mode, capability=capability, track=track)
    assert choose_row(facts) == row
    assert choose_row(replace(facts, offered=False)) is None
    assert choose_row(replace(facts, deleted=True)) is None


@pytest.mark.parametrize("mode", list(Mode))
def test_a_type_that_does_not_follow_the_mode_always_shows_the_recurring_row(mode: Mode) -> None:
    able = Capability(JobType.SEND_SHIPMENTS, topics=("topic",), by_id=True)
    facts = replace(BETA, type=JobType.SEND_SHIPMENTS, capability=able, mode=mode, main_period=60)
    plan = make_plan(facts)
    assert plan.row == Row.RECURRING
    assert plan.period == 60
    assert not plan.emergency.on


@pytest.mark.parametrize("mode", [Mode.RECURRING, Mode.RECURRING_BY_ID])
def test_a_beta_channel_takes_its_own_settings_and_shifts_earlier(mode: Mode) -> None:
    stable = StableRow(enabled=True, period=30, delay=5)
    plan = make_plan(replace(BETA, mode=mode, main_period=480, delay=60, stable=stable))
    assert (plan.from_account, plan.period, plan.offset) == (False, 480, -60)
    assert plan.main_on


@pytest.mark.parametrize("mode", [Mode.RECURRING, Mode.RECURRING_BY_ID])
def test_a_stable_channel_takes_the_accounts_row_and_starts_later(mode: Mode) -> None:
    stable = StableRow(enabled=True, period=480, delay=5)
    plan = make_plan(replace(STABLE, mode=mode, main_period=30, delay=20, stable=stable))
    assert (plan.from_account, plan.period, plan.offset) == (True, 480, 5)


@pytest.mark.parametrize("track", list(Track))
def test_the_webhook_row_has_the_channels_own_settings_on_both_tracks(track: Track) -> None:
    stable = StableRow(enabled=True, period=480, delay=5)
    facts = replace(BETA, track=track, mode=Mode.WEBHOOK, webhook_delay=10, stable=stable)
    plan = make_plan(replace(facts, main_period=30, emergency_period=120))
    assert (plan.from_account, plan.period, plan.offset) == (False, None, 0)
    assert plan.webhook_delay == 10
    assert (plan.emergency.on, plan.emergency.period) == (True, 120)


@pytest.mark.parametrize(
    "stable",
    [
        StableRow(enabled=False, period=60, delay=5),
        StableRow(enabled=True, period=None, delay=5),
    ],
)
def test_a_stable_row_that_is_not_enabled_or_has_no_period_means_none(stable: StableRow) -> None:
    plan = make_plan(replace(STABLE, stable=stable))
    assert (plan.period, plan.offset, plan.main_on) == (None, 0, False)
    assert "Recurring Jobs" in plan.why_off


def test_a_delay_means_nothing_where_the_type_has_none() -> None:
    push = Capability(JobType.SEND_SHIPMENTS)
    facts = replace(BETA, type=JobType.SEND_SHIPMENTS, capability=push, main_period=60, delay=10)
    assert make_plan(facts).offset == 0
    stable = StableRow(enabled=True, period=60, delay=10)
    assert make_plan(replace(facts, track=Track.STABLE, stable=stable)).offset == 0


HOURLY = replace(POLLED, periods=(60, 240, 1440))


@pytest.mark.parametrize(
    ("wanted", "period"),
    [(5, 60), (60, 60), (120, 240), (240, 240), (480, 1440), (1440, 1440)],
)
@pytest.mark.parametrize("track", list(Track))
def test_a_period_the_connector_does_not_allow_becomes_the_next_longer(
    wanted: int, period: int, track: Track
) -> None:
    stable = StableRow(enabled=True, period=wanted, delay=None)
    facts = replace(BETA, capability=HOURLY, track=track, stable=stable, main_period=wanted)
    plan = make_plan(facts)
    assert plan.period == period
    assert (plan.note == "") == (wanted == period)
    if plan.note:
        assert say(wanted) in plan.note
        assert say(period) in plan.note


def test_a_period_longer_than_any_the_connector_allows_stops_the_job_and_says_so() -> None:
    short = replace(POLLED, periods=(5, 60))
    stable = StableRow(enabled=True, period=1440, delay=None)
    plan = make_plan(replace(STABLE, capability=short, stable=stable))
    assert (plan.period, plan.main_on, plan.emergency.on) == (None, False, False)
    assert "1 day" in plan.note
    assert plan.note in plan.emergency.reason


def test_the_next_longer_of_unordered_periods() -> None:
    assert allowed_period(20, (1440, 60, 30)) == 30
    assert allowed_period(20, ()) is None


WEBHOOK = replace(BETA, mode=Mode.WEBHOOK)
BY_ID = replace(BETA, mode=Mode.RECURRING_BY_ID, main_period=60)


@pytest.mark.parametrize(
    ("facts", "on", "period", "automatic", "reason"),
    [
        (BY_ID, False, None, False, "Recurring Job By ID"),
        (replace(BY_ID, main_period=None), False, None, False, "Recurring Job By ID"),
        (replace(BY_ID, capability=POLLED), False, None, False, "Recurring Job By ID"),
        (replace(BY_ID, capability=ONLY_WEBHOOK), False, None, False, "Recurring Job By ID"),
        (replace(WEBHOOK, mapping_on=False), False, None, False, "no webhook mapping"),
        (
            replace(WEBHOOK, mapping_on=False, emergency_period=None),
            False,
            None,
            False,
            "no webhook mapping",
        ),
        (WEBHOOK, True, 60, False, "1 hour"),
        (replace(WEBHOOK, emergency_period=5), True, 5, False, "5 minutes"),
        (replace(WEBHOOK, emergency_period=None), False, None, False, "is None"),
        (replace(BETA, main_period=480), True, 1440, True, "8 hours"),
        (replace(BETA, main_period=480, emergency_period=None), True, 1440, True, "automatic"),
        (replace(WEBHOOK, capability=POLLED, main_period=30), True, 90, True, "30 minutes"),
        (BETA, False, None, True, "Main Job Period is None"),
        (STABLE, False, None, True, "not enabled on the account's Recurring Jobs"),
    ],
)
def test_the_fallback_managers_table(
    facts: Facts, on: bool, period: int | None, automatic: bool, reason: str
) -> None:
    emergency = make_plan(facts).emergency
    assert (emergency.on, emergency.period, emergency.automatic) == (on, period, automatic)
    assert reason in emergency.reason


@pytest.mark.parametrize("facts", [WEBHOOK, replace(BETA, main_period=60), BETA, BY_ID])
@pytest.mark.parametrize("switch", ["channel_enabled", "account_enabled"])
def test_disabling_suspends_and_changes_nothing_else_in_the_plan(facts: Facts, switch: str) -> None:
    off: dict[str, Any] = {switch: False}
    plan, suspended = make_plan(facts), make_plan(replace(facts, **off))
    assert not plan.suspended
    assert suspended == replace(plan, suspended=True)
    assert not suspended.listening


@pytest.mark.parametrize(
    ("facts", "listens"),
    [
        (WEBHOOK, True),
        (replace(WEBHOOK, mapping_on=False), False),
        (replace(WEBHOOK, channel_enabled=False), False),
        (replace(WEBHOOK, offered=False), False),
        (replace(BETA, main_period=60), False),
        (BY_ID, False),
    ],
)
def test_a_job_listens_on_a_webhook_row_with_a_mapping_and_all_enabled(
    facts: Facts, listens: bool
) -> None:
    assert make_plan(facts).listening is listens


@pytest.mark.parametrize(("field", "why"), [("offered", "not offered"), ("deleted", "deleted")])
@pytest.mark.parametrize("facts", [WEBHOOK, replace(BETA, main_period=60), BY_ID])
def test_a_job_that_is_not_offered_does_nothing(facts: Facts, field: str, why: str) -> None:
    withheld: dict[str, Any] = {field: field == "deleted"}
    plan = make_plan(replace(facts, **withheld))
    assert (plan.row, plan.period, plan.main_on, plan.emergency.on) == (None, None, False, False)
    assert why in plan.emergency.reason


@pytest.mark.parametrize(
    ("period", "automatic"),
    [
        (5, 60),
        (10, 60),
        (15, 60),
        (20, 60),
        (30, 90),
        (60, 180),
        (120, 360),
        (180, 540),
        (240, 720),
        (360, 1080),
        (480, 1440),
        (720, 1440),
        (1440, 1560),
    ],
)
def test_the_automatic_emergency_period(period: int, automatic: int) -> None:
    assert automatic_period(period) == automatic


IMPORT, EXPORT = JobType.IMPORT_PRODUCTS, JobType.EXPORT_PRODUCTS


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    ("source", "is_master", "offered"),
    [
        ("own", False, EXPORT),
        ("own", True, EXPORT),  # a channel chosen before the own catalogue took over again
        ("sales", True, IMPORT),
        ("sales", False, EXPORT),
        ("fulfillment", True, IMPORT),
        ("fulfillment", False, EXPORT),
    ],
)
def test_the_master_product_source_offers_one_product_job_to_each_channel(
    kind: Kind, source: str, is_master: bool, offered: JobType
) -> None:
    found = [
        job_type
        for job_type in (IMPORT, EXPORT)
        if is_offered(job_type, source, is_master=is_master, kind=kind)
    ]
    assert found == [offered]


@pytest.mark.parametrize("source", ["own", "sales", "fulfillment"])
@pytest.mark.parametrize("job_type", sorted(set(JobType) - {IMPORT, EXPORT}))
def test_other_jobs_are_offered_by_kind_alone(source: str, job_type: JobType) -> None:
    for kind in Kind:
        for is_master in (True, False):
            offered = is_offered(job_type, source, is_master=is_master, kind=kind)
            assert offered is (kind in TRAITS[job_type].kinds)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (None, "None"),
        (1, "1 minute"),
        (45, "45 minutes"),
        (60, "1 hour"),
        (90, "90 minutes"),
        (480, "8 hours"),
        (1440, "1 day"),
        (1560, "26 hours"),
    ],
)
def test_durations_in_words(minutes: int | None, words: str) -> None:
    assert say(minutes) == words
