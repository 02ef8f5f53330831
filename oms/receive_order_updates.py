"""Receive Order Updates: cancellations and changes of orders that we have."""

from __future__ import annotations

from typing import ClassVar

from channels.connectors.base import OrderData
from channels.enums import JobType
from oms.orders import UNCHANGED, OrderPull
from oms.work import Applied, Context, FollowUp, Outcome


class ReceiveOrderUpdates(OrderPull):
    type: ClassVar[JobType] = JobType.RECEIVE_ORDER_UPDATES

    def apply_unknown(self, context: Context, record: OrderData) -> Applied:
        """Hand it to Receive Orders, which alone creates orders."""
        if context.channel.connector_class.capability(JobType.RECEIVE_ORDERS) is None:
            return UNCHANGED
        wanted = FollowUp(context.channel.pk, JobType.RECEIVE_ORDERS, (record.external_id,))
        return Applied(Outcome.UNCHANGED, (wanted,))
