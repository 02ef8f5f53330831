"""The ground shakes under a running installation: its database, its disk, its clock.

On a PostgreSQL and a Redis of the tests' own, with the settings of `tests.faults.shaken`.
"""

from __future__ import annotations

import time

import pytest

from tests.faults.load import NO_ANSWER
from tests.faults.scene import Scene
from tests.faults.servers import OwnPostgres

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.redis]

DOWN_SECONDS = 2
FULL_SECONDS = 4
JUMPED_SECONDS = 8
HOUR = 3600
CUTS = 5
NOTICED = "the machine's clock was set back by"


def test_a_postgresql_that_is_restarted_at_once_loses_nothing(
    shaken: Scene, own_postgres: OwnPostgres
) -> None:
    """Without a goodbye to anybody; what was committed is there, what was not is done again."""

    def restart() -> None:
        own_postgres.stop_at_once()
        time.sleep(DOWN_SECONDS)
        own_postgres.start()
        shaken.installation.wait_until_ready()

    shaken.suffer("PostgreSQL restarted", restart, refusals=True)

    assert shaken.refusals() <= {503, NO_ANSWER}, "a fault of ours is a 503, never a 4xx"


def test_connections_that_are_cut_lose_nothing(shaken: Scene, own_postgres: OwnPostgres) -> None:
    """Of every process, each second, as by a proxy or an operator's pg_terminate_backend."""
    cut: list[int] = []

    def cut_all() -> int:
        for _ in range(CUTS):
            cut.append(own_postgres.cut_connections())
            time.sleep(1)
        return CUTS

    shaken.suffer("connections cut", cut_all, refusals=True)

    shaken.say(f"connections cut: {sum(cut)}")
    assert shaken.refusals() <= {503, NO_ANSWER}
    assert all(cut[:1]), "there was no connection to cut: no fault"


def test_a_full_disk_refuses_deliveries_whole_and_says_when_to_come_again(shaken: Scene) -> None:
    unasked = shaken.figures.get("not accepted", 0)
    full = shaken.installation.folder / "disk-full"

    def fill() -> None:
        full.touch()
        time.sleep(FULL_SECONDS)
        full.unlink()

    figures = shaken.suffer("disk full", fill, refusals=True)

    refused = [one for one in shaken.sent if not one.accepted]
    assert refused, "nothing was refused: no fault"
    assert {one.http for one in refused} == {503}
    assert all(int(one.retry_after) > 0 for one in refused)
    assert figures["not accepted"] == unasked, "a delivery was refused and stored all the same"


def test_a_clock_that_jumps_an_hour_either_way_and_is_set_right(shaken: Scene) -> None:
    """The platforms' clocks, and the test's, stay right; senders sign by the installation's.

    In the moment of a jump the two may disagree: such a delivery is refused for its timestamp.
    """
    before = shaken.installation.log_of("beat").count(NOTICED)

    def jump() -> int:
        for seconds in (HOUR, 0, -HOUR, 0):
            _set_clock(shaken, seconds)
            time.sleep(JUMPED_SECONDS)
        return 4

    shaken.suffer("clock an hour forward, right, back, right", jump, refusals=True)

    assert shaken.refusals() <= {401}
    said = shaken.installation.log_of("beat").count(NOTICED) - before
    assert said == 2, "of the jumps two lead back: one is not noticed, or another is taken for one"


def _set_clock(scene: Scene, seconds: float) -> None:
    offset = scene.installation.folder / "clock-offset"
    draft = offset.with_suffix(".draft")
    draft.write_text(str(seconds), encoding="ascii")
    draft.replace(offset)
    scene.roads.skew = seconds
