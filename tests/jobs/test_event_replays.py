"""Replaying a set of events: bounded, counted once, resumed after a lost worker."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs import configure, event_replays
from jobs.change import Change
from jobs.control import NotNow
from jobs.models import Event, EventReplay, EventStatus, Run
from tests import builders
from tests.brand import BrandState, connect
from tests.builders import NOW

LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def brand(db: None, monkeypatch: pytest.MonkeyPatch) -> BrandState:
    """A shop that takes webhooks, and a depot that does not; two events a time."""
    monkeypatch.setattr(event_replays, "A_TIME", 2)
    account = builders.account()
    made = BrandState(account, connect(account), connect(account, "fulfillment"))
    configure.apply(account, Change(channels={made.shop.pk: {"mode": "webhook"}}), NOW)
    return made


def start(brand: BrandState, *events: Event) -> EventReplay:
    return event_replays.start(brand.account, [one.pk for one in events], "failed", NOW, None)


def finish(replay: EventReplay) -> EventReplay:
    while event_replays.go_on(replay.pk, LATER):
        pass
    replay.refresh_from_db()
    return replay


def test_events_go_into_one_batch_of_their_job(brand: BrandState) -> None:
    events = [brand.event(number, status="failed") for number in range(5)]
    done = finish(start(brand, *events))
    assert (done.done, done.skipped, done.failed, done.position) == (5, 0, 0, 5)
    run = Run.objects.get()
    assert done.runs == [run.pk]
    assert Event.objects.filter(run=run, status=EventStatus.WAITING).count() == 5
    assert done.finished_at == LATER


def test_what_cannot_be_replayed_is_left_and_counted_with_its_reason(brand: BrandState) -> None:
    stranger = brand.event(1, topic="nobody.knows", job=None, status="ignored")
    deaf = brand.event(2, channel=brand.depot, job=brand.job("receive_shipments", brand.depot))
    waits = brand.event(3, status="waiting")
    gone = brand.event(4)
    replay = start(brand, stranger, deaf, waits, gone)
    Event.objects.filter(pk=gone.pk).delete()
    done = finish(replay)
    assert (done.done, done.skipped) == (0, 4)
    assert sum(done.reasons.values()) == 4
    assert event_replays.GONE in done.reasons
    stranger.refresh_from_db()
    assert stranger.status == EventStatus.IGNORED


def test_an_ignored_event_goes_to_the_job_that_its_topic_has_by_now(brand: BrandState) -> None:
    event = brand.event(1, job=None, status="ignored")
    assert finish(start(brand, event)).done == 1
    event.refresh_from_db()
    assert event.job == brand.job()


def test_the_question_foretells_what_the_replay_does(brand: BrandState) -> None:
    events = [brand.event(1), brand.event(2, status="waiting"), brand.event(3, status="failed")]
    prospect = event_replays.look_ahead([one.pk for one in events])
    done = finish(start(brand, *events))
    assert (prospect.replayable, prospect.total) == (done.done, done.total) == (2, 3)
    assert dict(prospect.refused) == done.reasons


def test_there_is_one_replay_of_an_account_at_a_time(brand: BrandState) -> None:
    first = start(brand, brand.event(1))
    with pytest.raises(NotNow, match="under way"):
        start(brand, brand.event(2))
    finish(first)
    assert start(brand, brand.event(3)).pk != first.pk


def test_a_replay_of_nothing_says_so(brand: BrandState) -> None:
    with pytest.raises(NotNow, match="nothing to replay"):
        start(brand)


def test_a_replay_takes_the_newest_where_too_many_fit(
    brand: BrandState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_replays, "MOST", 2)
    events = [brand.event(number) for number in range(3)]
    assert start(brand, *events).ids == [events[1].pk, events[2].pk]


def test_a_cancelled_replay_leaves_the_rest(brand: BrandState) -> None:
    events = [brand.event(number, status="failed") for number in range(4)]
    replay = start(brand, *events)
    event_replays.go_on(replay.pk, NOW)
    event_replays.cancel(replay, LATER, None)
    assert not event_replays.go_on(replay.pk, LATER)
    assert Event.objects.filter(status=EventStatus.FAILED).count() == 2
    with pytest.raises(NotNow, match="over already"):
        event_replays.cancel(replay, LATER, None)


def test_two_workers_do_nothing_twice(brand: BrandState, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one read the row before the first had moved on."""
    replay = start(brand, *[brand.event(number, status="failed") for number in range(2)])
    seen = EventReplay.objects.get(pk=replay.pk)
    assert event_replays._take(seen, 2, NOW)
    assert not event_replays._take(seen, 2, NOW)


def test_a_silent_replay_is_woken_and_goes_on_where_it_stopped(
    brand: BrandState, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr("jobs.wake.send_replay", woken.append)
    replay = start(brand, *[brand.event(number, status="failed") for number in range(3)])
    event_replays.go_on(replay.pk, NOW)
    assert event_replays.wake_silent(NOW + timedelta(seconds=30)) == 0
    assert event_replays.wake_silent(LATER) == 1
    assert woken == [replay.pk]
    assert finish(replay).done == 3


def test_a_fault_fails_its_events_and_the_others_go_on(
    brand: BrandState, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = start(brand, *[brand.event(number, status="failed") for number in range(3)])

    def break_down(*_: object) -> None:
        raise RuntimeError("boom")

    with monkeypatch.context() as broken:
        broken.setattr("jobs.batches.replay_many", break_down)
        event_replays.go_on(replay.pk, NOW)
    done = finish(replay)
    assert (done.done, done.failed) == (1, 2)
    assert done.reasons == {event_replays.FAULT: 2}
