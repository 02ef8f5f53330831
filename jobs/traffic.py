"""What the calls of one run tell of their platform, written down for all workers when it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import httpx

from channels.connectors.base import ConnectorError, Transient
from channels.connectors.http import limit_of
from channels.connectors.values import Limit
from channels.models import Channel
from jobs import budgets, circuits
from jobs.budget import Lane, is_plentiful
from jobs.circuit import Verdict, verdict

TELL_EVERY = timedelta(seconds=10)
"""How often a long run says that its calls are answered, and what is left where that is plenty."""


class GivesWay(Exception):
    """The channel's budget has nothing left for a run: it goes on at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class Traffic:
    """Hears the calls of a run's HTTP client; see `channels.connectors.http.Listener`.

    A run on a healthy platform without a limit costs no statement here, one with a limit two.
    """

    def __init__(self, channel: Channel, lane: Lane, clock: Callable[[], datetime]) -> None:
        row = getattr(channel, "circuit", None)
        self.last: Verdict | None = None
        self.trouble = ""
        self._channel_id, self._lane, self._clock = channel.pk, lane, clock
        self._known = budgets.known(getattr(channel, "budget", None))
        self._limit: Limit | None = None
        self._told_at = self._well_at = clock()
        self._errors = row is not None and row.failures > 0
        self._prepaid = True
        self._asking = False

    def calling(self) -> None:
        if self._asking:
            self._asking = False
            self.ask()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """The first call made in here, if any, is asked for; it may raise `GivesWay`."""
        self._asking = True
        try:
            yield
        finally:
            self._asking = False

    def ask(self) -> None:
        """Take the next call of the budget; raises `GivesWay` where there is none for this run."""
        until = self._wait_until()
        if until is not None:
            raise GivesWay(until)

    def answered(self, response: httpx.Response) -> None:
        limit = limit_of(response)
        if limit is not None:
            self.limited(limit)
        self.last = verdict(response.status_code)
        if self.last == Verdict.ILL:
            request = response.request
            self._failed(f"{request.method} {_address(request)} answered {response.status_code}")
        elif self.last == Verdict.WELL:
            self._succeeded()

    def failed(self, request: httpx.Request, error: Exception) -> None:
        if isinstance(error, Transient) and error.retry_after is not None:
            return  # it answers, and says when it will again
        self.last = Verdict.ILL
        what = str(error) if isinstance(error, ConnectorError) else _unreached(request, error)
        self._failed(what)

    def limited(self, limit: Limit) -> None:
        """An empty bucket is told at once: each other call now would earn another refusal."""
        self._limit = limit
        if not limit.remaining:
            self.settle()

    def _wait_until(self) -> datetime | None:
        """The first call was taken with the claim of the run."""
        if self._prepaid:
            self._prepaid = False
            return None
        at = self._clock()
        bucket = self._known.bucket
        if self._limit is None and bucket is None:
            return None
        fresh = bucket is not None and at - self._told_at < TELL_EVERY
        if fresh and bucket and is_plentiful(bucket, at) and self._is_plenty():
            return None
        self._known, until = budgets.take(
            self._channel_id, self._lane, at, self._known, self._limit
        )
        self._limit, self._told_at = None, at
        return until

    def settle(self) -> None:
        """Write down what was heard and is not yet known to all."""
        if self._limit is not None:
            at = self._clock()
            self._known = budgets.tell(self._channel_id, at, self._known, self._limit)
            self._limit, self._told_at = None, at

    def _is_plenty(self) -> bool:
        limit = self._limit
        if limit is None:
            return True
        return limit.capacity is not None and limit.remaining * 2 >= limit.capacity

    def _failed(self, trouble: str) -> None:
        self.trouble, self._errors = trouble, True
        circuits.note_failure(self._channel_id, trouble, self._clock())

    def _succeeded(self) -> None:
        self.trouble = ""
        at = self._clock()
        if self._errors or at - self._well_at >= TELL_EVERY:
            circuits.note_success(self._channel_id)
            self._errors, self._well_at = False, at


def _unreached(request: httpx.Request, error: Exception) -> str:
    return f"{request.method} {_address(request)}: {type(error).__name__} {error}".strip()


def _address(request: httpx.Request) -> str:
    """Without its query, which may hold what is nobody's business."""
    return str(request.url.copy_with(query=None))
