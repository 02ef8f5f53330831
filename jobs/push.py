"""Push jobs: everything that is due, one item at a time, each safe to repeat."""

from __future__ import annotations

from channels.connectors.base import Permanent
from jobs.work import Work, commit, note, park_pending, set_aside
from oms import parking
from oms.work import Park, PushLogic


def push(work: Work, logic: PushLogic) -> None:
    """One attempt of a push run; items the platform refuses are parked, the rest goes on."""
    asked = [int(one) for one in work.run.entities]
    for key in asked or logic.due(work.channel):
        work.check_lease()
        work.seen.add(str(key))
        work.count(read=1)
        try:
            applied = logic.push(work.context(), work.connector, key)
        except (Park, Permanent) as refused:
            set_aside(work, str(key), str(refused), logic.describe(key))
            continue
        note(work, str(key), applied)
        commit(work, _end_item, key)
        work.flush_log()
    commit(work, park_pending)


def _end_item(work: Work, key: int) -> None:
    parking.resolve(work.channel, work.type, [str(key)], work.clock())
    work.save_counts(work.clock())
