"""An account with a shop and a warehouse on the platform in memory, and the stage of the story."""

from collections.abc import Iterator

import pytest
import time_machine

from accounts.models import Account
from channels.connectors.registry import CONNECTORS
from channels.models import Channel, create_channel
from jobs import configure
from oms.models import StockLevel
from oms.stock import ensure_levels
from tests import builders
from tests.http_server import served
from tests.jobs import platform, trade
from tests.jobs.limited import LimitedShop, connect
from tests.jobs.stage import START, Stage


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create(name="Brand", timezone="UTC", automatic_workflow=False)


@pytest.fixture
def shopfloor(monkeypatch: pytest.MonkeyPatch) -> platform.Platform:
    """A fresh platform, its connectors known to omsauto."""
    for connector in (platform.TestShop, platform.TestWarehouse):
        monkeypatch.setitem(CONNECTORS, connector.id, connector)
    monkeypatch.setattr(platform, "PLATFORM", platform.Platform())
    return platform.PLATFORM


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch, shopfloor: platform.Platform) -> trade.Trade:
    """A fresh shop and warehouse that do every job type, known to omsauto."""
    for connector in (trade.TradeShop, trade.TradeWarehouse):
        monkeypatch.setitem(CONNECTORS, connector.id, connector)
    monkeypatch.setattr(trade, "TRADE", trade.Trade())
    return trade.TRADE


@pytest.fixture
def trader(stage: Stage, market: trade.Trade) -> Channel:
    """A sales channel that does every job type; MUG is listed there."""
    market.list_skus("MUG")
    return _channel(stage, "trade_shop", "Trader")


@pytest.fixture
def depot(stage: Stage, market: trade.Trade) -> Channel:
    """A fulfillment channel that does every job type, the account's default, with 10 MUG."""
    channel = _channel(stage, "trade_warehouse", "Depot")
    ensure_levels(stage.account)
    StockLevel.objects.filter(channel=channel).update(on_hand=10)
    stage.account.default_fulfillment_channel = channel
    stage.account.save(update_fields=["default_fulfillment_channel"])
    return channel


@pytest.fixture
def stage(account: Account, shopfloor: platform.Platform) -> Iterator[Stage]:
    with time_machine.travel(START, tick=False) as traveller:
        builders.product(account, "MUG")
        yield Stage(traveller, account)


@pytest.fixture
def shop(stage: Stage) -> Channel:
    """A beta sales channel as it is created: enabled, mode Recurring Job, everything None."""
    return _channel(stage, "test_shop", "Shop")


@pytest.fixture
def warehouse(stage: Stage) -> Channel:
    return _channel(stage, "test_warehouse", "Warehouse")


def _channel(stage: Stage, connector: str, name: str) -> Channel:
    channel = create_channel(
        stage.account, connector, name, stage.now, settings={"url": "http://platform"}
    )
    configure.reconcile(stage.account, stage.now)
    return channel


@pytest.fixture
def listening_shop(stage: Stage, shop: Channel) -> Channel:
    """The shop in mode Webhook, without Delay, Emergency Job Period 1 hour."""
    stage.save(shop, mode="webhook")
    return shop


@pytest.fixture
def orders_shop(stage: Stage, listening_shop: Channel) -> Channel:
    """The listening shop whose only emergency job is that of Receive Orders."""
    stage.save(listening_shop, receive_order_updates={"emergency_period_minutes": None})
    return listening_shop


@pytest.fixture
def far_shop(stage: Stage) -> LimitedShop:
    """A shop behind HTTP; nobody is limited and it is well."""
    return LimitedShop({"orders": []}, now=lambda: stage.now)


@pytest.fixture
def web_shop(stage: Stage, far_shop: LimitedShop) -> Iterator[Channel]:
    """Its channel, in mode Webhook; only Receive Orders has an emergency job, each hour."""
    with served(far_shop) as address:
        channel = connect(stage, address)
        none = {"emergency_period_minutes": None}
        stage.save(channel, mode="webhook", receive_order_updates=none, import_products=none)
        yield channel
