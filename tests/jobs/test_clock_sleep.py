"""How long the clock sleeps after a tick: until the next due moment, and never not at all."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import OperationalError

from channels.models import Channel
from jobs import clock
from tests.jobs.stage import Stage


def test_with_nothing_due_it_sleeps_a_second(stage: Stage) -> None:
    assert clock.tick(stage.now) == 1.0


def test_it_sleeps_until_the_next_slot(stage: Stage, shop: Channel) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})

    stage.at("12:04:59").wait(milliseconds=600)

    assert clock.tick(stage.now) == pytest.approx(0.4)


def test_a_slot_that_another_holds_is_looked_at_again_soon(
    stage: Stage, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})
    monkeypatch.setattr(clock, "take_slots", lambda at: 0)

    stage.at("12:05")

    assert clock.tick(stage.now) == 0.1


def test_after_a_step_that_failed_it_sleeps_as_long_as_ever(
    stage: Stage, shop: Channel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage.save(shop, receive_orders={"main_period_minutes": 5})

    def take_slots(at: datetime) -> int:
        raise OperationalError("the row is gone")

    monkeypatch.setattr(clock, "take_slots", take_slots)

    stage.at("12:05").wait(seconds=1)

    assert clock.tick(stage.now) == 1.0
    assert "take_slots failed" in caplog.text
    assert stage.job(shop).next_slot_at == stage.now - timedelta(seconds=1)
