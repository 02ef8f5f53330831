"""A platform that is ill is left alone: its runs wait until one cheap call is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from channels.models import Channel
from jobs import circuits, clock, control, probing, saving, wake
from jobs.circuit import LEASE_OF_PROBE
from jobs.models import Circuit, Event, EventStatus, Run, RunStatus, SlotStretch
from oms.models import Order
from tests import builders
from tests.jobs.limited import LimitedShop, deliver
from tests.jobs.stage import START, Stage
from tests.jobs.trade import Trade

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def circuit_of(channel: Channel) -> Circuit:
    return Circuit.objects.get(pk=channel.pk)


def fall_ill(stage: Stage, channel: Channel, shop: LimitedShop, status: int = 500) -> list[Event]:
    """Seven events come while the shop is ill; the worker's calls open the circuit."""
    shop.ill = status
    events = deliver(stage, channel, *[str(number) for number in range(1, 8)])
    stage.work()
    while status in (401, 403) and circuit_of(channel).state == "closed":
        deliver(stage, channel, "1")
        stage.work()
    assert circuit_of(channel).state == "open"
    return events


def probe_when_due(stage: Stage, channel: Channel) -> None:
    """Time passes until the probe is due; the clock asks for it, and a worker makes it."""
    due = circuit_of(channel).next_probe_at
    assert due
    stage.goto(max(stage.now, due))
    clock.send_probes(stage.now)
    probing.probe(channel.pk, stage.now)


def test_five_errors_in_a_row_open_the_circuit_and_the_run_waits(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    fall_ill(stage, web_shop, far_shop)
    assert far_shop.calls == 5, "the rest of the batch asked for nothing any more"
    circuit = circuit_of(web_shop)
    assert circuit.since == stage.now
    assert "answered 500" in circuit.reason
    [run] = stage.runs(web_shop)
    stage.goto(run.not_before)

    stage.work()

    run.refresh_from_db()
    assert (run.status, run.attempt) == ("queued", 1)
    assert run.not_before == max(circuit.next_probe_at or START, stage.now + timedelta(seconds=5))
    assert run.said_reason.startswith("circuit open: GET http://127.0.0.1")
    assert far_shop.calls == 5
    assert "uses up no attempt" in run.log.latest("pk").message


@pytest.mark.parametrize("status", [401, 403, 503])
def test_refused_logins_open_it_too(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop, status: int
) -> None:
    far_shop.ill = status
    for number in range(5):
        deliver(stage, web_shop, str(number))
        for run in Run.objects.filter(status="queued"):
            stage.goto(max(stage.now, run.not_before))
        stage.work()
    assert circuit_of(web_shop).state == "open"


@pytest.mark.parametrize("status", [404, 410, 422, 429])
def test_a_platform_that_refuses_single_records_is_well(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop, status: int
) -> None:
    far_shop.ill = status
    deliver(stage, web_shop, *"1234567")
    stage.work()
    assert not Circuit.objects.exclude(state="closed").exists()


def test_a_shop_out_of_reach_opens_it(stage: Stage, web_shop: Channel) -> None:
    web_shop.settings = {"url": "http://127.0.0.1:9/api"}
    web_shop.save()
    deliver(stage, web_shop, *"1234567")
    stage.work()
    circuit = circuit_of(web_shop)
    assert (circuit.state, circuit.failures) == ("open", 5)
    assert circuit.reason.startswith("GET http://127.0.0.1:9/api/orders/5: ConnectError ")


def test_a_good_answer_between_them_begins_the_row_anew(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    for round_ in range(3):
        far_shop.ill = 500
        deliver(stage, web_shop, *[f"{round_}{number}" for number in range(4)])
        stage.work()
        assert circuit_of(web_shop).failures == 4
        far_shop.ill = None
        stage.wait(minutes=1).work()
        assert circuit_of(web_shop).failures == 0
    assert circuit_of(web_shop).state == "closed"


def test_events_are_accepted_meanwhile_and_all_are_done_after_it_closes(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    events = fall_ill(stage, web_shop, far_shop)
    stage.wait(minutes=1).work()
    events += deliver(stage, web_shop, "8", "9")
    stage.work()
    events += deliver(stage, web_shop, "10")
    held = stage.run_of(events[-1])
    stage.work()
    assert {stage.run_of(event).status for event in events} == {"queued"}

    far_shop.ill = None
    for number in range(1, 11):
        far_shop.place(str(number), stage.now)
    probe_when_due(stage, web_shop)
    assert circuit_of(web_shop).state == "closed"
    stage.work()

    assert Order.objects.count() == 10
    assert set(Event.objects.values_list("status", flat=True)) == {EventStatus.DONE}
    held.refresh_from_db()
    assert (held.status, held.attempt, held.waits_for) == ("succeeded", 1, "")


def test_events_that_join_a_run_that_waits_do_not_wake_it(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fall_ill(stage, web_shop, far_shop)
    [active] = stage.runs(web_shop)
    Run.objects.filter(pk=active.pk).update(status="cancelled", finished_at=stage.now)
    [first] = deliver(stage, web_shop, "8")
    stage.work()
    until = stage.run_of(first).not_before
    assert until > stage.now
    sent: list[object] = []
    monkeypatch.setattr(wake, "send_now", lambda ids, at, priority: sent.append(ids))

    [second] = deliver(stage, web_shop, "9")

    assert stage.run_of(second).pk == stage.run_of(first).pk
    assert stage.run_of(second).not_before == until
    assert sent == []


def test_a_failed_probe_waits_longer_and_moves_what_waits_with_it(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    fall_ill(stage, web_shop, far_shop)
    stage.wait(seconds=31)
    stage.work()
    waits = []
    for _ in range(6):
        probe_when_due(stage, web_shop)
        circuit = circuit_of(web_shop)
        assert circuit.state == "open"
        assert circuit.next_probe_at
        waits.append((circuit.next_probe_at - stage.now).total_seconds())
        [run] = stage.runs(web_shop)
        assert run.not_before == circuit.next_probe_at
    for wait, longest in zip(waits, (60, 120, 240, 480, 900, 900), strict=True):
        assert longest / 2 <= wait <= longest
    [run] = stage.runs(web_shop)
    assert (run.status, run.attempt) == ("queued", 1), "not one attempt was used up"


def test_the_first_probe_comes_within_half_a_minute(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop, settings: Settings
) -> None:
    settings.OMSAUTO_CIRCUIT_FIRST_WAIT_SECONDS = 2
    settings.OMSAUTO_CIRCUIT_FAILURES = 3
    fall_ill(stage, web_shop, far_shop)
    circuit = circuit_of(web_shop)
    assert circuit.failures == 3
    assert circuit.next_probe_at
    assert timedelta(seconds=1) <= circuit.next_probe_at - stage.now <= timedelta(seconds=2)


def test_a_probe_whose_worker_vanished_is_asked_for_again(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fall_ill(stage, web_shop, far_shop)
    asked: list[int] = []
    monkeypatch.setattr(wake, "send_probe", asked.append)
    stage.wait(seconds=30).tick()
    assert asked == [web_shop.pk]
    stage.wait(seconds=29).tick()
    assert asked == [web_shop.pk], "the message may still wait for its worker"
    stage.wait(seconds=1).tick()
    assert asked == [web_shop.pk] * 2
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(probing, "_ask", lambda channel, at: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            probing.probe(web_shop.pk, stage.now)
    assert circuit_of(web_shop).state == "half_open"
    assert probing.probe(web_shop.pk, stage.now) is None
    far_shop.ill = None
    stage.goto(stage.now + LEASE_OF_PROBE).tick()
    assert asked == [web_shop.pk] * 3
    assert probing.probe(web_shop.pk, stage.now)
    assert circuit_of(web_shop).state == "closed"


def test_runs_by_hand_wait_too(stage: Stage, web_shop: Channel, far_shop: LimitedShop) -> None:
    fall_ill(stage, web_shop, far_shop)
    run = control.run_now(stage.job(web_shop, "receive_order_updates"), stage.now).run
    assert run
    stage.work()
    run.refresh_from_db()
    assert (run.status, run.attempt) == ("queued", 0)
    assert run.not_before == circuit_of(web_shop).next_probe_at


def test_no_emergency_is_due_while_it_is_open_and_the_time_is_no_silence(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    assert stage.job(web_shop).emergency_due_at == START + HOUR
    stage.at("12:20")
    fall_ill(stage, web_shop, far_shop)
    job = stage.job(web_shop)
    assert (job.emergency_state, job.emergency_due_at) == ("armed", None)
    stage.at("15:00").tick()
    assert not Run.objects.caused_by("emergency").exists()

    far_shop.ill = None
    far_shop.place("1", stage.now)
    probe_when_due(stage, web_shop)
    closed = stage.now
    assert stage.job(web_shop).emergency_due_at == START + HOUR + (closed - START - 20 * MINUTE)
    [run] = stage.runs(web_shop)
    control.cancel_run(run, stage.now)
    stage.goto(closed + 40 * MINUTE - timedelta(seconds=1)).tick()
    assert not Run.objects.caused_by("emergency").exists()
    stage.wait(seconds=1).go()

    [emergency] = Run.objects.caused_by("emergency")
    assert emergency.status == RunStatus.SUCCEEDED
    assert emergency.window_from
    assert emergency.window_from <= START, "the whole time is asked for, from the last proof on"


def test_a_save_while_it_is_open_leaves_the_timer_frozen(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    fall_ill(stage, web_shop, far_shop)
    stage.save(web_shop, receive_orders={"emergency_period_minutes": 5})
    assert stage.job(web_shop).emergency_due_at is None
    stage.wait(hours=1).tick()
    assert not Run.objects.caused_by("emergency").exists()


def test_slots_that_come_while_it_is_open_are_accounted_for(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    stage.save(web_shop, mode="recurring", receive_orders={"main_period_minutes": 5})
    far_shop.ill = 500
    stage.run_until(START + HOUR)
    assert circuit_of(web_shop).state == "open"
    far_shop.ill = None
    probe_when_due(stage, web_shop)
    stage.run_until(START + 2 * HOUR)
    job = stage.job(web_shop)
    ran = Run.objects.filter(job=job, slot_at__isnull=False)
    stretches = SlotStretch.objects.filter(job=job)
    assert {stretch.outcome for stretch in stretches} == {"coalesced"}
    assert ran.count() + sum(stretch.count for stretch in stretches) == 24
    assert [run.status for run in ran.order_by("pk")] == ["failed"] + ["succeeded"] * 13


def test_new_credentials_are_tried_at_once(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop
) -> None:
    fall_ill(stage, web_shop, far_shop, status=401)
    far_shop.ill = None
    saving.save_channel(web_shop, {"name": "Shop"}, stage.now, builders.user())
    assert circuit_of(web_shop).state == "open", "a name mends nothing"
    saving.save_channel(
        web_shop, {"secrets": {"token": "new"}}, stage.now, builders.user("b@example.com")
    )
    circuit = circuit_of(web_shop)
    assert (circuit.state, circuit.next_probe_at) == ("half_open", stage.now)
    assert probing.probe(web_shop.pk, stage.now)
    assert circuit_of(web_shop).state == "closed"


def test_a_disabled_channel_is_not_probed_until_it_is_back(
    stage: Stage, web_shop: Channel, far_shop: LimitedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fall_ill(stage, web_shop, far_shop)
    asked: list[int] = []
    monkeypatch.setattr(wake, "send_probe", asked.append)
    stage.save(web_shop, enabled=False)
    stage.wait(hours=1).tick()
    assert asked == []
    stage.save(web_shop, enabled=True)
    stage.tick()
    assert asked == [web_shop.pk]
    assert stage.job(web_shop).emergency_due_at is None
    far_shop.ill = None
    probing.probe(web_shop.pk, stage.now)
    assert stage.job(web_shop).emergency_due_reason == "resumed"


def test_new_credentials_are_fetched_though_it_is_open_and_are_tried_at_once(
    stage: Stage, trader: Channel, market: Trade
) -> None:
    for _ in range(5):
        circuits.note_failure(trader.pk, "GET /orders answered 401", stage.now)
    renewal = control.run_now(stage.job(trader, "refresh_authorization"), stage.now).run
    other = control.run_now(stage.job(trader), stage.now).run
    assert renewal
    assert other

    stage.wait(seconds=1).work()

    renewal.refresh_from_db()
    other.refresh_from_db()
    assert (renewal.status, other.status) == ("succeeded", "queued")
    circuit = circuit_of(trader)
    assert (circuit.state, circuit.next_probe_at) == ("half_open", stage.now)


def test_a_platform_without_a_cheap_call_is_tried_by_its_runs(
    stage: Stage, trader: Channel, market: Trade
) -> None:
    for _ in range(5):
        circuits.note_failure(trader.pk, "GET /orders answered 500", stage.now)
    first = circuit_of(trader).next_probe_at
    assert first
    assert probing.probe(trader.pk, first)
    assert circuit_of(trader).state == "closed"
    for _ in range(5):
        circuits.note_failure(trader.pk, "GET /orders answered 500", first)
    again = circuit_of(trader)
    assert again.next_probe_at
    assert again.next_probe_at - first >= timedelta(seconds=30), "a relapse waits longer"


def test_an_operator_probes_now(stage: Stage, web_shop: Channel, far_shop: LimitedShop) -> None:
    fall_ill(stage, web_shop, far_shop)
    ill = probing.probe_now(web_shop, stage.now)
    assert ill
    assert not ill.works
    assert "answered 500" in ill.text
    far_shop.ill = None
    well = probing.probe_now(web_shop, stage.wait(seconds=1).now)
    assert well
    assert well.works
    assert probing.probe_now(web_shop, stage.now) is None, "there is nothing to probe"
