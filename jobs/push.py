"""Push jobs: everything that is due, each item or batch safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence

from channels.connectors.base import Permanent
from jobs import changes
from jobs.models import Unit
from jobs.overlap import Trigger
from jobs.work import Work, commit, note, park_pending, set_aside
from oms import parking
from oms.work import Applied, BatchPushLogic, Park, PushLogic


def push(work: Work, logic: PushLogic) -> None:
    """One attempt of a push run; items the platform refuses are parked, the rest goes on."""
    keys = [key for key in _wanted(work, logic) if str(key) not in work.handled]
    if not keys:
        work.log("info", "Nothing is to be sent.")
    work.expect(Unit.ITEMS, len(keys))
    size = work.connector.stock_batch if isinstance(logic, BatchPushLogic) else 1
    for start in range(0, len(keys), size):
        work.check_lease()
        work.ask()
        for key, result in _push_some(work, logic, keys[start : start + size]).items():
            _take_note(work, logic, key, result)
        work.flush_log()
    commit(work, park_pending)


def _wanted(work: Work, logic: PushLogic) -> list[int]:
    """What was asked for by its key, and what is due where that is not all there is to do."""
    asked = [int(one) for one in work.run.entities]
    causes = work.run.causes
    if asked and not work.full and Trigger.CHANGE not in causes:
        return asked
    by_hand = Trigger.MANUAL in causes
    due = logic.due_by_hand(work.channel) if by_hand else logic.due(work.channel)
    return list(dict.fromkeys([*asked, *due]))


def _push_some(work: Work, logic: PushLogic, keys: Sequence[int]) -> dict[int, Applied | Park]:
    """A batch that is refused whole is sent again one by one: some of it may be good."""
    if isinstance(logic, BatchPushLogic) and len(keys) > 1:
        try:
            return logic.push_batch(work.context(), work.connector, keys)
        except Permanent as refused:
            work.log("warning", f"The batch was refused: {refused} Its items are sent one by one.")
    return {key: _push_one(work, logic, key) for key in keys}


def _push_one(work: Work, logic: PushLogic, key: int) -> Applied | Park:
    try:
        return logic.push(work.context(), work.connector, key)
    except Park as refused:
        return refused
    except Permanent as refused:
        return Park(str(refused))


def _take_note(work: Work, logic: PushLogic, key: int, result: Applied | Park) -> None:
    work.seen.add(str(key))
    work.count(read=1)
    work.advance(Unit.ITEMS)
    if isinstance(result, Park):
        set_aside(work, str(key), str(result), logic.describe(key))
        return
    note(work, str(key), result)
    commit(work, _end_item, key, result)


def _end_item(work: Work, key: int, applied: Applied) -> None:
    changes.write(work.run, [(str(key), applied)], work.clock())
    parking.resolve(work.channel, work.type, [str(key)], work.clock())
    work.done(str(key))
    work.save_counts(work.clock())
