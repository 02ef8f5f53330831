"""A lost connection to Redis does not end the worker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from kombu.transport.redis import QoS

from omsauto import redis_restore


class Channel:
    """Of a connection with these parameters; None once it has been closed."""

    do_restore = True

    def __init__(self, parameters: object) -> None:
        self.connection = SimpleNamespace(client=parameters)
        self.asked = 0

    def conn_or_acquire(self, client: object) -> Any:
        self.asked += 1
        raise ConnectionError("Redis is away")


def qos(channel: Channel) -> Any:
    made: Any = QoS.__new__(QoS)
    made.channel, made._delivered = channel, {"tag": "message"}
    return made


def test_what_cannot_be_given_back_is_left_to_the_clock() -> None:
    channel = Channel(parameters=None)
    made = qos(channel)
    made.restore_unacked()

    assert (made._delivered, channel.asked) == ({}, 0)


def test_an_open_connection_is_used_as_before() -> None:
    channel = Channel(parameters=object())
    with pytest.raises(ConnectionError):
        qos(channel).restore_unacked()

    assert channel.asked == 1
    assert QoS.restore_unacked is redis_restore.restore_unacked
