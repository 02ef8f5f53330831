"""The embedded broker: files in a folder."""

from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from omsauto import storage
from omsauto.broker import Channel


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    url, transport, options = storage.broker("", tmp_path)
    with Connection(url, transport=transport, transport_options=options) as connection:
        yield connection


def new_channel(connection: Connection) -> Channel:
    channel = connection.channel()
    assert isinstance(channel, Channel)
    return channel


@pytest.fixture
def channel(connection: Connection) -> Channel:
    return new_channel(connection)


def take_all(channel: Channel) -> list[int]:
    taken = []
    while True:
        try:
            taken.append(channel._get("work")["number"])
        except Empty:
            return taken


def test_messages_come_in_the_order_of_sending(channel: Channel) -> None:
    for number in range(20):
        channel._put("work", {"number": number})

    assert take_all(channel) == list(range(20))


def test_a_message_sent_while_a_listing_is_worked_off_is_not_lost(channel: Channel) -> None:
    channel._put("work", {"number": 1})
    channel._put("work", {"number": 2})
    first = channel._get("work")
    channel._put("work", {"number": 3})

    assert [first["number"], *take_all(channel)] == [1, 2, 3]


def test_two_workers_never_get_the_same_message(connection: Connection) -> None:
    one, two = new_channel(connection), new_channel(connection)
    for number in range(10):
        one._put("work", {"number": number})
    first, second = one._get("work"), two._get("work")

    got = [first["number"], second["number"], *take_all(one), *take_all(two)]
    assert sorted(got) == list(range(10))


def test_a_message_still_being_written_is_not_seen(channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "messages" / ".1_draft.work.msg").write_text('{"numb')

    assert take_all(channel) == []


def test_a_damaged_message_is_passed_over(channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "messages" / "1_damaged.work.msg").write_text('{"numb')
    channel._put("work", {"number": 7})

    assert take_all(channel) == [7]


def test_queues_do_not_mix(channel: Channel) -> None:
    channel._put("work", {"number": 1})
    channel._put("homework", {"number": 2})

    assert take_all(channel) == [1]


def test_nothing_is_left_in_the_folder(channel: Channel, tmp_path: Path) -> None:
    channel._put("work", {"number": 1})
    take_all(channel)

    assert list((tmp_path / "messages").iterdir()) == []
