"""Work on a run: claim it, do the job's logic with the connector, write how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from channels.connectors.base import ConnectorError, Misconfigured
from channels.connectors.http import make_client
from channels.vault import Unreadable
from jobs import circuits, outcome
from jobs.budget import lane_of
from jobs.lease import Clock, LeaseLost, claim
from jobs.models import Run
from jobs.pull import pull
from jobs.push import push
from jobs.traffic import GivesWay, Traffic
from jobs.work import Work
from oms.registry import LOGIC
from oms.work import Outcome, PullLogic, PushLogic

log = logging.getLogger(__name__)

DATABASE_MAY_BE_BACK_AFTER = (0.1, 1, 3)
"""Seconds, from try to try: a connection is back at once, a server that is restarted soon."""

Keeper = Callable[[int, UUID | None, Clock], AbstractContextManager[None]]


def unattended(run_id: int, lease: UUID | None, clock: Clock) -> AbstractContextManager[None]:
    """No renewal beside that of each page: for callers that hold the process themselves."""
    return nullcontext()


def execute(run_id: int, clock: Clock, keeper: Keeper = unattended) -> bool:
    """Do one attempt of a run if it is ours to do; answers whether it was.

    A message may be early, late, repeated or lost: the claim decides. Errors of the attempt are
    written to the run; what escapes is a fault that left the run to its lease.
    """
    run = claim(run_id, clock())
    if run is None:
        return False
    traffic = Traffic(run.job.channel, lane_of(run.causes, run.reason), clock)
    allow = settings.OMSAUTO_ALLOW_PRIVATE_HOSTS
    with (
        keeper(run.pk, run.lease, clock),
        make_client(allow_private=allow, listener=traffic) as http,
    ):
        work = _work(run, clock, traffic)
        try:
            work.connector = work.channel.make_connector(
                http=http, log=work.log, heard=traffic.limited
            )
            _attempt(work)
        except GivesWay as way:
            _give_way(work, way)
        except LeaseLost:
            log.info("run %s was taken away while it was running", run.pk)
        except Unreadable as error:
            _fail(work, Misconfigured(str(error)))
        except ConnectorError as error:
            _fail(work, error)
        except Exception as error:
            log.exception("run %s failed by a fault of ours", run.pk)
            _fail(work, error)
    return True


def _work(run: Run, clock: Clock, traffic: Traffic) -> Work:
    """With what the attempt had done already, where it gave way."""
    channel = run.job.channel
    connector = channel.connector_class(channel.settings, {})
    known = {key: Outcome(value) for key, value in run.handled.items() if value}
    return Work(
        run, run.job, channel, connector, clock, traffic, outcomes=known, handled=run.handled
    )


def _attempt(work: Work) -> None:
    _do(work)
    if work.traffic is not None:
        work.traffic.settle()
    _tell_limit(work)
    outcome.succeed(work)


def _do(work: Work) -> None:
    logic = LOGIC[work.type]
    if isinstance(logic, PullLogic):
        pull(work, logic)
    elif isinstance(logic, PushLogic):
        push(work, logic)
    else:
        work.check_lease()
        work.has_asked = True
        logic.act(work.context(), work.connector)
        circuits.mend(work.channel.pk, work.clock())


def _tell_limit(work: Work) -> None:
    limit = work.connector.limit
    if limit is None:
        return
    whole = "" if limit.capacity is None else f" of {limit.capacity:g}"
    work.log("info", f"The platform's limit: {limit.remaining:g}{whole} left after this run.")


def _fail(work: Work, error: Exception) -> None:
    """Write the failure down; once more where the connection was cut, which may be the failure.

    From here on the error's text goes to the run, its attempt, the channel and who is told.
    Where the database stays away the run is left to its lease, which takes a minute longer.
    """
    hidden = work.hide(str(error))
    if hidden != str(error):
        error.args = (hidden,)
    for pause in DATABASE_MAY_BE_BACK_AFTER:
        try:
            _write_failure(work, error)
            return
        except (OperationalError, InterfaceError):
            log.warning("the failure of run %s could not be written yet", work.run.pk)
            connection.close()
            time.sleep(pause)
    _write_failure(work, error)


def _write_failure(work: Work, error: Exception) -> None:
    try:
        if work.traffic is not None:
            work.traffic.settle()
        outcome.fail(work, error)
    except LeaseLost:
        log.info("run %s was taken away while it was failing", work.run.pk)


def _give_way(work: Work, way: GivesWay) -> None:
    try:
        outcome.give_way(work, way)
    except LeaseLost:
        log.info("run %s was taken away while it gave way", work.run.pk)
