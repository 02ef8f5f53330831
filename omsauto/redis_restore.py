"""Keeps a worker alive whose connection to Redis was lost while it could not acknowledge a message.

Closing the lost connection, kombu 5.7 gives such messages back to the queue by way of that very
connection, whose parameters are gone by then: an AttributeError that ends the worker. The
messages are wake-up calls that the clock sends again, so nothing has to be given back.
"""

from __future__ import annotations

from typing import Any

from kombu.transport.redis import QoS

_restore = QoS.restore_unacked


def restore_unacked(qos: Any, client: Any = None) -> None:
    """As kombu's own, but for a connection that has been closed already."""
    if qos.channel.connection.client is None:
        qos._delivered.clear()
        return
    _restore(qos, client)


def install() -> None:
    QoS.restore_unacked = restore_unacked  # type: ignore[method-assign,assignment]  # on purpose
