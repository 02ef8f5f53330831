"""Any sequence of edits, events, failures and time leaves the stored state equal to the derived."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Account
from channels.connectors.values import Limit
from channels.enums import JobType, Mode
from channels.models import Channel, create_channel
from jobs import (
    budgets,
    circuits,
    clock,
    configure,
    control,
    effects,
    fallback,
    intake,
    lease,
)
from jobs.change import JOB_FIELDS, STABLE_FIELDS, Change, Refused
from jobs.consequences import Consequence
from jobs.execute import execute
from jobs.mappings import NewMapping
from jobs.models import Job, Run, RunStatus
from jobs.world import load_world
from tests import builders
from tests.jobs import platform, rules
from tests.jobs.differences import ABILITIES, FAULTS, nth, put
from tests.jobs.invariants import Books, check

BASE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STARTS = (
    datetime(2026, 3, 2, 11, 58, tzinfo=UTC),
    datetime(2026, 3, 8, 6, 30, tzinfo=UTC),  # New York's clocks go forward at 7:00
    datetime(2026, 4, 4, 14, 30, tzinfo=UTC),  # Lord Howe's go back half an hour at 15:00
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),  # New York's go back at 6:00
)
ZONES = ("UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
TOPICS = ("order.created", "order.updated", "product.updated", "shipment.updated", "unheard.of")
IDS = ("1000", "1001", "1002")
MINUTES: dict[str, tuple[int | None, ...]] = {
    "webhook_delay_minutes": (None, 1, 5, 60),
    "emergency_period_minutes": (5, 60, 480, None),
    "main_period_minutes": (60, 240, 1440, 5, 480, None),
    "delay_minutes": (None, 5, 30, 60),
    "period_minutes": (60, 240, 1440, None),
    "enabled": (True, False),
}

STEPS = 40
EXAMPLES = max(settings().max_examples // 4, 1)
"""A quarter of the profile's, since each has many steps."""

one_of = st.sampled_from
index = st.integers(0, 4)
mostly = one_of([True, True, True, False])
job_values = one_of([(name, value) for name in JOB_FIELDS for value in MINUTES[name]])
stable_values = one_of([(name, value) for name in STABLE_FIELDS for value in MINUTES[name]])
part = st.one_of(
    st.tuples(st.just("mode"), index, one_of(Mode.values)),
    st.tuples(st.just("enabled"), index, mostly),
    st.tuples(st.just("track"), index, one_of(["stable", "beta"])),
    st.tuples(st.just("job"), index, index, job_values),
    st.tuples(st.just("job"), index, index, job_values),
    st.tuples(st.just("mapping"), index, index, mostly),
    st.tuples(st.just("stable"), one_of(JobType.values[:2]), stable_values),
    st.tuples(st.just("account"), st.just("enabled"), mostly),
    st.tuples(st.just("account"), st.just("timezone"), one_of(ZONES)),
    st.tuples(st.just("source"), index),
)


class Program(RuleBasedStateMachine):
    """One account with a handful of channels; after each step all is as the rules derive it."""

    account: ClassVar[Account]

    def __init__(self) -> None:
        super().__init__()
        self._rollback = transaction.atomic()
        self._rollback.__enter__()
        platform.PLATFORM = platform.Platform()
        self.now = BASE
        self.books = Books()
        self.books.looked = dict.fromkeys(Job.objects.values_list("pk", flat=True), BASE)

    def teardown(self) -> None:
        rules.FullShop.capabilities = rules.ALL
        transaction.set_rollback(True)
        self._rollback.__exit__(None, None, None)

    @initialize(
        start=one_of(STARTS), mode=one_of(["webhook", *Mode.values]), emergency=one_of([5, 60])
    )
    def begin(self, start: datetime, mode: str, emergency: int) -> None:
        """The clock starts, and every job gets something to do."""
        self.now = start
        self.pass_time(0, ticks=True, works=False)
        row = {"enabled": True, "period_minutes": 60}
        jobs = Job.objects.filter(channel__track="beta")
        values = {"emergency_period_minutes": emergency, "main_period_minutes": 60}
        change = Change(
            channels={channel.pk: {"mode": mode} for channel in self.channels()[:2]},
            stable={"receive_orders": row, "receive_order_updates": row},
            jobs={(job.channel_id, job.type): values for job in jobs},
        )
        self._apply(change)

    def channels(self) -> list[Channel]:
        return list(Channel.objects.present().select_related("account").order_by("pk"))

    def channel(self, number: int) -> Channel:
        return nth(self.channels(), number)

    @rule(parts=st.lists(part, min_size=1, max_size=3))
    def save(self, parts: list[tuple[Any, ...]]) -> None:
        self._save(self._change(parts))

    def _save(self, change: Change) -> None:
        """The preview foretells exactly what the Save then does, or both refuse."""
        try:
            foretold = configure.preview(self.account, change, self.now)
        except Refused:
            with pytest.raises(Refused):
                configure.apply(self.account, change, self.now)
        else:
            assert self._apply(change) == foretold

    @rule(number=index)
    def flip_a_channel(self, number: int) -> None:
        channel = self.channel(number)
        self._save(Change(channels={channel.pk: {"enabled": not channel.enabled}}))

    @rule()
    def flip_the_account(self) -> None:
        enabled = Account.objects.get(pk=self.account.pk).enabled
        self._save(Change(account={"enabled": not enabled}))

    @rule(number=index)
    def flip_the_source(self, number: int) -> None:
        """To a channel, or back to the own catalogue."""
        now = Account.objects.get(pk=self.account.pk).master_product_source
        source = ("source", number) if now == "own" else None
        own = Change(account={"master_product_source": "own"})
        self._save(self._change([source]) if source else own)

    @rule(number=index, by_id=st.booleans())
    def flip_a_mode(self, number: int, by_id: bool) -> None:
        channel = self.channel(number)
        other = Mode.RECURRING_BY_ID if by_id else Mode.RECURRING
        mode = other if channel.mode == Mode.WEBHOOK else Mode.WEBHOOK
        self._save(Change(channels={channel.pk: {"mode": mode.value}}))

    @rule(number=index, which=index, name=one_of(JOB_FIELDS))
    def flip_a_job(self, number: int, which: int, name: str) -> None:
        """From None to the first value offered, or back."""
        job = nth(self.channel(number).jobs.order_by("pk"), which)
        value = max(filter(None, MINUTES[name])) if getattr(job, name) is None else None
        self._save(Change(jobs={(job.channel_id, job.type): {name: value}}))

    @rule(number=index, which=index, gone=st.booleans())
    def a_topic_comes_or_goes(self, number: int, which: int, gone: bool) -> None:
        channel = self.channel(number)
        there = list(channel.mappings.order_by("pk").values_list("pk", flat=True))
        new = NewMapping(channel.pk, TOPICS[which], "receive_orders")
        change = Change(removed_mappings=[nth(there, which)]) if gone and there else None
        self._save(change or Change(new_mappings=[new]))

    def _apply(self, change: Change) -> list[Consequence]:
        touched = self._touched(change)
        found = configure.apply(self.account, change, self.now)
        self.books.close(touched, self.now)
        return found

    def _touched(self, change: Change) -> Iterable[int]:
        jobs = Job.objects.filter(channel__deleted_at=None)
        if not (change.account or change.stable):
            mappings = [*change.mappings, *change.removed_mappings]
            mapped = list(
                Channel.objects.filter(mappings__in=mappings).values_list("pk", flat=True)
            )
            own = {*change.channels, *(key[0] for key in change.jobs)}
            own |= {new.channel for new in change.new_mappings}
            jobs = jobs.filter(channel__in=own) | jobs.filter(channel__in=mapped)
        return list(jobs.values_list("pk", flat=True))

    def _change(self, parts: list[tuple[Any, ...]]) -> Change:
        change = Change({}, {}, {}, {}, {})
        for part in parts:
            match part:
                case ("account", name, value):
                    put(change.account, name, value)
                case ("stable", job_type, (name, value)):
                    put(change.stable, job_type, {name: value})
                case (kind, number, *rest):
                    self._change_channel(change, kind, self.channel(number), rest)
        return change

    def _change_channel(self, change: Change, kind: str, of: Channel, rest: list[Any]) -> None:
        if kind == "source":
            able = of.connector != "slow_shop"
            put(change.account, "master_product_source", of.kind if able else "own")
            put(change.account, "master_product_channel_id", of.pk if able else None)
        elif kind == "job":
            number, (name, value) = rest
            put(change.jobs, (of.pk, nth(of.jobs.order_by("pk"), number).type), {name: value})
        elif kind == "mapping" and of.mappings.exists():
            put(change.mappings, nth(of.mappings.order_by("pk"), rest[0]).pk, {"enabled": rest[1]})
        elif kind != "mapping":
            put(change.channels, of.pk, {kind: rest[0]})

    @rule(number=index, connector=one_of(["full_shop", "slow_shop"]))
    def add_or_delete_a_channel(self, number: int, connector: str) -> None:
        if len(self.channels()) < 4:
            track = nth(["stable", "beta"], number)
            made = create_channel(self.account, connector, "New", self.now, track=track)
            configure.reconcile(self.account, self.now)
            self.books.close(made.jobs.values_list("pk", flat=True), self.now)
        else:
            gone = {self.channel(number).pk: {"deleted_at": self.now}}
            with suppress(Refused):  # it may be the Master Product Source
                self._apply(Change(channels=gone))

    @rule(
        job_type=one_of(JobType.values[:2]), ability=one_of(sorted(ABILITIES)), forget=st.booleans()
    )
    def start_with_another_connector(self, job_type: str, ability: str, forget: bool) -> None:
        rules.FullShop.capabilities = tuple(
            replace(able, **ABILITIES[ability]) if able.type == job_type else able
            for able in rules.ALL
            if not (forget and able.type == JobType.RECEIVE_ORDER_UPDATES)
        )
        world = load_world(Account.objects.get(pk=self.account.pk))
        known = set(world.jobs)
        stale = [job.pk for job in world.jobs.values() if not effects.is_settled(world, job)]
        configure.reconcile(self.account, self.now)
        after = load_world(Account.objects.get(pk=self.account.pk))
        made = [job.pk for key, job in after.jobs.items() if key not in known]
        self.books.close([*stale, *made], self.now)

    @rule(minutes=one_of([0, 1, 4, 17, 60, 61, 480, 1500]), ticks=mostly, works=mostly)
    def pass_time(self, minutes: int, ticks: bool, works: bool) -> None:
        """Clock and worker may be there or not."""
        self.now += timedelta(minutes=minutes)
        if ticks:
            clock.tick(self.now)
            self.books.close(Job.objects.values_list("pk", flat=True), self.now)
        if works:
            self.work()

    @rule(minutes=one_of([61, 1500]))
    def workers_fall_behind(self, minutes: int) -> None:
        """What comes due waits."""
        self.pass_time(minutes, ticks=True, works=False)

    def work(self) -> None:
        """What may start now, each once: a run tried again at once waits for the next time."""
        for run_id in self._startable():
            execute(run_id, lambda: self.now)

    @rule()
    def a_worker_takes_all_and_vanishes(self) -> None:
        for run_id in self._startable():
            lease.claim(run_id, self.now)

    def _startable(self) -> list[int]:
        due = Run.objects.filter(status=RunStatus.QUEUED, not_before__lte=self.now)
        return list(due.order_by("pk").values_list("pk", flat=True))

    @rule(fault=one_of(sorted(FAULTS)), times=one_of([1, 2, 6]), of=one_of([None, *IDS]))
    def the_platform_fails(self, fault: str, times: int, of: str | None) -> None:
        """The whole of it for a few requests, or one of its records until it changes again."""
        if of is None:
            platform.PLATFORM.fail(FAULTS[fault], times)
        else:
            platform.PLATFORM.bad_entities[of] = FAULTS[fault]

    @rule(number=index, well=st.booleans())
    def a_platform_falls_ill_or_is_probed(self, number: int, well: bool) -> None:
        channel = self.channel(number)
        if not circuits.open_ones([channel.pk]):
            for _ in range(5):
                circuits.note_failure(channel.pk, "it answered 500", self.now)
        elif well:
            circuits.close(channel.pk, self.now)
        elif taken := circuits.take_probe(channel.pk, self.now):
            circuits.end_probe(taken, self.now, "it answered 502")
        else:
            circuits.mend(channel.pk, self.now)

    @rule(number=index, left=one_of([0, 3, 100]))
    def a_platform_tells_its_limit(self, number: int, left: int) -> None:
        limit = Limit(left, 100, 600)
        budgets.tell(self.channel(number).pk, self.now, budgets.Known(), limit)

    @rule(external_id=one_of(IDS), sku=one_of(["MUG", "UNKNOWN"]), heard=mostly, number=index)
    def an_order_changes(self, external_id: str, sku: str, heard: bool, number: int) -> None:
        platform.PLATFORM.bad_entities.pop(external_id, None)
        platform.PLATFORM.place(self.now, external_id, sku)
        if heard:
            self.deliver(self.channel(number % 2), nth(TOPICS[:2], number), external_id)

    @rule(number=index, topic=one_of(TOPICS), external_id=one_of(IDS), again=st.booleans())
    def an_event_arrives(self, number: int, topic: str, external_id: str, again: bool) -> None:
        self.deliver(self.channel(number), topic, external_id, number=1 if again else 0)

    def deliver(self, to: Channel, topic: str, *ids: str, number: int = 0) -> None:
        headers, body = platform.deliver(topic, *ids, number=number)
        assert intake.receive(to, headers, body, self.now).http in (200, 202)

    @rule(number=index, forged=one_of([0, 1, 3]))
    def webhooks_are_in_doubt(self, number: int, forged: int) -> None:
        """Forged signatures, or our own intake was blind."""
        channel = self.channel(number)
        for _ in range(forged):
            assert intake.receive(channel, {"x-signature": "guess"}, b"{}", self.now).http == 401
        if not forged:
            jobs = list(Job.objects.filter(listening_since__isnull=False))
            fallback.spread_evidence(jobs, self.now, "blind", timedelta(minutes=number))

    @rule(number=index, which=index)
    def an_operator_runs_a_job(self, number: int, which: int) -> None:
        job = nth(Job.objects.with_channel().filter(channel=self.channel(number)), which)
        able = bool(job.row) and not job.suspended
        try:
            ticket = control.run_now(job, self.now)
        except control.NotNow:
            assert not able
        else:
            assert able
            assert ticket.run is not None

    @rule(number=index, retry=st.booleans())
    def an_operator_cancels_or_retries_a_run(self, number: int, retry: bool) -> None:
        runs = Run.objects.order_by("-pk")
        ended = [RunStatus.FAILED, RunStatus.CANCELLED]
        still = [RunStatus.QUEUED, RunStatus.RUNNING]
        chosen = runs.filter(status__in=ended if retry else still)
        found = list(chosen[:5])
        if not found:
            return
        run = found[number % len(found)]
        act = control.retry_run if retry else control.cancel_run
        with suppress(control.NotNow):
            act(run, self.now)

    @invariant()
    def stored_is_derived(self) -> None:
        check(self.account, self.books, self.now)
        self.books.open(Account.objects.get(pk=self.account.pk))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, shopfloor: object, db: None) -> Account:
    """A beta shop, a stable one, and a warehouse."""
    rules.install(monkeypatch)
    monkeypatch.setattr(rules.FullShop, "custom_topics", True)
    account = Account.objects.create(name="Brand", automatic_workflow=False)
    builders.product(account, "MUG")
    for connector, track in [
        ("full_shop", "beta"),
        ("full_shop", "stable"),
        ("full_warehouse", "beta"),
    ]:
        create_channel(account, connector, connector, BASE, track=track)
    configure.reconcile(account, BASE)
    return account


def test_any_sequence_of_steps_leaves_the_stored_state_equal_to_the_derived(
    account: Account,
) -> None:
    Program.account = account
    run_state_machine_as_test(
        Program,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
