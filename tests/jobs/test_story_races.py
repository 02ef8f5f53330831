"""Two at once, on PostgreSQL for real: clocks, workers, operators, deliveries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from threading import Event as Flag
from uuid import UUID

import pytest
from django.db import transaction

from accounts.models import Account
from channels.models import Channel, create_channel
from jobs import clock, configure, control, intake
from jobs.change import Change
from jobs.execute import execute
from jobs.lease import claim
from jobs.models import Event, EventStatus, Job, Run, SlotStretch
from jobs.timetable import Grid
from oms.models import Order
from tests import builders
from tests.jobs import platform
from tests.jobs.slot_accounts import tally
from tests.jobs.stage import START
from tests.jobs.together import at_once, until_somebody_waits_for_us

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

MINUTE = timedelta(minutes=1)
FIVE = Grid(5, 0, "UTC")


@pytest.fixture
def account(transactional_db: None) -> Account:
    made = Account.objects.create(name="Brand", timezone="UTC", automatic_workflow=False)
    builders.product(made, "MUG")
    return made


@pytest.fixture
def shop(account: Account, shopfloor: platform.Platform) -> Channel:
    return new_shop(account, "Shop")


@pytest.fixture
def listening(account: Account, shop: Channel) -> Channel:
    save(account, shop, mode="webhook")
    return Channel.objects.select_related("account").get(pk=shop.pk)


def new_shop(account: Account, name: str) -> Channel:
    made = create_channel(account, "test_shop", name, START, settings={"url": "http://platform"})
    configure.reconcile(account, START)
    return made


def save(account: Account, channel: Channel, **values: object) -> None:
    own = {name: value for name, value in values.items() if not isinstance(value, dict)}
    jobs = {(channel.pk, name): v for name, v in values.items() if isinstance(v, dict)}
    configure.apply(account, Change(channels={channel.pk: own} if own else {}, jobs=jobs), START)


def job_of(channel: Channel) -> Job:
    return Job.objects.with_channel().get(channel=channel, type="receive_orders")


def work_on(run: Run, at: datetime) -> bool:
    return execute(run.pk, lambda: at)


def deliver(channel: Channel, *entities: str, number: int = 0) -> Callable[[], int]:
    """A delivery, ready to be taken; answers its HTTP status."""
    headers, body = platform.deliver("order.created", *entities, number=number)
    return lambda: intake.receive(channel, headers, body, START).http


def test_two_clocks_start_no_slot_twice(account: Account, shopfloor: platform.Platform) -> None:
    shops = [new_shop(account, f"Shop {number}") for number in range(12)]
    for shop in shops:
        save(account, shop, receive_orders={"main_period_minutes": 5})
    for tick in range(1, 5):
        at = START + tick * 7 * MINUTE
        at_once(*[partial(clock.tick, at)] * 4)
    end = START + 28 * MINUTE
    for shop in shops:
        counted = tally(job_of(shop), FIVE, START + MINUTE, end)
        assert sum(counted.values()) == 5
        assert counted["ran"] == 1, "nobody worked: the waiting run carries the newest slot"
    assert Run.objects.count() == len(shops)


def test_two_clocks_start_no_emergency_twice(account: Account, listening: Channel) -> None:
    at = START + timedelta(hours=1)
    at_once(*[lambda: clock.tick(at)] * 4)
    assert Run.objects.caused_by("emergency").filter(type="receive_orders").count() == 1


def test_two_run_nows_open_one_run(shop: Channel) -> None:
    job = job_of(shop)
    tickets = at_once(*[lambda: control.run_now(job, START)] * 6)
    assert [ticket.opened for ticket in tickets].count(True) == 1
    assert len({ticket.run.pk for ticket in tickets if ticket.run}) == 1


def test_two_workers_claim_a_run_once(shop: Channel) -> None:
    run = control.run_now(job_of(shop), START).run
    assert run
    claims = at_once(*[lambda: claim(run.pk, START)] * 6)
    assert len([one for one in claims if one]) == 1
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("running", 1)


def test_a_full_and_an_entity_run_are_never_active_together(
    listening: Channel, shopfloor: platform.Platform
) -> None:
    deliver(listening, "1000")()
    full = control.run_now(job_of(listening), START).run
    batch = Run.objects.get(sort="entity")
    assert full
    claims = at_once(
        *[lambda: claim(full.pk, START), lambda: claim(batch.pk, START)] * 3,
    )
    assert len([one for one in claims if one]) == 1
    assert Run.objects.active().count() == 1


def test_many_deliveries_at_once_share_one_batch(
    listening: Channel, shopfloor: platform.Platform
) -> None:
    answers = at_once(*[deliver(listening, str(1000 + number)) for number in range(8)])
    assert answers == [202] * 8
    run = Run.objects.get()
    assert Event.objects.filter(run=run, status=EventStatus.WAITING).count() == 8


def test_the_same_delivery_at_once_is_stored_once(
    listening: Channel, shopfloor: platform.Platform
) -> None:
    answers = at_once(*[deliver(listening, "1000", number=7) for _ in range(6)])
    assert sorted(answers) == [200] * 5 + [202]
    assert Event.objects.count() == 1
    assert Run.objects.count() == 1


def test_a_delivery_joins_before_the_claim_or_waits_for_the_next_batch(
    listening: Channel, shopfloor: platform.Platform
) -> None:
    for number in range(60):
        shopfloor.place(START, str(1000 + number))
    deliver(listening, "1000")()

    def worker() -> int:
        done = 0
        for _ in range(40):
            due = Run.objects.filter(status="queued").values_list("pk", flat=True)
            done += sum(execute(run, lambda: START) for run in list(due))
        return done

    deliveries = [deliver(listening, str(1001 + number)) for number in range(59)]

    def platform_sends(part: int) -> int:
        return sum(one() == 202 for one in deliveries[part::3])

    at_once(worker, worker, *[partial(platform_sends, part) for part in range(3)])
    while worker():
        pass
    assert Event.objects.exclude(status=EventStatus.DONE).count() == 0
    assert Order.objects.count() == 60
    assert not Run.objects.exclude(status="succeeded").exists()


@pytest.mark.parametrize("values", [{"enabled": False}, {"mode": "recurring"}])
def test_a_save_against_webhooks_leaves_no_event_behind(
    account: Account,
    listening: Channel,
    shopfloor: platform.Platform,
    values: dict[str, object],
) -> None:
    shopfloor.place(START, "1000")
    back = {"enabled": True} if "enabled" in values else {"mode": "webhook"}

    def operator() -> None:
        for _ in range(6):
            save(account, listening, **values)
            save(account, listening, **back)

    sent = [deliver(listening, "1000") for _ in range(60)]

    def platform_sends(part: int) -> int:
        return sum(one() == 202 for one in sent[part::3])

    answers = at_once(operator, *[partial(platform_sends, part) for part in range(3)])
    assert sum(answer or 0 for answer in answers) == 60
    waiting = Event.objects.filter(status=EventStatus.WAITING)
    assert waiting.count() == 60, "none is held while the job listens"
    assert set(waiting.values_list("run__status", flat=True)) == {"queued"}


def test_a_save_against_a_tick_leaves_one_next_slot_and_every_slot_accounted_for(
    account: Account, shop: Channel
) -> None:
    save(account, shop, receive_orders={"main_period_minutes": 5})
    at = START + 12 * MINUTE
    change = Change(jobs={(shop.pk, "receive_orders"): {"main_period_minutes": 60}})
    at_once(
        lambda: clock.tick(at),
        lambda: configure.apply(account, change, at),
        lambda: clock.tick(at),
    )
    job = job_of(shop)
    assert job.next_slot_at == START + timedelta(hours=1)
    assert tally(job, FIVE, START + MINUTE, at) == {"ran": 1, "coalesced": 1}
    assert SlotStretch.objects.get().count == 1


def test_a_save_against_the_end_of_a_run_keeps_both(
    account: Account, listening: Channel, shopfloor: platform.Platform
) -> None:
    for turn in range(8):
        delay = (5, 10)[turn % 2]
        deliver(listening, "1000")()
        run = Run.objects.get(status="queued", type="receive_orders")
        ready = START + turn * MINUTE + timedelta(hours=1)
        values = {"webhook_delay_minutes": None, "emergency_period_minutes": delay * 3}
        at_once(
            partial(work_on, run, ready),
            partial(save, account, listening, receive_orders=values),
        )
        job = job_of(listening)
        assert job.emergency_period_minutes == delay * 3
        assert job.emergency_minutes == delay * 3
        assert job.last_success_at == ready
        assert job.heard_at == START
        assert job.emergency_due_at == START + delay * 3 * MINUTE


def test_two_cancels_and_a_claim_end_in_one_outcome(shop: Channel) -> None:
    run = control.run_now(job_of(shop), START).run
    assert run

    def cancel() -> str:
        try:
            return control.cancel_run(run, START).status
        except control.NotNow:
            return "not now"

    def work() -> UUID | None:
        claimed = claim(run.pk, START)
        return claimed.lease if claimed else None

    answers = at_once(cancel, work, cancel)
    assert answers[::2].count("cancelled") == 1
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert run.lease != answers[1] or answers[1] is None


def test_a_delivery_that_meets_an_uncommitted_save_waits_and_looks_again(
    account: Account, listening: Channel, shopfloor: platform.Platform
) -> None:
    saved = Flag()
    listening.signed_at = START  # a first good signature would be written, and wait there already

    def operator() -> None:
        with transaction.atomic():
            save(account, listening, enabled=False)
            saved.set()
            until_somebody_waits_for_us()

    def platform_sends() -> int:
        saved.wait(10)
        return deliver(listening, "1000")()

    assert at_once(operator, platform_sends)[1] == 202
    event = Event.objects.get()
    assert (event.status, event.run_id) == (EventStatus.HELD, None)
    assert not Run.objects.exists()


def test_run_now_that_meets_an_uncommitted_save_waits_and_is_refused(
    account: Account, shop: Channel
) -> None:
    saved = Flag()
    job = job_of(shop)

    def operator() -> None:
        with transaction.atomic():
            save(account, shop, enabled=False)
            saved.set()
            until_somebody_waits_for_us()

    def presses() -> str:
        saved.wait(10)
        try:
            control.run_now(job, START)
        except control.NotNow as refusal:
            return str(refusal)
        return "started"

    assert at_once(operator, presses)[1] == "The channel is disabled: enable it first."
    assert not Run.objects.exists()


def test_a_replay_that_meets_an_uncommitted_save_waits_and_is_refused(
    account: Account, listening: Channel, shopfloor: platform.Platform
) -> None:
    saved = Flag()
    assert deliver(listening, "1000")() == 202
    Run.objects.update(status="failed")
    Event.objects.update(status=EventStatus.FAILED)

    def operator() -> None:
        with transaction.atomic():
            save(account, listening, enabled=False)
            saved.set()
            until_somebody_waits_for_us()

    def replays() -> str:
        saved.wait(10)
        try:
            control.replay_event(Event.objects.get(), START)
        except control.NotNow as refusal:
            return str(refusal)
        return "replayed"

    assert "not listening" in at_once(operator, replays)[1]
    assert not Run.objects.waiting().exists()
    assert Event.objects.get().status == EventStatus.FAILED
