"""Finding events on their page, one event in full, replaying a filtered set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs import event_replays, event_search
from jobs.models import EventReplay, RecordChange
from tests.builders import NOW
from tests.pages.conftest import Brand


def rows(brand: Brand, **query: object) -> set[str]:
    """Delivery ids on the list, of d-1 to d-9."""
    page = brand.viewer.text("/events/", **query)
    return {f"d-{number}" for number in range(1, 10) if f">d-{number}<" in page}


def test_events_are_found_by_words_ids_and_time(brand: Brand) -> None:
    brand.event(1, body=b'{"email": "ann@example.com"}', received_at=NOW - timedelta(days=2))
    brand.event(2, entities=["77"], status="failed")
    assert rows(brand) == {"d-1", "d-2"}
    assert rows(brand, q="Ann@Example") == {"d-1"}
    assert rows(brand, q="id:77") == rows(brand, status="failed") == {"d-2"}
    assert rows(brand, period="hour") == rows(brand, period="today") == {"d-2"}
    assert rows(brand, period="yesterday") == set()
    assert rows(brand, until="2026-03-01T00:00") == {"d-1"}


def test_from_and_until_are_in_the_accounts_zone(brand: Brand) -> None:
    """Noon in UTC is 13:00 in Berlin."""
    brand.event(1)
    assert rows(brand, since="2026-03-02T13:00", until="2026-03-02T13:01") == {"d-1"}
    assert rows(brand, since="2026-03-02T13:01") == set()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"since": "soon"}, "soon is no time."),
        ({"since": "0001-01-01T00:00"}, "0001-01-01T00:00 is no time."),
        ({"until": "9999-12-31T23:59"}, "9999-12-31T23:59 is no time."),
        ({"since": "2026-03-02T13:00", "until": "2026-03-02T12:00"}, "From must be before Until"),
    ],
)
def test_a_wrong_time_is_refused_with_what_to_do(
    brand: Brand, query: dict[str, str], sentence: str
) -> None:
    brand.event()
    answer = brand.operator.get("/events/", **query)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert "Replay" not in answer.content.decode(), "what is shown is not what was asked for"


def test_a_search_that_ended_early_says_so_and_goes_on(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_search, "BODIES_A_TIME", 2)
    events = [brand.event(number) for number in range(1, 5)]
    page = brand.viewer.text("/events/", q="d-1")
    assert "Nothing so far" in page
    assert "Searched 2 events" in page
    assert f"q=d-1&amp;before={events[2].pk}" in page
    assert rows(brand, q="d-1", before=events[2].pk) == {"d-1"}


def test_an_event_hides_its_signature_and_says_what_to_do(brand: Brand) -> None:
    run = brand.run(status="failed")
    event = brand.event(
        status="failed",
        reason=f"run {run.pk} failed",
        run=run,
        headers={"webhook-signature": "v1,s3cret", "webhook-id": "d-1"},
    )
    RecordChange.objects.create(
        run=run, channel=brand.shop, type=run.type, external_id="1001", outcome="created", at=NOW
    )
    page = " ".join(brand.viewer.text(f"/events/{event.pk}/").split())
    assert "s3cret" not in page
    assert "(hidden, 9 characters)" in page
    assert f"Run {run.pk} failed. The next full run of its job asks" in page
    assert f"/trace/?channel={brand.shop.pk}&amp;id=1001" in page
    assert "1001 created" in page


def test_the_question_says_what_a_replay_will_do(brand: Brand) -> None:
    brand.operator.post(brand.page, mode="webhook")
    brand.event(1, status="failed")
    brand.event(2, status="failed", topic="strange", job=None)
    page = " ".join(brand.operator.text("/events/replay/", status="failed").split())
    assert "Replay 2 events" in page
    assert "Receive Orders of Shop: 1 event goes into its next batch" in page
    assert "1 event is left as it is: no webhook mapping of its topic is switched on." in page
    assert ">Replay 1 event<" in page


def test_a_filtered_set_is_replayed_and_watched(brand: Brand) -> None:
    brand.operator.post(brand.page, mode="webhook")
    events = [brand.event(number, status="failed") for number in range(1, 4)]
    later = brand.event(4)
    fields = {"lower": events[0].pk, "upper": events[2].pk}
    answer = brand.operator.post("/events/replay/", **fields)
    replay = EventReplay.objects.get()
    assert answer["Location"] == f"/events/replays/{replay.pk}/"
    assert replay.ids == [event.pk for event in events]
    assert later.pk not in replay.ids
    watched = brand.viewer.text(f"/events/replays/{replay.pk}/")
    assert "0 of 3 events looked at" in watched
    assert "every 2s" in watched
    assert ">Cancel<" not in watched
    while event_replays.go_on(replay.pk, NOW):
        pass
    ended = brand.viewer.part(f"/events/replays/{replay.pk}/").content.decode()
    assert "3 of 3 events looked at" in ended
    assert "every 2s" not in ended
    replay.refresh_from_db()
    assert f'href="/runs/{replay.runs[0]}/"' in ended


def test_a_second_replay_waits_for_the_first(brand: Brand) -> None:
    event = brand.event(1)
    running = brand.replay(finished_at=None)
    page = brand.operator.text("/events/replay/")
    assert f'href="/events/replays/{running.pk}/"' in page
    said = brand.operator.follow("/events/replay/", lower=event.pk, upper=event.pk)
    assert "Another replay of this account is under way" in said
    assert f'href="/events/replays/{running.pk}/"' in brand.viewer.text("/events/")


def test_a_replay_is_cancelled_once(brand: Brand) -> None:
    running = brand.replay(finished_at=None)
    path = f"/events/replays/{running.pk}/cancel/"
    assert "The replay is cancelled" in brand.operator.follow(path)
    assert "This replay is over already." in brand.operator.follow(path)
    running.refresh_from_db()
    assert (running.cancelled, running.cancelled_by) == (True, brand.operator.user)


def test_a_form_without_its_bounds_starts_nothing(brand: Brand) -> None:
    brand.event(1)
    assert "choose the events again" in brand.operator.follow("/events/replay/")
    assert not EventReplay.objects.exists()


def test_only_operators_are_offered_a_replay(brand: Brand) -> None:
    brand.event(1)
    assert "Replay this event" in brand.operator.text("/events/", status="done")
    assert "Replay this event" not in brand.viewer.text("/events/", status="done")


def test_a_body_with_half_characters_is_shown_as_it_came(brand: Brand) -> None:
    event = brand.event(body=rb'{"name": "\ud800"}')
    assert r"\ud800" in brand.viewer.text(f"/events/{event.pk}/")
    assert brand.viewer.get("/api/v1/events/").status_code == 200
