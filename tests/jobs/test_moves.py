"""Which next slots a new time zone moves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Account
from channels.models import Channel
from jobs import configure
from jobs.change import Change, put
from jobs.moves import Move, moves
from jobs.world import load_world
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return builders.account(timezone="Europe/Berlin")


def shop(account: Account, name: str, period: int, **fields: Any) -> Channel:
    made = builders.sales_channel(account, name, **fields)
    configure.reconcile(account, NOW)
    change = Change(jobs={(made.pk, "receive_orders"): {"main_period_minutes": period}})
    configure.apply(account, change, NOW)
    return made


def moved(account: Account, **values: Any) -> list[Move]:
    world = load_world(account)
    return moves(world, put(world, Change(account=values)), NOW)


def test_slots_that_move_alike_are_one_move(account: Account) -> None:
    first, second, other = (
        shop(account, name, period) for name, period in (("1", 480), ("2", 480), ("3", 1440))
    )
    found = moved(account, timezone="Asia/Kolkata")
    assert {move.channels for move in found} == {(first.pk, second.pk), (other.pk,)}


def test_a_zone_with_the_same_wall_clock_moves_nothing(account: Account) -> None:
    shop(account, "One", 480)
    assert moved(account, timezone="Europe/Paris") == []


def test_a_move_names_both_instants(account: Account) -> None:
    made = shop(account, "One", 1440)
    [move] = moved(account, timezone="America/New_York")
    assert (move.type, move.channels) == ("receive_orders", (made.pk,))
    # Midnight in Berlin, and midnight in New York.
    assert move.was == datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert move.now == datetime(2026, 3, 3, 5, tzinfo=UTC)


def test_a_job_that_stops_has_no_slot_any_more(account: Account) -> None:
    shop(account, "One", 1440)
    [move] = moved(account, enabled=False)
    assert (move.was is None, move.now) == (False, None)


def test_suspended_jobs_move_nothing(account: Account) -> None:
    shop(account, "One", 1440, enabled=False)
    assert moved(account, timezone="America/New_York") == []
