"""What comes from outside goes wrong: platforms, deliveries, and a new version beside the old."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.release import next_release
from tests.faults.scene import SLOW_MS, Scene
from tests.sandbox_server import Place

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.redis]

MANY = 100_000
TURN_SECONDS = 4
NEVER_MS = 60_000
UNRULY_SECONDS = 6
TOGETHER_SECONDS = 6
WELL = {"fail_next": 0, "garbage_next": 0, "half_next": 0, "retry_after": 0}
UNWELL: Sequence[dict[str, Any]] = (
    {"fail_next": MANY, "fail_status": 429, "retry_after": 5},
    {"fail_next": MANY, "fail_status": 500},
    {"garbage_next": MANY},
    {"half_next": MANY},
)
"""Too many calls, a fault, nonsense with status 200, and answers that break off."""


def test_platforms_that_answer_429_500_garbage_and_half_a_body(busy: Scene) -> None:
    """Each in its own way at one time, and every one in each way before all are well again."""

    def be_unwell() -> int:
        for turn in range(len(UNWELL)):
            for number, place in enumerate(busy.places):
                place.configure(**WELL | UNWELL[(number + turn) % len(UNWELL)])
            time.sleep(TURN_SECONDS)
        _all_well(busy.places)
        return len(UNWELL) * len(busy.places)

    busy.suffer("platforms answer 429, 500, garbage, half a body", be_unwell)


def test_platforms_that_never_answer(busy: Scene) -> None:
    def hang() -> int:
        for place in busy.places:
            place.slow(NEVER_MS)
        time.sleep(TURN_SECONDS)
        _all_well(busy.places)
        return len(busy.places)

    busy.suffer("platforms never answer", hang)


def _all_well(places: Sequence[Place]) -> None:
    for place in places:
        place.configure(**WELL, slow_ms=SLOW_MS)


def test_deliveries_twice_at_once_in_disorder_late_and_replayed(busy: Scene) -> None:
    busy.suffer("unruly deliveries", lambda: time.sleep(UNRULY_SECONDS), unruly=True)

    known = sum(one.repeated for one in busy.sent)
    once = len({one.delivery_id for one in busy.sent})
    assert known == len(busy.sent) - once, "each further copy is recognised, and nothing else"
    assert known > once, "everything was replayed, and some of it sent twice before"


def test_a_new_version_beside_the_old_one(busy: Scene, tmp_path: Path) -> None:
    """Its migration runs under load; both serve for a while; then the old one goes, in order."""
    old = busy.installation
    new = next_release(tmp_path / "next")

    def deploy() -> None:
        old.prepare(root=new)
        address = old.add_web(root=new)
        busy.roads.addresses.append(address)
        time.sleep(TOGETHER_SECONDS)
        busy.roads.addresses.remove(old.url)
        old.web.terminate(60)

    busy.suffer("deploy, old and new together", deploy)
