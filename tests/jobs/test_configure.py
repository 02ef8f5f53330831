"""Save and preview: what is stored, what is refused, what is written to the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model

from accounts.models import Account, HistoryEntry
from channels.enums import EMERGENCY_PERIODS, MAIN_PERIODS, RECURRING_DELAYS, WEBHOOK_DELAYS
from channels.models import Channel, WebhookMapping
from jobs import configure
from jobs.change import JOB_FIELDS, Change, Refused, modes_of, put
from jobs.models import Job, Run, StableJob
from jobs.plan import say
from tests import builders
from tests.jobs import rules
from tests.jobs.rules import job, refused, save
from tests.jobs.stage import Stage


@pytest.fixture(autouse=True)
def _connectors(monkeypatch: pytest.MonkeyPatch, shopfloor: object) -> None:
    rules.install(monkeypatch)


@pytest.fixture
def full(stage: Stage) -> Channel:
    return rules.channel(stage)


@pytest.fixture
def stable(stage: Stage) -> Channel:
    return rules.channel(stage, name="Stable shop", track="stable")


def stored() -> list[list[dict[str, Any]]]:
    """Every row that a Save may write."""
    models: tuple[type[Model], ...] = (
        Account,
        Channel,
        Job,
        StableJob,
        WebhookMapping,
        HistoryEntry,
        Run,
    )
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def test_a_new_channel_is_enabled_polls_nothing_and_has_an_hour_for_emergencies(
    stage: Stage, full: Channel
) -> None:
    assert (full.enabled, full.mode, full.track) == (True, "recurring", "beta")
    found = Job.objects.filter(channel=full).order_by("pk").values_list("type", *JOB_FIELDS)
    assert list(found) == [
        ("receive_orders", None, 60, None, None),
        ("receive_order_updates", None, 60, None, None),
        ("import_products", None, 60, None, None),
        ("export_products", None, 60, None, None),
    ]
    one = job(full)
    assert (one.row, one.next_slot_at, one.emergency_state) == ("recurring", None, "off")
    assert one.proven_until == full.sync_from == stage.now
    assert all(mapping.enabled for mapping in full.mappings.all())


def test_stable_rows_are_off_until_they_are_enabled(stage: Stage, stable: Channel) -> None:
    assert not StableJob.objects.exists()
    save(stage, stable={"receive_orders": {"period_minutes": 60}})
    assert job(stable).next_slot_at is None
    save(stage, stable={"receive_orders": {"enabled": True}})
    assert job(stable).next_slot_at == stage.now + timedelta(hours=1)


EDITS: list[dict[str, Any]] = [
    {"jobs": {"receive_orders": {"main_period_minutes": 480, "delay_minutes": 60}}},
    {"jobs": {"receive_orders": {"webhook_delay_minutes": 5}}},
    {"channels": {"mode": "webhook"}},
    {"channels": {"mode": "recurring_by_id"}},
    {"channels": {"enabled": False}},
    {"channels": {"track": "stable"}},
    {"account": {"timezone": "Australia/Lord_Howe"}},
    {"account": {"enabled": False}},
    {"stable": {"receive_orders": {"enabled": True, "period_minutes": 20}}},
]


@pytest.mark.parametrize("edit", EDITS)
def test_a_preview_answers_as_apply_would_and_changes_nothing(
    stage: Stage, full: Channel, stable: Channel, edit: dict[str, Any]
) -> None:
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 60}})
    parts = dict(edit)
    if "jobs" in edit:
        parts["jobs"] = {(full.pk, name): values for name, values in edit["jobs"].items()}
    if "channels" in edit:
        parts["channels"] = {full.pk: edit["channels"]}
    before = stored()
    foretold = configure.preview(stage.account, Change(**parts), stage.now)
    assert stored() == before
    assert configure.apply(stage.account, Change(**parts), stage.now) == foretold
    assert stored() != before


def test_saving_what_is_there_already_writes_nothing(stage: Stage, full: Channel) -> None:
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 60}})
    before = stored()
    assert not save(
        stage,
        jobs={(full.pk, "receive_orders"): {"main_period_minutes": 60, "delay_minutes": None}},
        channels={full.pk: {"mode": "recurring", "enabled": True, "track": "beta"}},
        account={"timezone": "UTC", "enabled": True},
        stable={"receive_orders": {"enabled": False}},
        mappings={mapping.pk: {"enabled": True} for mapping in full.mappings.all()},
    )
    assert stored() == before


def test_a_save_writes_only_what_it_changes(stage: Stage, full: Channel) -> None:
    """What was written between the opening of a page and its Save stays."""
    opened = Account.objects.get(pk=stage.account.pk)
    Channel.objects.filter(pk=full.pk).update(name="Renamed", rejected_signatures=2)
    Account.objects.filter(pk=opened.pk).update(name="Renamed", timezone="Asia/Kolkata")
    Job.objects.filter(channel=full).update(webhook_delay_minutes=10, heard_at=stage.now)

    change = Change(
        channels={full.pk: {"mode": "webhook"}},
        jobs={(full.pk, "receive_orders"): {"emergency_period_minutes": 30}},
    )
    configure.apply(opened, change, stage.now)

    full.refresh_from_db()
    assert (full.name, full.rejected_signatures, full.mode) == ("Renamed", 2, "webhook")
    assert Account.objects.get(pk=opened.pk).timezone == "Asia/Kolkata"
    one = job(full)
    assert (one.webhook_delay_minutes, one.emergency_period_minutes) == (10, 30)
    assert one.heard_at == stage.now


def test_the_history_says_who_when_old_new_and_what_followed(stage: Stage, full: Channel) -> None:
    someone = builders.user(of=stage.account)
    change = Change(
        channels={full.pk: {"mode": "recurring"}},
        jobs={(full.pk, "receive_orders"): {"main_period_minutes": 480, "delay_minutes": 60}},
    )
    found = configure.apply(stage.account, change, stage.now, someone)
    entry = HistoryEntry.objects.get()
    assert (entry.actor, entry.at, entry.channel, entry.account) == (
        someone,
        stage.now,
        full,
        stage.account,
    )
    names = ["receive_orders.main_period_minutes", "receive_orders.delay_minutes"]
    assert entry.old == dict.fromkeys(names)
    assert entry.new == dict(zip(names, (480, 60), strict=True))
    assert entry.subject == ", ".join(names)
    assert entry.consequences == [one.sentence for one in found]
    assert len(found) == 2


def test_each_kind_of_setting_has_a_readable_path_in_the_history(
    stage: Stage, full: Channel
) -> None:
    mapping = full.mappings.get(topic="order.created")
    save(stage, mappings={mapping.pk: {"enabled": False}})
    save(stage, stable={"receive_orders": {"enabled": True, "period_minutes": 5}})
    save(stage, account={"timezone": "Europe/Berlin"})
    save(stage, channels={full.pk: {"enabled": False}})
    found = HistoryEntry.objects.order_by("pk").values_list("channel", "old", "new")
    assert list(found) == [
        (full.pk, {"order.created.enabled": True}, {"order.created.enabled": False}),
        (
            None,
            {"receive_orders.enabled": False, "receive_orders.period_minutes": None},
            {"receive_orders.enabled": True, "receive_orders.period_minutes": 5},
        ),
        (None, {"timezone": "UTC"}, {"timezone": "Europe/Berlin"}),
        (full.pk, {"enabled": True}, {"enabled": False}),
    ]


def test_hidden_rows_keep_what_is_stored_in_them(stage: Stage, full: Channel) -> None:
    key = (full.pk, "receive_orders")
    values = dict(zip(JOB_FIELDS, (5, 30, 480, 60), strict=True))
    save(stage, jobs={key: values})
    stages = ["webhook", "recurring_by_id", "recurring", "webhook"]
    rows = {"webhook": "webhook", "recurring_by_id": "by_id", "recurring": "recurring"}
    for mode in stages:
        save(stage, channels={full.pk: {"mode": mode}})
        one = job(full)
        assert one.row == rows[mode]
        assert {name: getattr(one, name) for name in JOB_FIELDS} == values
    assert (job(full).emergency_minutes, job(full).next_slot_at) == (30, None)


def test_a_value_of_a_hidden_row_is_stored_and_acts_when_the_row_shows(
    stage: Stage, full: Channel
) -> None:
    save(stage, channels={full.pk: {"mode": "webhook"}})
    quiet = save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 60}})
    assert (quiet, job(full).next_slot_at) == ([], None)
    save(stage, channels={full.pk: {"mode": "recurring"}})
    assert job(full).next_slot_at == stage.now + timedelta(hours=1)


def test_neither_track_changes_the_settings_of_the_other(stage: Stage, full: Channel) -> None:
    save(stage, jobs={(full.pk, "receive_orders"): {"main_period_minutes": 480}})
    save(stage, stable={"receive_orders": {"enabled": True, "period_minutes": 20}})
    save(stage, channels={full.pk: {"track": "stable"}})
    one = job(full)
    assert (one.from_account, one.period_minutes, one.main_period_minutes) == (True, 20, 480)
    save(stage, channels={full.pk: {"track": "beta"}})
    assert (job(full).from_account, job(full).period_minutes) == (False, 480)
    row = StableJob.objects.get()
    assert (row.enabled, row.period_minutes, row.delay_minutes) == (True, 20, None)


ALLOWED = {
    "webhook_delay_minutes": WEBHOOK_DELAYS,
    "emergency_period_minutes": EMERGENCY_PERIODS,
    "main_period_minutes": MAIN_PERIODS,
    "delay_minutes": RECURRING_DELAYS,
}


@pytest.mark.parametrize("name", JOB_FIELDS)
def test_every_offered_value_is_taken_and_nothing_else(
    stage: Stage, full: Channel, name: str
) -> None:
    key, world = (full.pk, "receive_orders"), rules.world(stage)
    for minutes in [*ALLOWED[name], None]:
        new = put(world, Change(jobs={key: {name: minutes}}))
        assert getattr(new.jobs[key], name) == minutes
    said = ", ".join(["None", *map(say, ALLOWED[name])])
    others = set(range(-1, 1500)) - set(ALLOWED[name])
    for value in [*sorted(others), 2880, 10**9, True, False, 5.0, "5", "", [5]]:
        with pytest.raises(Refused) as refusal:
            put(world, Change(jobs={key: {name: value}}))
        assert list(refusal.value.errors) == [name]
        assert f"Choose one of: {said}." in refusal.value.errors[name][0]


def test_a_connector_may_offer_fewer_periods_and_delays(stage: Stage) -> None:
    slow = rules.channel(stage, "slow_shop")
    key = (slow.pk, "receive_orders")
    errors = refused(stage, jobs={key: {"main_period_minutes": 30, "delay_minutes": 15}})
    assert "Choose one of: None, 1 hour, 4 hours, 1 day." in errors["main_period_minutes"][0]
    assert "Choose one of: None, 5 minutes, 30 minutes." in errors["delay_minutes"][0]


def test_a_type_without_a_delay_takes_none(stage: Stage) -> None:
    warehouse = rules.channel(stage, "full_warehouse")
    key = (warehouse.pk, "send_shipments")
    errors = refused(stage, jobs={key: {"delay_minutes": 5}})
    assert errors == {"delay_minutes": ["5 minutes is not offered here. Choose one of: None."]}


def test_a_delay_must_be_shorter_than_the_period_and_both_are_named(
    stage: Stage, full: Channel
) -> None:
    key = (full.pk, "receive_orders")
    text = "The Delay (1 hour) must be shorter than the period (1 hour)."
    both = {"main_period_minutes": [text], "delay_minutes": [text]}
    assert refused(stage, jobs={key: {"main_period_minutes": 60, "delay_minutes": 60}}) == both
    save(stage, jobs={key: {"main_period_minutes": 60}})
    assert refused(stage, jobs={key: {"delay_minutes": 60}}) == both
    save(stage, jobs={key: {"main_period_minutes": None, "delay_minutes": 60}})
    assert refused(stage, jobs={key: {"main_period_minutes": 60}}) == both
    save(stage, jobs={key: {"main_period_minutes": 480, "delay_minutes": 60}})
    save(stage, jobs={key: {"main_period_minutes": 60, "delay_minutes": 45}})


def test_a_stable_rows_delay_must_be_shorter_than_its_period(stage: Stage, stable: Channel) -> None:
    text = "The Delay (30 minutes) must be shorter than the period (30 minutes)."
    both = {"period_minutes": [text], "delay_minutes": [text]}
    values = {"period_minutes": 30, "delay_minutes": 30}
    assert refused(stage, stable={"receive_orders": values}) == both
    save(stage, stable={"receive_orders": {"period_minutes": 30}})
    assert refused(stage, stable={"receive_orders": {"delay_minutes": 30}}) == both
    save(stage, stable={"receive_orders": {"period_minutes": None, "delay_minutes": 30}})
    assert refused(stage, stable={"receive_orders": {"period_minutes": 30}}) == both


@pytest.mark.parametrize("name", ["main_period_minutes", "delay_minutes"])
@pytest.mark.parametrize("mode", ["webhook", "recurring", "recurring_by_id"])
@pytest.mark.parametrize("value", [60, None])
def test_a_stable_channels_period_and_delay_are_always_refused(
    stage: Stage, stable: Channel, name: str, mode: str, value: int | None
) -> None:
    save(stage, channels={stable.pk: {"mode": mode}})
    errors = refused(stage, jobs={(stable.pk, "receive_orders"): {name: value}})
    assert list(errors) == [name]
    assert "Recurring Jobs" in errors[name][0]
    own = {"webhook_delay_minutes": 5, "emergency_period_minutes": None}
    save(stage, jobs={(stable.pk, "receive_orders"): own})


@pytest.mark.parametrize(
    ("connector", "modes"),
    [
        ("full_shop", ["webhook", "recurring", "recurring_by_id"]),
        ("full_warehouse", ["webhook", "recurring"]),
        ("slow_shop", ["recurring"]),
    ],
)
def test_a_channel_offers_the_modes_that_one_of_its_jobs_supports(
    stage: Stage, connector: str, modes: list[str]
) -> None:
    made = rules.channel(stage, connector)
    assert [mode.value for mode in modes_of(made)] == modes
    for mode in ["webhook", "recurring", "recurring_by_id", "telepathy"]:
        change: dict[str, Any] = {"channels": {made.pk: {"mode": mode}}}
        if mode in modes:
            save(stage, **change)
        else:
            errors = refused(stage, **change)
            assert "offers the modes" in errors["mode"][0]


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"account": {"timezone": "Mars/Olympus"}}, "timezone"),
        ({"account": {"enabled": None}}, "enabled"),
        ({"account": {"master_product_source": "moon"}}, "master_product_source"),
        ({"account": {"name": "not an engine setting"}}, "name"),
        ({"stable": {"receive_orders": {"enabled": "yes"}}}, "enabled"),
        ({"stable": {"receive_orders": {"period_minutes": 7}}}, "period_minutes"),
        ({"stable": {"receive_orders": {"mode": "webhook"}}}, "mode"),
        ({"channels": {0: {"enabled": True}}}, "channel"),
        ({"jobs": {(0, "receive_orders"): {}}}, "channel"),
        ({"mappings": {0: {"enabled": True}}}, "mapping"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    stage: Stage, full: Channel, parts: dict[str, Any], field: str
) -> None:
    assert list(refused(stage, **parts)) == [field]


@pytest.mark.parametrize(
    ("values", "field"), [({"track": "gamma"}, "track"), ({"enabled": 1}, "enabled")]
)
def test_a_channels_choices_are_checked(
    stage: Stage, full: Channel, values: dict[str, Any], field: str
) -> None:
    assert list(refused(stage, channels={full.pk: values})) == [field]


def test_a_type_the_connector_does_not_do_is_refused(stage: Stage, full: Channel) -> None:
    errors = refused(stage, jobs={(full.pk, "send_shipments"): {"main_period_minutes": 60}})
    assert "does not do Send Shipments" in errors["type"][0]


def test_one_refused_value_leaves_nothing_half_saved(stage: Stage, full: Channel) -> None:
    before = stored()
    with pytest.raises(Refused):
        configure.apply(
            stage.account,
            Change(
                account={"timezone": "Europe/Berlin"},
                channels={full.pk: {"mode": "webhook"}},
                jobs={
                    (full.pk, "receive_orders"): {"main_period_minutes": 60},
                    (full.pk, "receive_order_updates"): {"main_period_minutes": 7},
                },
            ),
            stage.now,
        )
    assert stored() == before
