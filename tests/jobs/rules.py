"""Channels for tests of the rules: a shop with product jobs, a warehouse that is polled slowly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import pytest

from channels.connectors.base import Capability, Connector, Permanent
from channels.connectors.registry import CONNECTORS
from channels.enums import JobType
from channels.models import Channel, create_channel
from jobs import configure
from jobs.change import Change, Refused
from jobs.consequences import Consequence
from jobs.models import Job
from jobs.world import World, load_world
from oms.registry import LOGIC
from oms.work import Applied, Context, Outcome, PullLogic, PushLogic
from tests.jobs.platform import TestShop, TestWarehouse
from tests.jobs.stage import Stage

ALL: tuple[Capability, ...] = (
    Capability(JobType.RECEIVE_ORDERS, ("order.created",), by_id=True),
    Capability(JobType.RECEIVE_ORDER_UPDATES, ("order.updated", "order.cancelled")),
    Capability(JobType.IMPORT_PRODUCTS, ("product.updated",)),
    Capability(JobType.EXPORT_PRODUCTS),
)
SLOW = (60, 240, 1440)


class FullShop(TestShop):
    id = "full_shop"
    label = "Full shop"
    capabilities = ALL


class SlowShop(TestShop):
    """Only polled, at most once an hour, and it neither imports nor exports products."""

    id = "slow_shop"
    label = "Slow shop"
    capabilities = (Capability(JobType.RECEIVE_ORDERS, periods=SLOW, delays=(5, 30)),)


class FullWarehouse(TestWarehouse):
    id = "full_warehouse"
    label = "Full warehouse"
    capabilities = (
        Capability(JobType.SEND_SHIPMENTS),
        Capability(JobType.RECEIVE_SHIPMENTS, ("shipment.updated",)),
        Capability(JobType.IMPORT_PRODUCTS),
        Capability(JobType.EXPORT_PRODUCTS),
    )


class NothingToImport(PullLogic):
    type: ClassVar[JobType] = JobType.IMPORT_PRODUCTS

    def apply(self, context: Context, record: Any) -> Applied:
        return Applied(Outcome.UNCHANGED)

    def gone(self, context: Context, external_id: str) -> Applied:
        return Applied(Outcome.UNCHANGED)

    def open_ids(self, channel: Channel, since: datetime) -> Iterator[tuple[int, str]]:
        return iter(())


class NothingToExport(PushLogic):
    type: ClassVar[JobType] = JobType.EXPORT_PRODUCTS

    def due(self, channel: Channel) -> list[int]:
        return []

    def push(self, context: Context, connector: Connector, key: int) -> Applied:
        raise Permanent("there is nothing to push")

    def describe(self, key: int) -> dict[str, Any]:
        return {}


def install(patch: pytest.MonkeyPatch) -> None:
    """Make these connectors known, and product jobs runnable."""
    for connector in (FullShop, SlowShop, FullWarehouse):
        patch.setitem(CONNECTORS, connector.id, connector)
    for logic in (NothingToImport(), NothingToExport()):
        patch.setitem(LOGIC, logic.type, logic)


def relearn(
    patch: pytest.MonkeyPatch, connector: type[Connector], job_type: JobType, **how: Any
) -> None:
    """Let a connector do a job type otherwise than before, as another release of it may."""
    able = tuple(replace(c, **how) if c.type == job_type else c for c in connector.capabilities)
    patch.setattr(connector, "capabilities", able)


def channel(stage: Stage, connector: str = "full_shop", name: str = "", **fields: Any) -> Channel:
    """A new channel as the pages and the API create one."""
    made = create_channel(
        stage.account,
        connector,
        name or connector.replace("_", " ").title(),
        stage.now,
        settings={"url": "http://platform"},
        **fields,
    )
    configure.reconcile(stage.account, stage.now)
    return made


def save(stage: Stage, **parts: Any) -> list[Consequence]:
    """Apply a change given by the parts of `Change`; checks that the preview foretold it."""
    change = Change(**parts)
    foretold = configure.preview(stage.account, change, stage.now)
    found = configure.apply(stage.account, change, stage.now)
    assert found == foretold
    stage.account.refresh_from_db()
    return found


def refused(stage: Stage, **parts: Any) -> dict[str, list[str]]:
    """The errors of a change that must be refused, by preview and apply alike."""
    change = Change(**parts)
    with pytest.raises(Refused) as preview:
        configure.preview(stage.account, change, stage.now)
    with pytest.raises(Refused) as applied:
        configure.apply(stage.account, change, stage.now)
    assert preview.value.errors == applied.value.errors
    return applied.value.errors


def whats(found: list[Consequence]) -> list[tuple[str, str]]:
    """(type, what) of consequences."""
    return [(one.type, one.what) for one in found]


def sentences(found: list[Consequence], what: str) -> list[str]:
    return [one.sentence for one in found if one.what == what]


def job(of: Channel, job_type: str = "receive_orders") -> Job:
    return Job.objects.with_channel().get(channel=of, type=job_type)


def world(stage: Stage) -> World:
    stage.account.refresh_from_db()
    return load_world(stage.account)
