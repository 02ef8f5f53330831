"""Authorization Refresh: renewed in time, told where nothing renews it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.connectors.base import Misconfigured
from channels.models import Channel
from jobs import control
from jobs.rows import warnings
from jobs.saving import save_channel
from jobs.world import load_world
from tests import builders
from tests.jobs.stage import Stage
from tests.jobs.trade import Trade

REFRESH = "refresh_authorization"


@pytest.fixture
def connected(stage: Stage, trader: Channel) -> Channel:
    trader.secrets = {"token": "token-1"}
    trader.save(update_fields=["secrets_encrypted"])
    return trader


def refresh(stage: Stage, channel: Channel) -> Channel:
    control.run_now(stage.job(channel, REFRESH), stage.now)
    stage.work()
    return Channel.objects.select_related("account").get(pk=channel.pk)


def test_a_refresh_stores_the_new_credentials_and_when_they_expire(
    stage: Stage, connected: Channel, market: Trade
) -> None:
    market.expires_at = stage.now + timedelta(hours=1)
    channel = refresh(stage, connected)

    assert channel.secrets == {"token": "token-2"}
    assert channel.authorization_expires_at == market.expires_at
    assert [one.status for one in stage.runs(connected, REFRESH)] == ["succeeded"]


def test_a_token_that_has_expired_needs_attention_until_it_is_renewed(
    stage: Stage, connected: Channel, market: Trade
) -> None:
    market.expires_at = stage.now + timedelta(hours=1)
    channel = refresh(stage, connected)
    assert channel.attention(stage.now) == ""
    stage.wait(hours=2)
    assert "expired at 2026-03-02 13:00 UTC" in channel.attention(stage.now)
    market.expires_at = stage.now + timedelta(hours=1)

    assert refresh(stage, connected).attention(stage.now) == ""


def test_credentials_entered_by_hand_forget_when_the_old_ones_expire(
    stage: Stage, connected: Channel, market: Trade
) -> None:
    market.expires_at = stage.now
    channel = refresh(stage, connected)
    save_channel(channel, {"secrets": {"token": "by-hand"}}, stage.now, builders.user())

    channel.refresh_from_db()
    assert channel.authorization_expires_at is None


def test_a_refusal_marks_the_channel(stage: Stage, connected: Channel, market: Trade) -> None:
    market.faults.append(Misconfigured("the application was removed"))
    channel = refresh(stage, connected)

    assert "the application was removed" in channel.attention(stage.now)
    assert channel.secrets == {"token": "token-1"}
    assert refresh(stage, connected).attention(stage.now) == "", "it was mended at the platform"


def test_where_nothing_renews_what_expires_the_page_warns(stage: Stage, connected: Channel) -> None:
    def told() -> list[str]:
        return [one for one in warnings(load_world(stage.account)) if "Authorization" in one]

    assert len(told()) == 1
    stage.save(connected, refresh_authorization={"main_period_minutes": 30})
    assert told() == []
    stage.save(connected, refresh_authorization={"main_period_minutes": None})
    connected.secrets = {}
    connected.save(update_fields=["secrets_encrypted"])
    assert told() == []
