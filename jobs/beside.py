"""A second pair of hands for the clock, where more is due at one instant than one can take."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection


class Helper:
    """A thread with a connection of its own, made when it is first needed.

    While PostgreSQL works for it, the clock goes on with its own part: both wait for the database
    nearly all of the time.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="helper")

    def start(self, work: Callable[[], int]) -> Future[int]:
        return self._thread.submit(_done, work)

    def stop(self) -> None:
        """When its work is done; its connection is closed."""
        self._thread.submit(lambda: connection.close()).result()  # the thread's own
        self._thread.shutdown()


def _done(work: Callable[[], int]) -> int:
    """A failure may be the connection's; the next one is made anew."""
    try:
        return work()
    except Exception:
        connection.close()
        raise
